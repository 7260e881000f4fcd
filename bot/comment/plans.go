package comment

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
)

// openLines is about how many lines of plans stand in the open in a preview; further plans are folded away behind
// their summaries.
const openLines = 40

// sections are the plans of the groups. As long as they are small, so that there are no more than so many lines, one
// does not have to unfold them.
func sections(groups []group, open int, o Options) []section {
	var all []section
	for _, g := range groups {
		open -= g.size()
		g.open = open >= 0 && g.first().Outcome != planner.KnownAfter // which has nothing to review
		all = append(all, g.section(o))
	}
	return all
}

// size is about how many lines the group takes.
func (g group) size() int {
	const itself = 5
	switch first := g.first(); {
	case first.Outcome == planner.Failed || first.Outcome == planner.KnownAfter:
		return itself + strings.Count(first.Failure, "\n")
	case commandPlan(first.Plan):
		return itself + strings.Count(first.Plan.Text, "\n")
	default:
		return itself + sizeOf(first.Plan)
	}
}

// summary is the line behind which the plans are folded.
func (g group) summary() line {
	first := g.first()
	head := say("{} in {}", strong(g.named()), g.places())
	same := own("")
	switch {
	case len(g.view.names.pairs) > 0:
		same = own(", the same in each but for names")
	case len(g.instances) > 1:
		same = own(", the same in each")
	}
	if first.Outcome == planner.Failed {
		return say("❌ {}{}: the plan failed", head, same)
	}
	if first.Outcome == planner.KnownAfter {
		return say("{}{}: known after {}", head, same, upstreams(g.instances, fewUpstreams))
	}
	total := tallied(first)
	if total.destructive() {
		head = say("⚠️ {}", head)
	}
	return say("{}{}: {}", head, same, total.sentence())
}

// section about the group: its plan, as far as there is room for it.
func (g group) section(o Options) section {
	first, hide := g.first(), g.view.names.hide
	switch {
	case first.Outcome == planner.Failed:
		failure := hide(first.Failure)
		return versions(g.folded(g.failed(failure, 80)), g.folded(g.failed(failure, 12)))
	case first.Outcome == planner.KnownAfter:
		return versions(g.later(40), g.later(6))
	case !commandPlan(first.Plan):
		least := 0
		return section{
			brief: func(room int) *document {
				d, _ := g.plan(0, room)
				least = d.size()
				return d
			},
			within: func(room int) (*document, bool) { return g.plan(room-least, room) },
		}
	case o.NamesOnly:
		hidden := &document{}
		hidden.paragraph(own("What the engine prints is not shown on a public repository."))
		return section{least: g.folded(hidden)}
	}
	text := hide(first.Plan.Text)
	return versions(g.folded(g.withNames(text, textBlock(text, 400))), g.folded(g.withNames(text, textBlock(text, 20))))
}

// failed is the end of what the engine said, with the place that it named.
func (g group) failed(message string, lines int) *document {
	first := g.first()
	d := &document{}
	if first.FailureFile != "" {
		d.paragraph(say("At {}:", place(g.view.names.hide(first.FailureFile), first.FailureLine, 0)))
	}
	d.append(g.withNames(message, messageBlock(message, lines)))
	if len(first.Lacks) > 0 {
		d.paragraph(say("It was planned without {}: what {} gives only to what is merged. If it failed for that, there will be a plan after the merge.",
			listAtMost(each(first.Lacks, code), manyWarnings), text(first.Instance.Environment)))
	}
	return d
}

// withNames says before a text what the names in it stand for.
func (g group) withNames(text string, shown *document) *document {
	d := &document{}
	if legend := g.view.names.explained(text); legend != nil {
		d.paragraph(say("In it {}.", legend))
	}
	d.append(shown)
	return d
}

// plan of the group with the attributes of its resources in so many bytes, and the names of its resources in no more
// than most.
func (g group) plan(room, most int) (d *document, everything bool) {
	plan := g.first().Plan
	diff := g.view.diff(plan, g.parts(plan.Changes), room, most)
	shown := &document{}
	shown.fence(diffText, diff.text)
	body := g.withNames(diff.text, shown)
	if diff.unexplained > 0 && diff.explained > 0 {
		body.paragraph(say("Attributes of {} are left out.", count(diff.unexplained, "resource", "resources")))
	}
	if diff.left > 0 {
		body.paragraph(say("And {}.", count(diff.left, "more resource", "more resources")))
	}
	return g.folded(body), diff.unexplained+diff.left == 0
}

// folded puts a body behind the group's summary, after the reasons why the instances are affected and the pull requests
// that the plan contains besides this one.
func (g group) folded(body *document) *document {
	inner := &document{}
	if reasons := g.reasons(); len(reasons) > 0 {
		inner.paragraph(say("Affected: {}", join(reasons, "; ")))
	}
	if also := g.also(); also != nil {
		inner.paragraph(also)
	}
	inner.append(body)
	d := &document{}
	if g.open {
		d.unfolded(g.summary(), inner)
	} else {
		d.details(g.summary(), inner)
	}
	return d
}

// also names the pull requests that are in the plan besides this one; nil: there are none.
func (g group) also() line {
	var pulls []string
	environments := map[string][]line{}
	first := map[string]*lag{}
	for _, l := range lags(g.instances) {
		key := fmt.Sprint(l.pulls)
		if first[key] == nil {
			first[key] = l
			pulls = append(pulls, key)
		}
		environments[key] = append(environments[key], text(l.environment))
	}
	sentences := each(pulls, func(key string) line {
		return say("Also contains {}, which {} {} not have yet.", listAtMost(each(first[key].pulls, pull), 10),
			listAtMost(environments[key], 8), own(verb(len(environments[key]), "does", "do")))
	})
	return join(sentences[:min(len(sentences), 5)], " ")
}

// reasons of all instances, each once, at most five. Those that differ in names only are one.
func (g group) reasons() []line {
	index := map[string]int{}
	var reasons []string
	for _, instance := range g.instances {
		names := namingOf(instance.Instance)
		if len(g.components) > 1 {
			names = names.and(instance.Instance.Component, componentName)
		}
		for _, reason := range instance.Reasons {
			hidden := names.hide(reason)
			at, known := index[hidden]
			switch {
			case known && reasons[at] != reason && reasons[at] != hidden:
				reasons[at] = hidden
			case !known && !slices.Contains(reasons, reason):
				index[hidden] = len(reasons)
				reasons = append(reasons, reason)
			}
		}
	}
	return atMost(each(reasons, func(reason string) line { return prose(shortened(oneLine(reason), 300)) }), 5)
}

// commandPlan tells whether the engine gave nothing but text.
func commandPlan(plan engine.Plan) bool {
	for _, change := range plan.Changes {
		if change.Action != engine.Run {
			return false
		}
	}
	return plan.Text != "" && len(plan.Outputs) == 0
}

// textBlock is the beginning of what an engine printed; the lines that are left out are counted.
func textBlock(content string, most int) *document {
	d := &document{}
	lines := strings.Split(manyLines(content), "\n")
	left := len(lines) - most
	if left > 0 {
		lines = lines[:most]
	}
	d.fence(languageOf(lines), strings.Join(shortLines(lines), "\n"))
	if left > 0 {
		d.paragraph(say("and {}.", count(left, "more line", "more lines")))
	}
	return d
}

// messageBlock is the end of an error message, where engines say what is wrong.
func messageBlock(content string, most int) *document {
	d := &document{}
	lines := strings.Split(manyLines(content), "\n")
	if left := len(lines) - most; left > 0 {
		lines = lines[left:]
		d.paragraph(say("The last {} of its message:", count(most, "line", "lines")))
	}
	d.fence(plainText, strings.Join(shortLines(lines), "\n"))
	return d
}

// shortLines keeps one endless line from filling a comment.
func shortLines(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = shortened(l, 500)
	}
	return out
}

// languageOf is diff for what looks like the output of diff.
func languageOf(lines []string) language {
	for _, l := range lines {
		if strings.HasPrefix(l, "@@ ") || strings.HasPrefix(l, "+++ ") {
			return diffText
		}
	}
	return plainText
}

// places names environments, with their stacks where the name of the environment does not say it all.
func places(instances []planner.InstancePreview) line {
	var environments []string
	stacks := map[string][]string{}
	for _, instance := range instances {
		environment := instance.Instance.Environment
		if stacks[environment] == nil {
			environments = append(environments, environment)
		}
		stacks[environment] = append(stacks[environment], strings.TrimPrefix(instance.Instance.Stack, environment+"/"))
	}
	return list(each(environments, func(environment string) line {
		if all := stacks[environment]; len(all) > 1 || all[0] != environment {
			return say("{} ({})", text(environment), join(atMost(each(all, text), 5), ", "))
		}
		return text(environment)
	}))
}
