package comment

import (
	"slices"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
)

// manyContrasted is how many changes a plan may have to be compared with others, change by change.
const manyContrasted = 500

// contrast finds out what a component's plan for one environment has in common with that for an earlier one. Where
// prod is behind trunk, or has a setting of its own, what only prod gets is what a reviewer looks for.
func contrast(groups []group) {
	byComponent := map[string][]int{}
	for i, g := range groups {
		if first := g.first(); len(g.components) == 1 && first.Outcome == planner.Planned && !commandPlan(first.Plan) &&
			len(first.Plan.Changes) <= manyContrasted {
			byComponent[g.components[0]] = append(byComponent[g.components[0]], i)
		}
	}
	for _, same := range byComponent {
		if len(same) < 2 {
			continue
		}
		looks := map[int][]appearance{}
		for _, i := range same {
			looks[i] = groups[i].changeLooks()
		}
		for _, i := range same {
			most := 0
			for _, j := range same {
				if groups[j].latest >= groups[i].latest {
					continue
				}
				if own, shared := differing(looks[i], looks[j]); shared > most && shared < len(looks[i]) {
					most = shared
					groups[i].own, groups[i].like = own, groups[j].places().plain()
				}
			}
		}
	}
}

// changeLooks are how each change looks with the names of its instance hidden.
func (g group) changeLooks() []appearance {
	first := g.first()
	v := view{g.view.namesOnly, namingOf(first.Instance)}
	looks := make([]appearance, len(first.Plan.Changes))
	for i := range first.Plan.Changes {
		w := newLookWriter(v, naming{})
		w.change(&first.Plan.Changes[i], first.Plan.Digest)
		looks[i] = w.sum()
	}
	return looks
}

// differing tells which of the looks are not among the others, and how many are.
func differing(looks, others []appearance) (own []bool, shared int) {
	there := make(map[appearance]bool, len(others))
	for _, look := range others {
		there[look] = true
	}
	own = make([]bool, len(looks))
	for i, look := range looks {
		own[i] = !there[look]
		if !own[i] {
			shared++
		}
	}
	return own, shared
}

// part of a plan's changes that stands under a title of its own.
type part struct {
	// title without line ends; empty: there is none.
	title string
	has   func(i int) bool
}

// parts of the group's plan: what only this one has, and what another one has too; what destroys something is first.
func (g group) parts(changes []engine.Change) []part {
	if len(g.own) != len(changes) || len(changes) == 0 {
		return []part{{has: func(int) bool { return true }}}
	}
	parts := []part{
		{"not in " + endCut(oneRow(g.like)), func(i int) bool { return g.own[i] }},
		{"as in " + endCut(oneRow(g.like)), func(i int) bool { return !g.own[i] }},
	}
	destroys := func(of part) bool {
		for i := range changes {
			if of.has(i) && changes[i].Action.Destructive() {
				return true
			}
		}
		return false
	}
	if destroys(parts[1]) && !destroys(parts[0]) {
		slices.Reverse(parts)
	}
	return parts
}
