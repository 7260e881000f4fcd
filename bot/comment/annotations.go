package comment

import (
	"strings"

	"github.com/trunkline/trunkline/planner"
)

// AnnotationLevel is how GitHub marks an annotation.
type AnnotationLevel string

// The levels of GitHub.
const (
	Failure AnnotationLevel = "failure"
	Warning AnnotationLevel = "warning"
	Notice  AnnotationLevel = "notice"
)

// MaxAnnotations of a check run. The rest stands in its summary.
const MaxAnnotations = 200

// Annotation marks a line of a file.
type Annotation struct {
	Level AnnotationLevel
	// Path from the repository's root.
	Path string
	// Line from 1, and Column from 1 or 0 where it is not known.
	Line, Column int
	// Title and Message are plain text.
	Title, Message string
}

// annotations are the problems of the configuration and what engines could not plan, each at its place, and what checks
// found on lines that the pull request changed, the gravest first.
func annotations(p planner.Preview, o Options) (all []Annotation) {
	if p.Problem != nil {
		for _, problem := range append([]planner.Problem{*p.Problem}, p.Problem.More...) {
			if problem.File != "" {
				all = append(all, Annotation{Level: Failure, Path: problem.File, Line: max(1, problem.Line), Column: problem.Column,
					Title: titled(problem.Title), Message: worded(problem.Detail)})
			}
		}
	}
	said := map[string]bool{}
	var found []Annotation
	for _, f := range newChecked(p, o).found {
		if f.ChangedLine > 0 {
			said[place(f.File, f.Line, 0).plain()] = true
			found = append(found, f.annotation())
		}
	}
	for _, g := range grouped(p.Instances, o) {
		first := g.first()
		if first.Outcome != planner.Failed || first.FailureFile == "" || said[place(first.FailureFile, first.FailureLine, 0).plain()] {
			continue // a check has said it already, and in fewer words
		}
		title := join(each(g.components, text), ", ").plain() + " in " + g.places().plain() + ": the plan failed"
		all = append(all, Annotation{Level: Failure, Path: first.FailureFile, Line: max(1, first.FailureLine), Title: titled(title), Message: worded(first.Failure)})
	}
	all = append(all, found...)
	return all[:min(len(all), MaxAnnotations)]
}

func (f found) annotation() Annotation {
	level := Notice
	switch {
	case f.Level.Fails():
		level = Failure
	case f.Level == planner.Warn:
		level = Warning
	}
	title := f.check
	if f.Rule != "" {
		title += ": " + f.Rule
	}
	message := f.Message
	if f.Resource != "" {
		message += "\n" + f.Resource
	}
	if len(f.Instances) > 0 {
		message += "\nin " + strings.Join(f.Instances, ", ")
	}
	if f.Source != "" {
		message += "\nby " + f.Source
	}
	file := f.File
	if f.ChangedFile != "" {
		file, message = f.ChangedFile, message+"\nsee "+place(f.File, f.Line, 0).plain()
	}
	return Annotation{Level: level, Path: file, Line: f.ChangedLine, Title: titled(title), Message: worded(message)}
}

func titled(text string) string { return endCutAt(oneLine(text), annotationTitle) }

// worded is never empty, which GitHub refuses.
func worded(text string) string {
	if text = endCutAt(manyLines(text), annotationText); strings.TrimSpace(text) == "" {
		return "(none)"
	}
	return text
}
