package githubsim

// deployJob makes the deployment that every job of an environment has.
func (gh *GitHub) deployJob(made *job) {
	run, name := made.run, made.environment
	by := run.suite.app.bot
	made.deployment = &deployment{
		id: gh.id(), sha: run.sha, ref: run.branch, task: "deploy", original: name, environment: name, creator: by,
		production: name == "production", created: gh.now(), updated: gh.now(), job: made,
	}
	run.repo.deployments = append(run.repo.deployments, made.deployment)
	gh.record(Event{
		Actor: by.login, Kind: "deployment", Repository: run.repo.fullName(), Pull: gh.pullAt(run.repo, run.sha),
		Environment: name, SHA: run.sha,
	})
	gh.emitDeployment(run.repo, made.deployment, by)
}

// tellDeployed gives the job's deployment a status, if it has one.
func (gh *GitHub) tellDeployed(held *job, state string) {
	if held.deployment == nil {
		return
	}
	repo := held.run.repo
	request := statusRequest{
		State: state, LogURL: gh.web("/%s/actions/runs/%d/job/%d", repo.fullName(), held.run.id, held.id),
		EnvironmentURL: held.written.Environment.URL,
	}
	gh.addStatus(repo, held.deployment, held.deployment.creator, request)
	if state == "success" {
		gh.inactivateOthers(repo, held.deployment, held.deployment.creator)
	}
}

// deployedAs is the state of the deployment of a job that ended.
func deployedAs(conclusion string) string {
	switch conclusion {
	case "success", "failure":
		return conclusion
	case "skipped":
		return "inactive"
	}
	return "error"
}

// ofJob is what webhooks about a deployment say of the job that made it.
func (gh *GitHub) ofJob(made *deployment) object {
	if made.job == nil {
		return object{"workflow": nil, "workflow_run": nil}
	}
	run := made.job.run
	return object{"workflow": gh.workflowShape(run.repo, run.workflow), "workflow_run": gh.briefRun(run)}
}

// briefRun is a run in webhooks about its deployments.
func (gh *GitHub) briefRun(run *workflowRun) object {
	return merge(gh.workflowRunShape(run), object{"head_commit": nil, "previous_attempt_url": nil, "conclusion": nil})
}

// checkOfJob is the check run of the job that made a deployment, in webhooks
// about its statuses.
func (gh *GitHub) checkOfJob(made *deployment) any {
	if made.job == nil {
		return nil
	}
	shape := gh.runShape(made.job.run.repo, made.job.check)
	kept := object{}
	for _, name := range []string{
		"completed_at", "conclusion", "details_url", "external_id", "head_sha", "html_url", "id", "name", "node_id",
		"started_at", "status", "url",
	} {
		kept[name] = shape[name]
	}
	return kept
}
