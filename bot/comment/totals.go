package comment

import (
	"slices"
	"sort"

	"github.com/trunkline/trunkline/planner"
)

// totals is the table at the head of a preview: environments across, components down.
type totals struct {
	environments []string
	components   []string
	// cells by component, then environment.
	cells map[string]map[string][]planner.InstancePreview
}

func newTotals(p planner.Preview) totals {
	t := totals{environments: p.Environments, cells: map[string]map[string][]planner.InstancePreview{}}
	known := map[string]bool{}
	for _, name := range p.Environments {
		known[name] = true
	}
	for _, instance := range p.Instances {
		component, environment := instance.Instance.Component, instance.Instance.Environment
		if !known[environment] {
			known[environment] = true
			t.environments = append(t.environments[:len(t.environments):len(t.environments)], environment)
		}
		if t.cells[component] == nil {
			t.cells[component] = map[string][]planner.InstancePreview{}
			t.components = append(t.components, component)
		}
		t.cells[component][environment] = append(t.cells[component][environment], instance)
	}
	sort.Strings(t.components)
	return t
}

// manyRows is how long a table may be in the open: a longer one is folded behind its sums, so that the warnings after
// it stay in sight. fewQuiet components without a change have rows of their own; more are only named under the table.
const (
	manyRows = 30
	fewQuiet = 2
)

// versions of the table, the fullest first.
func (t totals) versions() []*document {
	if len(t.components) == 0 {
		return []*document{{}}
	}
	changing, quiet := t.byWeight()
	if len(changing) == 0 {
		if len(quiet) <= fewQuiet {
			return []*document{t.rows(quiet), t.sums()}
		}
		return []*document{t.sums()}
	}
	all := slices.Concat(changing, quiet)
	if len(quiet) <= fewQuiet && len(all) <= manyRows {
		return []*document{t.rows(all), t.sums()}
	}
	table := t.rows(changing)
	if len(changing) > manyRows {
		folded := t.sums()
		folded.details(count(len(changing), "component", "components"), table)
		table = folded
	}
	if len(quiet) > 0 {
		table.paragraph(say("Affected without a change: {}.", listAtMost(each(quiet, code), 10)))
	}
	return []*document{table, t.sums()}
}

// byWeight are the components that have more to say than "no change", those first that a person must look at, and the
// others.
func (t totals) byWeight() (changing, quiet []string) {
	const most = 3 // the weight of no change
	byWeight := make([][]string, most+1)
	for _, component := range t.components {
		weight := most
		for _, instances := range t.cells[component] {
			weight = min(weight, weightOf(instances))
		}
		byWeight[weight] = append(byWeight[weight], component)
	}
	return slices.Concat(byWeight[:most]...), byWeight[most]
}

func weightOf(instances []planner.InstancePreview) int {
	weight := 3
	for _, instance := range instances {
		switch instance.Outcome {
		case planner.Failed, planner.Moved:
			return 0
		case planner.Planned:
			if t := tallied(instance); t.destructive() {
				weight = min(weight, 1)
			} else if !t.empty() {
				weight = min(weight, 2)
			}
		default:
			weight = min(weight, 2)
		}
	}
	return weight
}

func (t totals) rows(components []string) *document {
	d := &document{}
	var rows [][]line
	for _, component := range components {
		row := []line{code(component)}
		for _, environment := range t.environments {
			row = append(row, cell(t.cells[component][environment]))
		}
		rows = append(rows, row)
	}
	if len(components) > 1 {
		rows = append(rows, t.sumRow())
	}
	d.table(t.head("component"), rows)
	return d
}

// sums is the smallest table: one row.
func (t totals) sums() *document {
	d := &document{}
	d.table(t.head(""), [][]line{t.sumRow()})
	return d
}

func (t totals) head(first literal) []line {
	head := []line{own(first)}
	return append(head, each(t.environments, text)...)
}

func (t totals) sumRow() []line {
	row := []line{own("**all**")}
	for _, environment := range t.environments {
		var all []planner.InstancePreview
		for _, component := range t.components {
			all = append(all, t.cells[component][environment]...)
		}
		row = append(row, cell(all))
	}
	return row
}

// cell says the worst or the least finished of its instances; the changes where all are planned.
func cell(instances []planner.InstancePreview) line {
	if len(instances) == 0 {
		return own("–")
	}
	counted := map[planner.Outcome]int{}
	for _, instance := range instances {
		counted[instance.Outcome]++
	}
	of := func(outcome planner.Outcome, words literal) line {
		if counted[outcome] == len(instances) {
			return own(words)
		}
		return say("{} ({} of {})", own(words), number(counted[outcome]), number(len(instances)))
	}
	pending := counted[planner.Waiting] + counted[planner.Planning]
	switch {
	case counted[planner.Moved] > 0:
		return of(planner.Moved, "🛑 state moves")
	case counted[planner.Failed] > 0:
		return of(planner.Failed, "✗ failed")
	case counted[planner.Planning] == 0 && pending == len(instances):
		return own("waiting")
	case pending > 0:
		return own("planning…")
	case counted[planner.Cancelled] > 0:
		return of(planner.Cancelled, "cancelled")
	case counted[planner.KnownAfter] > 0:
		return laterCell(instances)
	case counted[planner.Removed] == len(instances):
		return own("removed")
	}
	return tallied(instances...).cell()
}
