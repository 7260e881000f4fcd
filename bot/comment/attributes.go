package comment

import (
	"fmt"
	"strings"

	"github.com/trunkline/trunkline/planner/engine"
)

// view is how plans are shown.
type view struct {
	// namesOnly: attributes are named, but their values are not shown.
	namesOnly bool
	// names that are hidden.
	names naming
}

// signs at the beginning of a line colour it: GitHub knows + and - and !, which stands for a change.
const (
	addedSign, removedSign, changedSign = "+", "-", "!"
)

// attributes are the lines under a resource: what forces its replacement first. Nothing is said of what is destroyed
// but its name; what only the engine will know is said in one line for all.
func (v view) attributes(change engine.Change) []string {
	if !explains(change) {
		return nil
	}
	var forced, lines, unknown []string
	for _, a := range change.Attributes {
		switch {
		case a.Unknown && !a.ForcesReplacement && !a.Sensitive:
			unknown = append(unknown, v.path(a))
		case a.ForcesReplacement:
			forced = append(forced, v.attribute(a, change.Action)...)
		case !empty(a, change.Action):
			lines = append(lines, v.attribute(a, change.Action)...)
		}
	}
	lines = append(forced, lines...)
	if len(unknown) > 0 {
		sign := changedSign
		if change.Action == engine.Create {
			sign = addedSign
		}
		lines = append(lines, sign+"   "+endCut(strings.Join(unknown, ", "))+": (known after apply)")
	}
	if change.AttributesLeft > 0 {
		lines = append(lines, fmt.Sprintf("#   … and %d more attributes, too many to keep", change.AttributesLeft))
	}
	return lines
}

// explains tells whether there are lines to show under a resource.
func explains(change engine.Change) bool {
	return len(change.Attributes)+change.AttributesLeft > 0 && change.Action != engine.Destroy && change.Action != engine.Forget
}

// empty tells whether an attribute of something new says nothing: a block that is not there is an empty list.
func empty(a engine.Attribute, action engine.Action) bool {
	return action == engine.Create && !a.Unknown && !a.Sensitive && (a.After == "[]" || a.After == "{}" || a.After == `""`)
}

func (v view) path(a engine.Attribute) string {
	return oneRow(shortened(v.names.hide(a.Path), longLine))
}

// attribute is the lines of a diff for one changed attribute.
func (v view) attribute(a engine.Attribute, action engine.Action) []string {
	added := a.Before == "" || a.Before == "null"
	removed := (a.After == "" || a.After == "null") && !a.Unknown
	sign, most := changedSign, longValue
	switch {
	case action == engine.Create || added && !removed:
		sign, most = addedSign, longAlone
	case action == engine.Destroy || removed && !added:
		sign, most = removedSign, longAlone
	}
	name := sign + "   " + shortened(codeText(v.names.hide(a.Path)), longLine)
	note := ""
	if a.ForcesReplacement {
		note = " (forces replacement)"
	}
	if v.namesOnly {
		return []string{name + note}
	}
	before, after := shown(v.names.hide(a.Before), most), shown(v.names.hide(a.After), most)
	switch {
	case a.Sensitive:
		return []string{name + ": (sensitive value)" + note}
	case a.Unknown && added:
		return []string{name + ": (known after apply)" + note}
	case a.Unknown:
		return []string{name + ": " + before.short + " → (known after apply)" + note}
	case before.long() || after.long():
		return append([]string{name + ":" + note}, changedLines(before, after)...)
	case sign == addedSign:
		return []string{name + ": " + after.short + note}
	case sign == removedSign:
		return []string{name + ": " + before.short + note}
	case before.short == after.short:
		return []string{name + ": " + before.short + " (changes in a way that is not shown)" + note}
	}
	return []string{name + ": " + before.short + " → " + after.short + note}
}

// changedLines is the difference of two long values, line by line.
func changedLines(before, after shownValue) []string {
	lines, left := difference(before, after, manyLinesOfValue)
	switch {
	case left > 0:
		return append(lines, fmt.Sprintf("      … %d more lines", left))
	case len(lines) == 0:
		return []string{"      (only its spaces or the order of its keys change)"}
	}
	return lines
}

// outputs are the last paragraph of a plan's diff.
func (v view) outputs(plan engine.Plan, room int) (text string, fits bool) {
	if room > 0 {
		lines := []string{"# outputs"}
		for _, output := range plan.Outputs {
			lines = append(lines, v.output(output)...)
		}
		if text = strings.Join(lines, "\n"); len(text) <= room {
			return text, true
		}
	}
	return fmt.Sprintf("# outputs: %d", len(plan.Outputs)), false
}

// output is shown as an attribute of its name.
func (v view) output(output engine.Change) []string {
	var lines []string
	for _, a := range output.Attributes {
		switch {
		case a.Path == "":
			a.Path = output.Address
		case strings.HasPrefix(a.Path, "["):
			a.Path = output.Address + a.Path
		default:
			a.Path = output.Address + "." + a.Path
		}
		lines = append(lines, v.attribute(a, output.Action)...)
	}
	if len(lines) == 0 {
		sign := map[engine.Action]string{engine.Create: addedSign, engine.Destroy: removedSign}[output.Action]
		if sign == "" {
			sign = changedSign
		}
		lines = append(lines, sign+"   "+oneRow(shortened(v.names.hide(output.Address), longLine)))
	}
	return lines
}
