package config

import (
	"time"

	"github.com/trunkline/trunkline/config/condition"
)

// Wave is a part of an environment that is deployed before the next wave begins. An instance belongs to the first wave that
// names it; what none names comes last, as a wave of its own.
type Wave struct {
	// Name for people; where none is given, the patterns.
	Name string
	// Stacks and Components are patterns of names. An instance is meant where both agree; empty: any.
	Stacks, Components []string
	// Verify runs when the wave is applied; all must pass.
	Verify []Check
	// Watch is what is measured for a while when the wave is applied; each must stay healthy.
	Watch []Watch
	// Pause before the next wave begins.
	Pause time.Duration
	At    Position
}

// HookMoment is when a hook runs.
type HookMoment string

const (
	// BeforeDeploy: everything is planned and let go, nothing is applied.
	BeforeDeploy HookMoment = "before"
	// AfterDeploy: everything is applied, the checks have not begun.
	AfterDeploy HookMoment = "after"
)

// Hook is a command of the repository that belongs to deploying, such as one that flushes what old code left.
type Hook struct {
	Name   string
	Moment HookMoment
	// When it is to run; nil: at every deployment.
	When *condition.Condition
	// Environments in which it runs; empty: all.
	Environments []string
	// Run is a shell command, run at the repository's root in the commit that is deployed.
	Run string
	// Workflow is dispatched in place of Run.
	Workflow Workflow
	// Timeout; zero: the operator's limit.
	Timeout time.Duration
	At      Position
}

// Check is the hook as something to run.
func (h Hook) Check() Check {
	return Check{Name: h.Name, Run: h.Run, Workflow: h.Workflow, Timeout: h.Timeout, At: h.At}
}

// In tells whether the hook runs in an environment at a moment.
func (h Hook) In(environment string, moment HookMoment) bool {
	if h.Moment != moment {
		return false
	}
	for _, name := range h.Environments {
		if name == environment {
			return true
		}
	}
	return len(h.Environments) == 0
}
