package comment

import (
	"strconv"
	"strings"

	"github.com/trunkline/trunkline/planner"
)

// Preview is the comment on a pull request that says what merging will do, in every environment. While plans are
// still being made it says how far they are.
func Preview(p planner.Preview, o Options) string {
	head, foot := previewHead(p, o), previewFoot(p, o)
	alarms := &document{}
	alarms.items(warnings(p))

	room := o.limit() - head.size() - foot.size() - leftOutSize
	table, version := smallest(newTotals(p).versions(), room-alarms.size())
	whole := version == 0
	room -= table.size()
	if alarms.size() > room {
		alarms, whole = &document{}, false
	}
	room -= alarms.size()
	plans := choose(sections(p, o), room)

	d := &document{}
	d.append(head)
	d.append(table)
	d.append(alarms)
	for _, plan := range plans.documents {
		d.append(plan)
	}
	d.paragraph(leftOut(plans, whole, o))
	d.append(foot)
	return bounded(o.limit(), d, foot)
}

// leftOutSize is the room kept for [leftOut] with its address.
const leftOutSize = 2000

// leftOut says what did not find a place, and where it is.
func leftOut(plans chosen, tableWhole bool, o Options) line {
	var missing []line
	if plans.shortened > 0 {
		missing = append(missing, say("the details of {}", count(plans.shortened, "plan", "plans")))
	}
	if plans.left > 0 {
		missing = append(missing, say("{}", count(plans.left, "whole plan", "whole plans")))
	}
	if !tableWhole {
		missing = append(missing, own("most of the table"))
	}
	if len(missing) == 0 {
		return nil
	}
	where := own("")
	if o.Full != "" && len(o.Full) < leftOutSize/2 {
		where = say(" {} shows more.", link(own("The check run"), o.Full))
	}
	return say("**Too long for a comment.** Left out: {}.{}", list(missing), where)
}

func sections(p planner.Preview, o Options) []section {
	var all []section
	for _, g := range grouped(p.Instances) {
		all = append(all, g.section(o))
	}
	return all
}

// previewHead is the sentence that says it all, and the problem where there is one.
func previewHead(p planner.Preview, o Options) *document {
	d := &document{}
	d.paragraph(headline(p, o))
	if p.Problem != nil {
		if p.Problem.File != "" {
			d.paragraph(say("In {}:", place(p.Problem.File, p.Problem.Line, p.Problem.Column)))
		}
		detail, _ := smallest(sentences(p.Problem.Detail), o.limit()/2)
		d.append(detail)
	}
	return d
}

// progress counts the instances of a preview.
type progress struct{ all, done, planned, failed, cancelled, removed, changing int }

func progressOf(p planner.Preview) progress {
	c := progress{all: len(p.Instances)}
	for _, instance := range p.Instances {
		switch instance.Outcome {
		case planner.Waiting, planner.Planning:
			continue
		case planner.Planned:
			c.planned++
			if !tallied(instance).empty() {
				c.changing++
			}
		case planner.Failed:
			c.failed++
		case planner.Cancelled:
			c.cancelled++
		case planner.Removed:
			c.removed++
		}
		c.done++
	}
	return c
}

// headline says in one sentence what merging will do, or why that is not known.
func headline(p planner.Preview, o Options) line {
	c := progressOf(p)
	switch {
	case p.Problem != nil:
		return say("❌ {} Nothing is planned.", strong(say("{}.", text(strings.TrimRight(p.Problem.Title, ". ")))))
	case c.all == 0:
		return say("✅ **Merging changes nothing**: {}.", nothingDepends(p.Environments))
	case c.done < c.all:
		return say("⏳ **Planning what merging will change: {} of {} planned.**", number(c.done),
			count(c.all, "instance", "instances"))
	case c.failed > 0:
		head := say("❌ **{} of {} failed.**", number(c.failed), count(c.all, "plan", "plans"))
		if c.changing > 0 {
			head = say("{} The others change {}: {}.", head, changed(p), tallied(p.Instances...).sentence())
		}
		return head
	case c.cancelled > 0:
		return say("**Planning was stopped with {} of {} planned.** {} plans again.", number(c.planned),
			count(c.all, "instance", "instances"), o.typed("/plan"))
	case c.changing == 0 && c.removed > 0:
		return say("**Merging takes {} out of the configuration, and changes nothing else.**",
			count(c.removed, "instance", "instances"))
	case c.changing == 0:
		return say("✅ **Merging changes nothing**: {}, and no plan has a change.",
			count(c.all, "instance is affected", "instances are affected"))
	}
	return changesHeadline(p)
}

func changesHeadline(p planner.Preview) line {
	total := tallied(p.Instances...)
	head := strong(say("Merging changes {}: {}.", changed(p), total.sentence()))
	if total.destructive() {
		head = say("⚠️ {}", head)
	}
	var same []string
	changing := map[string]bool{}
	for _, name := range changingEnvironments(p) {
		changing[name] = true
	}
	for _, name := range p.Environments {
		if !changing[name] {
			same = append(same, name)
		}
	}
	if len(same) == 0 {
		return head
	}
	return say("{} {} {} as {}.", head, list(each(same, text)), own(verb(len(same), "stays", "stay")),
		own(verb(len(same), "it is", "they are")))
}

func changed(p planner.Preview) line { return listAtMost(each(changingEnvironments(p), text), 8) }

// changingEnvironments are those in which a plan has a change, in order.
func changingEnvironments(p planner.Preview) []string {
	changing := map[string]bool{}
	for _, instance := range p.Instances {
		if !tallied(instance).empty() {
			changing[instance.Instance.Environment] = true
		}
	}
	var names []string
	for _, environment := range newTotals(p).environments {
		if changing[environment] {
			names = append(names, environment)
		}
	}
	return names
}

func nothingDepends(environments []string) line {
	if len(environments) == 0 {
		return own("no instance depends on what it touches")
	}
	names := each(environments, text)
	return say("no instance in {} depends on what it touches", either(names))
}

// either is "a, b or c".
func either(lines []line) line {
	if len(lines) < 2 {
		return join(lines, "")
	}
	last := len(lines) - 1
	return say("{} or {}", join(lines[:last], ", "), lines[last])
}

// place is where a problem is, such as stacks.yml:3:7.
func place(file string, row, column int) line {
	for _, n := range []int{row, column} {
		if n > 0 {
			file += ":" + strconv.Itoa(n)
		}
	}
	return code(file)
}

// previewFoot says what the plans were made of, and what can be typed.
func previewFoot(p planner.Preview, o Options) *document {
	var notes []line
	if legend := tallied(p.Instances...).legend(); legend != nil {
		notes = append(notes, legend)
	}
	switch {
	case p.Head == "" || p.Trunk == "":
	case p.Problem != nil:
		notes = append(notes, say("head {}, trunk {}", commit(p.Head), commit(p.Trunk)))
	default:
		notes = append(notes, say("planned as {} merged into trunk at {}", commit(p.Head), commit(p.Trunk)))
	}
	notes = append(notes, say("{} plans again", o.typed("/plan")),
		say("{} lists what can be typed here", o.typed("/help")))
	d := &document{}
	d.small(join(notes, " · "))
	return d
}
