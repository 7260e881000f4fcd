package promote

import (
	"fmt"
	"time"

	"github.com/trunkline/trunkline/config"
)

// scheduledGates: each scheduled check of what the environment comes after must have passed since the commit runs there.
// Of `any`, those of one environment must have.
func scheduledGates(q question) (gates []Gate) {
	for _, name := range q.rules.After {
		if q.state.has(name, q.promotion.To) {
			gates = append(gates, q.scheduled(name)...)
		}
	}
	var best []Gate
	for i, name := range q.rules.AfterAny {
		if !q.state.has(name, q.promotion.To) {
			continue
		}
		of := q.scheduled(name)
		if i == 0 || best == nil || len(closed(of)) < len(closed(best)) {
			best = of
		}
		if len(closed(of)) == 0 {
			best = of
			break
		}
	}
	return append(gates, best...)
}

func (q question) scheduled(name string) (gates []Gate) {
	rules, _ := q.rules.repository.Environment(name)
	for _, check := range rules.Scheduled {
		gates = append(gates, q.scheduledCheck(name, check))
	}
	return gates
}

func (q question) scheduledCheck(name string, check config.ScheduledCheck) Gate {
	gate := Gate{Name: GateScheduled, Who: check.Name}
	target := q.promotion.To
	arrived := q.residence(name, target).Arrived
	last := q.lastRun(name, check.Name, arrived)
	next := check.Schedule.Next(later(q.state.Now, arrived))
	gate.OpensAt, gate.Since = next, arrived
	switch {
	case last == nil:
		gate.Text = fmt.Sprintf("%s has not run in %s since %s is there", check.Name, name, Short(target.SHA))
	case !last.Passed:
		gate.Text = fmt.Sprintf("%s failed in %s at %s", check.Name, name, when(last.Ended, q.repositoryZone()))
	default:
		return Gate{Name: GateScheduled, Open: true, Who: check.Name,
			Text: fmt.Sprintf("%s passed in %s at %s", check.Name, name, when(last.Ended, q.repositoryZone()))}
	}
	if !next.IsZero() {
		gate.Text += "; it runs next at " + when(next, q.repositoryZone())
	}
	return gate
}

// lastRun is the newest run of a check that began while the commit was there; of two at one moment, the one that failed.
func (q question) lastRun(name, check string, arrived time.Time) (last *CheckRun) {
	runs := q.state.Environments[name].CheckRuns
	for i := range runs {
		run := &runs[i]
		if run.Check != check || run.Started.Before(arrived) || !q.state.containsTarget(run.SHA, q.promotion.To) {
			continue
		}
		if last == nil || run.Started.After(last.Started) || run.Started.Equal(last.Started) && !run.Passed {
			last = run
		}
	}
	return last
}

// containsTarget tells whether what a check looked at held the target; where it is not known, time alone decides.
func (s *State) containsTarget(sha string, target Commit) bool {
	if sha == "" {
		return true
	}
	ran, ok := s.commit(sha)
	return ok && ran.Position >= target.Position
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
