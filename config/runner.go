package config

import (
	"fmt"
	"regexp"
	"slices"

	"gopkg.in/yaml.v3"
)

// RunnerKind says where an environment's instances are planned and applied.
type RunnerKind string

const (
	// RunnerLocal is the server itself.
	RunnerLocal RunnerKind = "local"
	// RunnerActions is a workflow of the repository, which the server dispatches, on GitHub Actions.
	RunnerActions RunnerKind = "actions"
	// RunnerWorkers are `trunkline worker` processes on hosts of the operator.
	RunnerWorkers RunnerKind = "workers"
	// RunnerJobs are the repository's own jobs in GitHub Actions, which wait for the server to let them deploy.
	RunnerJobs RunnerKind = "jobs"
)

const (
	// RunnerWorkflow is the workflow of [RunnerActions] where no other is named.
	RunnerWorkflow = "trunkline.yml"
	// RunnerPlanEnvironment is the GitHub environment in which [RunnerActions] plans where no other is named.
	RunnerPlanEnvironment = "plan"
)

// Runner says what plans and applies.
type Runner struct {
	Kind RunnerKind
	// Workflow of [RunnerActions], as the name of its file in .github/workflows.
	Workflow string
	// PlanEnvironment of [RunnerActions] is the GitHub environment whose credentials plans run with, which should only be
	// able to read. Applies run with those of the environment itself.
	PlanEnvironment string
	// Labels of [RunnerWorkers]: a worker must have them all.
	Labels []string
	At     Position
}

// DispatchedWorkflow is the workflow of [RunnerActions] with the inputs that it must have beside those that all workflows get:
// place is the GitHub environment of its jobs, purpose is plan or apply, and shards is a list, in JSON, of which each member
// is a job of its own.
func (r Runner) DispatchedWorkflow() Workflow {
	return Workflow{File: r.Workflow, Inputs: map[string]string{"place": "", "purpose": "", "shards": ""}, At: r.At}
}

// Remote tells whether something other than the server plans and applies on its behalf.
func (r Runner) Remote() bool { return r.Kind == RunnerActions || r.Kind == RunnerWorkers }

// RunnerOf is the runner of an environment: its own, or the one of all, or [RunnerLocal]. What pull requests have of their
// own runs where the environment does that it is made from.
func (r Repository) RunnerOf(environment string) Runner {
	own, declared := r.Environment(environment)
	if !declared && r.Preview.From != "" && ownEnvironment.MatchString(environment) {
		own, _ = r.Environment(r.Preview.From)
	}
	switch {
	case own.Runner.Kind != "":
		return own.Runner
	case r.Runner.Kind != "":
		return r.Runner
	}
	return Runner{Kind: RunnerLocal}
}

var (
	workflowFile = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}\.ya?ml$`)
	runnerLabel  = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,62}$`)
)

// ValidRunnerLabel tells whether a text can be a label of workers: lower-case letters, digits, dots, hyphens and _, at most 63.
func ValidRunnerLabel(label string) bool { return runnerLabel.MatchString(label) }

// runner reads a name, or a mapping that says more.
func (d *decoder) runner(node *yaml.Node) (r Runner) {
	r.At = position(node)
	if resolved(node).Kind == yaml.ScalarNode {
		text := d.text(node, "runner")
		if text == string(RunnerWorkers) {
			d.problem(node, "runner is workers, but which? Write their labels, such as {workers: [prod-eu]}")
			return r
		}
		r.Kind = RunnerKind(d.oneOf(node, "runner", text, string(RunnerLocal), string(RunnerActions), string(RunnerJobs)))
		if r.Kind == RunnerActions {
			r.Workflow, r.PlanEnvironment = RunnerWorkflow, RunnerPlanEnvironment
		}
		return r
	}
	seen := d.mapping(node, "runner", fields{
		"actions":          func(n *yaml.Node) { r.Kind, r.Workflow = RunnerActions, d.workflowFile(n) },
		"plan_environment": func(n *yaml.Node) { r.PlanEnvironment = d.githubEnvironment(n, "plan_environment") },
		"workers":          func(n *yaml.Node) { r.Kind, r.Labels = RunnerWorkers, d.runnerLabels(n) },
	})
	switch {
	case seen["actions"] == seen["workers"] && resolved(node).Kind == yaml.MappingNode:
		d.problem(node, "runner has to have one of `actions` and `workers`")
	case seen["plan_environment"] && !seen["actions"]:
		d.problem(node, "`plan_environment` belongs to `actions`")
	case seen["actions"] && !seen["plan_environment"]:
		r.PlanEnvironment = RunnerPlanEnvironment
	}
	return r
}

func (d *decoder) workflowFile(node *yaml.Node) string {
	text := d.text(node, "actions")
	if text != "" && !workflowFile.MatchString(text) {
		d.problem(node, "actions is %q; expected the name of a file in .github/workflows, such as %s", text, RunnerWorkflow)
	}
	return text
}

func (d *decoder) githubEnvironment(node *yaml.Node, what string) string {
	text := d.text(node, what)
	if text != "" && !environmentName.MatchString(text) {
		d.problem(node, "%s is %q; expected the name of a GitHub environment, of lower-case letters, digits and hyphens", what, text)
	}
	return text
}

func (d *decoder) runnerLabels(node *yaml.Node) []string {
	labels := d.texts(node, "workers")
	for _, label := range labels {
		if !ValidRunnerLabel(label) {
			d.problem(node, "%q cannot be a label of workers; expected lower-case letters, digits, dots, hyphens and _, at most 63", label)
		}
	}
	if len(labels) == 0 {
		d.problem(node, "workers is empty; expected labels, all of which a worker must have, such as [prod-eu]")
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

// checkRunners finds plans that would run with the credentials of an environment, and what jobs of the repository cannot follow.
func checkRunners(file string, r Repository) (problems Problems) {
	for _, environment := range r.Environments {
		runner := r.RunnerOf(environment.Name)
		if _, taken := r.Environment(runner.PlanEnvironment); runner.Kind == RunnerActions && taken {
			problems = append(problems, &Problem{File: file, At: runner.At, Message: fmt.Sprintf(
				"plans of %s would run with the credentials of the environment %s; give `plan_environment` another name",
				environment.Name, runner.PlanEnvironment)})
		}
		if runner.Kind == RunnerJobs && len(environment.Waves)+len(environment.Canary) > 0 {
			problems = append(problems, &Problem{File: file, At: environment.At, Message: fmt.Sprintf(
				"%s has `waves` or `canary`, and is deployed by the repository's own jobs (`runner: jobs`), which know nothing of them: take them away, and let the jobs go in that order",
				environment.Name)})
		}
	}
	return problems
}
