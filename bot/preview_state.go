package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/promote/store"
)

// stateMoves finds whose state merging would have looked for elsewhere than where it is: where it was last deployed, or,
// as far as nobody wrote that down, where trunk has it. What trunk has and was never deployed has no state that moves.
func (p *previewing) stateMoves(ctx context.Context, trunk, merge planner.Snapshot) (planner.Moves, error) {
	var deployed planner.Deployed
	err := p.bot.store.Read(ctx, func(tx *store.Tx) (err error) {
		deployed, err = tx.Whereabouts(p.repository.ID)
		return err
	})
	if err != nil {
		return planner.Moves{}, err
	}
	was := map[string]planner.Whereabouts{}
	for environment, instances := range deployed {
		for name, whereabouts := range instances {
			if !whereabouts.Known() {
				whereabouts = trunk.Instances[name].State
			}
			// One that goes from one environment to another may be known in both.
			if _, twice := was[name]; !twice || merge.Instances[name].Instance.Environment == environment {
				was[name] = whereabouts
			}
		}
	}
	for name, resolved := range trunk.Instances {
		if _, known := deployed[resolved.Instance.Environment]; !known {
			was[name] = resolved.State
		}
	}
	for _, disabled := range merge.Disabled {
		delete(was, disabled.Name()) // it is still there under its name
	}
	return planner.FindMoves(was, merge.Instances), nil
}

// mostNotes about declared moves.
const mostNotes = 5

// noteMoves tells the reviewer of state that moves because someone declares it: that takes the warning away.
func (p *previewing) noteMoves(moves planner.Moves) {
	var notes []string
	for _, instance := range p.preview.Instances {
		name := instance.Instance.Name()
		if len(moves.Declared[name]) == 0 {
			continue
		}
		var parts []string
		for _, move := range moves.Declared[name] {
			parts = append(parts, fmt.Sprintf("%s `%s` → `%s`", move.What, move.Words(move.From), move.Words(move.To)))
		}
		notes = append(notes, fmt.Sprintf("The state of `%s` is looked for elsewhere from the merge on, as declared: %s. If its plan creates what exists, the state was not moved.",
			name, strings.Join(parts, ", ")))
	}
	if more := len(notes) - mostNotes; more > 0 {
		notes = append(notes[:mostNotes], fmt.Sprintf("So is the state of %d more instances.", more))
	}
	p.preview.Notes = append(p.preview.Notes, notes...)
}

// moved applies what becomes of the state to an affected instance, and tells whether it is shown at all: one that only
// has another name now is shown under that.
func moved(instance *planner.InstancePreview, moves planner.Moves) bool {
	name := instance.Instance.Name()
	if instance.Outcome == planner.Removed {
		for _, former := range moves.Renamed {
			if former == name {
				return false
			}
		}
		return true
	}
	said := slices.ContainsFunc(instance.Reasons, func(reason string) bool { return strings.HasPrefix(reason, "renamed from ") })
	if former := moves.Renamed[name]; former != "" && !said {
		instance.Reasons = append([]string{"renamed from " + former}, slices.DeleteFunc(slices.Clone(instance.Reasons),
			func(reason string) bool { return reason == "new instance" })...)
	}
	if instance.Moves = moves.Moved[name]; len(instance.Moves) > 0 {
		instance.Outcome, instance.Declare = planner.Moved, moves.Declare[name]
	}
	return true
}
