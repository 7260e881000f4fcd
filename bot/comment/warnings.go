package comment

import (
	"strings"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
)

// manyWarnings of one kind are summed up.
const manyWarnings = 8

// warnings are what a reviewer must not miss, the worst first.
func warnings(p planner.Preview, groups []group) []line {
	var all []line
	all = append(all, stateMoves(p.Instances)...)
	all = append(all, destructions(groups, engine.Destroy)...)
	all = append(all, destructions(groups, engine.Replace)...)
	all = append(all, unmet(p.Instances)...)
	all = append(all, behind(p.Instances)...)
	all = append(all, removed(p.Instances)...)
	all = append(all, outdated(p.Instances)...)
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
		lost, name := false, "" // what nothing keeps, and the name that would
		for _, move := range instance.Moves {
			value := func(value string) line {
				if words := move.Words(value); words != value {
					return text(words)
				}
				return code(shortened(value, longLine))
			}
			parts = append(parts, say("{} {} → {}", text(move.What), value(move.From), value(move.To)))
			switch {
			case move.Keep != "":
				keep = append(keep, code(shortened(move.Keep, longLine)))
			case move.What == "instance":
				name = move.From
			default:
				lost = true
			}
		}
		l := say("🛑 **Moves the state** of {} in {}: {}. It is not planned, because a plan would create everything again beside what exists",
			code(instance.Instance.Component), places([]planner.InstancePreview{instance}), join(parts, ", "))
		switch {
		case name != "":
			l = say("{}. To keep it where it is, keep the name {}", l, code(shortened(name, longLine)))
		case len(keep) > 0 && !lost:
			l = say("{}. To keep it where it is: {}", l, list(keep))
		default:
			l = say("{}. To keep it where it is, take that back", l)
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
func destructions(groups []group, action engine.Action) []line {
	verb := own("⚠️ **Destroys**")
	if action == engine.Replace {
		verb = own("⚠️ **Replaces**")
	}
	type loss struct {
		components string
		resources  appearance
	}
	type losing struct {
		what, of line
		where    []planner.InstancePreview
	}
	index := map[loss]int{}
	var losses []losing
	for _, g := range groups {
		what, resources := g.lost(action)
		if what == nil {
			continue
		}
		key := loss{strings.Join(g.components, "\n"), resources}
		at, known := index[key]
		if !known {
			at = len(losses)
			index[key] = at
			losses = append(losses, losing{what: what, of: g.named()})
		}
		for _, instance := range g.instances {
			if instance.Instance.Component == g.components[0] {
				losses[at].where = append(losses[at].where, instance)
			}
		}
	}
	all := each(losses, func(one losing) line {
		return say("{} {} of {} in {}", verb, one.what, one.of, places(one.where))
	})
	return summedUp(all, "more components do the same: see the table")
}

// manyLost resources are named in a line.
const manyLost = 4

// lost are the resources that the group's plan destroys or replaces, with a digest of all of them; nil: none.
func (g group) lost(action engine.Action) (line, appearance) {
	if g.first().Outcome != planner.Planned {
		return nil, appearance{}
	}
	var named []line
	all := 0
	look := newLookWriter(g.view, naming{})
	changes := g.first().Plan.Changes
	for i := range changes {
		if changes[i].Action != action {
			continue
		}
		look.text(changes[i].Address)
		look.text(changes[i].Reason)
		for j := range changes[i].Attributes {
			if a := &changes[i].Attributes[j]; a.ForcesReplacement {
				look.text(a.Path)
			}
		}
		if all++; all <= manyLost+1 {
			named = append(named, g.view.changeWord(changes[i]))
		}
	}
	if all > manyLost+1 {
		named = append(named[:manyLost], say("{} more", number(all-manyLost)))
	}
	return list(named), look.sum()
}

// unmet says which conditions of the code about itself do not hold.
func unmet(instances []planner.InstancePreview) []line {
	type warning struct{ component, text string }
	where := map[warning][]planner.InstancePreview{}
	var found []warning
	for _, instance := range instances {
		for _, text := range instance.Plan.Warnings {
			key := warning{instance.Instance.Component, text}
			if where[key] == nil {
				found = append(found, key)
			}
			where[key] = append(where[key], instance)
		}
	}
	return summedUp(each(found, func(key warning) line {
		return say("⚠️ **Does not hold** in {}, {}: {}", code(key.component), places(where[key]), prose(shortened(oneLine(key.text), 400)))
	}), "more conditions do not hold")
}

func verb(n int, one, many literal) literal {
	if n == 1 {
		return one
	}
	return many
}

// summedUp counts the warnings of one kind that are too many.
func summedUp(warnings []line, rest literal) []line {
	if len(warnings) <= manyWarnings+1 {
		return warnings
	}
	left := len(warnings) - manyWarnings
	return append(warnings[:manyWarnings:manyWarnings], say("{} {}", number(left), own(rest)))
}
