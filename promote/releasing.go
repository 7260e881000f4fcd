package promote

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config"
)

const (
	oneStep      = "One step of a release at a time."
	onlyDeployed = "What is released is what the environment runs."
)

// Releasing answers a person's wish to give what an environment runs to so many of a hundred users: the wish with all that is
// to be known of it filled in, which runs or waits for approvals, or why not. Fewer users are always possible as soon as
// nothing moves, and none at all at any time.
func Releasing(state State, wish Release) (Release, *Refusal) {
	state = state.indexed()
	name := wish.Environment
	rules, known := state.Rules.Environment(name)
	environment, seen := state.Environments[name]
	switch {
	case wish.Percent == 0 && environment.Release != nil:
		return takenAway(environment, wish) // whatever else there is
	case len(state.Problems) > 0:
		return wish, &Refusal{"Nothing is released while the configuration on trunk has an error.",
			fmt.Sprintf("`%s` has one in line %d: %s.", config.Path, state.Problems[0].At.Line, state.Problems[0].Message), "Mend it in a pull request; then `" + wish.command() + "` again."}
	case !known || !seen:
		return wish, &Refusal{"Only environments of the configuration are released.", fmt.Sprintf("%s is not one of them.", name), "`/help`"}
	case !rules.Release.Declared():
		return wish, &Refusal{"Only environments with `release` in the configuration are released step by step.",
			fmt.Sprintf("%s has none: what is deployed there is released with it.", name), "`/help`"}
	case environment.Release == nil && environment.Since.IsZero():
		return wish, &Refusal{onlyDeployed, fmt.Sprintf("Nothing was deployed in %s yet.", name), "`/promote " + name + "`"}
	case environment.Release == nil:
		return wish, &Refusal{onlyDeployed, fmt.Sprintf("%s runs %s, whose configuration has no `release` for it yet.", name, code(environment.Runs)), "`/promote " + name + "`"}
	}
	c, onTrunk := consider(&state, rules)
	r := releasing{c, wish, *environment.Release}
	if refusal := r.refuse(onTrunk); refusal != nil {
		return wish, refusal
	}
	wish = r.filled()
	if len(closed(c.releaseGates(wish))) > 0 {
		wish.Phase = ReleaseWaiting
	}
	return wish, nil
}

// releasing is a wish beside what is now.
type releasing struct {
	*considered
	wish, now Release
}

// takenAway answers the wish to take away from users what the environment runs. Nothing but that it is done already speaks
// against it: no rule, no deployment, no hold, and no error in the configuration.
func takenAway(environment Environment, wish Release) (Release, *Refusal) {
	r := releasing{&considered{environment: environment}, wish, *environment.Release}
	if r.now.Phase != ReleaseFailed && r.now.Percent == 0 && !r.now.untouched() {
		return wish, r.same()
	}
	return r.filled(), nil
}

// filled is the wish with what it is about.
func (r releasing) filled() Release {
	wish := r.wish
	wish.Commit, wish.Deployment, wish.Full = r.now.Commit, r.now.Deployment, r.now.Full
	wish.From, wish.Good, wish.Phase = r.basis(), r.good(), ReleaseRunning
	return wish
}

// good is the last percentage that was found to be healthy.
func (r releasing) good() int {
	if r.environment.Released == nil {
		return 0
	}
	return r.environment.Released.Percent
}

// basis is how many users have the commit now, as far as that is known: what is asked is up or down from there.
func (r releasing) basis() int {
	if r.now.Phase == ReleaseWatching {
		return r.now.Percent
	}
	return r.good()
}

func (r releasing) refuse(onTrunk bool) *Refusal {
	name, last := r.wish.Environment, r.environment.Last
	up, again := r.wish.Percent > r.basis(), "`"+r.wish.command()+"`"
	switch {
	case !onTrunk && up:
		return &Refusal{onlyDeployed, fmt.Sprintf("%s runs %s, which is not on trunk any more.", name, code(r.environment.Runs)), ""}
	case last != nil && last.Phase.Live():
		return &Refusal{"Nothing is released while something is deployed.", fmt.Sprintf("%s is being brought to %s right now.", name, code(last.To)),
			fmt.Sprintf("Wait for its end. `/go %s 0%%` takes %s away from users at any time.", name, code(r.now.Commit))}
	case r.now.Phase != ReleaseFailed && r.wish.Percent == r.now.Percent:
		return r.same()
	}
	if refusal := r.refuseStep(); refusal != nil {
		return refusal
	}
	if refusal := r.refuseUnseen(); refusal != nil {
		return refusal
	}
	switch {
	case r.wish.Percent > r.good() && r.now.Phase == ReleaseRunning:
		return &Refusal{oneStep, fmt.Sprintf("%s goes to %d%% right now.", name, r.now.Percent), fmt.Sprintf("Wait for it, or take it away with `/go %s 0%%`.", name)}
	case up && r.now.Phase == ReleaseWatching:
		return &Refusal{"More users get something when those who have it are well.", fmt.Sprintf("What is watched at %d%% has not passed yet: %s.", r.now.Percent, r.now.Text),
			"When it has, " + again + "."}
	}
	wish := r.wish
	wish.Good = r.good()
	for _, gate := range r.releaseGates(wish) {
		if !gate.Open && gate.Name != GateApprove {
			return &Refusal{"Users get nothing more while an environment is held or frozen.", fmt.Sprintf("%s.", gate.Text), r.next(gate.Command)}
		}
	}
	return nil
}

func (r releasing) next(command string) string {
	if command == "" {
		return fmt.Sprintf("Fewer users are always possible, such as `/go %s 0%%`.", r.wish.Environment)
	}
	return fmt.Sprintf("Lift it with `%s`, then `%s`. Fewer users are always possible, such as `/go %s 0%%`.", command, r.wish.command(), r.wish.Environment)
}

// same refuses what is so already, or is about to be.
func (r releasing) same() *Refusal {
	name := r.wish.Environment
	switch r.now.Phase {
	case ReleaseWaiting:
		return &Refusal{oneStep, fmt.Sprintf("%s waits for %d%% already, as %s asked.", name, r.now.Percent, r.now.By.Login), fmt.Sprintf("`/approve %s %d%%`", name, r.now.Percent)}
	case ReleaseRunning, ReleaseWatching:
		return &Refusal{oneStep, fmt.Sprintf("%s goes to %d%% right now.", name, r.now.Percent), "`/status`"}
	}
	return &Refusal{"A step of a release changes how many users have it.", fmt.Sprintf("%d%% of the users of %s have %s already.", r.now.Percent, name, code(r.now.Commit)), "`/status`"}
}

// refuseStep refuses a percentage that some version of the rules does not have.
func (r releasing) refuseStep() *Refusal {
	for _, rules := range r.versions {
		steps := rules.Release.Steps
		if len(steps) == 0 || slices.Contains(steps, r.wish.Percent) {
			continue
		}
		nearest := slices.MinFunc(steps, func(a, b int) int {
			return max(a-r.wish.Percent, r.wish.Percent-a) - max(b-r.wish.Percent, r.wish.Percent-b)
		})
		return &Refusal{fmt.Sprintf("%s is released in the steps %s.", r.wish.Environment, percentages(steps)), fmt.Sprintf("%d%% is none of them.", r.wish.Percent),
			fmt.Sprintf("`/go %s %d%%`", r.wish.Environment, nearest)}
	}
	return nil
}

// refuseUnseen refuses to give users something else than what the person meant: what the environment ran when it was written,
// and what came of the pull request on which it was.
func (r releasing) refuseUnseen() *Refusal {
	name := r.wish.Environment
	if since := r.environment.Since.Truncate(time.Second); !r.wish.Asked.IsZero() && r.wish.Asked.Before(since) {
		return &Refusal{"A step of a release is of exactly what was shown.", fmt.Sprintf("When this was written, %s did not run %s yet.", name, code(r.now.Commit)),
			"Look at it; then `" + r.wish.command() + "`."}
	}
	for _, commit := range r.state.Trunk {
		if commit.Pull != 0 && commit.Pull == r.wish.Pull && commit.Position > r.runs.Position {
			return &Refusal{onlyDeployed, fmt.Sprintf("%s runs %s, which does not have #%d.", name, code(r.now.Commit), commit.Pull), "`/promote " + name + "`"}
		}
	}
	return nil
}

func percentages(steps []int) string {
	words := make([]string, len(steps))
	for i, step := range steps {
		words[i] = fmt.Sprintf("%d%%", step)
	}
	return strings.Join(words, ", ")
}

// command that asks for the step.
func (r Release) command() string { return fmt.Sprintf("/go %s %d%%", r.Environment, r.Percent) }

// releaseGates are what a step waits for. Only more users wait for something.
func (c *considered) releaseGates(r Release) (gates []Gate) {
	if !r.Up() {
		return nil
	}
	if last := c.environment.Last; last != nil && last.Phase.Live() {
		gates = append(gates, Gate{Name: GateDeploying, Text: fmt.Sprintf("%s is being brought to %s", r.Environment, Short(last.To))})
	}
	own := *c
	// What keeps the bad commit from coming again does not keep users from what is there instead.
	own.environment.Holds = slices.DeleteFunc(slices.Clone(own.environment.Holds), func(h Hold) bool { return h.Kind == HeldAfterRollback })
	q := question{&own, c.versions[0], Promotion{}}
	gates = append(gates, holdGates(q)...)
	_, frozen := q.freezes()
	for _, freeze := range frozen {
		gates = append(gates, Gate{Name: GateFreeze, Text: fmt.Sprintf("%s is frozen until %s: %s", r.Environment, when(freeze.To, q.repositoryZone()), freeze.Reason), OpensAt: freeze.To})
	}
	return append(gates, c.releaseApprovals(r)...)
}

// ReleaseGates are what the step of an environment's release waits for, open and closed; none: for nothing.
func ReleaseGates(state State, name string) []Gate {
	state = state.indexed()
	rules, known := state.Rules.Environment(name)
	r := state.Environments[name].Release
	if !known || r == nil || r.Phase != ReleaseWaiting {
		return nil
	}
	c, _ := consider(&state, rules)
	return c.releaseGates(*r)
}

// ReleaseWaits are the reasons why the step of an environment's release does not begin; none: it has begun, or there is none.
func ReleaseWaits(state State, name string) []Reason { return closed(ReleaseGates(state, name)) }

// ReleaseDue tells whether a step of an environment's release has waited for what it waits for.
func ReleaseDue(state State, name string) bool {
	r := state.Environments[name].Release
	return r != nil && r.Phase == ReleaseWaiting && len(state.Problems) == 0 && len(closed(ReleaseGates(state, name))) == 0
}

// AfterWatch is the step that follows from a watch that has failed: back to what was good before. It is the last: nothing
// follows from its own failure.
func AfterWatch(failed Release, why string) Release {
	back := failed
	back.ID, back.Percent, back.From, back.Back = 0, failed.Good, failed.Percent, true
	back.Phase, back.By, back.Approvals = ReleaseRunning, Person{}, nil
	back.Text = fmt.Sprintf("taken back from %d%%: %s", failed.Percent, why)
	return back
}
