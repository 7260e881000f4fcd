package githubsim

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// job is one job of one attempt of a run.
type job struct {
	id          int64 // which is that of its check run, too
	run         *workflowRun
	scope       *scope
	key         string // in its workflow
	name        string
	attempt     int
	written     jobDefinition
	matrix      map[string]any
	inputs      map[string]any
	always      bool // it runs even if the run is cancelled
	environment string
	status      string // queued, waiting, in_progress or completed
	conclusion  string
	created     time.Time
	started     time.Time
	completed   time.Time
	runner      string
	outputs     map[string]string
	log         string
	check       *checkRun
	queued      time.Time // since when it waits for a runner
	barrier     *barrier  // before its environment, nil without one
	deployment  *deployment
	comments    []Comment          // of Apps that guard its environment
	stop        context.CancelFunc // of the runner that has it
	lost        time.Time          // when its runner was last heard of
	token       *token
	idToken     string // with which it asks for tokens of the issuer
}

// seat is where a job sits in a run: its workflow, its key, its combination.
type seat struct {
	scope    *scope
	key      string
	matrix   map[string]any
	contexts map[string]any
	always   bool
}

// expressions are the contexts of the job itself, with its combination.
func (s seat) expressions() map[string]any {
	made := map[string]any{}
	for name, held := range s.contexts {
		made[name] = held
	}
	made["matrix"] = s.matrix
	made["strategy"] = map[string]any{}
	return made
}

// name is what the job is called beside its key: its name, and its combination
// where the name does not tell it.
func (s seat) name(written jobDefinition) (string, error) {
	name := s.key
	if written.Name != "" {
		value, err := interpolate(written.Name, s.expressions())
		if err != nil {
			return "", err
		}
		name = textOf(value)
	}
	if len(s.matrix) > 0 && !strings.Contains(written.Name, "${{") {
		var values []string
		for _, vector := range combinationOrder(written, s.matrix) {
			if text := textOf(s.matrix[vector]); text != "Object" {
				values = append(values, text)
			}
		}
		name += " (" + strings.Join(values, ", ") + ")"
	}
	return name, nil
}

// combinationOrder lists the keys of a combination as the matrix writes them.
func combinationOrder(written jobDefinition, matrix map[string]any) []string {
	names := vectorNames(written.Strategy.Matrix, matrix)
	for _, name := range sortedKeys(matrix) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { _, has := matrix[name]; return !has })
}

// newJob makes a job that is ready to be worked on.
func (gh *GitHub) newJob(run *workflowRun, at seat) (*job, error) {
	written := at.scope.definition.Jobs.values[at.key]
	name, err := at.name(written)
	if err != nil {
		return nil, err
	}
	made := gh.addJob(run, at, at.scope.name+name)
	made.always, made.matrix, made.inputs = at.always, at.matrix, at.scope.inputs
	if run.keep && gh.keepJob(made) {
		return made, nil
	}
	if written.Environment != nil {
		value, err := interpolate(written.Environment.Name, at.expressions())
		if err != nil {
			return nil, err
		}
		made.environment = textOf(value)
	}
	gh.showJob(made)
	gh.admitJob(made)
	return made, nil
}

// addJob puts a job into the run.
func (gh *GitHub) addJob(run *workflowRun, at seat, name string) *job {
	made := &job{
		id: gh.id(), run: run, scope: at.scope, key: at.key, name: name, attempt: run.attempt, outputs: map[string]string{},
		written: at.scope.definition.Jobs.values[at.key], status: "queued", created: gh.now(), started: gh.now(),
	}
	made.check = &checkRun{
		id: made.id, app: run.suite.app, suite: run.suite, sha: run.sha, name: name, status: "queued", started: made.created,
		detailsURL: gh.web("/%s/actions/runs/%d/job/%d", run.repo.fullName(), run.id, made.id),
	}
	run.jobs = append(run.jobs, made)
	run.repo.runs = append(run.repo.runs, made.check)
	return made
}

// keepJob takes over the success of the attempt before, where only what failed
// is run again: unless something that the job needs is run again, too.
func (gh *GitHub) keepJob(made *job) bool {
	for _, needed := range made.written.Needs {
		for _, other := range made.scope.begun[needed].jobs {
			if !other.check.completed.Before(made.run.started) && other.runner != kept {
				return false
			}
		}
	}
	for _, former := range made.run.jobsOf(made.run.attempt - 1) {
		if former.name == made.name && former.conclusion == "success" {
			made.status, made.conclusion, made.outputs, made.log = "completed", "success", former.outputs, former.log
			made.started, made.completed, made.runner = former.started, former.completed, kept
			made.check.status, made.check.conclusion = "completed", "success"
			made.check.started, made.check.completed = former.started, former.completed
			return true
		}
	}
	return false
}

// kept is the runner of a job that was not run again.
const kept = "kept"

// skippedJob is a job that is not run.
func (gh *GitHub) skippedJob(run *workflowRun, in *scope, key string) *job {
	name := key
	if written := in.definition.Jobs.values[key]; written.Name != "" && !strings.Contains(written.Name, "${{") {
		name = written.Name
	}
	made := gh.addJob(run, seat{scope: in, key: key}, in.name+name)
	gh.showJob(made)
	gh.completeJob(made, JobResult{Conclusion: "skipped"})
	return made
}

// brokenJob is a job that GitHub cannot begin because of what is written.
func (gh *GitHub) brokenJob(run *workflowRun, at seat, reason error) *job {
	made := gh.addJob(run, at, at.scope.name+at.key)
	gh.showJob(made)
	gh.completeJob(made, JobResult{Conclusion: "failure", Log: fmt.Sprintf("::error file=%s,line=1::%s\n", at.scope.definition.path, reason)})
	return made
}

// showJob tells of the job's check run, which is there from the beginning.
func (gh *GitHub) showJob(made *job) { gh.tellRun(made.run.repo, made.check, "created") }

// completeJob ends a job, whatever its state was.
func (gh *GitHub) completeJob(held *job, result JobResult) {
	if held.status == "completed" {
		return
	}
	if held.status == "queued" || held.status == "waiting" {
		held.started = gh.now()
	}
	if result.Conclusion == "" {
		result.Conclusion = "success"
	}
	held.status, held.conclusion, held.completed = "completed", result.Conclusion, gh.now()
	held.log, held.stop, held.lost = held.log+result.Log, nil, time.Time{}
	for name, value := range result.Outputs {
		held.outputs[name] = value
	}
	if held.token != nil {
		delete(gh.tokens, held.token.text)
		held.token, held.idToken = nil, ""
	}
	held.check.status, held.check.conclusion, held.check.completed = "completed", held.conclusion, held.completed
	held.check.annotations = append(held.check.annotations, annotationsIn(result.Log)...)
	gh.tellRun(held.run.repo, held.check, "completed")
	gh.tellDeployed(held, deployedAs(held.conclusion))
	gh.tellWorkflowJob(held, "completed")
	gh.failFast(held)
}

// failFast cancels the rest of a matrix of which one job has failed.
func (gh *GitHub) failFast(failed *job) {
	fast := failed.written.Strategy.FailFast
	if failed.conclusion != "failure" || len(failed.matrix) == 0 || fast != nil && !*fast {
		return
	}
	for _, other := range failed.run.latestJobs() {
		if other == failed || other.key != failed.key || other.scope != failed.scope || other.status == "completed" {
			continue
		}
		if other.stop != nil {
			other.stop()
			continue
		}
		gh.completeJob(other, JobResult{Conclusion: "cancelled"})
	}
}

// findJob finds a job of the repository.
func (r *repository) findJob(id int64) (*job, error) {
	for _, run := range r.workflowRuns {
		for _, found := range run.jobs {
			if found.id == id {
				return found, nil
			}
		}
	}
	return nil, notFound()
}
