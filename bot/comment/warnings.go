package comment

import (
	"fmt"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
)

// manyWarnings of one kind are summed up.
const manyWarnings = 8

// warnings are what a reviewer must not miss, the worst first.
func warnings(p planner.Preview) []line {
	var all []line
	all = append(all, stateMoves(p.Instances)...)
	all = append(all, destructions(p.Instances, engine.Destroy)...)
	all = append(all, destructions(p.Instances, engine.Replace)...)
	all = append(all, behind(p.Instances)...)
	all = append(all, removed(p.Instances)...)
	for _, note := range p.Notes {
		all = append(all, prose(note))
	}
	return all
}

// stateMoves says whose state would be looked for elsewhere, from where to where, and how to keep it.
func stateMoves(instances []planner.InstancePreview) []line {
	var all []line
	for _, instance := range instances {
		if instance.Outcome != planner.Moved {
			continue
		}
		var parts, keep []line
		for _, move := range instance.Moves {
			value := func(value string) line {
				if words := move.Words(value); words != value {
					return text(words)
				}
				return code(shortened(value, longLine))
			}
			parts = append(parts, say("{} {} → {}", text(move.What), value(move.From), value(move.To)))
			if move.Keep != "" {
				keep = append(keep, code(shortened(move.Keep, longLine)))
			}
		}
		l := say("🛑 **Moves the state** of {} in {}: {}. It is not planned, because a plan would create everything again beside what exists",
			code(instance.Instance.Component), places([]planner.InstancePreview{instance}), join(parts, ", "))
		if len(keep) > 0 {
			l = say("{}. To keep it where it is: {}", l, list(keep))
		}
		if instance.Declare != "" {
			l = say("{}. Once it is moved, or to begin anew on purpose: {}", l, code(shortened(instance.Declare, 300)))
		}
		all = append(all, l)
	}
	return summedUp(all, "more instances move theirs: see the table")
}

// destructions says what is destroyed or replaced, and where: the same resources of a component in one line, also
// where the rest of the plans differs.
func destructions(instances []planner.InstancePreview, action engine.Action) []line {
	verb := own("⚠️ **Destroys**")
	if action == engine.Replace {
		verb = own("⚠️ **Replaces**")
	}
	type loss struct{ component, resources string }
	var losses []loss
	what := map[loss]line{}
	where := map[loss][]planner.InstancePreview{}
	for _, instance := range instances {
		resources := lost(instance, action)
		if len(resources) == 0 {
			continue
		}
		shown := listAtMost(resources, 3)
		key := loss{instance.Instance.Component, join(resources, ", ").markdown(false)}
		if where[key] == nil {
			losses = append(losses, key)
			what[key] = shown
		}
		where[key] = append(where[key], instance)
	}
	all := each(losses, func(key loss) line {
		return say("{} {} of {} in {}", verb, what[key], code(key.component), places(where[key]))
	})
	return summedUp(all, "more components do the same: see the table")
}

// lost are the resources that an instance's plan destroys or replaces.
func lost(instance planner.InstancePreview, action engine.Action) []line {
	if instance.Outcome != planner.Planned {
		return nil
	}
	var resources []line
	for _, change := range instance.Plan.Changes {
		if change.Action != action {
			continue
		}
		resource := code(shortened(change.Address, longLine))
		if forced := forcing(change); len(forced) > 0 {
			resource = say("{} (forced by {})", resource, listAtMost(each(forced, code), 3))
		}
		resources = append(resources, resource)
	}
	return resources
}

// behind says where trunk is ahead of what runs, so that plans contain more than this pull request.
func behind(instances []planner.InstancePreview) []line {
	type lag struct {
		environment string
		pulls       string
	}
	planned := map[string]int{}
	index := map[lag]int{}
	var lags []lag
	var late [][]planner.InstancePreview
	for _, instance := range instances {
		planned[instance.Instance.Environment]++
		if len(instance.Behind) == 0 {
			continue
		}
		key := lag{instance.Instance.Environment, fmt.Sprint(instance.Behind)}
		at, found := index[key]
		if !found {
			at = len(late)
			index[key] = at
			lags, late = append(lags, key), append(late, nil)
		}
		late[at] = append(late[at], instance)
	}
	var all []line
	for i, key := range lags {
		pulls := listAtMost(each(late[i][0].Behind, pull), 10)
		which := own("its plan also contains")
		if len(late[i]) > 1 {
			which = own("its plans also contain")
		}
		if len(late[i]) < planned[key.environment] {
			names := each(late[i], func(p planner.InstancePreview) line { return code(p.Instance.Component) })
			which = say("{} of {}", own("the plan"), list(names))
			if len(late[i]) > 1 {
				which = say("the plans of {}", listAtMost(names, 5))
			}
			which = say("{} also {}", which, own(verb(len(late[i]), "contains", "contain")))
		}
		all = append(all, say("**{} is behind trunk**: {} {}", text(key.environment), which, pulls))
	}
	return summedUp(all, "more groups of plans contain earlier pull requests")
}

func verb(n int, one, many literal) literal {
	if n == 1 {
		return one
	}
	return many
}

// removed names the instances that leave the configuration.
func removed(instances []planner.InstancePreview) []line {
	var names []line
	for _, instance := range instances {
		if instance.Outcome == planner.Removed {
			names = append(names, code(instance.Instance.Name()))
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []line{say("**No longer in the configuration**: {}. What {} deployed stays until someone destroys it",
		listAtMost(names, manyWarnings), own(verb(len(names), "it has", "they have")))}
}

// summedUp counts the warnings of one kind that are too many.
func summedUp(warnings []line, rest literal) []line {
	if len(warnings) <= manyWarnings+1 {
		return warnings
	}
	left := len(warnings) - manyWarnings
	return append(warnings[:manyWarnings:manyWarnings], say("{} {}", number(left), own(rest)))
}
