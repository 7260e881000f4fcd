package githubsim

import (
	"slices"
	"strings"
	"time"
)

// workflowRun is one run of a workflow, with all its attempts.
type workflowRun struct {
	id         int64
	repo       *repository
	workflow   *workflow
	definition *definition
	number     int
	attempt    int
	event      string
	inputs     map[string]any
	title      string
	branch     string // or tag
	ref        string // refs/heads/main
	sha        string // that the ref had when the run was made
	actor      *account
	triggering *account // who made this attempt
	status     string   // queued, in_progress, waiting or completed
	conclusion string
	created    time.Time
	started    time.Time // this attempt
	updated    time.Time
	suite      *checkSuite
	jobs       []*job // of all attempts, oldest first
	root       *scope // of this attempt
	cancelled  bool
	forced     bool // cancelled without regard to jobs that always run
	consents   []consent
	keep       bool // of a re-run: what succeeded stays
	hidden     int  // how many lists do not show it yet
}

// actionsApp is the App under which GitHub Actions reports.
func (gh *GitHub) actionsApp() *app { return gh.otherApp("github-actions") }

// start is what a new run begins with.
type start struct {
	definition *definition
	event      string
	inputs     map[string]any
	ref        string // refs/heads/main
	sha        string
	by         *account
}

// startRun makes a run and its first jobs.
func (gh *GitHub) startRun(repo *repository, s start) *workflowRun {
	held := gh.workflowOf(repo, s.definition.path)
	held.name = s.definition.Name
	held.runs++
	branch := strings.TrimPrefix(strings.TrimPrefix(s.ref, "refs/heads/"), "refs/tags/")
	made := &workflowRun{
		id: gh.id(), repo: repo, workflow: held, definition: s.definition, number: held.runs, attempt: 1,
		event: s.event, inputs: s.inputs, branch: branch, ref: s.ref, sha: s.sha, actor: s.by, triggering: s.by,
		status: "queued", created: gh.now(), started: gh.now(), updated: gh.now(), hidden: gh.lag,
		suite: &checkSuite{id: gh.id(), app: gh.actionsApp(), sha: s.sha, branch: branch, created: gh.now()},
	}
	s.definition.ref = s.ref
	made.title = gh.runTitle(made)
	repo.suites = append(repo.suites, made.suite)
	repo.workflowRuns = append(repo.workflowRuns, made)
	made.root = &scope{definition: s.definition, inputs: s.inputs, permissions: s.definition.Permissions}
	gh.tellWorkflowRun(made, "requested")
	gh.advanceRun(made)
	return made
}

// runTitle is what the run is called in lists: its run-name, else the commit or
// the workflow.
func (gh *GitHub) runTitle(run *workflowRun) string {
	if text := run.definition.RunName; text != "" {
		value, err := interpolate(text, gh.contexts(run, run.inputs))
		if title := strings.TrimSpace(textOf(value)); err == nil && title != "" {
			return title
		}
	}
	if run.event == "push" {
		if info, err := run.repo.git.info(run.sha); err == nil {
			title, _, _ := strings.Cut(info.message, "\n")
			return title
		}
	}
	return run.definition.Name
}

// contexts are what every expression of the run can speak of.
func (gh *GitHub) contexts(run *workflowRun, inputs map[string]any) map[string]any {
	kind := "branch"
	if strings.HasPrefix(run.ref, "refs/tags/") {
		kind = "tag"
	}
	if inputs == nil {
		inputs = map[string]any{}
	}
	return map[string]any{
		"inputs": inputs, "vars": map[string]any{}, "secrets": map[string]any{}, "env": map[string]any{},
		"github": map[string]any{
			"repository": run.repo.fullName(), "repository_id": decimal(run.repo.id),
			"repository_owner": run.repo.owner.login, "repository_owner_id": decimal(run.repo.owner.id),
			"run_id": decimal(run.id), "run_number": float64(run.number), "run_attempt": float64(run.attempt),
			"sha": run.sha, "ref": run.ref, "ref_name": run.branch, "ref_type": kind,
			"event_name": run.event, "actor": run.actor.login, "actor_id": decimal(run.actor.id),
			"triggering_actor": run.triggering.login, "workflow": run.definition.Name,
			"workflow_ref": workflowRef(run.definition), "workflow_sha": run.definition.sha,
			"server_url": gh.url, "api_url": gh.url + apiPrefix,
			"event": map[string]any{"inputs": inputs, "repository": map[string]any{"full_name": run.repo.fullName()}},
		},
	}
}

// workflowRef names a workflow file and the ref it was read at.
func workflowRef(d *definition) string { return d.source + "/" + d.path + "@" + d.ref }

// advanceRun begins what can begin and ends what has ended, until nothing more
// happens by itself.
func (gh *GitHub) advanceRun(run *workflowRun) {
	for run.status != "completed" && gh.advanceScope(run, run.root) {
	}
	if run.status == "completed" {
		return
	}
	before := run.status
	if result, ended := run.root.outcome(); ended {
		run.status, run.conclusion, run.updated = "completed", conclusionOf(run, result), gh.now()
		gh.tellWorkflowRun(run, "completed")
		gh.touch()
		return
	}
	if run.status = run.activity(); run.status != before {
		run.updated = gh.now()
		if run.status == "in_progress" {
			gh.tellWorkflowRun(run, "in_progress")
		}
	}
	gh.touch()
}

func conclusionOf(run *workflowRun, result string) string {
	if run.cancelled {
		return "cancelled"
	}
	if result == "skipped" && len(run.latestJobs()) > 0 {
		return "skipped"
	}
	return result
}

// activity is the state of a run that has not ended, by its jobs.
func (r *workflowRun) activity() string {
	status := r.status
	waiting, active := false, false
	for _, held := range r.latestJobs() {
		switch held.status {
		case "in_progress":
			return "in_progress"
		case "waiting":
			waiting = true
		case "queued", "pending":
			active = true
		}
	}
	switch {
	case waiting && !active:
		return "waiting"
	case status == "waiting":
		return "queued"
	}
	return status
}

// latestJobs are those of this attempt.
func (r *workflowRun) latestJobs() []*job { return r.jobsOf(r.attempt) }

func (r *workflowRun) jobsOf(attempt int) []*job {
	return slices.DeleteFunc(slices.Clone(r.jobs), func(one *job) bool { return one.attempt != attempt })
}

// cancelRun stops what has not begun at once and what has begun as soon as its
// runner obeys. Forced, jobs that always run do not run either.
func (gh *GitHub) cancelRun(run *workflowRun, forced bool) error {
	if run.status == "completed" {
		return &Problem{Status: 409, Message: "Cannot cancel a workflow run that is completed."}
	}
	run.cancelled, run.forced = true, run.forced || forced
	for _, held := range run.latestJobs() {
		switch {
		case held.status == "completed" || held.always && !forced:
		case held.status == "in_progress" && held.stop != nil && !forced:
			held.stop()
		default:
			gh.completeJob(held, JobResult{Conclusion: "cancelled"})
		}
	}
	gh.advanceRun(run)
	return nil
}

// rerunLimit is how long after it was made a run can be run again.
const rerunLimit = 30 * 24 * time.Hour

// rerun makes another attempt of a run.
func (gh *GitHub) rerun(run *workflowRun, by *account, failedOnly bool) error {
	switch {
	case run.status != "completed":
		return forbidden("This workflow is already running")
	case gh.now().Sub(run.created) > rerunLimit:
		return forbidden("Unable to retry this workflow run because it was created over a month ago")
	case failedOnly && run.conclusion == "success":
		return forbidden("This workflow run cannot be retried, there are no failed jobs")
	}
	run.attempt++
	run.status, run.conclusion, run.cancelled, run.forced = "queued", "", false, false
	run.triggering, run.started, run.updated, run.keep = by, gh.now(), gh.now(), failedOnly
	run.root = &scope{definition: run.definition, inputs: run.inputs, permissions: run.definition.Permissions}
	gh.tellWorkflowRun(run, "requested")
	gh.advanceRun(run)
	return nil
}

// startOnPush starts the workflows that run on pushes to the branch.
func (gh *GitHub) startOnPush(m move) error {
	if m.after == "" || strings.HasPrefix(m.branch, "gh-readonly-queue/") {
		return nil
	}
	paths := m.repo.workflowsAt(m.after)
	if len(paths) == 0 {
		return nil
	}
	info, err := m.repo.git.info(m.after)
	if err != nil {
		return err
	}
	if strings.Contains(info.message, "[skip ci]") {
		return nil
	}
	from := m.before
	if from == "" {
		from = m.repo.git.branch(m.repo.defaultBranch)
	}
	out, err := m.repo.git.run("diff", "--name-only", from, m.after)
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := gh.startPushed(m, path, strings.Split(out, "\n")); err != nil {
			return err
		}
	}
	return nil
}

func (gh *GitHub) startPushed(m move, path string, changed []string) error {
	read, err := m.repo.definitionAt(path, m.after)
	begun := start{definition: read, event: "push", ref: "refs/heads/" + m.branch, sha: m.after, by: m.by}
	if err != nil {
		// A file that cannot be read is a run that fails at once.
		begun.definition = &definition{path: path, Name: path, source: m.repo.fullName(), sha: m.after}
		gh.failedStart(gh.startRun(m.repo, begun))
		return nil
	}
	if gh.workflowOf(m.repo, path).disabled {
		return nil
	}
	starts, err := read.On.onPush(m.branch, changed)
	if err != nil || !starts {
		return err
	}
	gh.startRun(m.repo, begun)
	return nil
}

func (gh *GitHub) failedStart(run *workflowRun) {
	run.status, run.conclusion, run.updated = "completed", "startup_failure", gh.now()
	gh.touch()
}

// workflowRun finds a run by its id.
func (r *repository) workflowRun(id int64) (*workflowRun, error) {
	for _, found := range r.workflowRuns {
		if found.id == id {
			return found, nil
		}
	}
	return nil, notFound()
}
