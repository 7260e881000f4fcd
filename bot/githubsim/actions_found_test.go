package githubsim_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// Runs, their jobs and workflows are found by all that GitHub filters by, and
// again after they were run again.
func TestRunsAreFound(t *testing.T) {
	t.Parallel()
	broken := true
	w := newWorld(t, githubsim.Options{Runner: func(_ context.Context, job githubsim.Job) githubsim.JobResult {
		if job.Key == "prepare" && broken {
			return githubsim.JobResult{Conclusion: "failure"}
		}
		return githubsim.JobResult{}
	}})
	w.withWorkflows(map[string]string{"deploy.yml": deployWorkflow})
	w.LagRuns(1)
	id, err := w.alice.DispatchWorkflow(infra, "deploy.yml", "main", map[string]string{"sha": "abc"})
	if err != nil {
		t.Fatal(err)
	}
	run := w.ended(id)
	if diff := cmp.Diff([]string{"prepare completed failure", "apply completed skipped", "report completed success"}, conclusions(run)); diff != "" {
		t.Error(diff)
	}
	ctx, client := context.Background(), w.client()
	count := func(options *github.ListWorkflowRunsOptions) int {
		t.Helper()
		found, _, err := client.Actions.ListWorkflowRunsByFileName(ctx, "acme", "infra", "deploy.yml", options)
		if err != nil {
			t.Fatal(err)
		}
		return found.GetTotalCount()
	}
	if got := count(nil); got != 0 {
		t.Errorf("a list that lags behind has %d runs", got)
	}
	for _, test := range []struct {
		options github.ListWorkflowRunsOptions
		want    int
	}{
		{github.ListWorkflowRunsOptions{}, 1},
		{github.ListWorkflowRunsOptions{Event: "push"}, 0},
		{github.ListWorkflowRunsOptions{Event: "workflow_dispatch", Status: "failure", Branch: "main", HeadSHA: run.SHA}, 1},
		{github.ListWorkflowRunsOptions{Status: "in_progress"}, 0},
		{github.ListWorkflowRunsOptions{Created: ">=2020-01-01"}, 1},
		{github.ListWorkflowRunsOptions{Created: "<2020-01-01T00:00:00Z"}, 0},
	} {
		if got := count(&test.options); got != test.want {
			t.Errorf("%+v finds %d", test.options, got)
		}
	}
	broken = false
	if _, err := client.Actions.RerunFailedJobsByID(ctx, "acme", "infra", id); err != nil {
		t.Fatal(err)
	}
	again := w.ended(id)
	if diff := cmp.Diff([]string{"prepare completed success", "apply (1) completed success", "report completed success"}, conclusions(again)); diff != "" || again.Attempt != 2 {
		t.Error(again.Attempt, diff)
	}
	if _, err := client.Actions.RerunFailedJobsByID(ctx, "acme", "infra", id); status(err) != http.StatusForbidden {
		t.Errorf("there is nothing to run again: %v", err)
	}
	if _, err := client.Actions.RerunWorkflowByID(ctx, "acme", "infra", id); err != nil {
		t.Fatal(err)
	}
	w.ended(id)
	jobs, _, err := client.Actions.ListWorkflowJobs(ctx, "acme", "infra", id, &github.ListWorkflowJobsOptions{Filter: "all"})
	if err != nil || jobs.GetTotalCount() != 9 {
		t.Errorf("%d jobs of all attempts, %v", jobs.GetTotalCount(), err)
	}
	first, _, err := client.Actions.ListWorkflowJobsAttempt(ctx, "acme", "infra", id, 1, nil)
	if err != nil || first.GetTotalCount() != 3 || first.Jobs[0].GetConclusion() != "failure" {
		t.Errorf("jobs of the first attempt %v, %v", first, err)
	}
	one, _, err := client.Actions.GetWorkflowJobByID(ctx, "acme", "infra", first.Jobs[0].GetID())
	if err != nil || one.GetName() != "prepare" {
		t.Errorf("job %v, %v", one, err)
	}
	found, _, err := client.Actions.GetWorkflowRunByID(ctx, "acme", "infra", id)
	if err != nil || found.GetRunAttempt() != 3 || found.GetDisplayTitle() != run.Title {
		t.Errorf("run %v, %v", found, err)
	}
	all, _, err := client.Actions.ListRepositoryWorkflowRuns(ctx, "acme", "infra", nil)
	if err != nil || all.GetTotalCount() != 1 {
		t.Errorf("runs %v, %v", all, err)
	}
	workflows, _, err := client.Actions.ListWorkflows(ctx, "acme", "infra", nil)
	if err != nil || workflows.GetTotalCount() != 1 || workflows.Workflows[0].GetName() != "Deploy" {
		t.Errorf("workflows %v, %v", workflows, err)
	}
	file, _, err := client.Actions.GetWorkflowByID(ctx, "acme", "infra", workflows.Workflows[0].GetID())
	if err != nil || file.GetPath() != ".github/workflows/deploy.yml" {
		t.Errorf("workflow %v, %v", file, err)
	}
}
