package promote

import (
	"fmt"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// Refusal is why a command has no effect: the rule, the fact, and what to type next.
type Refusal struct {
	// Rule that applies, as a sentence.
	Rule string
	// Fact that does not meet the rule, as a sentence.
	Fact string
	// Next is a command or a sentence that says what would help; empty where nothing would.
	Next string
}

// Text is the refusal in one paragraph: the rule, the fact, and what to do next.
func (r Refusal) Text() string {
	text := r.Rule + " " + r.Fact
	switch {
	case strings.HasPrefix(r.Next, "`"):
		text += " Type " + r.Next + "."
	case r.Next != "":
		text += " " + r.Next
	}
	return text
}

// Accepted is what a person reads whose wish became a promotion.
func Accepted(environment string, wanted Range) string {
	if len(wanted.Commits) == 0 {
		return fmt.Sprintf("%s stays at %s, and what was left out there comes up to it.", environment, code(wanted.To.SHA))
	}
	commits := "1 commit"
	if len(wanted.Commits) > 1 {
		commits = fmt.Sprintf("%d commits", len(wanted.Commits))
	}
	return fmt.Sprintf("%s goes from %s to %s, %s further.", environment, code(wanted.From.SHA), code(wanted.To.SHA), commits)
}

// Asked answers a person's wish to promote an environment to a commit (empty: the environment's candidate).
// It returns the range that would be promoted, or why not.
func Asked(state State, name, to string) (Range, *Refusal) {
	rules, known := state.Rules.Environment(name)
	environment, seen := state.Environments[name]
	if len(state.Problems) > 0 {
		return Range{}, &Refusal{"Nothing is promoted while the configuration on trunk has an error.",
			fmt.Sprintf("`%s` has one in line %d: %s.", config.Path, state.Problems[0].At.Line, state.Problems[0].Message), "Mend it in a pull request; then `/promote " + name + "` again."}
	}
	if !known || !seen {
		return Range{}, &Refusal{"Only environments of the configuration are promoted.", fmt.Sprintf("%s is not one of them.", name), "`/help`"}
	}
	runs, onTrunk := state.commit(environment.Runs)
	if !onTrunk {
		return Range{}, &Refusal{"A promotion goes from one commit of trunk to a newer one.",
			fmt.Sprintf("%s runs %s, which is not on trunk any more.", name, code(environment.Runs)), ""}
	}
	state = state.indexed()
	c, _ := consider(&state, rules)
	// A new wish takes the place of the one that waits.
	c.request = nil
	target := c.beforeContract(c.newest())
	if to != "" {
		var found bool
		if target, found = state.Find(to); !found {
			return Range{}, &Refusal{"Only commits of trunk are promoted, and only to an environment that runs an older one.",
				fmt.Sprintf("%s is not on trunk after %s, which %s runs.", code(to), code(environment.Runs), name), "`/status`"}
		}
	}
	if refusal := c.refuse(target); refusal != nil {
		return Range{}, refusal
	}
	return state.between(runs, target), nil
}

func (c *considered) refuse(target Commit) *Refusal {
	name, runs := c.environment.Name, c.runs
	rules := c.versions[0].Environment
	last := c.environment.Last
	first := c.newest()
	switch back := c.environment.Rollback; {
	case back != nil:
		return &Refusal{"One step at a time in an environment.", fmt.Sprintf("%s is to go back to %s, as %s asked.", name, code(back.To), back.By.Login),
			fmt.Sprintf("Take that back with `/abort %s`; then `/promote %s`.", name, name)}
	case last != nil && last.Phase.Live():
		return &Refusal{"One deployment at a time in an environment.",
			fmt.Sprintf("%s is being brought to %s right now.", name, code(last.To)), "Wait for it to end; then `/promote " + name + "`."}
	case target.Position > c.candidate.Position:
		return c.refuseUnproven(target)
	case c.oneByOne() && target.Position > first.Position && first.Position > runs.Position:
		return &Refusal{fmt.Sprintf("%s takes commits one by one, in the order of trunk.", name),
			fmt.Sprintf("%s comes before %s.", code(first.SHA), code(target.SHA)), fmt.Sprintf("`/promote %s to %s`", name, Short(first.SHA))}
	case target.Position == runs.Position && len(c.free(c.leftOut(true))) > 0:
		return nil
	case target.Position <= runs.Position && c.candidate.Position > runs.Position:
		return &Refusal{"A promotion goes from one commit of trunk to a newer one.",
			fmt.Sprintf("%s runs %s already.", name, code(runs.SHA)), fmt.Sprintf("`/promote %s to %s`", name, Short(first.SHA))}
	case target.Position <= runs.Position && c.state.tip().Position > runs.Position && len(rules.After)+len(rules.AfterAny) > 0:
		return c.refuseUnproven(c.state.tip())
	case target.Position <= runs.Position:
		return &Refusal{"A promotion goes from one commit of trunk to a newer one.",
			fmt.Sprintf("%s runs %s already, the newest commit of trunk: there is nothing to promote.", name, code(runs.SHA)), "`/status`"}
	}
	return c.refuseContract(target)
}

// refuseContract refuses what holds a contract step before its time: waiting for it would keep back what has to go first.
func (c *considered) refuseContract(target Commit) *Refusal {
	for _, rules := range c.versions {
		q := question{c, rules, Promotion{Range: c.state.between(c.runs, target)}}
		for _, gate := range migrationGates(q) {
			if gate.Open {
				continue
			}
			next := ""
			if gate.Command != "" {
				next = "`" + gate.Command + "`"
			}
			return &Refusal{"A contract step waits until its expand step has converged everywhere.", gate.Text + ".", next}
		}
	}
	return nil
}

// refuseUnproven refuses a commit that has not succeeded in what the environment comes after, by any version of its rules.
func (c *considered) refuseUnproven(target Commit) *Refusal {
	state := *c.state
	for _, rules := range c.versions {
		lacking := lackingProof(state, rules.Environment, target)
		if len(lacking) == 0 {
			continue
		}
		name := lacking[0]
		environment := state.Environments[name]
		fact := fmt.Sprintf("%s has not proven %s yet: it runs %s.", name, code(target.SHA), code(environment.Runs))
		next := "Wait for " + name + "; `/status` shows where it is."
		if text, command := state.unreleased(name, target); text != "" {
			fact = fmt.Sprintf("%s runs %s, but %s.", name, code(environment.Runs), text)
			if command != "" {
				next = "`" + command + "`"
			}
		} else if last := environment.Last; last != nil && last.Phase.Live() {
			fact = fmt.Sprintf("%s has not proven %s yet: it is being brought to %s right now.", name, code(target.SHA), code(last.To))
		} else if candidateFor(state, name).Position >= target.Position {
			next = "`/promote " + name + "`"
		}
		after := name
		if rules.former != "" {
			after += fmt.Sprintf(" until it runs %s, which changes that", code(rules.former))
		}
		return &Refusal{fmt.Sprintf("%s comes after %s: a commit must have succeeded there first.", rules.Name, after), fact, next}
	}
	return nil
}

// lackingProof are the environments of `after` that do not have the target, and all of `any` where none has it.
func lackingProof(state State, rules config.Environment, target Commit) (names []string) {
	for _, name := range rules.After {
		if !state.has(name, target) {
			names = append(names, name)
		}
	}
	for _, name := range rules.AfterAny {
		if state.has(name, target) {
			return names
		}
	}
	return append(names, rules.AfterAny...)
}

func code(sha string) string { return "`" + Short(sha) + "`" }
