package engine

import (
	"fmt"
	"strings"
)

// Summary counts the changes for a person, such as "1 to create, 2 to update"; "nothing to change" where the plan is
// empty.
func (p Plan) Summary() string {
	counts := map[Action]int{}
	for _, change := range p.Changes {
		counts[change.Action]++
	}
	var parts []string
	for _, action := range []Action{Create, Update, Replace, Destroy, Read, Import, Move, Forget} {
		if counts[action] > 0 {
			parts = append(parts, fmt.Sprintf("%d to %s", counts[action], action))
		}
	}
	switch {
	case counts[Run] > 0:
		parts = append(parts, "changes")
	case len(parts) == 0 && len(p.Outputs) > 0:
		parts = append(parts, "outputs only")
	case len(parts) == 0:
		parts = append(parts, "nothing to change")
	}
	return strings.Join(parts, ", ")
}

// All are the changes of resources and outputs together.
func (p Plan) All() []Change { return append(append([]Change{}, p.Changes...), p.Outputs...) }
