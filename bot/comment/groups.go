package comment

import (
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"sort"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
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
	sort.SliceStable(groups, func(i, j int) bool {
		if a, b := groups[i].rank(), groups[j].rank(); a != b {
			return a < b
		}
		return groups[i].latest > groups[j].latest
	})
	return groups
}

// together makes one of groups that look the same, in the same places, in several components: what a change of a
// module that all of them use does to each.
func together(groups []group) []group {
	type key struct {
		look   appearance
		varies bool
		places string
	}
	index := map[key]int{}
	var all []group
	for _, g := range groups {
		k := key{g.look, len(g.view.names.pairs) > 0, places(g.instances).plain()}
		at, known := index[k]
		if !known {
			index[k] = len(all)
			all = append(all, g)
			continue
		}
		all[at].components = append(all[at].components, g.components...)
		all[at].instances = append(all[at].instances, g.instances...)
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

// appearance is equal for what looks the same.
type appearance = [sha256.Size]byte

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
		look := view{namesOnly: o.NamesOnly}.look(instance)
		hidden := view{o.NamesOnly, namingOf(instance.Instance)}.look(instance)
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

// look is a digest of what the view shows of an instance, if there were room for all of it. The digests of plans will
// not do: they also hold what is not shown, such as which object it is that is replaced.
func (v view) look(instance planner.InstancePreview) (p appearance) {
	w := lookWriter{sha256.New(), v}
	switch plan := instance.Plan; {
	case instance.Outcome == planner.Failed:
		w.text("failed", v.names.hide(instance.Failure))
	case instance.Outcome == planner.KnownAfter:
		w.text("known after", v.names.hide(instance.Failure))
		for _, upstream := range instance.After {
			w.text(v.names.hide(upstream))
		}
	case commandPlan(plan) && v.namesOnly:
		w.text("digest", plan.Digest)
	case commandPlan(plan):
		w.text("text", v.names.hide(plan.Text))
	default:
		for i := range plan.Changes {
			w.change(&plan.Changes[i], plan.Digest)
		}
		for i := range plan.Outputs {
			w.text("output")
			w.change(&plan.Outputs[i], plan.Digest)
		}
	}
	w.Sum(p[:0])
	return p
}

// lookWriter writes what a view shows into a hash.
type lookWriter struct {
	hash.Hash
	view
}

// text writes each text with its length before it, so that no two ways to cut a text look the same.
func (w lookWriter) text(all ...string) {
	var size [8]byte
	for _, s := range all {
		binary.LittleEndian.PutUint64(size[:], uint64(len(s)))
		_, _ = w.Write(size[:])
		_, _ = w.Write([]byte(s))
	}
}

func (w lookWriter) change(change *engine.Change, digest string) {
	hide := w.names.hide
	w.text(string(change.Action), hide(change.Address), hide(change.PreviousAddress), hide(change.Deposed), change.Reason)
	if change.CreateFirst {
		w.text("create first")
	}
	if !w.namesOnly {
		w.text(hide(change.ImportID))
	}
	if change.AttributesLeft > 0 {
		w.text(digest) // nobody knows what else there is
	}
	for i := range change.Attributes {
		a := &change.Attributes[i]
		flags := ""
		for _, flag := range []bool{a.Unknown, a.Sensitive, a.ForcesReplacement} {
			if flag {
				flags += "1"
			} else {
				flags += "0"
			}
		}
		w.text(hide(a.Path), flags)
		if collapsed := a.Unknown && !a.ForcesReplacement; !collapsed && !w.namesOnly {
			w.text(hide(a.Before), hide(a.After), a.Folded)
		}
	}
}
