package promote

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// residence is how long a commit has been in an environment, and how long it has been healthy there.
//
// A commit comes with the first deployment that succeeds with it or with a newer one, and stays until an older one takes
// its place. It is healthy from then on. Health is interrupted by a deployment that fails, until the next one that
// succeeds; and by a check that fails, until it passes or the next deployment succeeds.
type residence struct {
	// Arrived is when it came; zero: before we knew the environment.
	Arrived time.Time
	// Healthy is since when nothing was wrong. Sick is what is wrong now; then Healthy means nothing.
	Healthy time.Time
	Sick    string
}

// event is something in the life of an environment.
type event struct {
	at time.Time
	// rank puts events of the same moment in order.
	rank int
	// outcome or run: what it is.
	outcome *Outcome
	run     *CheckRun
}

// residence of a commit in an environment that has it.
func (c *considered) residence(name string, commit Commit) residence {
	key := residenceKey{name, commit.Position}
	if known, ok := c.residences[key]; ok {
		return known
	}
	found := c.state.residence(c.state.Environments[name], commit)
	if c.residences == nil {
		c.residences = map[residenceKey]residence{}
	}
	c.residences[key] = found
	return found
}

func (s *State) residence(environment Environment, commit Commit) residence {
	r := residence{Arrived: environment.Since, Healthy: environment.Since}
	events := events(environment)
	// Without a deployment that brought it, it was there before we knew.
	there := !slices.ContainsFunc(events, func(e event) bool { return e.outcome != nil && s.brings(*e.outcome, commit) })
	sick := map[string]string{}
	for _, e := range events {
		before := len(sick)
		switch {
		case e.outcome != nil && e.outcome.Phase == Succeeded:
			brings := s.brings(*e.outcome, commit)
			if brings && (!there || before > 0) {
				r.Healthy = e.at
			}
			if brings && !there {
				r.Arrived = e.at
			}
			there = brings
			clear(sick)
		case e.outcome != nil:
			// No check has an empty name.
			sick[""] = fmt.Sprintf("the deployment of %s %s", Short(e.outcome.To), endings[e.outcome.Phase])
		case e.run.Passed:
			delete(sick, e.run.Check)
			if before > 0 && len(sick) == 0 {
				r.Healthy = e.at
			}
		default:
			sick[e.run.Check] = e.run.Check + " failed"
		}
	}
	r.Sick = strings.Join(slices.Sorted(maps.Values(sick)), ", ")
	return r
}

// endings are what deployments came to that did not succeed.
var endings = map[Phase]string{Failed: "failed", Aborted: "was aborted"}

// brings tells whether the deployment brought the commit, alone or in a newer one.
func (s *State) brings(outcome Outcome, commit Commit) bool {
	to, ok := s.commit(outcome.To)
	return ok && outcome.Phase == Succeeded && to.Position >= commit.Position
}

// events of an environment in the order of time. Where two are at the same moment, the worse one counts as the later.
func events(environment Environment) []event {
	events := make([]event, 0, len(environment.History)+len(environment.CheckRuns))
	for i := range environment.History {
		outcome := &environment.History[i]
		if outcome.Phase == Void {
			continue // it touched nothing
		}
		rank := 2
		if outcome.Phase == Succeeded {
			rank = 0
		}
		events = append(events, event{at: outcome.At, rank: rank, outcome: outcome})
	}
	for i := range environment.CheckRuns {
		run := &environment.CheckRuns[i]
		rank := 3
		if run.Passed {
			rank = 1
		}
		events = append(events, event{at: run.Ended, rank: rank, run: run})
	}
	slices.SortStableFunc(events, func(a, b event) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.rank, b.rank), a.compareNames(b))
	})
	return events
}

// compareNames puts events of the same moment into an order that does not depend on that of the facts.
func (e event) compareNames(other event) int {
	switch {
	case e.outcome != nil && other.outcome != nil:
		return cmp.Compare(e.outcome.Deployment, other.outcome.Deployment)
	case e.run != nil && other.run != nil:
		return cmp.Compare(e.run.Check, other.run.Check)
	}
	return 0
}
