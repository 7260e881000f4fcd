package githubsim_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// prodWorkflow has two jobs that deploy to prod on every push to main.
const prodWorkflow = `
name: Deploy
on: {push: {branches: [main]}, workflow_dispatch: {}}
jobs:
  network:
    environment: prod
    runs-on: x
    steps: [{run: x}]
  app:
    environment: {name: Prod, url: "https://prod.example.com"}
    runs-on: x
    steps: [{run: x}]
`

// guarded is a world whose environment prod waits for the App, with a run that
// waits for it.
func guarded(t *testing.T, options githubsim.Options) (*world, int64) {
	t.Helper()
	w := newWorld(t, options)
	carol := w.As("carol")
	if err := carol.SetEnvironment(infra, "prod", githubsim.EnvironmentRules{}); err != nil {
		t.Fatal(err)
	}
	if err := carol.SetEnvironmentGuard(infra, "prod", "everything", true); err != nil {
		t.Fatal(err)
	}
	w.withWorkflows(map[string]string{"deploy.yml": prodWorkflow})
	runs, err := w.Runs(infra)
	if err != nil || len(runs) != 1 {
		t.Fatalf("runs %v, %v", runs, err)
	}
	return w, runs[0].ID
}

// answer answers for the App's rule and returns the status.
func (w *world) answer(run int64, body string) (int, string) {
	w.t.Helper()
	return w.send(w.t, "POST", fmt.Sprintf("repos/acme/infra/actions/runs/%d/deployment_protection_rule", run), w.token(), body)
}

// Jobs wait until the App lets them go: one answer does for all of a run. The
// deployment of each says what it is about.
func TestJobsWaitForTheApp(t *testing.T) {
	t.Parallel()
	w, id := guarded(t, githubsim.Options{})
	if got := w.run(id); got.Status != "waiting" || got.Jobs[0].Status != "waiting" || got.Jobs[1].Status != "waiting" {
		t.Errorf("run %s with %v", got.Status, conclusions(got))
	}
	w.settle()
	asked := w.hook.last("deployment_protection_rule")
	if asked.payload["sha"] != w.run(id).SHA || !strings.HasSuffix(asked.payload["deployment_callback_url"].(string), fmt.Sprintf("/actions/runs/%d/deployment_protection_rule", id)) {
		t.Errorf("asked with %v", asked.payload)
	}
	status, pending := w.get(t, fmt.Sprintf("repos/acme/infra/actions/runs/%d/pending_deployments", id), w.token())
	if status != 200 || strings.Count(pending, "name:prod") != 1 {
		t.Errorf("pending %d %s", status, pending)
	}
	if status, text := w.answer(id, `{"environment_name": "prod", "comment": "waits for staging"}`); status != http.StatusNoContent {
		t.Errorf("a report: %d %s", status, text)
	}
	if status, text := w.answer(id, `{"environment_name": "prod", "state": "approved", "comment": "go"}`); status != http.StatusNoContent {
		t.Errorf("an approval: %d %s", status, text)
	}
	w.SetRunner(func(context.Context, githubsim.Job) githubsim.JobResult { return githubsim.JobResult{} })
	run := w.ended(id)
	if run.Conclusion != "success" {
		t.Errorf("run %v", conclusions(run))
	}
	want := []githubsim.Comment{{Body: "waits for staging"}, {State: "approved", Body: "go"}}
	if diff := cmp.Diff(want, run.Jobs[1].Comments); diff != "" {
		t.Error(diff)
	}
	deployments, _, err := w.client().Repositories.ListDeployments(context.Background(), "acme", "infra", nil)
	if err != nil || len(deployments) != 2 || deployments[0].GetSHA() != run.SHA {
		t.Fatalf("deployments %v, %v", deployments, err)
	}
	statuses, _, err := w.client().Repositories.ListDeploymentStatuses(context.Background(), "acme", "infra", deployments[0].GetID(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var states []string
	for _, one := range statuses {
		if one.GetState() != "inactive" { // as the other job's success makes it
			states = append(states, one.GetState())
		}
	}
	if diff := cmp.Diff([]string{"success", "in_progress", "queued", "pending"}, states); diff != "" {
		t.Error(diff)
	}
	w.settle()
	for _, name := range []string{"workflow_job.waiting", "deployment.created", "deployment_status.created", "workflow_job.completed"} {
		if !slices.Contains(w.hook.names(), name) {
			t.Errorf("no %s among %v", name, w.hook.names())
		}
	}
}

// What GitHub refuses from an App that answers.
func TestAnswersRefused(t *testing.T) {
	t.Parallel()
	w, id := guarded(t, githubsim.Options{})
	for _, test := range []struct {
		name, body string
		status     int
	}{
		{"another environment", `{"environment_name": "staging", "state": "approved"}`, 422},
		{"another state", `{"environment_name": "prod", "state": "perhaps", "comment": "x"}`, 422},
		{"nothing", `{"environment_name": "prod"}`, 422},
		{"too much", `{"environment_name": "prod", "comment": "` + strings.Repeat("ä", 1025) + `"}`, 422},
		{"no environment", `{"state": "approved"}`, 422},
	} {
		if status, text := w.answer(id, test.body); status != test.status {
			t.Errorf("%s: %d %s", test.name, status, text)
		}
	}
	for i := range 11 {
		status, text := w.answer(id, fmt.Sprintf(`{"environment_name": "PROD", "comment": "%d"}`, i))
		if want := map[bool]int{true: 204, false: 422}[i < 10]; status != want {
			t.Errorf("report %d: %d %s", i, status, text)
		}
	}
	weak := w.narrowed(&github.InstallationPermissions{Actions: github.String("write"), Deployments: github.String("read")})
	path := fmt.Sprintf("repos/acme/infra/actions/runs/%d/deployment_protection_rule", id)
	if got, _ := w.ask(weak, "POST", path, body{"environment_name": "prod", "state": "approved"}); got != http.StatusForbidden {
		t.Errorf("a token that may only read decides: %d", got)
	}
	if status, _ := w.answer(id, `{"environment_name": "prod", "state": "rejected", "comment": "no"}`); status != 204 {
		t.Errorf("a refusal: %d", status)
	}
	if run := w.run(id); run.Status != "completed" || run.Conclusion != "failure" {
		t.Errorf("run %s %v", run.Status, conclusions(run))
	}
	if status, _ := w.answer(id, `{"environment_name": "prod", "state": "approved"}`); status != 422 {
		t.Errorf("an approval after a refusal: %d", status)
	}
}

// Reviewers, timers and other Apps are waited for as well; an administrator goes
// past all of them, and it is written down.
func TestOtherConditions(t *testing.T) {
	t.Parallel()
	now := newHand(time.Date(2026, 5, 4, 9, 0, 0, 0, time.UTC))
	w, id := guarded(t, githubsim.Options{Clock: now.time})
	carol, bob := w.As("carol"), w.As("bob")
	w.OfferRule("checker")
	rules := githubsim.EnvironmentRules{WaitMinutes: 30, Reviewers: []string{"bob"}, PreventSelfReview: true}
	if err := carol.SetEnvironment(infra, "prod", rules); err != nil {
		t.Fatal(err)
	}
	if err := carol.SetEnvironmentGuard(infra, "prod", "checker", true); err != nil {
		t.Fatal(err)
	}
	if err := carol.StartWaiting(infra, id, "no time"); err != nil {
		t.Fatal(err)
	}
	if got := w.run(id).Jobs[0].Status; got != "queued" {
		t.Errorf("past everything the job is %s", got)
	}
	status, consents := w.get(t, fmt.Sprintf("repos/acme/infra/actions/runs/%d/approvals", id), w.token())
	if status != 200 || !strings.Contains(consents, "no time") {
		t.Errorf("consents %d %s", status, consents)
	}
	next, err := bob.DispatchWorkflow(infra, "deploy.yml", "main", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := bob.ReviewWaiting(infra, next, "prod", "approved"); err == nil {
		t.Error("who started the run approves it")
	}
	next, err = w.alice.DispatchWorkflow(infra, "deploy.yml", "main", nil)
	if err != nil {
		t.Fatal(err)
	}
	waits := func(step string, want string) {
		t.Helper()
		if got := w.run(next).Jobs[0].Status; got != want {
			t.Errorf("after %s the job is %s", step, got)
		}
	}
	if err := bob.ReviewWaiting(infra, next, "prod", "approved"); err != nil {
		t.Fatal(err)
	}
	waits("the review", "waiting")
	if err := w.AnswerRule("checker", next, "prod", "approved"); err != nil {
		t.Fatal(err)
	}
	waits("the other App", "waiting")
	now.goOn(30 * time.Minute)
	w.Tick()
	waits("the timer", "waiting")
	if status, text := w.answer(next, `{"environment_name": "prod", "state": "approved"}`); status != 204 {
		t.Fatal(status, text)
	}
	waits("everyone", "queued")
	last, err := w.alice.DispatchWorkflow(infra, "deploy.yml", "main", nil)
	if err != nil {
		t.Fatal(err)
	}
	now.goOn(30 * 24 * time.Hour)
	w.Tick()
	if got := w.run(last); got.Conclusion != "failure" {
		t.Errorf("after thirty days the run is %s %v", got.Status, conclusions(got))
	}
}

// A branch that may not deploy fails at once, and an environment that nobody made
// is there afterwards without any rules.
func TestEnvironmentsOfJobs(t *testing.T) {
	t.Parallel()
	w, _ := guarded(t, githubsim.Options{})
	carol := w.As("carol")
	rules := githubsim.EnvironmentRules{Branches: "custom", Policies: []string{"release/*"}}
	if err := carol.SetEnvironment(infra, "prod", rules); err != nil {
		t.Fatal(err)
	}
	id, err := w.alice.DispatchWorkflow(infra, "deploy.yml", "main", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.run(id); got.Conclusion != "failure" {
		t.Errorf("a branch that may not deploy: %s %v", got.Status, conclusions(got))
	}
	w.withWorkflows(map[string]string{"deploy.yml": strings.ReplaceAll(prodWorkflow, "environment: prod", "environment: prd")})
	runs, _ := w.Runs(infra)
	if got := runs[len(runs)-1].Jobs[0]; got.Status != "queued" || got.Environment != "prd" {
		t.Errorf("a job of an unknown environment is %s", got.Status)
	}
	made, err := w.Environments(infra)
	if err != nil || !slices.ContainsFunc(made, func(one githubsim.EnvironmentView) bool { return one.Name == "prd" && len(one.Guards) == 0 }) {
		t.Errorf("environments %v, %v", made, err)
	}
}
