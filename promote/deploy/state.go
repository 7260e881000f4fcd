package deploy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// stateStays stops the deployment before anything is planned where an instance would look for its state elsewhere than
// where it was when it was last deployed: its plan would create everything again beside what exists. Whoever means it
// declares where the state was.
func (r *run) stateStays(ctx context.Context, wanted map[string]planner.Resolved) error {
	var known planner.Deployed
	err := r.Store.Read(ctx, func(tx *store.Tx) (err error) {
		known, err = tx.Whereabouts(r.repository)
		return err
	})
	if err != nil {
		return err
	}
	moves := r.target.Moves(known, r.deployment.Environment)
	var names []string
	for name := range wanted {
		if len(moves.Moved[name]) > 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return &Stopped{promote.Failure{Step: "state", Subject: names[0], Message: moved(names, moves)}}
}

// Moves finds whose state the target would have looked for elsewhere than where the environment had it last.
func (t *Target) Moves(known planner.Deployed, environment string) planner.Moves {
	was := known.Last(environment)
	for _, disabled := range t.Disabled {
		delete(was, disabled.Name()) // it is still there under its name
	}
	return planner.FindMoves(was, t.Instances)
}

// mostMoved instances are described in a failure.
const mostMoved = 20

// moved says for each instance what moved from where to where, how to keep it, and how to go on.
func moved(names []string, moves planner.Moves) string {
	var text strings.Builder
	for _, name := range names[:min(len(names), mostMoved)] {
		fmt.Fprintf(&text, "%s would look for its state elsewhere than where it was last deployed:\n", name)
		var keep []string
		for _, move := range moves.Moved[name] {
			fmt.Fprintf(&text, "  %s: %s -> %s\n", move.What, move.Words(move.From), move.Words(move.To))
			if move.Keep != "" {
				keep = append(keep, move.Keep)
			}
		}
		if len(keep) == 0 {
			keep = []string{"take that back"}
		}
		fmt.Fprintf(&text, "  to keep it where it is: %s\n", strings.Join(keep, ", "))
		fmt.Fprintf(&text, "  once the state is moved, or if it is to begin anew: %s\n", moves.Declare[name])
	}
	if more := len(names) - mostMoved; more > 0 {
		fmt.Fprintf(&text, "and %d more instances\n", more)
	}
	text.WriteString("Nothing was planned, because a plan would create everything again beside what exists.")
	return text.String()
}
