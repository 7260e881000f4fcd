package promote

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/config/calendar"
)

// windowGates: the hours in which the environment may move, and freezes. All versions of the rules count together,
// because only together they tell when it opens.
func windowGates(q question) (gates []Gate) {
	spans, frozen := q.freezes()
	sets, declared := q.windows()
	next := calendar.Next(sets, spans, q.state.Now)
	for _, freeze := range frozen {
		gates = append(gates, Gate{Name: GateFreeze, Text: fmt.Sprintf("frozen until %s: %s", when(freeze.To, q.repositoryZone()), freeze.Reason),
			OpensAt: next, Since: freeze.From})
	}
	if len(declared) == 0 {
		return gates
	}
	gate := Gate{Name: GateWindows, Open: true, Text: "inside of its windows: " + strings.Join(declared, "; ")}
	if !openNow(sets, q) {
		gate.Open, gate.OpensAt = false, next
		gate.Text = "outside of its windows (" + strings.Join(declared, "; ") + ")"
		if !next.IsZero() {
			gate.Text += ", which open " + when(next, q.repositoryZone())
		}
	}
	return append(gates, gate)
}

func openNow(sets [][]calendar.Window, q question) bool {
	if q.state.Now.IsZero() {
		return false // nobody knows
	}
	for _, set := range sets {
		if !calendar.Open(set, q.state.Now) {
			return false
		}
	}
	return true
}

// windows of all versions, and in words. Former windows that never open together with those of trunk count alone:
// otherwise new ones could never come into force.
func (q question) windows() (sets [][]calendar.Window, declared []string) {
	for i, rules := range q.versions {
		if len(rules.Windows) == 0 {
			continue
		}
		both := append(slices.Clone(sets), rules.Windows)
		if i > 0 && calendar.Next(both, nil, q.state.Now).IsZero() {
			both, declared = [][]calendar.Window{rules.Windows}, nil
		}
		sets = both
		for _, window := range rules.Windows {
			if text := window.String(); !slices.Contains(declared, text) {
				declared = append(declared, text)
			}
		}
	}
	return sets, declared
}

// freezes of the environment that are not over, and those that hold now.
func (q question) freezes() (spans []calendar.Span, now []config.Freeze) {
	for _, rules := range q.versions {
		for _, freeze := range rules.repository.Freezes {
			if !rules.frozenBy(freeze) || !q.state.Now.Before(freeze.To) {
				continue
			}
			same := func(other config.Freeze) bool { return other.Reason == freeze.Reason && other.To.Equal(freeze.To) }
			spans = append(spans, freeze.Span)
			if (freeze.Contains(q.state.Now) || q.state.Now.IsZero()) && !slices.ContainsFunc(now, same) {
				now = append(now, freeze)
			}
		}
	}
	return spans, now
}

// frozenBy tells whether a freeze is of the environment, by the name that these rules have for it.
func (r ruleset) frozenBy(freeze config.Freeze) bool {
	return len(freeze.Environments) == 0 || slices.Contains(freeze.Environments, r.calls)
}

// sortedGates do not depend on the order of facts.
func sortedGates(gates []Gate) []Gate {
	slices.SortStableFunc(gates, func(a, b Gate) int { return cmp.Or(cmp.Compare(a.Text, b.Text), a.Since.Compare(b.Since)) })
	return gates
}
