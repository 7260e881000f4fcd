package comment

import (
	"fmt"
	"sort"
	"strings"

	"github.com/trunkline/trunkline/planner/engine"
)

// manyResources is how many resources are listed where there is no room for more.
const manyResources = 200

// changeDiff is a plan as a diff, with what did not find room.
type changeDiff struct {
	text string
	// explained resources and outputs have their attributes with them, unexplained ones do not though they have some,
	// left ones are not even named.
	explained, unexplained, left int
}

// diffOf shows a plan as a diff: what is destroyed first, then what is replaced, updated, created, and the rest. Each
// resource starts a paragraph. Its attributes are indented under it as long as all attributes together stay within
// room, in bytes; the names of the resources come on top of that.
func diffOf(plan engine.Plan, namesOnly bool, room int) changeDiff {
	var b strings.Builder
	var d changeDiff
	open := false // the resource before this one has attributes under it
	for i, change := range inOrder(plan.Changes) {
		if i >= manyResources && room <= 0 {
			d.left = len(plan.Changes) - i
			break
		}
		under, fits := attributesWithin(change, namesOnly, room)
		if !fits {
			d.unexplained++
			room = 0 // later resources are less important, and may not push past this one
		}
		if under != "" {
			d.explained++
			room -= len(under)
		}
		if i > 0 && (open || under != "") {
			b.WriteByte('\n')
		}
		b.WriteString(heading(change, under != "") + "\n" + under)
		open = under != ""
	}
	if len(plan.Outputs) > 0 {
		text, fits := outputs(plan, namesOnly, room)
		if fits {
			d.explained++
		} else {
			d.unexplained++
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(text)
	}
	d.text = b.String()
	return d
}

// attributesWithin are the lines under a resource, if there is room for them.
func attributesWithin(change engine.Change, namesOnly bool, room int) (under string, fits bool) {
	if room <= 0 {
		return "", !explains(change)
	}
	lines := attributes(change, namesOnly)
	if len(lines) == 0 {
		return "", true
	}
	under = strings.Join(lines, "\n") + "\n"
	if len(under)+1 > room {
		return "", false
	}
	return under, true
}

// explains tells whether there are lines to show under a resource.
func explains(change engine.Change) bool {
	return len(change.Attributes) > 0 && change.Action != engine.Destroy && change.Action != engine.Forget
}

// outputs are the last paragraph of a plan's diff.
func outputs(plan engine.Plan, namesOnly bool, room int) (text string, fits bool) {
	if room > 0 {
		lines := []string{"# outputs"}
		for _, output := range plan.Outputs {
			lines = append(lines, outputLines(output, namesOnly)...)
		}
		if text = strings.Join(lines, "\n"); len(text) <= room {
			return text, true
		}
	}
	return fmt.Sprintf("# outputs: %d", len(plan.Outputs)), false
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

// heading names a resource and what happens to it. Its first character colours it. What forces a replacement is said
// here only where the attributes do not say it.
func heading(change engine.Change, explained bool) string {
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
	if forced := forcing(change); len(forced) > 0 && !explained {
		h += ": forced by " + endCut(strings.Join(forced, ", "))
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
	if !explains(change) {
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
