package planner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/planner/stack"
)

// DifferenceKind says how an instance differs between two commits.
type DifferenceKind string

// How an instance differs.
const (
	Added   DifferenceKind = "added"
	Changed DifferenceKind = "changed"
	Gone    DifferenceKind = "removed" // from the configuration: what it deployed stays
	// Downstream is the same in both, and depends on an instance that is not; see [config.Stacks].
	Downstream DifferenceKind = "downstream"
)

// Difference is one instance that two commits ask for differently.
type Difference struct {
	// Instance as the later commit has it; for a removed one, as the earlier had it.
	Instance stack.Instance
	Kind     DifferenceKind
	// Reasons for people, such as "module modules/net: main.tf changed".
	Reasons []string
}

// Affected is what differs from one commit to another, in the order of the later one's environments, then by name.
func Affected(ctx context.Context, from, to Snapshot) ([]Difference, error) {
	var found []Difference
	for name, after := range to.Instances {
		before, there := from.Instances[name]
		switch {
		case !there:
			found = append(found, Difference{after.Instance, Added, []string{newlyAdded(after.Instance, from)}})
		case before.Instance.Environment != after.Instance.Environment || before.Digest != after.Digest:
			found = append(found, Difference{after.Instance, Changed, nil})
		}
	}
	for name, before := range from.Instances {
		if _, there := to.Instances[name]; !there {
			found = append(found, Difference{before.Instance, Gone, []string{whyGone(before.Instance, to)}})
		}
	}
	sayRenamed(found, from, to)
	if err := explain(ctx, from, to, found); err != nil {
		return nil, fmt.Errorf("find out why instances are affected: %w", err)
	}
	if to.rules.Stacks.Downstream {
		found = withDownstream(found, to)
	}
	rank := func(environment string) int {
		if i := slices.Index(to.Environments, environment); i >= 0 {
			return i
		}
		return len(to.Environments)
	}
	slices.SortFunc(found, func(a, b Difference) int {
		if order := rank(a.Instance.Environment) - rank(b.Instance.Environment); order != 0 {
			return order
		}
		return strings.Compare(a.Instance.Name(), b.Instance.Name())
	})
	return found, nil
}

// newlyAdded is the reason why an instance is there that was not before.
func newlyAdded(instance stack.Instance, from Snapshot) string {
	if len(from.Environments) > 0 && !slices.Contains(from.Environments, instance.Environment) {
		return "new instance in the new environment " + instance.Environment
	}
	return "new instance"
}

// whyGone is the reason why an instance is not there any more.
func whyGone(instance stack.Instance, to Snapshot) string {
	disabled := slices.ContainsFunc(to.Disabled, func(one stack.Instance) bool { return one.Disabled && one.Name() == instance.Name() })
	switch {
	case disabled:
		return "disabled: its stack manifest says metadata.enabled: false"
	case len(to.Environments) > 0 && !slices.Contains(to.Environments, instance.Environment):
		return "its environment " + instance.Environment + " is no longer in the configuration"
	case to.tree != nil && !to.tree.HasDirectory(instance.Path):
		return "its directory " + instance.Path + " is gone"
	}
	return "no longer in the configuration"
}
