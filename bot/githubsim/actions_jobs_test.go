package githubsim_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// A push starts the workflows that wait for one to its branch and files.
func TestRunOnPush(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	const job = "\njobs: {a: {runs-on: x, steps: [{run: x}]}}\n"
	w.withWorkflows(map[string]string{
		"every.yml": "on: push" + job,
		"main.yml":  "on: {push: {branches: [main, 'release/**']}}" + job,
		"paths.yml": "on: {push: {paths: ['stacks/**', '!**/*.md']}}" + job,
		"tags.yml":  "on: {push: {tags: ['v*']}}" + job,
	})
	w.push("topic", map[string]string{"stacks/prod/a.tf": "1"})
	w.push("release/1/x", map[string]string{"stacks/prod/a.md": "1"})
	runs, err := w.Runs(infra)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, run := range runs {
		got = append(got, run.Branch+" "+strings.TrimPrefix(run.Workflow, ".github/workflows/")+" "+run.Status)
	}
	want := []string{
		"main every.yml queued", "main main.yml queued", "topic every.yml queued", "topic paths.yml queued",
		"release/1/x every.yml queued", "release/1/x main.yml queued",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A reusable workflow runs as part of the run of its caller.
func TestReusableWorkflow(t *testing.T) {
	t.Parallel()
	seen := make(chan githubsim.Job, 4)
	w := newWorld(t, githubsim.Options{Runner: func(_ context.Context, job githubsim.Job) githubsim.JobResult {
		seen <- job
		return githubsim.JobResult{Outputs: map[string]string{"digest": "d-" + job.Key}}
	}})
	w.withWorkflows(map[string]string{
		"caller.yml": `
on: workflow_dispatch
permissions: {contents: read, id-token: write}
jobs:
  prod:
    uses: ./.github/workflows/called.yml
    with: {environment: prod}
  after:
    needs: prod
    name: after ${{ needs.prod.outputs.digest }}
    if: needs.prod.outputs.digest == 'd-work'
    runs-on: x
    steps: [{run: x}]
  lost:
    uses: acme/other/.github/workflows/called.yml@v1
`,
		"called.yml": `
on:
  workflow_call:
    inputs: {environment: {type: string, required: true}}
    outputs: {digest: {value: "${{ jobs.work.outputs.digest }}"}}
jobs:
  work:
    name: Work in ${{ inputs.environment }}
    runs-on: x
    steps: [{uses: acme/action@v1, with: {environment: "${{ inputs.environment }}"}}]
`,
	})
	id, err := w.alice.DispatchWorkflow(infra, "caller.yml", "main", nil)
	if err != nil {
		t.Fatal(err)
	}
	run := w.ended(id)
	want := []string{"after d-work completed success", "lost completed failure", "prod / Work in prod completed success"}
	if diff := cmp.Diff(want, slices.Sorted(slices.Values(conclusions(run)))); diff != "" {
		t.Error(diff)
	}
	if job := <-seen; job.WorkflowRef != "acme/infra/.github/workflows/called.yml@refs/heads/main" || job.Input("environment") != "prod" ||
		job.Steps[0].Uses != "acme/action@v1" || job.Env["ACTIONS_ID_TOKEN_REQUEST_URL"] == "" {
		t.Errorf("job %+v", job)
	}
}

// Runners die, are away, or are told to stop; what is left over ends with time.
func TestJobsThatDoNotEnd(t *testing.T) {
	t.Parallel()
	now := newHand(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC))
	started := make(chan struct{}, 4)
	w := newWorld(t, githubsim.Options{
		Clock: now.time,
		Runner: func(ctx context.Context, job githubsim.Job) githubsim.JobResult {
			started <- struct{}{}
			if job.Input("sha") == "dies" {
				return githubsim.JobResult{Lost: true, Log: "so far\n"}
			}
			<-ctx.Done()
			return githubsim.JobResult{}
		},
	})
	w.withWorkflows(map[string]string{"deploy.yml": deployWorkflow})
	dies, err := w.alice.DispatchWorkflow(infra, "deploy.yml", "main", map[string]string{"sha": "dies"})
	if err != nil {
		t.Fatal(err)
	}
	stopped, err := w.alice.DispatchWorkflow(infra, "deploy.yml", "main", map[string]string{"sha": "stopped"})
	if err != nil {
		t.Fatal(err)
	}
	<-started
	<-started
	w.SetRunner(nil)
	if err := w.alice.CancelRun(infra, stopped); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	client := w.client()
	if err := w.Wait(ctx, func() bool { return w.run(stopped).Jobs[0].Status == "completed" }); err != nil {
		t.Fatal(err)
	}
	if got := w.run(stopped); got.Status == "completed" || len(got.Jobs) != 3 || got.Jobs[2].Status != "queued" {
		t.Errorf("a job that always runs does not run: %+v", conclusions(got))
	}
	if status, _ := w.send(t, "POST", fmt.Sprintf("repos/acme/infra/actions/runs/%d/force-cancel", stopped), w.token(), ""); status != http.StatusAccepted {
		t.Errorf("status %d", status)
	}
	if got := w.run(stopped); got.Conclusion != "cancelled" {
		t.Errorf("the run is %+v", got)
	}
	w.Tick()
	if got := w.run(dies).Jobs[0]; got.Status != "in_progress" {
		t.Errorf("the job is %s %s", got.Status, got.Conclusion)
	}
	now.goOn(11 * time.Minute)
	w.Tick()
	if got := w.run(dies).Jobs[0]; got.Conclusion != "failure" {
		t.Errorf("the job is %s %s", got.Status, got.Conclusion)
	}
	now.goOn(24 * time.Hour)
	w.Tick() // nobody took the job that always runs
	if got := w.run(dies); got.Status != "completed" || got.Jobs[2].Conclusion != "cancelled" {
		t.Errorf("the run is %+v", conclusions(got))
	}
	queued, err := w.alice.DispatchWorkflow(infra, "deploy.yml", "main", map[string]string{"sha": "queued"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Actions.CancelWorkflowRunByID(ctx, "acme", "infra", queued); err != nil && status(err) != 0 {
		t.Fatal(err)
	}
	if got := w.run(queued); got.Jobs[0].Conclusion != "cancelled" {
		t.Errorf("the run is %+v", conclusions(got))
	}
	by, err := w.StartJob(w.run(queued).Jobs[2].ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.FinishJob(by.ID, githubsim.JobResult{}); err != nil {
		t.Fatal(err)
	}
	if got := w.run(queued); got.Status != "completed" || got.Conclusion != "cancelled" {
		t.Errorf("the run is %+v", got)
	}
}

// A job's token reads its own repository while the job runs, and nothing else.
func TestTokenOfAJob(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	w.withWorkflows(map[string]string{"deploy.yml": deployWorkflow})
	id, err := w.alice.DispatchWorkflow(infra, "deploy.yml", "main", map[string]string{"sha": "abc"})
	if err != nil {
		t.Fatal(err)
	}
	job, err := w.StartJob(w.run(id).Jobs[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	token := job.Env["GITHUB_TOKEN"]
	if status, _ := w.get(t, "repos/acme/infra/contents/README.md", token); status != 200 {
		t.Errorf("the token does not read: %d", status)
	}
	if status, _ := w.send(t, "POST", "repos/acme/infra/issues/1/comments", token, `{"body": "x"}`); status != http.StatusForbidden {
		t.Errorf("the token writes: %d", status)
	}
	if err := w.FinishJob(job.ID, githubsim.JobResult{}); err != nil {
		t.Fatal(err)
	}
	if status, _ := w.get(t, "repos/acme/infra/contents/README.md", token); status != http.StatusUnauthorized {
		t.Errorf("the token outlives its job: %d", status)
	}
	if !slices.ContainsFunc(w.run(id).Jobs, func(one githubsim.Job) bool { return one.Key == "apply" && one.Status == "queued" }) {
		t.Errorf("the next job is not there: %v", conclusions(w.run(id)))
	}
}

// hand is a clock that stands still until it is put forward.
type hand struct{ at atomic.Int64 }

func newHand(at time.Time) *hand {
	h := &hand{}
	h.at.Store(at.UnixNano())
	return h
}

func (h *hand) time() time.Time { return time.Unix(0, h.at.Load()).UTC() }

func (h *hand) goOn(by time.Duration) { h.at.Add(int64(by)) }
