package comment

import (
	"fmt"
	"sort"
	"strings"

	"github.com/trunkline/trunkline/planner/engine"
)

// manyResources is how many resources are listed where their attributes are not shown.
const manyResources = 200

// changeDiff shows a plan as a diff: what is destroyed first, then what is replaced, updated, created, and the rest.
// Each resource starts a paragraph; its attributes are indented under it.
func changeDiff(plan engine.Plan, namesOnly bool) string {
	var paragraphs []string
	for _, change := range inOrder(plan.Changes) {
		lines := []string{heading(change)}
		lines = append(lines, attributes(change, namesOnly)...)
		paragraphs = append(paragraphs, strings.Join(lines, "\n"))
	}
	if len(plan.Outputs) > 0 {
		lines := []string{"# outputs"}
		for _, output := range plan.Outputs {
			lines = append(lines, outputLines(output, namesOnly)...)
		}
		paragraphs = append(paragraphs, strings.Join(lines, "\n"))
	}
	return strings.Join(paragraphs, "\n\n")
}

// changeList is the resources of a plan without their attributes, one a line, and how many did not find a place.
func changeList(plan engine.Plan) (listing string, left int) {
	var lines []string
	for i, change := range inOrder(plan.Changes) {
		if i == manyResources {
			left = len(plan.Changes) - i
			break
		}
		row := heading(change)
		if forcing := forcing(change); len(forcing) > 0 {
			row += ": forced by " + endCut(strings.Join(forcing, ", "))
		}
		lines = append(lines, row)
	}
	if len(plan.Outputs) > 0 {
		lines = append(lines, fmt.Sprintf("# %d outputs", len(plan.Outputs)))
	}
	return strings.Join(lines, "\n"), left
}

// inOrder is the changes with the most dangerous first, otherwise as the engine gave them.
func inOrder(changes []engine.Change) []engine.Change {
	rank := map[engine.Action]int{
		engine.Destroy: 1, engine.Replace: 2, engine.Forget: 3, engine.Run: 4, engine.Update: 5, engine.Create: 6,
		engine.Import: 7, engine.Move: 8, engine.Read: 9,
	}
	sorted := append([]engine.Change{}, changes...)
	sort.SliceStable(sorted, func(i, j int) bool { return rank[sorted[i].Action] < rank[sorted[j].Action] })
	return sorted
}

// heading names a resource and what happens to it. Its first character colours it.
func heading(change engine.Change) string {
	sign := map[engine.Action]string{
		engine.Create: "+ ", engine.Destroy: "- ", engine.Replace: "-/+ ", engine.Update: "~ ",
	}[change.Action]
	if sign == "" {
		sign = "# "
	}
	h := sign + string(change.Action) + " " + oneRow(shortened(change.Address, longLine))
	if change.PreviousAddress != "" && change.PreviousAddress != change.Address {
		h += " (was " + oneRow(shortened(change.PreviousAddress, longLine)) + ")"
	}
	return h
}

// forcing are the attributes that force a replacement.
func forcing(change engine.Change) []string {
	var paths []string
	for _, a := range change.Attributes {
		if a.ForcesReplacement {
			paths = append(paths, oneRow(shortened(a.Path, longLine)))
		}
	}
	return paths
}

// attributes of one resource. Nothing is said of what is destroyed but its name; what only the engine will know is
// said in one line for all.
func attributes(change engine.Change, namesOnly bool) []string {
	if change.Action == engine.Destroy || change.Action == engine.Forget {
		return nil
	}
	var lines, unknown []string
	for _, a := range change.Attributes {
		if a.Unknown && !a.ForcesReplacement && !a.Sensitive {
			unknown = append(unknown, oneRow(shortened(a.Path, longLine)))
			continue
		}
		lines = append(lines, attribute(a, change.Action, namesOnly)...)
	}
	if len(unknown) > 0 {
		sign := "~"
		if change.Action == engine.Create {
			sign = "+"
		}
		lines = append(lines, sign+"   "+endCut(strings.Join(unknown, ", "))+": (known after apply)")
	}
	return lines
}

// outputLines shows an output as an attribute of its name.
func outputLines(output engine.Change, namesOnly bool) []string {
	var lines []string
	for _, a := range output.Attributes {
		if a.Path == "" || len(output.Attributes) == 1 {
			a.Path = output.Address
		} else {
			a.Path = output.Address + "." + a.Path
		}
		lines = append(lines, attribute(a, output.Action, namesOnly)...)
	}
	if len(lines) == 0 {
		sign := map[engine.Action]string{engine.Create: "+", engine.Destroy: "-"}[output.Action]
		if sign == "" {
			sign = "~"
		}
		lines = append(lines, sign+"   "+oneRow(shortened(output.Address, longLine)))
	}
	return lines
}
