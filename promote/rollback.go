package promote

import (
	"fmt"
	"time"

	"github.com/trunkline/trunkline/config"
)

// Rollback is the wish to bring an environment back to an older commit of trunk that succeeded there.
type Rollback struct {
	// ID of what a person asked for; 0: Trunkline goes back by itself, because a deployment failed.
	ID          int64
	Environment string
	// From is the newest commit of which something is there: what the environment runs, or what failed in it. To is the
	// commit to go back to.
	From, To string
	// By asked for it; the zero Person: Trunkline.
	By Person
	// Reason for people, without a full stop; empty: none was given.
	Reason string
	// Revert: a pull request that takes the commits back on trunk is to be opened, too.
	Revert bool
	// Pull on which it was asked; 0: nowhere.
	Pull int
	At   time.Time
}

// Touched is what a deployment created and destroyed in one instance, as it was planned: what going back has to do with.
type Touched struct {
	Deployment int64
	Instance   string
	// Addresses of resources that it created, and that it destroyed, forgot or replaced.
	Created, Destroyed []string
}

// HoldOf is the hold that a rollback leaves: what was taken back does not come again until somebody lifts it.
func HoldOf(r Rollback, at time.Time) Hold {
	reason := fmt.Sprintf("rolled back from %s to %s", code(r.From), code(r.To))
	if r.Reason != "" {
		reason += ", because " + r.Reason
	}
	return Hold{Kind: HeldAfterRollback, Owner: r.By, Reason: reason, From: at}
}

// TakenBack is what a person reads whose wish became a rollback.
func TakenBack(environment string, back Range) string {
	return fmt.Sprintf("%s goes back from %s to %s, which takes back %d %s.", environment, code(back.From.SHA), code(back.To.SHA),
		len(back.Commits), plural(len(back.Commits), "commit", "commits"))
}

// RollingBack answers a person's wish to bring an environment back: to a commit that is named by To or its beginning, or to
// the last that succeeded before what runs or failed there. It returns the wish with both ends filled in, or why not. What
// it would destroy is known when it is planned; see [GateIrreversible].
func RollingBack(state State, wish Rollback) (Rollback, Range, *Refusal) {
	state = state.indexed()
	name := wish.Environment
	rules, known := state.Rules.Environment(name)
	environment, seen := state.Environments[name]
	again := "`/rollback " + name + "`"
	switch last := environment.Last; {
	case len(state.Problems) > 0:
		return wish, Range{}, &Refusal{"Nothing moves while the configuration on trunk has an error.",
			fmt.Sprintf("`%s` has one in line %d: %s.", config.Path, state.Problems[0].At.Line, state.Problems[0].Message), "Mend it in a pull request; then " + again + " again."}
	case !known || !seen:
		return wish, Range{}, &Refusal{"Only environments of the configuration are rolled back.", fmt.Sprintf("%s is not one of them.", name), "`/help`"}
	case last != nil && last.Phase.Live() && last.Rollback:
		return wish, Range{}, &Refusal{oneAtATime, fmt.Sprintf("%s is being rolled back to %s right now.", name, code(last.To)), "`/status`"}
	case last != nil && last.Phase.Live():
		return wish, Range{}, &Refusal{oneAtATime, fmt.Sprintf("%s is being brought to %s right now.", name, code(last.To)),
			fmt.Sprintf("Stop it with `/abort %s`, or wait for its end; then %s.", name, again)}
	}
	c, onTrunk := consider(&state, rules)
	if !onTrunk {
		return wish, Range{}, &Refusal{onlyProven, fmt.Sprintf("%s runs %s, which is not on trunk any more.", name, code(environment.Runs)), ""}
	}
	from := c.reached()
	to, refusal := c.backTo(wish.To, from)
	if refusal != nil {
		return wish, Range{}, refusal
	}
	back := state.back(from, to)
	if why := c.irreversible(back); why != "" {
		return wish, Range{}, &Refusal{"What cannot be undone is not rolled back.", why + ".", insteadOf(name)}
	}
	wish.From, wish.To = from.SHA, to.SHA
	return wish, back, nil
}

const (
	oneAtATime = "One deployment at a time in an environment."
	onlyProven = "An environment goes back only to a commit of trunk that succeeded in it before."
)

// insteadOf says what people do where a rollback is unsafe.
func insteadOf(name string) string {
	return fmt.Sprintf("Mend it forward: merge a commit that mends or reverts it, whose plan everyone can look at, and `/promote %s`. Until then `/hold %s because <reason>` keeps everything as it is.",
		name, name)
}

// backTo finds the commit to go back to.
func (c *considered) backTo(named string, from Commit) (to Commit, refusal *Refusal) {
	if named == "" {
		return c.backByDefault(from)
	}
	name := c.environment.Name
	to, found := c.state.Find(named)
	switch {
	case !found || !c.succeeded(to):
		return to, &Refusal{onlyProven, fmt.Sprintf("%s did not succeed in %s, as far as Trunkline knows.", code(named), name), c.nearestBack(from)}
	case to.Position >= from.Position && to.SHA == c.runs.SHA:
		return to, &Refusal{onlyProven, fmt.Sprintf("%s runs %s already.", name, code(to.SHA)), c.nearestBack(from)}
	case to.Position >= from.Position:
		return to, &Refusal{"A rollback goes to an older commit.", fmt.Sprintf("%s is newer than %s, which %s runs.", code(to.SHA), code(from.SHA), name),
			fmt.Sprintf("`/promote %s to %s`", name, Short(to.SHA))}
	}
	return to, nil
}

// backByDefault is the last commit that succeeded before what runs, or what failed, in the environment.
func (c *considered) backByDefault(from Commit) (to Commit, refusal *Refusal) {
	name, last := c.environment.Name, c.environment.Last
	switch {
	case last != nil && last.Rollback && last.Phase == Succeeded:
		return to, &Refusal{"A rollback is not rolled back.", fmt.Sprintf("%s went back from %s to %s.", name, code(last.From), code(last.To)),
			"What mends it goes the usual way: merge it, `/unhold " + name + "`, `/promote " + name + "`." + c.further(from)}
	case last != nil && last.Rollback && last.Phase != Void:
		return to, &Refusal{"A rollback is not rolled back.", fmt.Sprintf("That of %s from %s to %s %s.", name, code(last.From), code(last.To), endings[last.Phase]),
			"Mend what it met; then `/retry " + name + "` tries it again." + c.further(from)}
	case from.SHA != c.runs.SHA && c.succeeded(c.runs):
		return c.runs, nil
	case from.SHA != c.runs.SHA:
		return to, &Refusal{onlyProven, fmt.Sprintf("Nothing has succeeded in %s yet: %s is what ran there before Trunkline.", name, code(c.runs.SHA)), insteadOf(name)}
	case last != nil && (last.Phase == Failed || last.Phase == Aborted):
		return to, &Refusal{"A rollback takes back what was applied.", fmt.Sprintf("Nothing of %s was: %s runs %s.", code(last.To), name, code(c.runs.SHA)), "There is nothing to take back." + c.further(from)}
	}
	if to, ok := c.before(from); ok {
		return to, nil
	}
	return to, &Refusal{onlyProven, fmt.Sprintf("Nothing that Trunkline knows of succeeded in %s before %s, which it runs.", name, code(c.runs.SHA)), insteadOf(name)}
}

// nearestBack is the command that goes back to the last commit that succeeded before; without one, where to look.
func (c *considered) nearestBack(from Commit) string {
	if to, ok := c.before(from); ok {
		return fmt.Sprintf("`/rollback %s to %s`", c.environment.Name, Short(to.SHA))
	}
	return "`/status`"
}

// further says how to go back further on purpose.
func (c *considered) further(from Commit) string {
	if _, ok := c.before(c.runs); !ok || from.SHA == "" {
		return ""
	}
	to, _ := c.before(c.runs)
	return fmt.Sprintf(" To go back further, `/rollback %s to %s`.", c.environment.Name, Short(to.SHA))
}
