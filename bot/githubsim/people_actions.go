package githubsim

import "slices"

// DispatchWorkflow starts a workflow by hand at the tip of a branch or a tag, and
// returns the run's id. The file is named without its folder.
func (p *Person) DispatchWorkflow(fullName, file, ref string, inputs map[string]string) (int64, error) {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "write")
	if err != nil {
		return 0, err
	}
	given := map[string]any{}
	for name, value := range inputs {
		given[name] = value
	}
	for _, held := range p.gh.knownWorkflows(repo) {
		if held.path != workflowFolder+file {
			continue
		}
		run, err := p.gh.dispatch(repo, held, dispatchRequest{Ref: ref, Inputs: given}, who)
		if err != nil {
			return 0, err
		}
		return run.id, nil
	}
	return 0, notFound()
}

// CancelRun cancels a run.
func (p *Person) CancelRun(fullName string, id int64) error {
	return p.onRun(fullName, id, func(run *workflowRun, _ *account) error { return p.gh.cancelRun(run, false) })
}

// Rerun runs all jobs of a run again, or only those that failed.
func (p *Person) Rerun(fullName string, id int64, failedOnly bool) error {
	return p.onRun(fullName, id, func(run *workflowRun, who *account) error { return p.gh.rerun(run, who, failedOnly) })
}

func (p *Person) onRun(fullName string, id int64, act func(*workflowRun, *account) error) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "write")
	if err != nil {
		return err
	}
	run, err := repo.workflowRun(id)
	if err != nil {
		return err
	}
	return act(run, who)
}

// DisableWorkflow keeps a workflow from being started. The file is named without
// its folder.
func (p *Person) DisableWorkflow(fullName, file string) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, _, err := p.on(fullName, "write")
	if err != nil {
		return err
	}
	for _, held := range p.gh.knownWorkflows(repo) {
		if held.path == workflowFolder+file {
			held.disabled = true
			return nil
		}
	}
	return notFound()
}

// Run is a workflow run as tests see it.
type Run struct {
	ID                 int64
	Workflow           string // path of the file
	Title              string
	Event              string
	Branch, SHA        string
	Attempt            int
	Status, Conclusion string
	Jobs               []Job // of the latest attempt
}

// Runs lists the workflow runs of a repository, oldest first.
func (gh *GitHub) Runs(fullName string) ([]Run, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return nil, err
	}
	var found []Run
	for _, run := range repo.workflowRuns {
		made := Run{
			ID: run.id, Workflow: run.workflow.path, Title: run.title, Event: run.event, Branch: run.branch, SHA: run.sha,
			Attempt: run.attempt, Status: run.status, Conclusion: run.conclusion,
		}
		for _, held := range run.latestJobs() {
			made.Jobs = append(made.Jobs, gh.jobView(held))
		}
		found = append(found, made)
	}
	return found, nil
}

// Jobs lists the jobs of the latest attempts of all runs that are in the state,
// oldest first.
func (gh *GitHub) Jobs(fullName, status string) ([]Job, error) {
	runs, err := gh.Runs(fullName)
	var found []Job
	for _, run := range runs {
		found = append(found, run.Jobs...)
	}
	return slices.DeleteFunc(found, func(one Job) bool { return one.Status != status }), err
}

// LagRuns lets each run that is made from now on be missing from the next so
// many lists of runs, as GitHub's lists lag behind.
func (gh *GitHub) LagRuns(lists int) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	gh.lag = lists
}
