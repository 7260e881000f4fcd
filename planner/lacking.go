package planner

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/planner/engine"
)

// unset is what terraform says of a variable that has no value, and shells of one that has to be set.
var (
	unset      = regexp.MustCompile(`(?s)^Error: No value for required variable\b.*The root module input variable\s+"([^"]+)"\s+is\s+not\s+set`)
	unsetShell = regexp.MustCompile(`(?m)\b([A-Za-z_][A-Za-z0-9_]*): (?:unbound variable|parameter not set or null|parameter null or not set|parameter not set)\s*$`)
)

// Without notes, where a plan failed, which variables it was made without that its environment gives to commits of trunk,
// and whether that alone is why: then there will be a plan after the merge.
func (p *InstancePlan) Without(variables []string) {
	var said *engine.Failure
	if len(variables) == 0 || len(p.After) > 0 || !errors.As(p.Err, &said) || said.Step != "plan" {
		return
	}
	p.Lacks = slices.Sorted(slices.Values(variables))
	missing := missingVariables(said.Message)
	p.lackAlone = len(missing) > 0 && !slices.ContainsFunc(missing, func(name string) bool { return !slices.Contains(p.Lacks, name) })
	if p.lackAlone {
		p.Lacks = missing
	}
}

// missingVariables are the variables of a process that a failure is about, if it is about nothing else.
func missingVariables(message string) (missing []string) {
	blocks := errorBlocks(message)
	for _, block := range blocks {
		found := unset.FindStringSubmatch(block)
		if found == nil {
			return nil
		}
		missing = append(missing, "TF_VAR_"+found[1])
	}
	if len(blocks) == 0 {
		for _, found := range unsetShell.FindAllStringSubmatch(strings.TrimSpace(message), -1) {
			missing = append(missing, found[1])
		}
	}
	slices.Sort(missing)
	return slices.Compact(missing)
}
