package promote

import (
	"fmt"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// Decide says what should happen next in each environment, in the order of the configuration. It takes at most
// one step for each; the same state gives the same decisions.
func Decide(state State) []Decision {
	var decisions []Decision
	for _, rules := range state.Rules.Environments {
		if _, known := state.Environments[rules.Name]; known {
			decisions = append(decisions, decide(state, rules))
		}
	}
	return decisions
}

func decide(state State, rules config.Environment) Decision {
	environment := state.Environments[rules.Name]
	decision := Decision{Environment: rules.Name, Candidate: candidate(state, rules)}
	runs, onTrunk := state.commit(environment.Runs)
	switch {
	case len(state.Problems) > 0:
		decision.wait("configuration", "", "the configuration on trunk has an error")
	case !onTrunk:
		decision.wait("lineage", "", "%s runs %s, which is not on trunk any more", rules.Name, Short(environment.Runs))
	case environment.Last != nil && environment.Last.Phase.Live():
		decision.wait("deploying", "", "%s is being brought to %s", rules.Name, Short(environment.Last.To))
	case environment.Request != nil:
		decision.asked(state, rules, runs)
	case decision.Candidate.Position > runs.Position:
		decision.unasked(state, rules, runs)
	case state.tip().Position > runs.Position:
		decision.Waits = upstream(state, rules, state.tip())
	}
	return decision
}

// asked decides on a person's request. What the request may name was checked when it was made (see [Asked]); it
// is checked again here, because time has passed.
func (d *Decision) asked(state State, rules config.Environment, runs Commit) {
	request := state.Environments[rules.Name].Request
	target, ok := state.commit(request.To)
	switch {
	case !ok:
		d.wait("lineage", "", "%s is not on trunk any more", Short(request.To))
	case target.Position > d.Candidate.Position:
		d.Waits = upstream(state, rules, target)
	case target.Position > runs.Position:
		between := state.between(runs, target)
		d.Start, d.By = &between, request.By
	}
}

// unasked decides where nobody asked: an automatic environment goes by itself, unless that very step failed
// before. Trying the same again and again helps nobody; a newer commit is another step.
func (d *Decision) unasked(state State, rules config.Environment, runs Commit) {
	promote := "/promote " + rules.Name
	last := state.Environments[rules.Name].Last
	failed := false
	if last != nil && last.Phase == Failed {
		target, ok := state.commit(last.To)
		failed = ok && target.Position >= d.Candidate.Position
	}
	switch {
	case failed:
		d.wait("failed", promote, "the deployment of %s failed", Short(last.To))
	case rules.Promote == config.Manual:
		d.wait("manual", promote, "waiting for someone to promote it")
	default:
		between := state.between(runs, d.Candidate)
		d.Start = &between
	}
}

func (d *Decision) wait(gate, command, format string, args ...any) {
	d.Waits = append(d.Waits, Reason{Gate: gate, Text: fmt.Sprintf(format, args...), Command: command})
}

// candidate is the newest commit that everything the environment comes after has converged to and proven: the
// oldest of what those environments run, because a commit is proven there only when it succeeded there.
func candidate(state State, rules config.Environment) Commit {
	newest := state.tip()
	for _, name := range rules.After {
		runs, ok := state.commit(state.Environments[name].Runs)
		if !ok {
			return Commit{}
		}
		if runs.Position < newest.Position {
			newest = runs
		}
	}
	return newest
}

// upstream says which environments have not proven the target yet.
func upstream(state State, rules config.Environment, target Commit) (waits []Reason) {
	for _, name := range rules.After {
		environment := state.Environments[name]
		runs, ok := state.commit(environment.Runs)
		if ok && runs.Position >= target.Position {
			continue
		}
		reason := Reason{Gate: "upstream", Text: fmt.Sprintf("%s has not proven %s yet", name, Short(target.SHA))}
		if ok && candidateFor(state, name).Position >= target.Position {
			reason.Command = "/promote " + name
		}
		waits = append(waits, reason)
	}
	return waits
}

func candidateFor(state State, name string) Commit {
	rules, ok := state.Rules.Environment(name)
	if !ok {
		return Commit{}
	}
	return candidate(state, rules)
}

// Short is the abbreviation of a commit that people read: seven digits.
func Short(sha string) string {
	if len(sha) > 7 {
		return sha[:7]
	}
	return sha
}

func (s State) tip() Commit {
	if len(s.Trunk) == 0 {
		return Commit{}
	}
	return s.Trunk[len(s.Trunk)-1]
}

// commit finds a commit of trunk by its full SHA.
func (s State) commit(sha string) (Commit, bool) {
	for i := len(s.Trunk) - 1; i >= 0; i-- {
		if s.Trunk[i].SHA == sha {
			return s.Trunk[i], true
		}
	}
	return Commit{}, false
}

// Find finds a commit of trunk by its SHA or an unambiguous beginning of at least seven digits.
func (s State) Find(sha string) (Commit, bool) {
	var found []Commit
	for _, commit := range s.Trunk {
		if len(sha) >= 7 && strings.HasPrefix(commit.SHA, sha) {
			found = append(found, commit)
		}
	}
	if len(found) != 1 {
		return Commit{}, false
	}
	return found[0], true
}

// between is the range after from, up to and with to.
func (s State) between(from, to Commit) Range {
	r := Range{From: from, To: to}
	for _, commit := range s.Trunk {
		if commit.Position > from.Position && commit.Position <= to.Position {
			r.Commits = append(r.Commits, commit)
		}
	}
	return r
}
