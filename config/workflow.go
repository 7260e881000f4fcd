package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// Workflow is a GitHub Actions workflow of the repository that is dispatched where a command could run. The zero value: none.
type Workflow struct {
	// File is its name in .github/workflows, as it is on trunk when it is dispatched.
	File string
	// Inputs of the repository's own, beside those that Trunkline gives; see [WorkflowInputs].
	Inputs map[string]string
	At     Position
}

// Declared tells whether there is one.
func (w Workflow) Declared() bool { return w.File != "" }

// Path of the workflow from the repository's root.
func (w Workflow) Path() string { return workflowFolder + w.File }

// Equal tells whether both are the same workflow with the same inputs.
func (w Workflow) Equal(other Workflow) bool {
	return w.File == other.File && maps.Equal(w.Inputs, other.Inputs)
}

const workflowFolder = ".github/workflows/"

// WorkflowInputs are the names of what Trunkline gives to a workflow. It gets those of them that it declares.
func WorkflowInputs() []string {
	return []string{InputCommit, InputCorrelation, "environment", "from", "wave", "deployment", "percent", "from_percent", "artifact"}
}

const (
	// InputCommit is the input with the full SHA of the commit that the workflow is about. A dispatch names a branch, which
	// may have moved on.
	InputCommit = "commit"
	// InputCorrelation is the input with the name by which a dispatched run is found again. The workflow's run-name says it.
	InputCorrelation = "trunkline"
)

// mostInputs is how many of its own a workflow may get: GitHub allows 25 in all.
const mostInputs = 15

var inputName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,99}$`)

// workflow reads the name of a file in .github/workflows.
func (d *decoder) workflow(node *yaml.Node, w *Workflow) {
	w.At = position(node)
	text := d.text(node, "workflow")
	file := strings.TrimPrefix(text, workflowFolder)
	if text != "" && !workflowFile.MatchString(file) {
		d.problem(node, "workflow is %q; expected the name of a file in %s, such as integration.yml", text, workflowFolder)
		return
	}
	w.File = file
}

// inputs reads what a workflow gets beside what Trunkline gives.
func (d *decoder) inputs(node *yaml.Node, w *Workflow) {
	w.Inputs = map[string]string{}
	content := resolved(node)
	if content.Kind != yaml.MappingNode {
		d.problem(node, "inputs is %s; expected names with texts, such as {suite: smoke}", kind(node))
		return
	}
	d.duplicates(content)
	for i := 0; i+1 < len(content.Content); i += 2 {
		key, value := content.Content[i], content.Content[i+1]
		switch {
		case slices.Contains(WorkflowInputs(), key.Value):
			d.problem(key, "the input %q is given by Trunkline; choose another name", key.Value)
		case !inputName.MatchString(key.Value):
			d.problem(key, "%q is no name of an input; expected letters, digits, hyphens and _", key.Value)
		default:
			w.Inputs[key.Value] = d.text(value, "the input "+key.Value)
			if len(w.Inputs[key.Value]) > 1000 {
				d.problem(value, "the input %s has more than 1,000 characters", key.Value)
			}
		}
	}
	if len(w.Inputs) > mostInputs {
		d.problem(node, "inputs has %d names; expected at most %d", len(w.Inputs), mostInputs)
	}
}

// withWorkflow adds the keys of what may be a workflow in place of a command.
func (d *decoder) withWorkflow(w *Workflow, keys fields) fields {
	keys["workflow"] = func(n *yaml.Node) { d.workflow(n, w) }
	keys["inputs"] = func(n *yaml.Node) { d.inputs(n, w) }
	return keys
}

// exactlyOne wants one of several keys.
func (d *decoder) exactlyOne(node *yaml.Node, seen map[string]bool, what string, keys ...string) {
	count := 0
	for _, key := range keys {
		if seen[key] {
			count++
		}
	}
	if count != 1 {
		quoted := make([]string, len(keys))
		for i, key := range keys {
			quoted[i] = "`" + key + "`"
		}
		last := len(quoted) - 1
		d.problem(node, "%s needs one of %s and %s", what, strings.Join(quoted[:last], ", "), quoted[last])
	}
	if seen["inputs"] && !seen["workflow"] {
		d.problem(node, "`inputs` belongs to %s with `workflow`", what)
	}
}

// Workflows are all that the configuration has dispatched, in the order of the file, each with what it is for.
func (r Repository) Workflows() (all []NamedWorkflow) {
	add := func(w Workflow, format string, args ...any) {
		if w.Declared() {
			all = append(all, NamedWorkflow{Workflow: w, For: fmt.Sprintf(format, args...)})
		}
	}
	checks := func(checks []Check) {
		for _, check := range checks {
			add(check.Workflow, "the check %s", check.Name)
		}
	}
	for _, artifact := range r.Artifacts {
		add(artifact.Workflow, "the artifact %s", artifact.Name)
	}
	for i, e := range r.Environments {
		runner := r.RunnerOf(e.Name)
		same := func(other Environment) bool { return r.RunnerOf(other.Name).At == runner.At }
		if runner.Kind == RunnerActions && !slices.ContainsFunc(r.Environments[:i], same) {
			add(runner.DispatchedWorkflow(), "the runner of %s", e.Name)
		}
	}
	for _, hook := range r.Hooks {
		add(hook.Workflow, "the hook %s", hook.Name)
	}
	for _, e := range r.Environments {
		checks(e.Verify)
		for _, scheduled := range e.Scheduled {
			checks([]Check{scheduled.Check})
		}
		for _, wave := range e.Waves {
			checks(wave.Verify)
		}
		for _, canary := range e.Canary {
			checks(canary.Verify)
		}
		add(e.Release.Workflow, "the release of %s", e.Name)
	}
	slices.SortStableFunc(all, func(a, b NamedWorkflow) int { return a.At.compare(b.At) })
	return all
}

// NamedWorkflow is a workflow with what it is for, in words.
type NamedWorkflow struct {
	Workflow
	For string
}

func (p Position) compare(other Position) int {
	if p.Line != other.Line {
		return p.Line - other.Line
	}
	return p.Column - other.Column
}
