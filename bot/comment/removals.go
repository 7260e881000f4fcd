package comment

import (
	"strings"

	"github.com/trunkline/trunkline/planner"
)

// removed names the instances that leave the configuration, and those of them whose state another one has now.
func removed(instances []planner.InstancePreview) []line {
	var gone, taken []line
	for _, instance := range instances {
		switch {
		case instance.Outcome != planner.Removed:
		case instance.Removal != nil && instance.Removal.TakenBy != "":
			taken = append(taken, say("{} ({} has its state now)", code(instance.Instance.Name()), code(instance.Removal.TakenBy)))
		default:
			gone = append(gone, code(instance.Instance.Name()))
		}
	}
	var all []line
	if len(gone) > 0 {
		all = append(all, say("**No longer in the configuration**: {}. What {} deployed stays until someone destroys it, and so does {} state",
			listAtMost(gone, manyWarnings), own(verb(len(gone), "it has", "they have")), own(verb(len(gone), "its", "their"))))
	}
	if len(taken) > 0 {
		all = append(all, say("**No longer in the configuration**, and nothing to destroy: {}", listAtMost(taken, manyWarnings)))
	}
	return all
}

// manyRemovals are explained at most, fewRemovals where there is little room.
const manyRemovals, fewRemovals = 20, 3

// removals say how to destroy what instances deployed that leave the configuration.
func removals(instances []planner.InstancePreview) []section {
	var gone []planner.InstancePreview
	for _, instance := range instances {
		if instance.Outcome == planner.Removed && instance.Removal != nil && len(instance.Removal.Commands) > 0 {
			gone = append(gone, instance)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return []section{versions(destructionWays(gone, manyRemovals), destructionWays(gone, fewRemovals))}
}

func destructionWays(gone []planner.InstancePreview, most int) *document {
	inner := &document{}
	inner.paragraph(own("Once the removal has reached the environment; before, the next deployment would make it anew."))
	for _, instance := range gone[:min(most, len(gone))] {
		inner.paragraph(whereabouts(instance))
		inner.fence(plainText, strings.Join(shortLines(instance.Removal.Commands), "\n"))
	}
	if left := len(gone) - most; left > 0 {
		inner.paragraph(say("{} explains the {}.", code("trunkline affected"), count(left, "other", "others")))
	}
	d := &document{}
	d.details(say("How to destroy what {} deployed", count(len(gone), "removed instance", "removed instances")), inner)
	return d
}

// whereabouts says why an instance is gone, and where its state is.
func whereabouts(instance planner.InstancePreview) line {
	name := code(instance.Instance.Name())
	if len(instance.Reasons) > 0 {
		name = say("{} ({})", name, prose(instance.Reasons[0]))
	}
	switch removal := instance.Removal; {
	case removal.Kept:
		return say("{}: its state is kept by Trunkline, in the directory that its setting {} names ({}), in the workspace {}.",
			name, code("data"), code("TRUNKLINE_DATA"), code(instance.Instance.Workspace))
	case removal.State != "":
		return say("{}: its state is in {}.", name, code(shortened(removal.State, 300)))
	}
	return say("{}: its state is where its commands keep it.", name)
}
