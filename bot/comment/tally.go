package comment

import (
	"fmt"
	"strings"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
)

// tally counts the changes of one plan or of many. Reading is not a change that anybody asks about.
type tally struct {
	created, updated, replaced, destroyed int
	imported, moved, forgotten, ran       int
	outputs                               int
}

func tallied(instances ...planner.InstancePreview) tally {
	var t tally
	for _, instance := range instances {
		if instance.Outcome != planner.Planned {
			continue
		}
		for _, change := range instance.Plan.Changes {
			t.add(change.Action)
		}
		t.outputs += len(instance.Plan.Outputs)
	}
	return t
}

func (t *tally) add(action engine.Action) {
	switch action {
	case engine.Create:
		t.created++
	case engine.Update:
		t.updated++
	case engine.Replace:
		t.replaced++
	case engine.Destroy:
		t.destroyed++
	case engine.Import:
		t.imported++
	case engine.Move:
		t.moved++
	case engine.Forget:
		t.forgotten++
	case engine.Run:
		t.ran++
	}
}

func (t tally) destructive() bool { return t.replaced+t.destroyed > 0 }

// resources that change; zero where at most outputs do.
func (t tally) resources() int {
	return t.created + t.updated + t.replaced + t.destroyed + t.imported + t.moved + t.forgotten + t.ran
}

// empty tells whether nothing changes, not even an output.
func (t tally) empty() bool { return t.resources() == 0 && t.outputs == 0 }

// sentence is "1 to destroy, 1 to create and 2 to update": what can hurt comes first.
func (t tally) sentence() line {
	var parts []line
	add := func(n int, words literal) {
		if n > 0 {
			parts = append(parts, say("{} to {}", number(n), own(words)))
		}
	}
	add(t.destroyed, "destroy")
	add(t.replaced, "replace")
	add(t.created, "create")
	add(t.updated, "update")
	add(t.imported, "import")
	add(t.moved, "move")
	add(t.forgotten, "forget")
	if t.ran > 0 {
		parts = append(parts, count(t.ran, "change by command", "changes by command"))
	}
	if len(parts) == 0 && t.outputs > 0 {
		return say("no resource, {}", count(t.outputs, "output", "outputs"))
	}
	if len(parts) == 0 {
		return own("no change")
	}
	return list(parts)
}

// cell is "+1 ~2 ±1 -1", as short as the table needs it.
func (t tally) cell() line {
	var parts []string
	add := func(n int, format string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf(format, n))
		}
	}
	add(t.created, "+%d")
	add(t.updated, "~%d")
	add(t.replaced, "±%d")
	add(t.destroyed, "-%d")
	signs := len(parts)
	add(t.imported, "%d import")
	add(t.moved, "%d move")
	add(t.forgotten, "%d forget")
	add(t.ran, "%d run")
	switch {
	case t.empty():
		return own("no change")
	case len(parts) == 0:
		return own("outputs only")
	case signs == 0 && t.ran == 1 && len(parts) == 1:
		return own("changes")
	}
	if t.destructive() {
		return say("⚠️ {}", code(strings.Join(parts, " ")))
	}
	return code(strings.Join(parts, " "))
}

// legend explains the signs that the cells use; nil: none is used.
func (t tally) legend() line {
	var signs []line
	add := func(n int, sign literal) {
		if n > 0 {
			signs = append(signs, own(sign))
		}
	}
	add(t.created, "\\+ create")
	add(t.updated, "\\~ update")
	add(t.replaced, "± replace")
	add(t.destroyed, "\\- destroy")
	return join(signs, ", ")
}
