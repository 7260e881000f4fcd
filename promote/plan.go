package promote

import (
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/trunkline/trunkline/config/condition"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
)

// Plan is what a promotion would change, as gates and approvals look at it.
type Plan struct {
	// From and To are the promotion's; After is the last deployment in the environment when it was made, because a
	// failed one may have changed what is left to do.
	From, To string
	After    int64
	// Done: all instances are planned, or cannot be. Problem is why the whole cannot; empty: it can.
	Done    bool
	Problem string
	// Instances in any order.
	Instances []PlannedInstance
}

// PlannedInstance is one instance in a [Plan].
type PlannedInstance struct {
	// Name of the instance, "stack/component", and its parts.
	Name, Stack, Component string
	// Inputs is the digest of what determines the plan, Digest that of its normalised changes. Inputs may be empty.
	Inputs, Digest                       string
	Creates, Updates, Replaces, Destroys int
	// Changes of any kind, those above among them.
	Changes int
	// Failed: it could not be planned.
	Failed bool
	// Creating and Destroying are addresses of resources that come into being, and that go, are forgotten or replaced.
	Creating   []string `json:",omitempty"`
	Destroying []string `json:",omitempty"`
}

// PlanOf is what a planned impact says to gates.
func PlanOf(impact PlannedImpact) Plan {
	plan := Plan{From: impact.From, To: impact.To, After: impact.After, Done: impact.Done && impact.Preview.Done()}
	if problem := impact.Preview.Problem; problem != nil {
		plan.Problem = problem.Title
	}
	for _, one := range impact.Preview.Instances {
		instance := PlannedInstance{Name: one.Instance.Name(), Stack: one.Instance.Stack, Component: one.Instance.Component, Digest: one.Plan.Digest}
		switch one.Outcome {
		case planner.Failed, planner.Moved, planner.Cancelled:
			instance.Failed = true
		}
		if one.Outcome == planner.ByJob {
			instance.Updates, instance.Changes = 1, 1
		}
		for _, change := range one.Plan.Changes {
			instance.count(change.Action)
		}
		instance.Creating, instance.Destroying = ComesAndGoes(one.Plan.Changes)
		instance.Changes += len(one.Plan.Outputs)
		plan.Instances = append(plan.Instances, instance)
	}
	return plan
}

// ComesAndGoes are the addresses of resources that changes bring into being, and those that they destroy, forget or replace.
func ComesAndGoes(changes []engine.Change) (comes, goes []string) {
	for _, change := range changes {
		switch change.Action {
		case engine.Create:
			comes = append(comes, change.Address)
		case engine.Replace:
			comes, goes = append(comes, change.Address), append(goes, change.Address)
		case engine.Destroy, engine.Forget:
			goes = append(goes, change.Address)
		}
	}
	return comes, goes
}

func (i *PlannedInstance) count(action engine.Action) {
	switch action {
	case engine.Create, engine.Import:
		i.Creates++
	case engine.Update, engine.Move, engine.Run:
		i.Updates++
	case engine.Replace:
		i.Replaces++
	case engine.Destroy, engine.Forget:
		i.Destroys++
	}
	if action != engine.Read {
		i.Changes++
	}
}

// UnplannedDigest stands for that of the changes of an instance that nobody plans, because a job of the repository deploys it:
// people agree to its inputs.
func UnplannedDigest(inputs string) string { return "inputs " + inputs }

// Failure is why the plan is none to agree to; empty: it is one.
func (p Plan) Failure() string {
	if p.Problem != "" {
		return p.Problem
	}
	for _, instance := range p.Instances {
		if instance.Failed {
			return instance.Name + " could not be planned"
		}
	}
	return ""
}

// Digest of the plan: equal digests mean the same changes to the same instances. Instances that would not change do not
// count, nor does their order.
func (p Plan) Digest() string {
	var lines []string
	for _, instance := range p.Instances {
		if instance.Changes > 0 {
			lines = append(lines, instance.Name+" "+instance.Inputs+" "+instance.Digest)
		}
	}
	slices.Sort(lines)
	return sum("promotion 1\n" + strings.Join(slices.Compact(lines), "\n"))
}

// without is the plan without the instances of components that are left out.
func (p Plan) without(components []string) Plan {
	if len(components) > 0 {
		p.Instances = slices.DeleteFunc(slices.Clone(p.Instances), func(i PlannedInstance) bool { return named(components, i.Component) })
	}
	return p
}

// counts are what conditions ask of a plan.
func (p Plan) counts() *condition.Plan {
	c := &condition.Plan{}
	components, stacks := map[string]bool{}, map[string]bool{}
	seen := map[string]bool{}
	for _, instance := range p.Instances {
		if instance.Changes == 0 || seen[instance.Name] {
			continue
		}
		seen[instance.Name] = true
		c.Instances++
		c.Creates += instance.Creates
		c.Updates += instance.Updates
		c.Replaces += instance.Replaces
		c.Destroys += instance.Destroys
		c.Changes += instance.Changes
		if !components[instance.Component] {
			components[instance.Component] = true
			c.Components = append(c.Components, instance.Component)
		}
		if !stacks[instance.Stack] {
			stacks[instance.Stack] = true
			c.Stacks = append(c.Stacks, instance.Stack)
		}
	}
	slices.Sort(c.Components)
	slices.Sort(c.Stacks)
	return c
}

// named tells whether a component is among the names and patterns.
func named(patterns []string, component string) bool {
	for _, pattern := range patterns {
		if matched, err := doublestar.Match(pattern, component); pattern == component || err == nil && matched {
			return true
		}
	}
	return false
}
