package comment

import (
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

// actionsInOrder are what may happen to a resource, the most dangerous first.
var actionsInOrder = []engine.Action{
	engine.Destroy, engine.Replace, engine.Forget, engine.Run, engine.Update, engine.Create, engine.Import, engine.Move, engine.Read,
}

// diff shows a plan as a diff, part by part: what is destroyed first, then what is replaced, updated, created, and the
// rest. Each resource starts a paragraph. Its attributes are indented under it as long as all attributes together stay
// within room, in bytes; the names of the resources come on top of that, as long as they stay within most bytes.
func (v view) diff(plan engine.Plan, parts []part, room, most int) changeDiff {
	w := diffWriter{view: v, room: room, most: most}
	for _, part := range parts {
		w.title(part.title)
		for _, action := range actionsInOrder {
			for i := range plan.Changes {
				if plan.Changes[i].Action == action && part.has(i) && !w.add(plan.Changes[i]) {
					w.d.left = len(plan.Changes) - w.named
					w.outputs(plan)
					return w.done()
				}
			}
		}
	}
	w.outputs(plan)
	return w.done()
}

// diffWriter writes a plan's diff.
type diffWriter struct {
	view
	room, most int
	b          strings.Builder
	d          changeDiff
	named      int
	began      bool // a resource was written in this part
	open       bool // it has attributes under it
}

// title writes what the part is about.
func (w *diffWriter) title(title string) {
	if title == "" {
		return
	}
	if w.b.Len() > 0 {
		w.b.WriteByte('\n')
	}
	w.b.WriteString("# " + title + "\n")
	w.began = false
}

// add writes one resource, and tells whether there is room for more.
func (w *diffWriter) add(change engine.Change) bool {
	if w.room <= 0 && (w.named >= manyResources || w.b.Len() > w.most) {
		return false
	}
	under, fits := w.under(change)
	if !fits {
		w.d.unexplained++
		w.room = 0 // later resources are less important, and may not push past this one
	}
	if under != "" {
		w.d.explained++
		w.room -= len(under)
	}
	if w.began && (w.open || under != "") {
		w.b.WriteByte('\n')
	}
	w.b.WriteString(w.heading(change, under != "") + "\n" + under)
	w.began, w.open = true, under != ""
	w.named++
	return true
}

// under are the lines under a resource, if there is room for them.
func (w *diffWriter) under(change engine.Change) (under string, fits bool) {
	if w.room <= 0 {
		return "", !explains(change)
	}
	lines := w.attributes(change)
	if len(lines) == 0 {
		return "", true
	}
	under = strings.Join(lines, "\n") + "\n"
	if len(under)+1 > w.room {
		return "", false
	}
	return under, true
}

func (w *diffWriter) outputs(plan engine.Plan) {
	if len(plan.Outputs) == 0 {
		return
	}
	text, fits := w.view.outputs(plan, w.room)
	if fits {
		w.d.explained++
	} else {
		w.d.unexplained++
	}
	if w.b.Len() > 0 {
		w.b.WriteByte('\n')
	}
	w.b.WriteString(text)
}

func (w *diffWriter) done() changeDiff {
	w.d.text = w.b.String()
	return w.d
}

// headingSigns colour the line of a resource.
var headingSigns = map[engine.Action]string{
	engine.Create: "+ ", engine.Destroy: "- ", engine.Replace: "-/+ ", engine.Update: "! ",
}

// heading names a resource, what happens to it and why. Its first character colours it. What forces a replacement is
// said here only where the attributes do not say it.
func (v view) heading(change engine.Change, explained bool) string {
	sign := headingSigns[change.Action]
	if sign == "" {
		sign = "# "
	}
	named := func(s string) string { return oneRow(shortened(v.names.hide(s), longLine)) }
	h := sign + string(change.Action) + " " + named(change.Address)
	if change.Deposed != "" {
		h += " (what was left of a replacement: " + named(change.Deposed) + ")"
	}
	if change.PreviousAddress != "" && change.PreviousAddress != change.Address {
		h += " (was " + named(change.PreviousAddress) + ")"
	}
	if change.ImportID != "" && !v.namesOnly {
		h += " (takes over " + named(change.ImportID) + ")"
	} else if change.ImportID != "" && change.Action != engine.Import {
		h += " (takes over what exists)"
	}
	var why []string
	if forced := forcing(change); len(forced) > 0 && !explained {
		why = append(why, "forced by "+endCut(v.names.hide(strings.Join(forced, ", "))))
	}
	if reason := reasonOf(change); reason != "" {
		why = append(why, reason)
	}
	if change.CreateFirst {
		why = append(why, "the new one comes first")
	}
	if len(why) > 0 {
		h += ": " + strings.Join(why, "; ")
	}
	return h
}

// reasons are the engine's keywords for why it does something, in words. Those that the attributes explain, and those
// that nobody asks about, have none.
var reasons = map[string]string{
	"replace_because_tainted":           "tainted",
	"replace_by_request":                "replacing was asked for",
	"replace_by_triggers":               "replace_triggered_by",
	"delete_because_no_resource_config": "no longer in the code",
	"delete_because_no_module":          "its module is no longer in the code",
	"delete_because_wrong_repetition":   "count or for_each came or went",
	"delete_because_count_index":        "count is lower",
	"delete_because_each_key":           "its key is no longer in for_each",
	"delete_because_no_move_target":     "moved to an address that is not in the code",
	"read_because_config_unknown":       "what it reads is known after apply",
	"read_because_dependency_pending":   "it depends on what changes here",
}

// reasonOf a change in words; empty: there is none to tell.
func reasonOf(change engine.Change) string {
	if change.Action == engine.Forget {
		return "it stays, and is not managed any more"
	}
	return reasons[change.Reason]
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

// changeWord is a change in few words: what it is called, and what forces it.
func (v view) changeWord(change engine.Change) line {
	resource := code(shortened(v.names.hide(change.Address), longLine))
	forced := forcing(change)
	switch reason := reasonOf(change); {
	case len(forced) > 0:
		names := each(forced, func(path string) line { return code(v.names.hide(path)) })
		return say("{} (forced by {})", resource, listAtMost(names, 3))
	case reason != "":
		return say("{} ({})", resource, own(literal(reason)))
	}
	return resource
}

// sizeOf is about how many lines a plan takes.
func sizeOf(plan engine.Plan) int {
	lines := 2 * len(plan.Outputs)
	for i := range plan.Changes {
		lines++
		if !explains(plan.Changes[i]) {
			continue
		}
		unknown := false
		for _, a := range plan.Changes[i].Attributes {
			if a.Unknown && !a.ForcesReplacement {
				unknown = true
				continue
			}
			lines += 1 + min(manyLinesOfValue, (len(a.Before)+len(a.After))/longLine)
		}
		if unknown {
			lines++
		}
		lines++
	}
	return lines
}
