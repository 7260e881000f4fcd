package githubsim

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// workflow finds the workflow of a call, by its id or the name of its file.
func (c *call) workflow() (*workflow, error) {
	wanted := c.values["workflow_id"]
	for _, held := range c.gh.knownWorkflows(c.repo) {
		if decimal(held.id) == wanted || held.path == workflowFolder+wanted {
			return held, nil
		}
	}
	return nil, notFound()
}

// dispatchRequest is what actions/create-workflow-dispatch takes.
type dispatchRequest struct {
	Ref     string         `json:"ref"`
	Inputs  map[string]any `json:"inputs"`
	Details bool           `json:"return_run_details"`
}

// dispatchWorkflow answers actions/create-workflow-dispatch.
func dispatchWorkflow(c *call) (reply, error) {
	held, err := c.workflow()
	if err != nil {
		return reply{}, err
	}
	var request dispatchRequest
	if err := c.decode(&request); err != nil {
		return reply{}, err
	}
	run, err := c.gh.dispatch(c.repo, held, request, c.actor)
	if err != nil {
		return reply{}, err
	}
	if !request.Details {
		return noContent()
	}
	return ok(object{
		"workflow_run_id": run.id, "run_url": c.gh.runURL(run),
		"html_url": c.gh.web("/%s/actions/runs/%d", c.repo.fullName(), run.id),
	})
}

// dispatch starts a workflow by hand, at the tip of a branch or a tag.
func (gh *GitHub) dispatch(repo *repository, held *workflow, request dispatchRequest, by *account) (*workflowRun, error) {
	name := strings.TrimPrefix(strings.TrimPrefix(request.Ref, "refs/heads/"), "refs/tags/")
	ref := repo.git.fullRef(name)
	sha, found := repo.git.resolve(ref)
	switch {
	case request.Ref == "":
		return nil, unprocessable("Invalid request.\n\n\"ref\" wasn't supplied.")
	case held.disabled:
		return nil, unprocessable("Cannot trigger a 'workflow_dispatch' on a disabled workflow")
	case ref == name || !found: // a SHA is no ref
		return nil, unprocessable("No ref found for: %s", request.Ref)
	}
	read, err := repo.definitionAt(held.path, sha)
	if err != nil {
		return nil, unprocessable("failed to parse workflow: %s", err)
	}
	if read == nil {
		return nil, notFound()
	}
	if _, asked := read.On["workflow_dispatch"]; !asked {
		return nil, unprocessable("Workflow does not have 'workflow_dispatch' trigger")
	}
	inputs, err := gh.dispatchedInputs(repo, read, request.Inputs)
	if err != nil {
		return nil, err
	}
	return gh.startRun(repo, start{definition: read, event: "workflow_dispatch", inputs: inputs, ref: ref, sha: sha, by: by}), nil
}

// listWorkflows answers actions/list-repo-workflows.
func listWorkflows(c *call) (reply, error) {
	return counted(c, c.gh.knownWorkflows(c.repo), "workflows", func(held *workflow) object {
		return c.gh.workflowShape(c.repo, held)
	})
}

// getWorkflow answers actions/get-workflow.
func getWorkflow(c *call) (reply, error) {
	held, err := c.workflow()
	if err != nil {
		return reply{}, err
	}
	return ok(c.gh.workflowShape(c.repo, held))
}

// workflowRun finds the run of a call.
func (c *call) workflowRun() (*workflowRun, error) {
	id, err := c.number("run_id")
	if err != nil {
		return nil, err
	}
	return c.repo.workflowRun(id)
}

// getRun answers actions/get-workflow-run.
func getRun(c *call) (reply, error) {
	run, err := c.workflowRun()
	if err != nil {
		return reply{}, err
	}
	return ok(c.gh.workflowRunShape(run))
}

// listRuns answers actions/list-workflow-runs-for-repo.
func listRuns(c *call) (reply, error) { return c.runs(c.repo.workflowRuns) }

// listRunsOfWorkflow answers actions/list-workflow-runs.
func listRunsOfWorkflow(c *call) (reply, error) {
	held, err := c.workflow()
	if err != nil {
		return reply{}, err
	}
	return c.runs(slices.DeleteFunc(slices.Clone(c.repo.workflowRuns), func(run *workflowRun) bool { return run.workflow != held }))
}

// listedRuns is how many runs GitHub lists where it filters them.
const listedRuns = 1000

// runs lists runs, newest first, that the query asks for. A run that is new may
// be missing for a while.
func (c *call) runs(all []*workflowRun) (reply, error) {
	query := c.query()
	fits := func(key, value string) bool { return query.Get(key) == "" || query.Get(key) == value }
	var found []*workflowRun
	for _, run := range slices.Backward(all) {
		status := query.Get("status")
		switch {
		case run.hidden > 0:
			run.hidden--
		case status != "" && status != run.status && status != run.conclusion:
		case !fits("event", run.event), !fits("head_sha", run.sha), !fits("branch", run.branch),
			!fits("actor", run.actor.login), !fits("check_suite_id", decimal(run.suite.id)):
		case !within(query.Get("created"), run.created):
		default:
			found = append(found, run)
		}
	}
	return counted(c, found[:min(len(found), listedRuns)], "workflow_runs", func(run *workflowRun) object {
		return c.gh.workflowRunShape(run)
	})
}

// within reports whether a time is in a range as GitHub's search writes it:
// >=2026-01-02, 2026-01-02T03:04:05Z..2026-01-05, 2026-01-02.
func within(span string, at time.Time) bool {
	if span == "" {
		return true
	}
	if from, to, isRange := strings.Cut(span, ".."); isRange {
		return (from == "*" || within(">="+from, at)) && (to == "*" || within("<="+to, at))
	}
	text := strings.TrimLeft(span, "<>=")
	operator := span[:len(span)-len(text)]
	begin, end, known := day(text)
	if !known {
		return false
	}
	switch operator {
	case ">":
		return !at.Before(end)
	case ">=":
		return !at.Before(begin)
	case "<":
		return at.Before(begin)
	case "<=":
		return at.Before(end)
	}
	return !at.Before(begin) && at.Before(end)
}

// day is the time that a text stands for, from its beginning to its end.
func day(text string) (begin, end time.Time, known bool) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, at.Add(time.Second), true
	}
	at, err := time.Parse(time.DateOnly, text)
	return at, at.AddDate(0, 0, 1), err == nil
}

// listRunJobs answers actions/list-jobs-for-workflow-run.
func listRunJobs(c *call) (reply, error) {
	run, err := c.workflowRun()
	if err != nil {
		return reply{}, err
	}
	jobs := run.latestJobs()
	if c.query().Get("filter") == "all" {
		jobs = run.jobs
	}
	return counted(c, jobs, "jobs", func(held *job) object { return c.gh.jobShape(held) })
}

// listAttemptJobs answers actions/list-jobs-for-workflow-run-attempt.
func listAttemptJobs(c *call) (reply, error) {
	run, err := c.workflowRun()
	if err != nil {
		return reply{}, err
	}
	attempt, err := strconv.Atoi(c.values["attempt_number"])
	if err != nil || attempt < 1 || attempt > run.attempt {
		return reply{}, notFound()
	}
	return counted(c, run.jobsOf(attempt), "jobs", func(held *job) object { return c.gh.jobShape(held) })
}

// job finds the job of a call.
func (c *call) job() (*job, error) {
	id, err := c.number("job_id")
	if err != nil {
		return nil, err
	}
	return c.repo.findJob(id)
}

// getJob answers actions/get-job-for-workflow-run.
func getJob(c *call) (reply, error) {
	held, err := c.job()
	if err != nil {
		return reply{}, err
	}
	return ok(c.gh.jobShape(held))
}

// jobLogs answers actions/download-job-logs-for-workflow-run with an address
// that is good for a minute. While the job runs there is no log.
func jobLogs(c *call) (reply, error) {
	held, err := c.job()
	if err != nil {
		return reply{}, err
	}
	if held.status != "completed" || held.conclusion == "skipped" {
		return reply{}, notFound()
	}
	return reply{status: http.StatusFound, header: http.Header{"Location": {c.gh.logURL(held)}}}, nil
}

// cancelWorkflowRun answers actions/cancel-workflow-run.
func cancelWorkflowRun(c *call) (reply, error) { return c.cancel(false) }

// forceCancelRun answers actions/force-cancel-workflow-run.
func forceCancelRun(c *call) (reply, error) { return c.cancel(true) }

func (c *call) cancel(forced bool) (reply, error) {
	run, err := c.workflowRun()
	if err != nil {
		return reply{}, err
	}
	if err := c.gh.cancelRun(run, forced); err != nil {
		return reply{}, err
	}
	return reply{status: http.StatusAccepted, body: object{}}, nil
}

// rerunWorkflow answers actions/re-run-workflow.
func rerunWorkflow(c *call) (reply, error) { return c.rerun(false) }

// rerunFailed answers actions/re-run-workflow-failed-jobs.
func rerunFailed(c *call) (reply, error) { return c.rerun(true) }

func (c *call) rerun(failedOnly bool) (reply, error) {
	run, err := c.workflowRun()
	if err != nil {
		return reply{}, err
	}
	if err := c.gh.rerun(run, c.actor, failedOnly); err != nil {
		return reply{}, err
	}
	return created(object{})
}
