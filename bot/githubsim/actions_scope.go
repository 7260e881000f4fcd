package githubsim

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// scope is a workflow inside a run: the run's own, or one that a job of it
// calls. It knows what has begun there and what came of it.
type scope struct {
	definition  *definition
	inputs      map[string]any
	permissions *granted
	name        string // of the jobs that led here: "deploy / "
	parent      *scope
	begun       map[string]*begun
}

// begun is one job of a scope that has begun: the jobs of its matrix, or the
// workflows it calls.
type begun struct {
	jobs   []*job
	called []*scope
	// result is how it ended, empty while it has not.
	result  string
	outputs map[string]any
}

// advanceScope begins the jobs whose needs have ended and writes down the ends
// of those that have. It reports whether anything happened.
func (gh *GitHub) advanceScope(run *workflowRun, in *scope) bool {
	if in.begun == nil {
		in.begun = map[string]*begun{}
	}
	moved := false
	for _, key := range in.definition.Jobs.keys {
		held := in.begun[key]
		if held == nil {
			if in.ready(key) {
				in.begun[key] = gh.begin(run, in, key)
				moved = true
			}
			continue
		}
		for _, called := range held.called {
			moved = gh.advanceScope(run, called) || moved
		}
		if held.result == "" && held.settle() {
			moved = true
		}
	}
	return moved
}

func (s *scope) ready(key string) bool {
	for _, needed := range s.definition.Jobs.values[key].Needs {
		if held := s.begun[needed]; held == nil || held.result == "" {
			return false
		}
	}
	return true
}

// settle writes down how it ended, once all of it has.
func (b *begun) settle() bool {
	var results []string
	for _, held := range b.jobs {
		if held.status != "completed" {
			return false
		}
		results = append(results, held.conclusion)
		for name, value := range held.outputs {
			b.outputs[name] = value
		}
	}
	for _, called := range b.called {
		result, ended := called.outcome()
		if !ended {
			return false
		}
		results = append(results, result)
		maps.Copy(b.outputs, called.outputs())
	}
	b.result = worst(results)
	return true
}

// outcome is how the scope ended, if all its jobs have.
func (s *scope) outcome() (string, bool) {
	var results []string
	for _, key := range s.definition.Jobs.keys {
		held := s.begun[key]
		if held == nil || held.result == "" {
			return "", false
		}
		results = append(results, held.result)
	}
	return worst(results), true
}

// outputs are those that a called workflow gives to its caller.
func (s *scope) outputs() map[string]any {
	var read struct {
		Outputs map[string]struct {
			Value string `yaml:"value"`
		} `yaml:"outputs"`
	}
	node := s.definition.On["workflow_call"]
	if err := node.Decode(&read); err != nil {
		return nil
	}
	jobs := map[string]any{}
	for key, held := range s.begun {
		jobs[key] = map[string]any{"outputs": held.outputs, "result": held.result}
	}
	made := map[string]any{}
	for name, given := range read.Outputs {
		if value, err := interpolate(given.Value, map[string]any{"jobs": jobs, "inputs": s.inputs}); err == nil {
			made[name] = value
		}
	}
	return made
}

// worst sums up results: one failure fails all, and only what was skipped
// altogether is skipped.
func worst(results []string) string {
	for _, bad := range []string{"failure", "timed_out", "cancelled"} {
		if slices.Contains(results, bad) {
			return strings.Replace(bad, "timed_out", "failure", 1)
		}
	}
	if slices.Contains(results, "success") || len(results) == 0 {
		return "success"
	}
	return "skipped"
}

// begin begins one job of a scope: it is skipped, expanded over its matrix, or
// calls another workflow.
func (gh *GitHub) begin(run *workflowRun, in *scope, key string) *begun {
	written := in.definition.Jobs.values[key]
	made := &begun{outputs: map[string]any{}}
	contexts := gh.contexts(run, in.inputs)
	contexts["needs"] = in.needs(written)
	runs, always, err := gh.condition(run, in, written, contexts)
	if err == nil && !runs {
		made.jobs = []*job{gh.skippedJob(run, in, key)}
		return made
	}
	var combinations []map[string]any
	if err == nil {
		combinations, err = expandMatrix(written.Strategy.Matrix, contexts)
	}
	for _, combination := range combinations {
		if err != nil {
			break
		}
		place := seat{scope: in, key: key, matrix: combination, contexts: contexts, always: always}
		if written.Uses != "" {
			var called *scope
			if called, err = gh.callWorkflow(run, place, written); err == nil {
				made.called = append(made.called, called)
			}
			continue
		}
		var added *job
		if added, err = gh.newJob(run, place); err == nil {
			made.jobs = append(made.jobs, added)
		}
	}
	if err != nil {
		made.jobs = append(made.jobs, gh.brokenJob(run, seat{scope: in, key: key}, err))
	}
	return made
}

// condition decides whether a job runs. Without a function about the status a
// condition also wants that everything before succeeded.
func (gh *GitHub) condition(run *workflowRun, in *scope, written jobDefinition, contexts map[string]any) (runs, always bool, err error) {
	if run.forced {
		return false, false, nil
	}
	read := expression{contexts: contexts, cancelled: run.cancelled}
	for _, needed := range written.Needs {
		read.needed = append(read.needed, in.begun[needed].result)
	}
	text := strings.TrimSpace(written.If)
	if inner, wrapped := strings.CutPrefix(text, "${{"); wrapped {
		text = strings.TrimSuffix(strings.TrimSpace(inner), "}}")
	}
	if text == "" {
		text = "success()"
	}
	read.text = text
	value, err := read.evaluate()
	if err != nil {
		return false, false, err
	}
	if read.status {
		return truth(value), strings.Contains(text, "always()"), nil
	}
	read.text, read.at = "success()", 0
	success, err := read.evaluate()
	return truth(value) && truth(success), false, err
}

// needs are the results and outputs of what a job needs.
func (s *scope) needs(written jobDefinition) map[string]any {
	found := map[string]any{}
	for _, needed := range written.Needs {
		held := s.begun[needed]
		found[needed] = map[string]any{"result": held.result, "outputs": held.outputs}
	}
	return found
}

// callWorkflow opens the scope of a reusable workflow.
func (gh *GitHub) callWorkflow(run *workflowRun, at seat, written jobDefinition) (*scope, error) {
	read, err := gh.reusable(run, at.scope.definition, written.Uses)
	if err != nil {
		return nil, err
	}
	inputs, err := calledInputs(read, written.With, at.expressions())
	if err != nil {
		return nil, fmt.Errorf("error calling workflow %s: %w", written.Uses, err)
	}
	permissions := at.scope.permissions
	if written.Permissions != nil {
		permissions = written.Permissions
	}
	name, err := at.name(written)
	if err != nil {
		return nil, err
	}
	return &scope{definition: read, inputs: inputs, permissions: permissions, name: at.scope.name + name + " / ", parent: at.scope}, nil
}

// reusable reads the workflow that a job calls: one of the same commit, or of
// another repository at a ref.
func (gh *GitHub) reusable(run *workflowRun, caller *definition, uses string) (*definition, error) {
	path, ref, _ := strings.Cut(uses, "@")
	var repo *repository
	sha, at := caller.sha, caller.ref
	if local, same := strings.CutPrefix(path, "./"); same {
		path = local
		found, err := gh.repo(caller.source)
		if err != nil {
			return nil, err
		}
		repo = found
	} else {
		parts := strings.SplitN(path, "/", 3)
		if len(parts) < 3 || ref == "" {
			return nil, fmt.Errorf("invalid value workflow reference: %s", uses)
		}
		found, err := gh.repo(parts[0] + "/" + parts[1])
		if err != nil || found.private && found.owner != run.repo.owner {
			return nil, fmt.Errorf("error parsing called workflow %q: workflow was not found", uses)
		}
		resolved, known := found.git.resolve(ref)
		if !known {
			return nil, fmt.Errorf("error parsing called workflow %q: failed to fetch workflow: reference to workflow should be either a valid branch, tag, or commit", uses)
		}
		repo, path, sha, at = found, parts[2], resolved, found.git.fullRef(ref)
	}
	read, err := repo.definitionAt(path, sha)
	switch {
	case err != nil:
		return nil, fmt.Errorf("error parsing called workflow %q: %w", uses, err)
	case read == nil:
		return nil, fmt.Errorf("error parsing called workflow %q: workflow was not found", uses)
	}
	if _, callable := read.On["workflow_call"]; !callable {
		return nil, fmt.Errorf("error parsing called workflow %q: workflow is not reusable as it is missing a `on.workflow_call` trigger", uses)
	}
	read.ref = at
	return read, nil
}

// fullRef is the whole name of a branch or a tag; a SHA stays as it is.
func (d gitDir) fullRef(ref string) string {
	for _, kind := range []string{"refs/heads/", "refs/tags/"} {
		if _, err := d.run("rev-parse", "--verify", "--quiet", kind+ref); err == nil {
			return kind + ref
		}
	}
	return ref
}
