package planner

import (
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/stack"
)

// Outcome is how far an instance's plan got.
type Outcome string

const (
	// Waiting for its turn.
	Waiting Outcome = "waiting"
	// Planning now.
	Planning Outcome = "planning"
	// Planned: the plan is there.
	Planned Outcome = "planned"
	// Failed: the engine said no.
	Failed Outcome = "failed"
	// KnownAfter: it cannot be planned before others are deployed, whose outputs it reads, or before it is merged, since it
	// needs secrets. That is no failure.
	KnownAfter Outcome = "known after"
	// Cancelled before it was done.
	Cancelled Outcome = "cancelled"
	// ByJob: a job of the repository's own workflows deploys it, so nothing here plans it. Its plan has only a digest, which
	// stands for its inputs.
	ByJob Outcome = "by job"
	// Moved: its state would be looked for elsewhere, so a plan would create everything again. It is not planned.
	Moved Outcome = "moved"
	// Removed from the configuration: what it deployed stays until someone destroys it.
	Removed Outcome = "removed"
)

// Preview is the plans of all instances that a pull request affects, in every environment.
type Preview struct {
	// Head is the pull request's commit, Trunk the commit that it was merged with for planning.
	Head, Trunk string
	// Environments in the order of the configuration, also those in which nothing changes.
	Environments []string
	// Instances that are affected, in the order of environments, then by name.
	Instances []InstancePreview
	// Problem stops the whole preview: a conflict with trunk, a configuration error, code that may not run.
	Problem *Problem
	// Checks of the configuration, in its order.
	Checks []CheckResult
	// Versions are the components of which environments follow different paths or versions.
	Versions []Following `json:",omitempty"`
	// Notes are warnings for the reviewer that stop nothing, such as "changes the configuration itself".
	Notes []string
	// Besides is what merging changes besides instances.
	Besides []Section `json:",omitempty"`
}

// Section is something that merging changes besides instances.
type Section struct {
	Title string
	// Lines say one thing each, and Note what is to be known of all; words between backticks are code.
	Lines []string
	Note  string
}

// InstancePreview is what merging would do to one instance.
type InstancePreview struct {
	Instance stack.Instance
	// Reasons why it is affected, for people.
	Reasons []string
	// Behind: trunk commits not yet deployed there also change this instance; its plan contains them.
	// Numbers of the pull requests, oldest first.
	Behind  []int
	Outcome Outcome
	// Moves say where its state would go, where Outcome is Moved, and Declare what to write to go on deliberately.
	Moves   []StateMove
	Declare string `json:",omitempty"`
	Plan    engine.Plan
	// Failure is what the engine said, redacted, where Outcome is Failed or KnownAfter.
	Failure string
	// FailureFile from the repository's root, and FailureLine, where the engine named a place; else zero.
	FailureFile string
	FailureLine int
	// Upstream are the names of the instances that it is said to depend on.
	Upstream []string `json:",omitempty"`
	// Removal says how to destroy what it deployed, where Outcome is Removed.
	Removal *Removal `json:",omitempty"`
	// After are the names of the instances that have to be deployed before, where Outcome is KnownAfter.
	After []string
	// Lacks are variables, of secrets and artifacts, that it was planned without: the ones that it needs, where Outcome is
	// KnownAfter; all that it may have needed, where it is Failed.
	Lacks []string `json:",omitempty"`
}

// Problem is something that a person has to mend, in sentences for that person.
type Problem struct {
	// Title in a few words, such as "Conflict with trunk".
	Title string
	// Detail says what happened and what to do.
	Detail string
	// File, Line and Column where it is, if it is in a file; else zero.
	File         string
	Line, Column int
	// More of the same, each at its own place.
	More []Problem
}

// Done tells whether no instance and no check is waited for any more.
func (p Preview) Done() bool {
	for _, check := range p.Checks {
		if check.Outcome == CheckRunning {
			return false
		}
	}
	for _, instance := range p.Instances {
		if instance.Outcome == Waiting || instance.Outcome == Planning {
			return false
		}
	}
	return true
}

// Passed tells whether the preview is done and nothing failed.
func (p Preview) Passed() bool {
	if p.Problem != nil || !p.Done() {
		return false
	}
	for _, instance := range p.Instances {
		if instance.Outcome == Failed || instance.Outcome == Cancelled || instance.Outcome == Moved {
			return false
		}
	}
	for _, check := range p.Checks {
		if check.Outcome != CheckPassed {
			return false
		}
	}
	return true
}
