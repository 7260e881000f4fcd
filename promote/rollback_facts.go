package promote

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// back is the range that a rollback takes back.
func (s State) back(from, to Commit) Range {
	return Range{From: from, To: to, Commits: s.between(to, from).Commits, Back: true}
}

// ended are the ends of deployments in the environment, the newest first, each once.
func (c *considered) ended() []Outcome {
	ended := slices.Clone(c.environment.History)
	slices.SortFunc(ended, func(a, b Outcome) int { return cmp.Compare(b.Deployment, a.Deployment) })
	return slices.CompactFunc(ended, func(a, b Outcome) bool { return a.Deployment == b.Deployment })
}

// reached is the newest commit of which something is in the environment: what it runs, or what failed there after it had
// begun to be applied.
func (c *considered) reached() Commit {
	reached := c.runs
	for _, outcome := range c.ended() {
		if outcome.Phase == Succeeded {
			break
		}
		if to, ok := c.state.commit(outcome.To); ok && outcome.Touched && to.Position > reached.Position {
			reached = to
		}
	}
	return reached
}

// succeeded tells whether a deployment of the commit succeeded in the environment.
func (c *considered) succeeded(commit Commit) bool {
	_, ok := c.lastSuccess(commit)
	return ok
}

// lastSuccess is the last deployment by which the commit succeeded in the environment.
func (c *considered) lastSuccess(commit Commit) (deployment int64, ok bool) {
	for _, outcome := range c.ended() {
		if outcome.Phase == Succeeded && outcome.To == commit.SHA {
			return outcome.Deployment, true
		}
	}
	return 0, false
}

// before is the last commit that succeeded in the environment and is older than one.
func (c *considered) before(commit Commit) (Commit, bool) {
	for _, outcome := range c.ended() {
		to, onTrunk := c.state.commit(outcome.To)
		if outcome.Phase == Succeeded && onTrunk && to.Position < commit.Position {
			return to, true
		}
	}
	return Commit{}, false
}

// irreversible says which commit of a range that goes back changes something that cannot be undone; empty: none does.
func (c *considered) irreversible(back Range) string {
	for _, rules := range c.versions {
		for _, commit := range slices.Backward(back.Commits) {
			if path := touching(commit, rules.Rollback.Irreversible); path != "" {
				return fmt.Sprintf("%s changes `%s`, which is declared irreversible in %s", commit.named(), path, rules.Name)
			}
			for _, migration := range rules.repository.Migrations {
				if path := touching(commit, migration.Contract); path != "" {
					return fmt.Sprintf("%s has the contract step `%s` of %s, and what that takes away does not come back", commit.named(), path, migration.Name)
				}
			}
		}
	}
	return ""
}

// touching is the first path of a commit that is among the patterns; empty: none is.
func touching(commit Commit, patterns []string) string {
	for _, path := range slices.Sorted(slices.Values(commit.Paths)) {
		if touches(Commit{Paths: []string{path}}, patterns) {
			return path
		}
	}
	return ""
}

// lost says what a plan that goes back would lose for good; empty: nothing. What the deployments since the target's success
// created may go again. What was there before them may not: neither may it be destroyed, nor would what they destroyed come
// back as more than an empty shell. What is declared to keep nothing may come and go.
func (c *considered) lost(back Range, plan Plan) string {
	wasThere := c.wasThere(back.To)
	var losses []string
	for _, instance := range plan.Instances {
		for _, address := range instance.Destroying {
			if c.stateless(address) {
				continue
			}
			if before, seen := wasThere[instance.Name+" "+address]; !seen || before {
				losses = append(losses, fmt.Sprintf("it would destroy `%s` of %s, which was there before", address, instance.Name))
			}
		}
		for _, address := range instance.Creating {
			if wasThere[instance.Name+" "+address] && !c.stateless(address) && !slices.Contains(instance.Destroying, address) {
				losses = append(losses, fmt.Sprintf("`%s` of %s was destroyed since, and would come back empty", address, instance.Name))
			}
		}
	}
	slices.Sort(losses)
	if losses = slices.Compact(losses); len(losses) > mostLosses {
		losses = append(losses[:mostLosses], fmt.Sprintf("and %d more", len(losses)-mostLosses))
	}
	return strings.Join(losses, "; ")
}

// wasThere tells of resources that deployments since a commit's success created or destroyed whether they were there before,
// by "instance address": what happened to each first says so.
func (c *considered) wasThere(to Commit) map[string]bool {
	since, _ := c.lastSuccess(to)
	touched := slices.Clone(c.environment.Touched)
	slices.SortStableFunc(touched, func(a, b Touched) int { return cmp.Compare(a.Deployment, b.Deployment) })
	there := map[string]bool{}
	note := func(instance string, addresses []string, before bool) {
		for _, address := range addresses {
			if _, seen := there[instance+" "+address]; !seen {
				there[instance+" "+address] = before
			}
		}
	}
	for _, one := range touched {
		if one.Deployment > since {
			// What was replaced is in both, and was there.
			note(one.Instance, one.Destroyed, true)
			note(one.Instance, one.Created, false)
		}
	}
	return there
}

// mostLosses are named.
const mostLosses = 5

// Carried is the range of a deployment; of a rollback, what it takes back.
func Carried(state State, d Deployment) Range {
	state = state.indexed()
	return state.ofDeployment(&d)
}
