package githubsim

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Job is a job as the runner gets it.
type Job struct {
	ID           int64
	Repository   string // owner/name
	RepositoryID int64
	RunID        int64
	RunNumber    int
	RunAttempt   int
	Event        string
	// Workflow is the path of the file that the job is written in, which for a
	// job of a reusable workflow is that one; WorkflowRef has its repository and
	// ref with it.
	Workflow, WorkflowRef string
	Key, Name             string
	Environment           string // empty for none
	SHA, Ref              string
	Matrix                map[string]any
	Inputs                map[string]any
	Steps                 []Step
	Status, Conclusion    string
	// Vars are the variables of the environment.
	Vars map[string]string
	// Comments are what Apps said that guard the environment, oldest first.
	Comments []Comment
	// Env is the environment of a real job: GITHUB_REPOSITORY, GITHUB_RUN_ID,
	// GITHUB_SHA and so on, GITHUB_TOKEN with what the workflow grants, and where
	// it grants id-token, where to ask the issuer for one. Before the job is in
	// progress it has no tokens.
	Env map[string]string
}

// Input is the text of an input, as it is in a workflow.
func (j Job) Input(name string) string { return textOf(j.Inputs[name]) }

// JobResult is how a job ended.
type JobResult struct {
	// Conclusion is success, also when empty, or failure, cancelled, timed_out.
	Conclusion string
	// Log is what the job printed. Lines such as
	// "::notice title=Result::text" and "::error file=a.tf,line=3::text" become
	// annotations of its check run.
	Log string
	// Outputs are the job's.
	Outputs map[string]string
	// Lost says that the runner was never heard of again: the job stays in
	// progress until Tick gives it up.
	Lost bool
}

// Runner does what jobs do. Its context ends when the job is cancelled.
type Runner func(ctx context.Context, job Job) JobResult

// SetRunner lets the runner take every job that is queued from now on and those
// that are already. With nil jobs stay in the queue, and StartJob and FinishJob
// move them by hand.
func (gh *GitHub) SetRunner(run Runner) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	gh.options.Runner = run
	gh.touch()
}

// employ gives queued jobs to the runner until the context ends, and waits for
// those that run then.
func (gh *GitHub) employ(ctx context.Context) {
	var working sync.WaitGroup
	defer working.Wait()
	for {
		gh.mu.Lock()
		changed, run := gh.changed, gh.options.Runner
		var ready []*job
		if run != nil {
			ready = gh.queuedJobs()
		}
		for _, held := range ready {
			jobContext, stop := context.WithCancel(ctx)
			gh.beginJob(held, stop)
			shown := gh.jobView(held)
			working.Go(func() {
				defer stop()
				result := run(jobContext, shown)
				if jobContext.Err() != nil && result.Conclusion == "" {
					result.Conclusion = "cancelled"
				}
				gh.endJob(held, result)
			})
		}
		gh.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// queuedJobs are those that a runner can have, oldest first. No more of a matrix
// run at a time than it allows.
func (gh *GitHub) queuedJobs() []*job {
	var found []*job
	for _, repo := range gh.sortedRepos() {
		for _, run := range repo.workflowRuns {
			running := map[string]int{}
			for _, held := range run.latestJobs() {
				place := fmt.Sprintf("%p %s", held.scope, held.key)
				limit := held.written.Strategy.MaxParallel
				switch {
				case held.status == "in_progress":
					running[place]++
				case held.status == "queued" && (limit == 0 || running[place] < limit):
					running[place]++
					found = append(found, held)
				}
			}
		}
	}
	return found
}

// beginJob gives a job to a runner.
func (gh *GitHub) beginJob(held *job, stop context.CancelFunc) {
	held.status, held.started, held.stop = "in_progress", gh.now(), stop
	held.runner = "GitHub Actions " + decimal(held.id)
	held.check.status, held.check.started = "in_progress", held.started
	gh.grantTokens(held)
	gh.tellDeployed(held, "in_progress")
	gh.tellWorkflowJob(held, "in_progress")
	gh.advanceRun(held.run)
}

// endJob takes a runner's result. One that comes after the job's end is not
// heard.
func (gh *GitHub) endJob(held *job, result JobResult) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	if held.status == "completed" {
		return
	}
	if held.stop = nil; result.Lost && result.Conclusion != "cancelled" {
		held.lost = gh.options.Clock()
		held.log += result.Log
		gh.touch()
		return
	}
	gh.completeJob(held, result)
	gh.advanceRun(held.run)
}

// StartJob has a queued job begun by a runner that the program plays itself.
func (gh *GitHub) StartJob(id int64) (Job, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	held, err := gh.anyJob(id)
	if err != nil {
		return Job{}, err
	}
	if held.status != "queued" {
		return Job{}, &Problem{Status: http.StatusConflict, Message: "the job is " + held.status}
	}
	gh.beginJob(held, nil)
	return gh.jobView(held), nil
}

// FinishJob ends a job that is in progress.
func (gh *GitHub) FinishJob(id int64, result JobResult) error {
	gh.mu.Lock()
	held, err := gh.anyJob(id)
	if err == nil && held.status != "in_progress" {
		err = &Problem{Status: http.StatusConflict, Message: "the job is " + held.status}
	}
	gh.mu.Unlock()
	if err == nil {
		gh.endJob(held, result)
	}
	return err
}

func (gh *GitHub) anyJob(id int64) (*job, error) {
	for _, repo := range gh.repositories {
		if found, err := repo.findJob(id); err == nil {
			return found, nil
		}
	}
	return nil, notFound()
}

// jobView is a job as runners and tests see it.
func (gh *GitHub) jobView(held *job) Job {
	run := held.run
	vars := map[string]string{}
	if held.barrier != nil {
		for _, one := range held.barrier.environment.variables {
			vars[one.name] = one.value
		}
	}
	return Job{
		Vars: vars, Comments: slices.Clone(held.comments),
		ID: held.id, Repository: run.repo.fullName(), RepositoryID: run.repo.id, RunID: run.id, RunNumber: run.number,
		RunAttempt: held.attempt, Event: run.event, Workflow: held.scope.definition.path,
		WorkflowRef: workflowRef(held.scope.definition), Key: held.key, Name: held.name, Environment: held.environment,
		SHA: run.sha, Ref: run.ref, Matrix: maps.Clone(held.matrix), Inputs: maps.Clone(held.inputs),
		Steps: slices.Clone(held.written.Steps), Status: held.status, Conclusion: held.conclusion, Env: gh.jobEnvironment(held),
	}
}

const (
	// queueLimit is how long a job waits for a runner.
	queueLimit = 24 * time.Hour
	// silenceLimit is how long a runner may be silent before its job is given up.
	silenceLimit = 10 * time.Minute
)

// Tick lets the time that has passed on Clock have its effect on runs: timers
// before environments run out, jobs that no runner took in a day are cancelled,
// and those fail whose runner was lost or that waited thirty days for consent.
func (gh *GitHub) Tick() {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	for _, repo := range gh.sortedRepos() {
		for _, run := range repo.workflowRuns {
			for _, held := range run.latestJobs() {
				gh.tickJob(held)
			}
			gh.reviewJobs(run)
		}
	}
}

func (gh *GitHub) tickJob(held *job) {
	now := gh.options.Clock()
	switch {
	case held.status == "waiting" && now.Sub(held.created) >= waitingLimit:
		gh.breakJob(held, "The deployment to "+held.environment+" was not approved in 30 days.")
	case held.status == "queued" && now.Sub(held.queued) >= queueLimit:
		gh.completeJob(held, JobResult{Conclusion: "cancelled"})
	case !held.lost.IsZero() && now.Sub(held.lost) >= silenceLimit:
		gh.completeJob(held, JobResult{
			Conclusion: "failure",
			Log:        "::error title=" + held.name + "::The self-hosted runner lost communication with the server.\n",
		})
	}
}

// annotationsIn are those that a job's output asks for. Of each kind GitHub
// keeps ten for a step and fifty for a job.
func annotationsIn(log string) []annotation {
	const perJob = 50
	levels := map[string]string{"notice": "notice", "warning": "warning", "error": "failure"}
	var found []annotation
	for line := range strings.Lines(log) {
		command, message, isCommand := strings.Cut(strings.TrimPrefix(strings.TrimRight(line, "\r\n"), "::"), "::")
		name, parameters, _ := strings.Cut(command, " ")
		level := levels[name]
		if !isCommand || !strings.HasPrefix(line, "::") || level == "" || len(found) == perJob {
			continue
		}
		made := annotation{Path: ".github", StartLine: 1, EndLine: 1, Level: level, Message: unescaped(message)}
		for parameter := range strings.SplitSeq(parameters, ",") {
			made.set(parameter)
		}
		found = append(found, made)
	}
	return found
}

func (a *annotation) set(parameter string) {
	key, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
	value = unescaped(value)
	var line int
	_, _ = fmt.Sscanf(value, "%d", &line) // what is no number stays 0
	switch key {
	case "title":
		a.Title = value
	case "file":
		a.Path = value
	case "line":
		a.StartLine, a.EndLine = max(line, 1), max(line, 1)
	case "endLine":
		a.EndLine = max(line, a.StartLine)
	}
}

// unescaped undoes what workflow commands do to signs that mean something to
// them.
func unescaped(text string) string {
	return strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(text)
}
