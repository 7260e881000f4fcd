package condition

import (
	"strings"
	"time"
)

// Facts are what a condition is asked about.
type Facts struct {
	// Plan of the promotion; nil: it is not made yet.
	Plan  *Plan
	Range Range
	// Now, in the time zone of which hours and days are meant.
	Now time.Time
}

// Plan counts what applying would change.
type Plan struct {
	// Instances that change.
	Instances int
	// Creates, Updates, Replaces and Destroys of resources; Changes of any kind, these among them.
	Creates, Updates, Replaces, Destroys, Changes int
	// Components and Stacks that change, each once.
	Components, Stacks []string
}

// Range is what the promotion brings.
type Range struct {
	// Commits of trunk, and Pulls that they came from.
	Commits, Pulls int
	// Authors by login, each once.
	Authors []string
	// Paths that the commits change, each once.
	Paths []string
	// Age of its oldest commit on trunk.
	Age time.Duration
}

func (f Facts) values() map[string]any {
	var plan Plan
	if f.Plan != nil {
		plan = *f.Plan
	}
	return map[string]any{
		"plan.instances": plan.Instances, "plan.creates": plan.Creates, "plan.updates": plan.Updates,
		"plan.replaces": plan.Replaces, "plan.destroys": plan.Destroys, "plan.changes": plan.Changes,
		"plan.components": plan.Components, "plan.stacks": plan.Stacks,
		"range.commits": f.Range.Commits, "range.pulls": f.Range.Pulls, "range.authors": f.Range.Authors,
		"range.paths": f.Range.Paths, "range.age": f.Range.Age,
		"time.now": f.Now, "time.hour": f.Now.Hour(), "time.minute": f.Now.Minute(),
		"time.day": strings.ToLower(f.Now.Weekday().String()[:3]), "time.date": f.Now.Format(time.DateOnly),
	}
}
