package planner

import (
	"slices"
	"strings"
)

// Level says how much a finding weighs.
type Level string

// The levels, the gravest first.
const (
	// Broken: the check itself could not be carried out, so nobody knows. It fails.
	Broken Level = "error"
	// Deny fails the check.
	Deny Level = "deny"
	// Warn is shown.
	Warn Level = "warn"
	// Note is shown last.
	Note Level = "note"
)

var levels = []Level{Broken, Deny, Warn, Note}

// Rank is 0 for the gravest level.
func (l Level) Rank() int { return slices.Index(levels, l) }

// Fails tells whether a finding of this level fails its check.
func (l Level) Fails() bool { return l == Broken || l == Deny }

// Finding is one thing that a check has to say.
type Finding struct {
	Level   Level
	Message string
	// File from the repository's root with the lines from Line to EndLine, as the pull request merged into trunk has
	// them, where the finding is about a place. Line is 0 where it is about the whole file.
	File          string `json:",omitempty"`
	Line, EndLine int    `json:",omitempty"`
	// ChangedLine is the first of these lines that the pull request itself changed, as its head has it. 0: none is.
	ChangedLine int `json:",omitempty"`
	// ChangedFile is the file that has ChangedLine, where it is another than File.
	ChangedFile string `json:",omitempty"`
	// Instances by name, where it is about instances.
	Instances []string `json:",omitempty"`
	// Resource is an address in a plan, Rule the name that the scanner has for what it looks for.
	Resource, Rule string `json:",omitempty"`
	// Source is the policy with its line, such as policies/tags.rego:12.
	Source string `json:",omitempty"`
}

// CheckOutcome is how far a check is.
type CheckOutcome string

const (
	// CheckRunning: it has not ended.
	CheckRunning CheckOutcome = "running"
	// CheckPassed: nothing that was found fails it.
	CheckPassed CheckOutcome = "passed"
	// CheckFailed: something does.
	CheckFailed CheckOutcome = "failed"
	// CheckCancelled before it was done.
	CheckCancelled CheckOutcome = "cancelled"
)

// CheckResult is what became of one check of a pull request.
type CheckResult struct {
	// Name as the configuration has it.
	Name    string
	Outcome CheckOutcome
	// Findings, the gravest first; among equals those on changed lines first. At most [MaxFindings].
	Findings []Finding `json:",omitempty"`
	// Left is how many more there were.
	Left int `json:",omitempty"`
	// Log is the end of what a command wrote, redacted, where its findings do not say it all.
	Log string `json:",omitempty"`
}

// MaxFindings of one check are kept.
const MaxFindings = 500

// Conclude sorts and bounds the findings and sets the outcome that follows from them.
func (c *CheckResult) Conclude() {
	c.Findings = sorted(together(c.Findings))
	c.Outcome = CheckPassed
	if len(c.Findings) > 0 && c.Findings[0].Level.Fails() {
		c.Outcome = CheckFailed
	}
	if more := len(c.Findings) - MaxFindings; more > 0 {
		c.Left += more
		c.Findings = slices.Clip(c.Findings[:MaxFindings])
	}
}

// Count of the findings of a level.
func (c CheckResult) Count(level Level) (n int) {
	for _, finding := range c.Findings {
		if finding.Level == level {
			n++
		}
	}
	return n
}

// together makes one of findings that differ in nothing but their instances.
func together(findings []Finding) []Finding {
	type key struct {
		level                                 Level
		message, file, resource, rule, source string
		line, endLine                         int
	}
	index := map[key]int{}
	var all []Finding
	for _, f := range findings {
		k := key{f.Level, f.Message, f.File, f.Resource, f.Rule, f.Source, f.Line, f.EndLine}
		at, known := index[k]
		if !known {
			index[k] = len(all)
			f.Instances = slices.Clone(f.Instances)
			all = append(all, f)
			continue
		}
		for _, instance := range f.Instances {
			if !slices.Contains(all[at].Instances, instance) {
				all[at].Instances = append(all[at].Instances, instance)
			}
		}
	}
	return all
}

func sorted(findings []Finding) []Finding {
	changed := func(f Finding) int {
		if f.ChangedLine > 0 {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(findings, func(a, b Finding) int {
		for _, order := range []int{
			a.Level.Rank() - b.Level.Rank(), changed(a) - changed(b), strings.Compare(a.Source, b.Source),
			strings.Compare(a.File, b.File), a.Line - b.Line, strings.Compare(a.Rule, b.Rule), strings.Compare(a.Message, b.Message),
			strings.Compare(a.Resource, b.Resource),
		} {
			if order != 0 {
				return order
			}
		}
		return 0
	})
	return findings
}
