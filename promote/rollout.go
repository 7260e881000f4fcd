package promote

import (
	"fmt"
	"slices"

	"github.com/trunkline/trunkline/config"
)

// View is the rollout of one commit: where it is in each environment, and what it waits for.
func View(state State, sha string) (Rollout, bool) {
	state = state.indexed()
	commit, ok := state.commit(sha)
	if !ok {
		return Rollout{}, false
	}
	decisions := map[string]Decision{}
	for _, decision := range Decide(state) {
		decisions[decision.Environment] = decision
	}
	rollout := Rollout{Commit: commit, Artifacts: state.Artifacts[commit.SHA], Tip: state.tip(), Problems: state.Problems}
	for _, rules := range state.Rules.Environments {
		if environment, known := state.Environments[rules.Name]; known {
			rollout.Stages = append(rollout.Stages, stage(state, commit, environment, decisions[rules.Name]))
		}
	}
	return rollout, true
}

// Rides tells whether the commit goes on only within ranges that hold newer pull requests: its journey is theirs from
// here, and is told there. One that has converged does not ride, nor does the newest pull request of a range, even where
// the range ends in a commit without one: nobody else would tell of it.
func (r Rollout) Rides() bool {
	rides := false
	for _, stage := range r.Stages {
		if stage.Status == Converged || stage.Range.To.SHA == "" {
			continue
		}
		if stage.Range.Back {
			return false
		}
		if !slices.ContainsFunc(stage.Range.Commits, func(c Commit) bool {
			return c.Position > r.Commit.Position && c.Pull != 0 && c.Pull != r.Commit.Pull
		}) {
			return false
		}
		rides = true
	}
	return rides
}

func stage(state State, commit Commit, environment Environment, decision Decision) Stage {
	rules, _ := state.Rules.Environment(environment.Name)
	runs, _ := state.commit(environment.Runs)
	s := Stage{Environment: rules, Runs: runs, Behind: len(state.between(runs, state.tip()).Commits), Since: environment.Since,
		LeftOut: environment.LeftOut, Overdue: decision.Overdue, Undone: environment.Undone}
	carries := func(d *Deployment) bool {
		if d == nil {
			return false
		}
		target, ok := state.commit(d.To)
		return ok && target.Position >= commit.Position
	}
	for _, bypass := range environment.Bypasses {
		if bypass.SHA == commit.SHA {
			s.Bypasses = append(s.Bypasses, bypass)
		}
	}
	s.release(state, commit, environment)
	last := environment.Last
	if s.goingBack(state, commit, last, decision) {
		return s
	}
	if last != nil && last.Rollback {
		last = nil // it carries nothing on
	}
	switch {
	case runs.Position >= commit.Position:
		s.Status = Converged
		if text, command := state.unreleased(environment.Name, commit); text != "" {
			s.Status, s.Waits = HeldBack, []Reason{{Gate: GateReleased, Text: text, Command: command}}
			break
		}
		if carries(last) && last.Phase == Succeeded {
			s.Deployment, s.Range = last, state.ofDeployment(last)
		}
	case carries(last) && last.Phase.Live():
		s.Status, s.Deployment, s.Range = Deploying, last, state.ofDeployment(last)
	case carries(last) && (last.Phase == Failed || last.Phase == Aborted):
		s.Status, s.Deployment, s.Range, s.Waits, s.NotBack = Stopped, last, state.ofDeployment(last), decision.Waits, decision.NotBack
	case decision.Promotion != nil && decision.Promotion.To.Position >= commit.Position:
		s.Range, s.Waits, s.Gates, s.Approvals = decision.Promotion.Range, decision.Waits, decision.Gates, decision.Approvals
		if plan := decision.Promotion.Plan; plan != nil {
			s.PlanDigest = plan.Digest()
		}
		s.Status = HeldBack
		if len(decision.Waits) == 1 && decision.Waits[0].Gate == GateManual {
			s.Status = Ready
		}
	case decision.Promotion != nil && decision.Candidate.Position >= commit.Position:
		s.Status, s.Waits = HeldBack, afterAnother(state, commit, environment.Name, *decision.Promotion)
	case decision.Candidate.Position >= commit.Position:
		s.Range, s.Waits, s.Status = state.between(runs, decision.Candidate), decision.Waits, HeldBack
	default:
		s.Status, s.Waits = HeldBack, behind(state, commit, rules, decision)
	}
	return s
}

// afterAnother is why a commit that the environment might have is not part of its next step.
func afterAnother(state State, commit Commit, name string, next Promotion) []Reason {
	rules, _ := state.Rules.Environment(name)
	c, _ := consider(&state, rules)
	if next.Back {
		return []Reason{{Gate: "turn", Text: fmt.Sprintf("%s is to go back to %s first", name, Short(next.To.SHA))}}
	}
	for _, version := range c.versions {
		for _, migration := range version.repository.Migrations {
			for _, one := range state.between(next.To, commit).Commits {
				if why := state.tooEarly(migration, one); why != "" {
					return []Reason{{Gate: GateMigrations, Text: why}}
				}
			}
		}
	}
	return []Reason{{Gate: "turn", Text: fmt.Sprintf("%s comes before it in %s", Short(next.To.SHA), name)}}
}

// behind is what a commit waits for that the environment may not have yet.
func behind(state State, commit Commit, rules config.Environment, decision Decision) []Reason {
	if waits := upstream(state, rules, commit); len(waits) > 0 && len(state.Problems) == 0 {
		return waits
	}
	return decision.Waits
}

func (s State) ofDeployment(d *Deployment) Range {
	from, _ := s.commit(d.From)
	to, _ := s.commit(d.To)
	if d.Rollback {
		return s.back(from, to)
	}
	return s.between(from, to)
}

// Meant is the commit that a person means who asks for an environment on the pull request of a rollout and names none:
// what the next step there would bring, and where there is none, the rollout's own commit. Never something newer that
// the person was not shown.
func Meant(rollout Rollout, environment string) string {
	for _, stage := range rollout.Stages {
		if stage.Environment.Name == environment && (stage.Status == Ready || stage.Status == Stopped) {
			return stage.Range.To.SHA
		}
	}
	return rollout.Commit.SHA
}
