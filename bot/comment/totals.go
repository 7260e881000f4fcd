package comment

import (
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
// it stay in sight, and has only the components that change.
const manyRows = 30

// versions of the table, the fullest first.
func (t totals) versions() []*document {
	if len(t.components) == 0 {
		return []*document{{}}
	}
	changing := t.changing()
	shorter := t.rows(changing)
	if len(changing) > manyRows {
		folded := t.sums()
		folded.details(count(len(changing), "component", "components"), shorter)
		shorter = folded
	}
	if quiet := len(t.components) - len(changing); quiet > 0 {
		shorter.paragraph(say("Besides, {} affected without a change.",
			count(quiet, "component is", "components are")))
	}
	if len(changing) == 0 {
		shorter = t.sums()
	}
	if len(t.components) <= manyRows {
		return []*document{t.rows(t.components), shorter, t.sums()}
	}
	return []*document{shorter, t.sums()}
}

// changing are the components that have more to say than "no change".
func (t totals) changing() []string {
	var names []string
	for _, component := range t.components {
		for _, instances := range t.cells[component] {
			if !quiet(instances) {
				names = append(names, component)
				break
			}
		}
	}
	return names
}

// quiet tells whether all instances are planned and change nothing.
func quiet(instances []planner.InstancePreview) bool {
	for _, instance := range instances {
		if instance.Outcome != planner.Planned || !tallied(instance).empty() {
			return false
		}
	}
	return true
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
	case counted[planner.Removed] == len(instances):
		return own("removed")
	}
	return tallied(instances...).cell()
}
