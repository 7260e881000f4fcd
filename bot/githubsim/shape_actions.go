package githubsim

import "strings"

func (gh *GitHub) runURL(run *workflowRun) string {
	return gh.api("/repos/%s/actions/runs/%d", run.repo.fullName(), run.id)
}

// workflowShape shows a workflow.
func (gh *GitHub) workflowShape(repo *repository, held *workflow) object {
	state := "active"
	if held.disabled {
		state = "disabled_manually"
	}
	file := strings.TrimPrefix(held.path, workflowFolder)
	return object{
		"id": held.id, "node_id": nodeID("Workflow", held.id), "name": held.name, "path": held.path, "state": state,
		"created_at": stamp(held.created), "updated_at": stamp(held.created),
		"url":       gh.api("/repos/%s/actions/workflows/%d", repo.fullName(), held.id),
		"html_url":  gh.web("/%s/blob/%s/%s", repo.fullName(), repo.defaultBranch, held.path),
		"badge_url": gh.web("/%s/workflows/%s/badge.svg", repo.fullName(), file),
	}
}

// workflowRunShape shows a run.
func (gh *GitHub) workflowRunShape(run *workflowRun) object {
	url := gh.runURL(run)
	var head any
	if info, err := run.repo.git.info(run.sha); err == nil {
		head = object{
			"id": info.sha, "tree_id": info.tree, "message": info.message, "timestamp": stamp(info.committer.at),
			"author":    object{"name": info.author.name, "email": info.author.email},
			"committer": object{"name": info.committer.name, "email": info.committer.email},
		}
	}
	var previous any
	if run.attempt > 1 {
		previous = url + "/attempts/" + decimal(int64(run.attempt-1))
	}
	return object{
		"id": run.id, "node_id": nodeID("WorkflowRun", run.id), "name": run.workflow.name, "display_title": run.title,
		"head_branch": run.branch, "head_sha": run.sha, "path": run.workflow.path, "run_number": run.number,
		"run_attempt": run.attempt, "event": run.event, "status": run.status, "conclusion": orNull(run.conclusion),
		"workflow_id": run.workflow.id, "check_suite_id": run.suite.id, "check_suite_node_id": nodeID("CheckSuite", run.suite.id),
		"url": url, "html_url": gh.web("/%s/actions/runs/%d", run.repo.fullName(), run.id),
		"pull_requests": gh.pullStubs(run.repo, run.sha), "created_at": stamp(run.created), "updated_at": stamp(run.updated),
		"run_started_at": stamp(run.started), "actor": gh.user(run.actor), "triggering_actor": gh.user(run.triggering),
		"jobs_url": url + "/jobs", "logs_url": url + "/logs", "artifacts_url": url + "/artifacts",
		"cancel_url": url + "/cancel", "rerun_url": url + "/rerun", "previous_attempt_url": previous,
		"check_suite_url":      gh.api("/repos/%s/check-suites/%d", run.repo.fullName(), run.suite.id),
		"workflow_url":         gh.api("/repos/%s/actions/workflows/%d", run.repo.fullName(), run.workflow.id),
		"referenced_workflows": run.referenced(), "head_commit": head,
		"repository": gh.repository(run.repo), "head_repository": gh.repository(run.repo),
	}
}

// referenced are the reusable workflows that the run called.
func (r *workflowRun) referenced() []any {
	found := []any{}
	seen := map[string]bool{}
	for _, held := range r.latestJobs() {
		from := held.scope.definition
		if path := workflowRef(from); held.scope.parent != nil && !seen[path] {
			seen[path] = true
			found = append(found, object{"path": path, "sha": from.sha, "ref": from.ref})
		}
	}
	return found
}

// jobShape shows a job.
func (gh *GitHub) jobShape(held *job) object {
	run := held.run
	url := gh.api("/repos/%s/actions/jobs/%d", run.repo.fullName(), held.id)
	shape := object{
		"id": held.id, "node_id": nodeID("CheckRun", held.id), "run_id": run.id, "run_url": gh.runURL(run),
		"run_attempt": held.attempt, "head_sha": run.sha, "head_branch": run.branch, "url": url,
		"html_url": gh.web("/%s/actions/runs/%d/job/%d", run.repo.fullName(), run.id, held.id),
		"status":   held.status, "conclusion": orNull(held.conclusion), "created_at": stamp(held.created),
		"started_at": stamp(held.started), "completed_at": stamp(held.completed), "name": held.name, "steps": gh.stepShapes(held),
		"check_run_url": gh.api("/repos/%s/check-runs/%d", run.repo.fullName(), held.id), "labels": held.labels(),
		"runner_id": nil, "runner_name": nil, "runner_group_id": nil, "runner_group_name": nil,
		"workflow_name": run.workflow.name,
	}
	if held.runner != "" && held.runner != kept {
		shape["runner_id"], shape["runner_name"] = held.id, held.runner
		shape["runner_group_id"], shape["runner_group_name"] = 0, "GitHub Actions"
	}
	return shape
}

// labels are those that the job asks of its runner.
func (j *job) labels() []string {
	var read texts
	if err := j.written.RunsOn.Decode(&read); err != nil || len(read) == 0 {
		return []string{}
	}
	return read
}

// stepShapes shows the steps of a job that has begun. The simulator knows the end
// of the job only, so they all end as it does.
func (gh *GitHub) stepShapes(held *job) []any {
	steps := []any{}
	if held.runner == "" {
		return steps
	}
	status, conclusion := "completed", held.conclusion
	if held.status != "completed" {
		status = "in_progress"
	}
	if conclusion == "timed_out" {
		conclusion = "failure"
	}
	for i, step := range held.written.Steps {
		name := step.Name
		if name == "" {
			name = "Run " + step.Uses + step.Run
		}
		steps = append(steps, object{
			"name": name, "number": i + 1, "status": status, "conclusion": orNull(conclusion),
			"started_at": stamp(held.started), "completed_at": stamp(held.completed),
		})
	}
	return steps
}

// tellWorkflowRun sends the webhook about a run.
func (gh *GitHub) tellWorkflowRun(run *workflowRun, action string) {
	shape := gh.workflowRunShape(run)
	if action == "requested" {
		shape["status"] = "queued"
	}
	state := run.status
	if run.conclusion != "" {
		state = run.conclusion
	}
	gh.record(Event{
		Actor: run.triggering.login, Kind: "workflow_run", Repository: run.repo.fullName(), SHA: run.sha,
		State: state, Body: run.title,
	})
	gh.emit(run.repo, "workflow_run."+action, run.triggering, object{
		"workflow_run": shape, "workflow": gh.workflowShape(run.repo, run.workflow),
	})
}

// tellWorkflowJob sends the webhook about a job.
func (gh *GitHub) tellWorkflowJob(held *job, action string) {
	payload := object{"workflow_job": gh.jobShape(held)}
	if held.deployment != nil {
		payload["deployment"] = gh.deploymentShape(held.run.repo, held.deployment)
	}
	gh.emit(held.run.repo, "workflow_job."+action, held.run.triggering, payload)
}
