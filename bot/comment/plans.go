package comment

import (
	"sort"
	"strings"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
)

// group is instances of one component that have the same plan, or the same failure.
type group struct {
	component string
	instances []planner.InstancePreview
	// latest of its environments, as an index in their order.
	latest int
}

// grouped puts instances with equal plans together: those that failed first, then those that destroy something, then
// the others; among these, later environments first, since that is where a mistake costs most. Instances whose plans
// change nothing are not among them.
func grouped(instances []planner.InstancePreview, o Options) []group {
	index := map[[3]string]int{}
	order := map[string]int{} // of the environments
	var groups []group
	for _, instance := range instances {
		if _, known := order[instance.Instance.Environment]; !known {
			order[instance.Instance.Environment] = len(order)
		}
		if instance.Outcome != planner.Failed && (instance.Outcome != planner.Planned || tallied(instance).empty()) {
			continue
		}
		key := [3]string{string(instance.Outcome), instance.Instance.Component, sameness(instance, o)}
		at, found := index[key]
		if !found {
			at = len(groups)
			index[key] = at
			groups = append(groups, group{component: instance.Instance.Component})
		}
		groups[at].instances = append(groups[at].instances, instance)
		groups[at].latest = max(groups[at].latest, order[instance.Instance.Environment])
	}
	sort.SliceStable(groups, func(i, j int) bool {
		if a, b := groups[i].rank(), groups[j].rank(); a != b {
			return a < b
		}
		return groups[i].latest > groups[j].latest
	})
	return groups
}

// sameness is equal for instances that are shown once.
func sameness(instance planner.InstancePreview, o Options) string {
	switch {
	case instance.Outcome == planner.Failed:
		return instance.Failure
	case commandPlan(instance.Plan):
		return instance.Plan.Digest
	}
	// What a reader could not tell apart is the same. The digests of plans will not do: they also hold what stays as it
	// is, such as the name of the environment.
	shown := diffOf(instance.Plan, o.NamesOnly, roomToCompare)
	if shown.text != "" && shown.unexplained+shown.left == 0 {
		return shown.text
	}
	return "digest " + instance.Plan.Digest
}

// roomToCompare is up to how many bytes plans are compared by what they show; larger ones are by their digests.
const roomToCompare = 64 << 10

// first stands for all of the group.
func (g group) first() planner.InstancePreview { return g.instances[0] }

func (g group) rank() int {
	switch {
	case g.first().Outcome == planner.Failed:
		return 0
	case tallied(g.first()).destructive():
		return 1
	}
	return 2
}

// summary is the line behind which the plans are folded.
func (g group) summary() line {
	head := say("{} in {}", strong(code(g.component)), places(g.instances))
	if g.first().Outcome == planner.Failed {
		return say("{}: the plan failed", head)
	}
	if len(g.instances) > 1 {
		return say("{}, the same in each: {}", head, tallied(g.first()).sentence())
	}
	return say("{}: {}", head, tallied(g.first()).sentence())
}

// section about the group: its plan, as far as there is room for it.
func (g group) section(o Options) section {
	first := g.first()
	switch {
	case first.Outcome == planner.Failed:
		return versions(g.folded(messageBlock(first.Failure, 80)), g.folded(messageBlock(first.Failure, 12)))
	case !commandPlan(first.Plan):
		least, _ := g.plan(o, 0)
		return section{least: least, within: func(room int) (*document, bool) { return g.plan(o, room-least.size()) }}
	case o.NamesOnly:
		hidden := &document{}
		hidden.paragraph(own("What the engine prints is not shown on a public repository."))
		return section{least: g.folded(hidden)}
	}
	return versions(g.folded(textBlock(first.Plan.Text, 400)), g.folded(textBlock(first.Plan.Text, 20)))
}

// plan of the group with the attributes of its resources in so many bytes.
func (g group) plan(o Options, room int) (d *document, everything bool) {
	diff := diffOf(g.first().Plan, o.NamesOnly, room)
	body := &document{}
	body.fence(diffText, diff.text)
	if diff.unexplained > 0 && diff.explained > 0 {
		body.paragraph(say("Attributes of {} are left out.", count(diff.unexplained, "resource", "resources")))
	}
	if diff.left > 0 {
		body.paragraph(say("And {}.", count(diff.left, "more resource", "more resources")))
	}
	return g.folded(body), diff.unexplained+diff.left == 0
}

// folded puts a body behind the group's summary, after the reasons why the instances are affected.
func (g group) folded(body *document) *document {
	inner := &document{}
	if reasons := g.reasons(); len(reasons) > 0 {
		inner.paragraph(say("Affected: {}", join(reasons, "; ")))
	}
	inner.append(body)
	d := &document{}
	d.details(g.summary(), inner)
	return d
}

// reasons of all instances, each once, at most five.
func (g group) reasons() []line {
	seen := map[string]bool{}
	var reasons []line
	for _, instance := range g.instances {
		for _, reason := range instance.Reasons {
			if !seen[reason] && len(seen) < 5 {
				seen[reason] = true
				reasons = append(reasons, prose(reason))
			}
		}
	}
	return reasons
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
		if _, found := stacks[environment]; !found {
			environments = append(environments, environment)
			stacks[environment] = nil
		}
		if instance.Instance.Stack != environment {
			stack := strings.TrimPrefix(instance.Instance.Stack, environment+"/")
			stacks[environment] = append(stacks[environment], stack)
		}
	}
	return list(each(environments, func(environment string) line {
		if len(stacks[environment]) == 0 {
			return text(environment)
		}
		return say("{} ({})", text(environment), join(atMost(each(stacks[environment], text), 5), ", "))
	}))
}
