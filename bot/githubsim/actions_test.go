package githubsim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// deployWorkflow is started by hand, with every type of input.
const deployWorkflow = `
name: Deploy
run-name: Deploy ${{ inputs.sha }} to ${{ inputs.where }} (${{ github.actor }})
on:
  workflow_dispatch:
    inputs:
      sha: {required: true}
      where: {type: choice, options: [dev, prod]}
      dry: {type: boolean, default: false}
      batches: {default: "[1]"}
      count: {type: number, default: 3}
      place: {type: environment}
permissions: {contents: read, id-token: write}
jobs:
  prepare:
    runs-on: ubuntu-latest
    steps: [{run: make}]
  apply:
    needs: prepare
    strategy:
      fail-fast: false
      matrix:
        batch: ${{ fromJSON(inputs.batches) }}
    runs-on: [self-hosted, linux]
    steps:
      - {uses: actions/checkout@v4}
      - {run: "trunkline run", env: {BATCH: "${{ matrix.batch }}"}}
  report:
    needs: [prepare, apply]
    if: always()
    runs-on: ubuntu-latest
    steps: [{run: make report}]
`

// withWorkflows pushes workflow files to the default branch.
func (w *world) withWorkflows(files map[string]string) string {
	w.t.Helper()
	made := map[string]*string{}
	for name, text := range files {
		made[".github/workflows/"+name] = &text
	}
	sha, err := w.As("carol").Push(infra, "main", "Add workflows", made)
	if err != nil {
		w.t.Fatal(err)
	}
	return sha
}

// dispatch starts a workflow as the App does and returns the run's id.
func (w *world) dispatch(file, body string) (int64, int, string) {
	w.t.Helper()
	status, text := w.send(w.t, "POST", "repos/acme/infra/actions/workflows/"+file+"/dispatches", w.token(), body)
	id := int64(0)
	if _, after, found := strings.Cut(text, "workflow_run_id:"); found {
		_, _ = fmt.Sscan(strings.TrimSuffix(after, "]"), &id) // 0 is what the caller refuses
	}
	return id, status, text
}

// token is an installation token with all that the App is granted.
func (w *world) token() string {
	w.t.Helper()
	made, _, err := w.asApp().Apps.CreateInstallationToken(context.Background(), w.installation, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return made.GetToken()
}

// ended waits for a run to complete.
func (w *world) ended(id int64) githubsim.Run {
	w.t.Helper()
	var found githubsim.Run
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := w.Wait(ctx, func() bool {
		found = w.run(id)
		return found.Status == "completed"
	})
	if err != nil {
		w.t.Fatalf("the run is %+v: %v", found, err)
	}
	return found
}

func (w *world) run(id int64) githubsim.Run {
	w.t.Helper()
	runs, err := w.Runs(infra)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, one := range runs {
		if one.ID == id {
			return one
		}
	}
	w.t.Fatalf("there is no run %d", id)
	return githubsim.Run{}
}

func conclusions(run githubsim.Run) []string {
	var found []string
	for _, job := range run.Jobs {
		found = append(found, job.Name+" "+job.Status+" "+job.Conclusion)
	}
	return found
}

// What cannot be started is refused with the status that GitHub gives.
func TestDispatchRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	sha := w.withWorkflows(map[string]string{
		"deploy.yml": deployWorkflow,
		"push.yml":   "on: {push: {branches: [never]}}\njobs: {a: {runs-on: x, steps: [{run: x}]}}\n",
		"broken.yml": "on: workflow_dispatch\njobs: {a: {needs: b, runs-on: x, steps: [{run: x}]}}\n",
		"off.yml":    "on: workflow_dispatch\njobs: {a: {runs-on: x, steps: [{run: x}]}}\n",
	})
	if err := w.alice.DisableWorkflow(infra, "off.yml"); err != nil {
		t.Fatal(err)
	}
	many, large := map[string]string{}, strings.Repeat("x", 65536)
	for i := range 26 {
		many[fmt.Sprint("i", i)] = "x"
	}
	tooMany, _ := json.Marshal(many)
	for _, test := range []struct {
		name, file, body string
		status           int
		says             string
	}{
		{"an unknown workflow", "nothing.yml", `{"ref": "main"}`, 404, "Not Found"},
		{"no trigger", "push.yml", `{"ref": "main"}`, 422, "does not have 'workflow_dispatch' trigger"},
		{"a broken file", "broken.yml", `{"ref": "main"}`, 422, "failed to parse workflow"},
		{"a disabled workflow", "off.yml", `{"ref": "main"}`, 422, "disabled"},
		{"an unknown ref", "deploy.yml", `{"ref": "nothing", "inputs": {"sha": "x"}}`, 422, "No ref found for: nothing"},
		{"a SHA", "deploy.yml", `{"ref": "` + sha + `", "inputs": {"sha": "x"}}`, 422, "No ref found"},
		{"an unexpected input", "deploy.yml", `{"ref": "main", "inputs": {"sha": "x", "other": "y"}}`, 422, `Unexpected inputs provided: ["other"]`},
		{"a missing input", "deploy.yml", `{"ref": "main"}`, 422, "Required input 'sha' not provided"},
		{"another choice", "deploy.yml", `{"ref": "main", "inputs": {"sha": "x", "where": "mars"}}`, 422, "not in the list of allowed values"},
		{"no boolean", "deploy.yml", `{"ref": "main", "inputs": {"sha": "x", "dry": "maybe"}}`, 422, "not in the list of allowed values"},
		{"no number", "deploy.yml", `{"ref": "main", "inputs": {"sha": "x", "count": "many"}}`, 422, "not a number"},
		{"an unknown environment", "deploy.yml", `{"ref": "main", "inputs": {"sha": "x", "place": "mars"}}`, 422, "not in the list of allowed values"},
		{"a list", "deploy.yml", `{"ref": "main", "inputs": {"sha": ["x"]}}`, 422, "Invalid value"},
		{"too many inputs", "deploy.yml", `{"ref": "main", "inputs": ` + string(tooMany) + `}`, 422, "25"},
		{"too much input", "deploy.yml", `{"ref": "main", "inputs": {"sha": "` + large + `"}}`, 422, "too large"},
		{"no ref", "deploy.yml", `{"inputs": {"sha": "x"}}`, 422, "ref"},
	} {
		if _, status, text := w.dispatch(test.file, test.body); status != test.status || !strings.Contains(text, test.says) {
			problem := text
			t.Errorf("%s: %d %s, want %d with %q", test.name, status, problem, test.status, test.says)
		}
	}
	if runs, _ := w.Runs(infra); len(runs) != 1 || runs[0].Conclusion != "startup_failure" {
		t.Errorf("runs %+v, want one for the broken file that was pushed", runs)
	}
	weak := w.narrowed(&github.InstallationPermissions{Actions: github.String("read")})
	_, err := weak.Actions.CreateWorkflowDispatchEventByFileName(context.Background(), "acme", "infra", "deploy.yml",
		github.CreateWorkflowDispatchEventRequest{Ref: "main", Inputs: map[string]any{"sha": "x"}})
	if status(err) != http.StatusForbidden {
		t.Errorf("a token that may only read starts a workflow: %v", err)
	}
}

// A run goes through its jobs in the order of their needs, one job for each
// value of a matrix, and tells of all of it.
func TestRunOfAWorkflow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{Runner: func(_ context.Context, job githubsim.Job) githubsim.JobResult {
		if job.Key != "apply" {
			return githubsim.JobResult{Log: "done\n"}
		}
		log := "::notice title=Result::batch " + fmt.Sprint(job.Matrix["batch"]) + " of " + job.Input("sha") + "\n"
		if job.Matrix["batch"] == 2.0 {
			return githubsim.JobResult{Conclusion: "failure", Log: log + "::error file=a.tf,line=3::no%0Agood\n"}
		}
		return githubsim.JobResult{Log: log}
	}})
	sha := w.withWorkflows(map[string]string{"deploy.yml": deployWorkflow})
	id, status, text := w.dispatch("deploy.yml", `{"ref": "main", "return_run_details": true, "inputs": {"sha": "abc", "where": "prod", "batches": "[1, 2]"}}`)
	if status != 200 || id == 0 {
		t.Fatalf("status %d %s", status, text)
	}
	run := w.ended(id)
	if run.Title != "Deploy abc to prod (everything[bot])" || run.SHA != sha || run.Branch != "main" || run.Conclusion != "failure" {
		t.Errorf("run %+v", run)
	}
	want := []string{
		"prepare completed success", "apply (1) completed success", "apply (2) completed failure", "report completed success",
	}
	if diff := cmp.Diff(want, conclusions(run)); diff != "" {
		t.Error(diff)
	}
	w.settle()
	var names []string
	for _, name := range w.hook.names() {
		if strings.HasPrefix(name, "workflow_") {
			names = append(names, name)
		}
	}
	if names[0] != "workflow_run.requested" || names[len(names)-1] != "workflow_run.completed" || len(names) != 3+4*3 {
		t.Errorf("webhooks %v", names)
	}
	ctx := context.Background()
	client := w.client()
	annotations, _, err := client.Checks.ListCheckRunAnnotations(ctx, "acme", "infra", run.Jobs[2].ID, nil)
	if err != nil || len(annotations) != 2 || annotations[0].GetTitle() != "Result" || annotations[0].GetMessage() != "batch 2 of abc" ||
		annotations[1].GetPath() != "a.tf" || annotations[1].GetStartLine() != 3 || annotations[1].GetMessage() != "no\ngood" {
		t.Errorf("annotations %v, %v", annotations, err)
	}
	if status, _ := w.send(t, "POST", fmt.Sprintf("repos/acme/infra/actions/runs/%d/cancel", id), w.token(), ""); status != http.StatusConflict {
		t.Errorf("a run that has ended is cancelled with %d", status)
	}
	address, _, err := client.Actions.GetWorkflowJobLogs(ctx, "acme", "infra", run.Jobs[1].ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	if status, log := w.fetch(address.String()); status != 200 || !strings.Contains(log, "batch 1 of abc") {
		t.Errorf("log %d %q", status, log)
	}
	if status, _ := w.fetch(strings.Replace(address.String(), "signature=", "signature=0", 1)); status != http.StatusForbidden {
		t.Errorf("a log without its signature: %d", status)
	}
}

// fetch gets an address without credentials.
func (w *world) fetch(address string) (int, string) {
	w.t.Helper()
	answer, err := http.Get(address) //nolint:gosec,noctx // an address of the test's own server
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	text := new(strings.Builder)
	if _, err := io.Copy(text, answer.Body); err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, text.String()
}
