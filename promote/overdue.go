package promote

import (
	"fmt"
	"time"
)

// Overdue says that an environment has not converged in the time that it has for it.
type Overdue struct {
	// Commits that it lacks, and when the oldest of them came to trunk.
	Commits int
	Oldest  Commit
	// Since is when it should have had the oldest.
	Since time.Time
	// Cause is a gate that is closed, if it can be one that somebody can open; nil: none is.
	Cause *Gate
	// Alarm: people were not told yet.
	Alarm bool
}

// Text is for people.
func (o Overdue) Text(environment string, now time.Time) string {
	text := fmt.Sprintf("%s is overdue: it lacks %d %s, the oldest for %s", environment, o.Commits, plural(o.Commits, "commit", "commits"),
		lasting(now.Sub(o.Oldest.Merged).Truncate(time.Minute)))
	if o.Cause == nil {
		return text
	}
	text += "; " + o.Cause.Text
	if !o.Cause.Since.IsZero() {
		text += ", since " + when(o.Cause.Since, now.Location())
	}
	if o.Cause.Who != "" {
		text += "; it is for " + o.Cause.Who
	}
	return text
}

// overdue is what the environment is late with; nil: nothing.
func (c *considered) overdue(decision Decision) *Overdue {
	within, lacks := c.versions[0].ConvergeWithin, c.lacks()
	if within == 0 || len(lacks) == 0 || lacks[0].Merged.IsZero() {
		return nil
	}
	due := lacks[0].Merged.Add(within)
	if c.state.Now.Before(due) {
		return nil
	}
	overdue := &Overdue{Commits: len(lacks), Oldest: lacks[0], Since: due, Alarm: true}
	for _, given := range c.state.Notices {
		// Whoever was told when this commit was late already knows.
		if given.Kind == NoticeOverdue && given.Environment == c.environment.Name && !given.At.Before(due) {
			overdue.Alarm = false
		}
	}
	if overdue.Cause = c.releaseCause(lacks[0]); overdue.Cause == nil {
		overdue.Cause = cause(decision.Gates)
	}
	return overdue
}

// lacks are the commits of trunk to which the environment has not converged: where all users must have them, those that not
// all have.
func (c *considered) lacks() []Commit {
	if proven, known := c.state.provenCommit(c.environment.Name); known && c.runs.SHA != "" {
		return c.state.between(proven, c.state.tip()).Commits
	}
	return nil
}

// cause is the first closed gate of which it is known who can open it, or else the first.
func cause(gates []Gate) (first *Gate) {
	for i := range gates {
		gate := &gates[i]
		if gate.Open {
			continue
		}
		if gate.Who != "" {
			return gate
		}
		if first == nil {
			first = gate
		}
	}
	return first
}

// arrived is since when the promotion could be waited for: when its target came to the last environment that proved it, or
// to trunk where there is none.
func (q question) arrived() (arrived time.Time) {
	arrived = q.promotion.To.Merged
	for _, name := range q.rules.After {
		if q.state.has(name, q.promotion.To) {
			arrived = later(arrived, q.proven(name, q.promotion.To).Arrived)
		}
	}
	return arrived
}
