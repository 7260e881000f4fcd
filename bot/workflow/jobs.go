package workflow

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/mirror"
)

// folder is where GitHub looks for workflows.
const folder = ".github/workflows"

// Place is where a job names its environment.
type Place struct {
	File string
	Job  string
	At   config.Position
}

// String is the place for people.
func (p Place) String() string {
	return fmt.Sprintf("%s:%d:%d (the job %s)", p.File, p.At.Line, p.At.Column, p.Job)
}

// Environments are those that jobs of workflows name, in lower case.
type Environments struct {
	Named map[string][]Place
	// Hidden: some job names one with an expression, or calls a workflow of another repository. It could be any.
	Hidden bool
}

// EnvironmentsOf finds the environments that the jobs of a tree's workflows deploy to. A file that is no workflow names none:
// what is wrong with it GitHub says.
func EnvironmentsOf(ctx context.Context, tree *mirror.Tree) (found Environments, err error) {
	found.Named = map[string][]Place{}
	for _, entry := range tree.In(folder) {
		name := path.Join(folder, path.Base(entry.Path))
		if !strings.HasSuffix(name, ".yml") && !strings.HasSuffix(name, ".yaml") || !tree.HasFile(name) {
			continue
		}
		text, err := tree.Read(ctx, name)
		if err != nil {
			return found, err
		}
		if len(text) <= maxSize {
			found.read(name, text)
		}
	}
	return found, nil
}

func (e *Environments) read(file string, text []byte) {
	var document struct {
		Jobs map[string]struct {
			Environment yaml.Node `yaml:"environment"`
			Uses        string    `yaml:"uses"`
		} `yaml:"jobs"`
	}
	if yaml.Unmarshal(text, &document) != nil {
		return
	}
	for job, written := range document.Jobs {
		e.Hidden = e.Hidden || written.Uses != "" && !strings.HasPrefix(written.Uses, "./")
		node := &written.Environment
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		for i := 0; node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == "name" {
				node = node.Content[i+1]
			}
		}
		switch {
		case node.Kind != yaml.ScalarNode || node.Value == "":
		case strings.Contains(node.Value, "${{"):
			e.Hidden = true
		default:
			name := strings.ToLower(node.Value)
			e.Named[name] = append(e.Named[name], Place{file, job, config.Position{Line: node.Line, Column: node.Column}})
		}
	}
	for name := range e.Named {
		slices.SortFunc(e.Named[name], func(a, b Place) int { return strings.Compare(a.String(), b.String()) })
	}
}

// jobsProblems finds environments that jobs are to deploy to and that no job names.
func (e Environments) jobsProblems(rules config.Repository) (problems config.Problems) {
	for _, environment := range rules.Environments {
		runner, name := rules.RunnerOf(environment.Name), environment.GitHubName()
		if runner.Kind != config.RunnerJobs || e.Hidden || len(e.Named[strings.ToLower(name)]) > 0 {
			continue
		}
		problems = append(problems, &config.Problem{File: config.Path, At: runner.At, Message: fmt.Sprintf(
			"%s is deployed by the repository's own jobs (`runner: jobs`), and no workflow in %s has a job with `environment: %s`", environment.Name, folder, name)})
	}
	return problems
}

// Twice says which environments both Trunkline and jobs of workflows would deploy to. Workflows that Trunkline itself dispatches
// may have jobs in them.
func (e Environments) Twice(rules config.Repository) (warnings []string) {
	ours := map[string]bool{}
	for _, named := range rules.Workflows() {
		ours[named.Path()] = true
	}
	for _, environment := range rules.Environments {
		if runner := rules.RunnerOf(environment.Name); runner.Kind == config.RunnerActions {
			ours[path.Join(folder, runner.Workflow)] = true
		}
	}
	for _, environment := range rules.Environments {
		if rules.RunnerOf(environment.Name).Kind == config.RunnerJobs {
			continue
		}
		for _, place := range e.Named[strings.ToLower(environment.GitHubName())] {
			if !ours[place.File] {
				warnings = append(warnings, fmt.Sprintf("%s deploys to %s, and so does Trunkline. If the job is to do it, write `runner: jobs` for %s in %s; else take its `environment` away.",
					place, environment.Name, environment.Name, config.Path))
			}
		}
	}
	return warnings
}
