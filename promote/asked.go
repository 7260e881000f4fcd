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
	target := candidate(state, rules)
	if to != "" {
		var found bool
		if target, found = state.Find(to); !found {
			return Range{}, &Refusal{"Only commits of trunk are promoted, and only to an environment that runs an older one.",
				fmt.Sprintf("%s is not on trunk after %s, which %s runs.", code(to), code(environment.Runs), name), "`/status`"}
		}
	}
	if refusal := refuse(state, rules, runs, target); refusal != nil {
		return Range{}, refusal
	}
	return state.between(runs, target), nil
}

func refuse(state State, rules config.Environment, runs, target Commit) *Refusal {
	environment := state.Environments[rules.Name]
	newest := candidate(state, rules)
	switch {
	case environment.Last != nil && environment.Last.Phase.Live():
		return &Refusal{"One deployment at a time in an environment.",
			fmt.Sprintf("%s is being brought to %s right now.", rules.Name, code(environment.Last.To)), "Wait for it to end; then `/promote " + rules.Name + "`."}
	case target.Position > newest.Position:
		return unproven(state, rules, target)
	case target.Position <= runs.Position && newest.Position > runs.Position:
		return &Refusal{"A promotion goes from one commit of trunk to a newer one.",
			fmt.Sprintf("%s runs %s already.", rules.Name, code(runs.SHA)), fmt.Sprintf("`/promote %s to %s`", rules.Name, Short(newest.SHA))}
	case target.Position <= runs.Position && state.tip().Position > runs.Position && len(rules.After) > 0:
		return unproven(state, rules, state.tip())
	case target.Position <= runs.Position:
		return &Refusal{"A promotion goes from one commit of trunk to a newer one.",
			fmt.Sprintf("%s runs %s already, the newest commit of trunk: there is nothing to promote.", rules.Name, code(runs.SHA)), "`/status`"}
	}
	return nil
}

// unproven refuses a commit that has not succeeded in what the environment comes after.
func unproven(state State, rules config.Environment, target Commit) *Refusal {
	for _, name := range rules.After {
		environment := state.Environments[name]
		runs, ok := state.commit(environment.Runs)
		if ok && runs.Position >= target.Position {
			continue
		}
		fact := fmt.Sprintf("%s has not proven %s yet: it runs %s.", name, code(target.SHA), code(environment.Runs))
		next := "Wait for " + name + "; `/status` shows where it is."
		if last := environment.Last; last != nil && last.Phase.Live() {
			fact = fmt.Sprintf("%s has not proven %s yet: it is being brought to %s right now.", name, code(target.SHA), code(last.To))
		} else if candidateFor(state, name).Position >= target.Position {
			next = "`/promote " + name + "`"
		}
		return &Refusal{fmt.Sprintf("%s comes after %s: a commit must have succeeded there first.", rules.Name, name), fact, next}
	}
	return &Refusal{"A commit must be on trunk.", fmt.Sprintf("%s is newer than trunk as we know it.", code(target.SHA)), "`/status`"}
}

func code(sha string) string { return "`" + Short(sha) + "`" }
