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

// event is something in the life of an environment: the end of a deployment, or of a check.
type event struct {
	at      time.Time
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

// events of an environment in the order of time, which does not depend on that of the facts.
func events(environment Environment) []event {
	events := make([]event, 0, len(environment.History)+len(environment.CheckRuns))
	for i := range environment.History {
		outcome := &environment.History[i]
		if outcome.Phase == Void {
			continue // it touched nothing
		}
		events = append(events, event{at: outcome.At, outcome: outcome})
	}
	for i := range environment.CheckRuns {
		events = append(events, event{at: environment.CheckRuns[i].Ended, run: &environment.CheckRuns[i]})
	}
	slices.SortStableFunc(events, event.compare)
	return events
}

// compare orders events: at the same moment deployments by their ids, then checks, those that failed last.
func (e event) compare(other event) int {
	if order := e.at.Compare(other.at); order != 0 {
		return order
	}
	switch {
	case e.outcome != nil && other.outcome != nil:
		return cmp.Compare(e.outcome.Deployment, other.outcome.Deployment)
	case e.outcome != nil:
		return -1
	case other.outcome != nil:
		return 1
	case e.run.Passed != other.run.Passed:
		if e.run.Passed {
			return -1
		}
		return 1
	}
	return cmp.Compare(e.run.Check, other.run.Check)
}
