package comment

import (
	"unicode/utf8"

	"github.com/trunkline/trunkline/planner"
)

// Limits of GitHub for a check run, in its own units. We count bytes, which are never fewer.
const (
	checkText       = 65535
	checkTitle      = 120
	annotationText  = 16000
	annotationTitle = 200
)

// CheckOutput is what the check run of a preview shows.
type CheckOutput struct {
	// Title is one plain line.
	Title string
	// Summary is Markdown: the totals and the warnings.
	Summary string
	// Text is Markdown: the plans. Empty: there are none.
	Text string
	// Annotations on lines of files.
	Annotations []Annotation
}

// Check is the check run's view of a preview. Its text has a limit of its own, so it shows more than the comment.
func Check(p planner.Preview, o Options) CheckOutput {
	o.Limit = checkText
	out := CheckOutput{Title: endCutAt(headline(p, o).plain(), checkTitle)}

	head, foot := previewHead(p, o), previewFoot(p, o)
	alarms := &document{}
	groups := grouped(p.Instances, o)
	alarms.items(warnings(p, groups))
	summary := &document{}
	summary.append(head)
	room := checkText - head.size() - alarms.size() - foot.size()
	table, _ := smallest(newTotals(p).versions(), room)
	summary.append(table)
	results, _ := newChecked(p, o).within(room - table.size())
	summary.append(alarms)
	summary.append(results)
	followed, _ := smallest(versionsFollowed(p), (room-table.size()-results.size())/2)
	summary.append(followed)
	summary.append(foot)
	out.Summary = bounded(checkText, summary, foot)

	if plans := choose(append(sections(groups, openLines, o), removals(p.Instances)...), checkText-leftOutSize); len(plans.documents)+plans.left > 0 {
		text := &document{}
		for _, plan := range plans.documents {
			text.append(plan)
		}
		text.paragraph(leftOut(plans, true, Options{}))
		out.Text = bounded(checkText, text)
	}
	out.Annotations = annotations(p, o)
	return out
}

// endCutAt cuts plain text to at most n characters.
func endCutAt(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
