package promote

import (
	"fmt"
	"strings"
)

// Next are the phases that a deployment may go to from this one; none: it has ended.
func (p Phase) Next() []Phase {
	switch p {
	case Planning:
		return []Phase{Applying, Void, Failed, Aborted}
	case Applying:
		return []Phase{Verifying, Failed, Aborted}
	case Verifying:
		return []Phase{Succeeded, Failed, Aborted}
	}
	return nil
}

// Phases are all phases of a deployment, in the order in which they come.
func Phases() []Phase {
	return []Phase{Planning, Applying, Verifying, Succeeded, Failed, Aborted, Void}
}

// Diagram draws the phases of a deployment in Mermaid.
func Diagram() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n")
	fmt.Fprintf(&b, "    [*] --> %s: all gates are open\n", Planning)
	for _, phase := range Phases() {
		for _, next := range phase.Next() {
			fmt.Fprintf(&b, "    %s --> %s\n", phase, next)
		}
		if len(phase.Next()) == 0 {
			fmt.Fprintf(&b, "    %s --> [*]\n", phase)
		}
	}
	return b.String()
}
