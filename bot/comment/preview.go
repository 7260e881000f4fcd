package comment

import (
	"strconv"

	"github.com/trunkline/trunkline/planner"
)

// Preview is the comment on a pull request that says what merging will do, in every environment. While plans are
// still being made it says how far they are.
func Preview(p planner.Preview, o Options) string {
	head, foot := previewHead(p, o), previewFoot(p, o)
	alarms := &document{}
	groups := grouped(p.Instances, o)
	alarms.items(warnings(p, groups))

	room := o.limit() - head.size() - foot.size() - leftOutSize
	table, version := smallest(newTotals(p).versions(), room-alarms.size())
	whole := version == 0
	room -= table.size()
	results, unnamed := newChecked(p, o).within((room - alarms.size()) / 2)
	if results.size() > room {
		results = &document{} // as the table, if there is no room for anything
	}
	room -= results.size()
	if alarms.size() > room {
		alarms, whole = &document{}, false
	}
	room -= alarms.size()
	followed, _ := smallest(versionsFollowed(p), room/2)
	room -= followed.size()
	besides, _ := smallest(besides(p), room/2)
	room -= besides.size()
	plans := choose(append(sections(groups, openLines, o), removals(p.Instances)...), room)
	plans.findings = unnamed

	d := &document{}
	d.append(head)
	d.append(table)
	d.append(alarms)
	d.append(results)
	d.append(followed)
	d.append(besides)
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
	if plans.findings > 0 {
		missing = append(missing, say("{} of the checks", count(plans.findings, "finding", "findings")))
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

// previewHead is the sentence that says it all, and the problem where there is one.
func previewHead(p planner.Preview, o Options) *document {
	d := &document{}
	d.paragraph(headline(p, o))
	switch problem := p.Problem; {
	case problem == nil:
	case problem.File != "" && len(problem.More) > 0:
		all, _ := smallest(severalProblems(append([]planner.Problem{*problem}, problem.More...)), o.limit()/2)
		d.append(all)
	default:
		if problem.File != "" {
			d.paragraph(say("In {}:", place(problem.File, problem.Line, problem.Column)))
		}
		detail, _ := smallest(sentences(problem.Detail), o.limit()/2)
		d.append(detail)
		more, _ := smallest(severalProblems(problem.More), o.limit()/4)
		d.append(more)
	}
	return d
}

// severalProblems are listed, each with its place. The versions have fewer and fewer.
func severalProblems(problems []planner.Problem) (versions []*document) {
	for _, most := range []int{30, 5, 0} {
		shown := problems[:min(most, len(problems))]
		d := &document{}
		d.items(each(shown, func(problem planner.Problem) line {
			return say("{}: {}", place(problem.File, problem.Line, problem.Column), prose(shortened(oneLine(problem.Detail), 400)))
		}))
		if left := len(problems) - len(shown); left > 0 {
			d.paragraph(say("and {}.", count(left, "more problem", "more problems")))
		}
		versions = append(versions, d)
	}
	return versions
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
	case o.group != nil:
		notes = append(notes, o.group.foot(p)...)
	case p.Problem != nil:
		notes = append(notes, say("head {}, trunk {}", commit(p.Head), commit(p.Trunk)))
	default:
		notes = append(notes, say("planned as {} merged into trunk at {}", commit(p.Head), commit(p.Trunk)))
	}
	if o.group == nil {
		notes = append(notes, say("{} plans again", o.typed("/plan")),
			say("{} lists what can be typed here", o.typed("/help")))
	}
	d := &document{}
	d.small(join(notes, " · "))
	return d
}
