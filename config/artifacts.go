package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Artifact is something that is built once for each commit of trunk, such as an image, and that all environments get. A
// command says which one it is.
type Artifact struct {
	// Name is unique among the artifacts.
	Name string
	// Run is a shell command of the repository, run at its root in a commit of trunk. It prints what the artifact is, in one
	// line: a digest, or another name that never means anything else.
	Run string
	// Workflow is dispatched in place of Run. It says what the artifact is in a notice that has the artifact's name for a title.
	Workflow Workflow
	// Variable of the processes of all environments that gets what Run printed.
	Variable string
	// Paths that it is built from. A commit in which they are as in an earlier one has the artifact of that. Empty: each
	// commit has its own.
	Paths []string
	// Recheck has Run run again whenever the commit is brought anywhere, and nothing deployed where it prints something else.
	Recheck bool
	// Timeout of Run. Zero: the operator's limit.
	Timeout time.Duration
	At      Position
}

var artifactName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

func (d *decoder) artifacts(node *yaml.Node) (artifacts []Artifact) {
	names, variables := map[string]int{}, map[string]int{}
	d.sequence(node, "artifacts", func(item *yaml.Node) {
		artifact := d.artifact(item)
		if line, again := names[artifact.Name]; again && artifact.Name != "" {
			d.problem(item, "an artifact named %q is already on line %d", artifact.Name, line)
		}
		if line, again := variables[artifact.Variable]; again && artifact.Variable != "" {
			d.problem(item, "%s is already the variable of the artifact on line %d", artifact.Variable, line)
		}
		names[artifact.Name], variables[artifact.Variable] = item.Line, item.Line
		artifacts = append(artifacts, artifact)
	})
	return artifacts
}

func (d *decoder) artifact(node *yaml.Node) (a Artifact) {
	a.At = position(node)
	seen := d.mapping(node, "an artifact", d.withWorkflow(&a.Workflow, fields{
		"name":     func(n *yaml.Node) { a.Name = d.text(n, "name") },
		"run":      func(n *yaml.Node) { a.Run = d.text(n, "run") },
		"variable": func(n *yaml.Node) { a.Variable = d.variable(n) },
		"paths":    func(n *yaml.Node) { a.Paths = d.globs(n, "paths") },
		"recheck":  func(n *yaml.Node) { a.Recheck = d.boolean(n, "recheck") },
		"timeout":  func(n *yaml.Node) { a.Timeout = d.duration(n, "timeout") },
	}))
	d.require(node, seen, "an artifact", "name", "variable")
	d.exactlyOne(node, seen, "an artifact", "run", "workflow")
	switch {
	case seen["workflow"] && seen["recheck"]:
		d.problem(node, "`recheck` asks a command again; a workflow builds, so take `recheck` out or name a `run`")
	case a.Name != "" && !artifactName.MatchString(a.Name):
		d.problem(node, "name is %q; expected letters, digits, dots, hyphens and _, at most 63", a.Name)
	case seen["run"] && strings.TrimSpace(a.Run) == "":
		d.problem(node, "`run` is empty; expected a shell command that prints what the artifact is")
	case seen["paths"] && len(a.Paths) == 0:
		d.problem(node, "`paths` is empty; name what the artifact is built from, or take it out")
	}
	return a
}

func (d *decoder) variable(node *yaml.Node) string {
	name := d.text(node, "variable")
	if name != "" && !d.variableNamed(node, name) {
		return ""
	}
	return name
}

// checkArtifacts finds variables that an environment gets from elsewhere too.
func checkArtifacts(file string, r Repository) (problems Problems) {
	for _, artifact := range r.Artifacts {
		for _, environment := range r.Environments {
			_, plain := environment.Variables[artifact.Variable]
			if plain || slices.ContainsFunc(environment.Secrets, func(s SecretName) bool { return s.Name == artifact.Variable }) {
				problems = append(problems, &Problem{File: file, At: artifact.At, Message: fmt.Sprintf(
					"%s is the variable of the artifact %s, and %s sets it as well; take one of them out", artifact.Variable, artifact.Name, environment.Name)})
			}
		}
	}
	return problems
}
