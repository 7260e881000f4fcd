package config

import (
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Release says how what an environment runs is given to its users, step by step, apart from deploying it. The zero value: what
// is deployed is released with it.
type Release struct {
	// Run is a shell command of the repository, run at its root in the commit that the environment runs; empty: there is no
	// release. It gives the commit to so many of a hundred users, and may be run again for the same number.
	Run string
	// Workflow is dispatched in place of Run.
	Workflow Workflow
	// Timeout of the command; zero: the operator's limit.
	Timeout time.Duration
	// Steps are the only percentages that may be asked for, ascending; 0 is always allowed. None: all are.
	Steps []int
	// Approve are rules of which each must be met before more users get the commit.
	Approve []ApproveRule
	// Watch is what is measured for a while after more users got the commit; each must stay healthy.
	Watch []Watch
	// Allow are those who may ask for it. Nobody named: those who may promote.
	Allow Who
	// Required: only what all users have is proven for the environments that come after, and only that has converged.
	Required bool
	At       Position
}

// Declared tells whether there is a release apart from the deployment.
func (r Release) Declared() bool { return r.Run != "" || r.Workflow.Declared() }

// Check is the release as something to run.
func (r Release) Check() Check {
	return Check{Name: "release", Run: r.Run, Workflow: r.Workflow, Timeout: r.Timeout, At: r.At}
}

func (d *decoder) release(node *yaml.Node) (r Release) {
	r.At = position(node)
	seen := d.mapping(node, "release", d.withWorkflow(&r.Workflow, fields{
		"run":      func(n *yaml.Node) { r.Run = strings.TrimSpace(d.filled(n, "run", "a shell command")) },
		"timeout":  func(n *yaml.Node) { r.Timeout = d.duration(n, "timeout") },
		"steps":    func(n *yaml.Node) { r.Steps = d.percentages(n) },
		"approve":  func(n *yaml.Node) { r.Approve = d.approve(n) },
		"watch":    func(n *yaml.Node) { r.Watch = d.watches(n) },
		"allow":    func(n *yaml.Node) { r.Allow = d.who(n, "allow of release") },
		"required": func(n *yaml.Node) { r.Required = d.boolean(n, "required") },
	}))
	d.exactlyOne(node, seen, "release", "run", "workflow")
	return r
}

// percentages reads whole numbers from 1 to 100, each more than the one before, up to 100. A percent sign may follow each.
func (d *decoder) percentages(node *yaml.Node) (steps []int) {
	before := len(d.problems)
	d.sequence(node, "steps", func(item *yaml.Node) {
		bare := *resolved(item)
		bare.Value = strings.TrimSpace(strings.TrimSuffix(bare.Value, "%"))
		step := d.integer(&bare, "a step")
		switch {
		case len(d.problems) > before:
		case step < 1 || step > 100:
			d.problem(item, "a step is %d; expected a percentage from 1 to 100 (0 is always allowed)", step)
		case len(steps) > 0 && step <= steps[len(steps)-1]:
			d.problem(item, "the step %d comes after %d; expected each to be more than the one before", step, steps[len(steps)-1])
		}
		steps = append(steps, step)
	})
	if len(d.problems) == before && (len(steps) == 0 || steps[len(steps)-1] != 100) {
		d.problem(node, "steps end before 100; expected a list such as [1, 10, 50, 100]")
	}
	return steps
}
