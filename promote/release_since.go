package promote

import (
	"fmt"
	"time"
)

// ReleaseEnd is how a step of a release ended: what users have since.
type ReleaseEnd struct {
	// Commit that the step was about, and Full the last before it that all users had.
	Commit, Full string
	// All: all users have the commit since; false: a part of them, or nobody knows how many.
	All bool
	At  time.Time
}

// full is the commit that all users have after the step.
func (e ReleaseEnd) full() string {
	if e.All {
		return e.Commit
	}
	return e.Full
}

// allSince is since when all users of an environment have the commit or a newer one; the zero time: since before anything was
// released apart from its deployment.
func (s *State) allSince(environment Environment, commit Commit) (since time.Time) {
	had := true
	for i, end := range environment.Releases {
		full, known := s.commit(end.full())
		has := known && full.Position >= commit.Position
		if before, known := s.commit(end.Full); i == 0 {
			had = known && before.Position >= commit.Position
		}
		if has && !had {
			since = end.At
		}
		had = has
	}
	return since
}

// proven is the residence of a commit since it is proven in an environment: where all users must have it, since they do.
func (c *considered) proven(name string, commit Commit) residence {
	stay := c.residence(name, commit)
	if c.state.mustRelease(name) {
		all := c.state.allSince(c.state.Environments[name], commit)
		stay.Arrived, stay.Healthy = later(stay.Arrived, all), later(stay.Healthy, all)
	}
	return stay
}

// releaseCause is what keeps a commit from all users of an environment that has it, as a gate; nil: nothing does.
func (c *considered) releaseCause(commit Commit) *Gate {
	name := c.environment.Name
	text, command := c.state.unreleased(name, commit)
	if text == "" {
		return nil
	}
	gate := Gate{Name: GateReleased, Text: text, Command: command, Since: c.environment.Since}
	r := c.environment.Release
	for _, waits := range c.releaseGates(*r) {
		if r.Phase == ReleaseWaiting && !waits.Open {
			waits.Text = fmt.Sprintf("%d%% waits: %s", r.Percent, waits.Text)
			return &waits
		}
	}
	who := c.versions[0].Release.Allow
	if who.Anyone() {
		who = c.versions[0].Allow.Promote
	}
	if !who.Anyone() {
		gate.Who = who.String()
	}
	return &gate
}
