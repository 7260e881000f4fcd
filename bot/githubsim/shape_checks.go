package githubsim

// runShape shows a check run.
func (gh *GitHub) runShape(repo *repository, run *checkRun) object {
	url := gh.api("/repos/%s/check-runs/%d", repo.fullName(), run.id)
	html := gh.web("/%s/runs/%d", repo.fullName(), run.id)
	details := run.detailsURL
	if details == "" {
		details = html
	}
	return object{
		"id": run.id, "node_id": nodeID("CheckRun", run.id), "head_sha": run.sha, "name": run.name, "url": url,
		"html_url": html, "details_url": details, "external_id": run.externalID, "status": run.status,
		"conclusion": orNull(run.conclusion), "started_at": stamp(run.started), "completed_at": stamp(run.completed),
		"check_suite": object{"id": run.suite.id}, "app": gh.appShape(run.app), "pull_requests": gh.pullStubs(repo, run.sha),
		"output": object{
			"title": orNull(run.title), "summary": orNull(run.summary), "text": orNull(run.text),
			"annotations_count": len(run.annotations), "annotations_url": url + "/annotations",
		},
	}
}

// pullStubs shows the open pull requests with this head. GitHub sees only those
// whose branch is in the same repository.
func (gh *GitHub) pullStubs(repo *repository, sha string) []any {
	stubs := []any{}
	for _, held := range repo.pulls() {
		if held.headSHA == sha && held.headRepo == repo && held.issue.state == "open" {
			stubs = append(stubs, gh.pullStub(held))
		}
	}
	return stubs
}

// suiteShape shows a check suite as webhooks about its runs carry it.
func (gh *GitHub) suiteShape(repo *repository, suite *checkSuite) object {
	status, conclusion := suiteState(repo, suite)
	return object{
		"id": suite.id, "node_id": nodeID("CheckSuite", suite.id), "head_branch": orNull(suite.branch),
		"head_sha": suite.sha, "status": status, "conclusion": orNull(conclusion), "before": zeroSHA, "after": suite.sha,
		"url": gh.api("/repos/%s/check-suites/%d", repo.fullName(), suite.id), "app": gh.appShape(suite.app),
		"pull_requests": gh.pullStubs(repo, suite.sha), "created_at": stamp(suite.created), "updated_at": stamp(gh.now()),
	}
}

// suiteState sums up the newest run of each name: completed when all are, with
// the first conclusion that is not a success.
func suiteState(repo *repository, suite *checkSuite) (status, conclusion string) {
	newest := map[string]*checkRun{}
	for _, run := range repo.runs {
		if run.suite == suite {
			newest[run.name] = run
		}
	}
	status, conclusion = "completed", "success"
	for _, run := range repo.runs {
		if newest[run.name] != run {
			continue
		}
		if run.status != "completed" {
			return run.status, ""
		}
		if conclusion == "success" {
			conclusion = run.conclusion
		}
	}
	return status, conclusion
}

// deploymentShape shows a deployment.
func (gh *GitHub) deploymentShape(repo *repository, made *deployment) object {
	url := gh.api("/repos/%s/deployments/%d", repo.fullName(), made.id)
	var payload any = object{}
	if len(made.payload) > 0 {
		payload = made.payload
	}
	var via any
	switch {
	case made.creator == gh.app.bot:
		via = gh.integration()
	case made.job != nil:
		via = gh.appShape(made.job.run.suite.app)
	}
	return object{
		"id": made.id, "node_id": nodeID("Deployment", made.id), "url": url, "sha": made.sha, "ref": made.ref,
		"task": made.task, "payload": payload, "environment": made.environment,
		"original_environment": made.original, "description": orNull(made.description), "creator": gh.user(made.creator),
		"created_at": stamp(made.created), "updated_at": stamp(made.updated), "statuses_url": url + "/statuses",
		"repository_url": gh.api("/repos/%s", repo.fullName()), "transient_environment": made.transient,
		"production_environment": made.production, "performed_via_github_app": via,
	}
}

// deploymentStatusShape shows a status of a deployment.
func (gh *GitHub) deploymentStatusShape(repo *repository, made *deployment, status *deploymentStatus) object {
	url := gh.api("/repos/%s/deployments/%d", repo.fullName(), made.id)
	var via any
	if status.creator == gh.app.bot {
		via = gh.integration()
	}
	state := status.state
	if state == "waiting" {
		state = "pending" // in answers, which do not know it
	}
	return object{
		"id": status.id, "node_id": nodeID("DeploymentStatus", status.id), "state": state,
		"url": url + "/statuses/" + decimal(status.id), "creator": gh.user(status.creator),
		"description": status.description, "environment": status.environment, "environment_url": status.environmentURL,
		"target_url": status.logURL, "log_url": status.logURL, "created_at": stamp(status.created),
		"updated_at": stamp(status.created), "deployment_url": url,
		"repository_url": gh.api("/repos/%s", repo.fullName()), "performed_via_github_app": via,
	}
}

// statusShape shows a commit status.
func (gh *GitHub) statusShape(repo *repository, status *commitStatus) object {
	return merge(gh.simpleStatus(repo, status), object{"creator": gh.user(status.creator)})
}

func (gh *GitHub) simpleStatus(repo *repository, status *commitStatus) object {
	return object{
		"id": status.id, "node_id": nodeID("Status", status.id), "state": status.state, "context": status.context,
		"description": orNull(status.description), "target_url": orNull(status.targetURL),
		"avatar_url": gh.web("/avatars/u/%d", status.creator.id),
		"url":        gh.api("/repos/%s/statuses/%s", repo.fullName(), status.sha),
		"created_at": stamp(status.created), "updated_at": stamp(status.created),
	}
}
