package comment

import (
	"sort"

	"github.com/trunkline/trunkline/planner"
)

// group is instances that have the same plan, or the same failure, maybe but for their names.
type group struct {
	// components in the order of instances. All of them are in the same places.
	components []string
	instances  []planner.InstancePreview
	// latest of its environments, as an index in their order.
	latest int
	// view in which all of them look the same, and how they look.
	view view
	look appearance
	// hiding: it looks like that with the name of its component hidden.
	hiding bool
	// own tells of each change whether it is not in the plan for an earlier place, which is like this one otherwise. Nil:
	// there is no such plan.
	own  []bool
	like string
	// open: it is not folded away at first.
	open bool
}

// grouped puts instances with equal plans together: those that failed first, then those that destroy something, then
// the others; among these, later environments first, since that is where a mistake costs most; last what cannot be
// planned yet. Instances whose plans change nothing are not among them.
func grouped(instances []planner.InstancePreview, o Options) []group {
	order := map[string]int{} // of the environments
	for _, instance := range instances {
		if _, known := order[instance.Instance.Environment]; !known {
			order[instance.Instance.Environment] = len(order)
		}
	}
	var groups []group
	for _, same := range alike(instances, o) {
		first := instances[same.members[0]].Instance
		g := group{components: []string{first.Component}, view: view{namesOnly: o.NamesOnly}, look: same.look}
		for _, at := range same.members {
			g.instances = append(g.instances, instances[at])
			g.latest = max(g.latest, order[instances[at].Instance.Environment])
		}
		if same.varies {
			g.view.names, g.look = namingOf(first), same.hidden
		}
		groups = append(groups, g)
	}
	groups = together(groups)
	contrast(groups)
	sort.SliceStable(groups, func(i, j int) bool {
		if a, b := groups[i].rank(), groups[j].rank(); a != b {
			return a < b
		}
		return groups[i].latest > groups[j].latest
	})
	return groups
}

// together makes one of groups that look the same, in the same places, in several components: what a change of a
// module that all of them use does to each. First those that look the same as they are, then those that do so with the
// names of their components hidden.
func together(groups []group) []group {
	groups = merged(groups)
	if len(groups) < 2 {
		return groups
	}
	for i := range groups {
		g := &groups[i]
		if len(g.components) > 1 {
			continue
		}
		names := g.view.names.and(g.components[0], componentName)
		look, named := view{g.view.namesOnly, g.view.names}.look(g.first(), names)
		if g.hiding = named; named {
			look, _ = view{g.view.namesOnly, names}.look(g.first(), naming{})
		}
		g.look = look
	}
	return merged(groups)
}

// merged makes one of groups that look the same, in the same places.
func merged(groups []group) []group {
	type key struct {
		look           appearance
		varies, hiding bool
		places         string
	}
	index := map[key]int{}
	var all []group
	for _, g := range groups {
		k := key{g.look, len(g.view.names.pairs) > 0, g.hiding, g.places().plain()}
		at, known := index[k]
		if !known {
			index[k] = len(all)
			all = append(all, g)
			continue
		}
		first := &all[at]
		if first.hiding && len(first.components) == 1 {
			first.view.names = first.view.names.and(first.components[0], componentName)
		}
		first.components = append(first.components, g.components...)
		first.instances = append(first.instances, g.instances...)
	}
	return all
}

// named are the components of the group.
func (g group) named() line { return listAtMost(each(g.components, code), 6) }

// places of the group: they are the same for each of its components.
func (g group) places() line {
	for n, instance := range g.instances {
		if instance.Instance.Component != g.components[0] {
			return places(g.instances[:n])
		}
	}
	return places(g.instances)
}

// first stands for all of the group.
func (g group) first() planner.InstancePreview { return g.instances[0] }

func (g group) rank() int {
	switch {
	case g.first().Outcome == planner.Failed:
		return 0
	case g.first().Outcome == planner.KnownAfter:
		return 3
	case tallied(g.first()).destructive():
		return 1
	}
	return 2
}

// lookalikes are instances, as indices, that look the same.
type lookalikes struct {
	members []int
	// look is how they look, hidden how with their names hidden; several: not all look the same then.
	look, hidden appearance
	several      bool
	// varies: they look the same only with their names hidden.
	varies bool
}

// alike finds the instances that look the same: first as they are, then with their names hidden. What looks the same as
// it is and differs with names hidden stays apart from what only looks the same with them hidden: where prod has the
// bucket of dev, nobody may read "the bucket of the environment".
func alike(instances []planner.InstancePreview, o Options) []*lookalikes {
	type key struct {
		component string
		look      appearance
	}
	var all []*lookalikes
	exact := map[key]*lookalikes{}
	for i, instance := range instances {
		if instance.Outcome != planner.Failed && instance.Outcome != planner.KnownAfter && (instance.Outcome != planner.Planned || tallied(instance).empty()) {
			continue
		}
		look, hidden := looks(instance, o)
		k := key{instance.Instance.Component, look}
		same := exact[k]
		if same == nil {
			same = &lookalikes{look: look, hidden: hidden}
			exact[k] = same
			all = append(all, same)
		}
		same.members = append(same.members, i)
		same.several = same.several || same.hidden != hidden
	}
	merged := map[key]*lookalikes{}
	var kept []*lookalikes
	for _, same := range all {
		k := key{instances[same.members[0]].Instance.Component, same.hidden}
		if earlier := merged[k]; earlier != nil && !same.several {
			earlier.members = append(earlier.members, same.members...)
			earlier.varies = true
			continue
		}
		if !same.several {
			merged[k] = same
		}
		kept = append(kept, same)
	}
	for _, same := range kept {
		sort.Ints(same.members)
	}
	return kept
}
