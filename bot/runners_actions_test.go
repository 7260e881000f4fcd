package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/bot/runs/runner"
	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/mirror"
)

// runsWorkflow is one that can be dispatched to plan and apply.
const runsWorkflow = `
name: Trunkline
run-name: ${{ inputs.purpose }} ${{ inputs.environment }} (${{ inputs.trunkline }})
on:
  workflow_dispatch:
    inputs:
      commit: {required: true}
      trunkline: {required: true}
      environment: {required: true}
      place: {required: true}
      purpose: {required: true}
      shards: {required: true}
permissions: {contents: read, id-token: write}
jobs:
  run:
    strategy: {fail-fast: false, matrix: {shard: "${{ fromJSON(inputs.shards) }}"}}
    runs-on: ubuntu-latest
    environment: ${{ inputs.place }}
    steps:
      - {uses: ./.github/actions/run}
`

const publicAddress = "https://trunkline.acme.example"

// jobs are the runners of GitHub Actions in a world.
type jobs struct {
	*world
	dir string
	mu  sync.Mutex
	// seen are the jobs that ran: purpose, environment and place.
	seen []string
	// instead, if not nil, is what jobs do.
	instead func(context.Context, githubsim.Job) githubsim.JobResult
	// audience of the tokens; empty: the server's.
	audience string
}

// inActions is a world whose engines run in GitHub Actions.
func inActions(t *testing.T, change func(files map[string]string)) *jobs {
	t.Helper()
	j := &jobs{dir: t.TempDir()}
	files := map[string]string{
		".github/workflows/trunkline.yml": runsWorkflow,
		".github/trunkline.yml": `
version: 1
runner: actions
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine:
    plan: 'diff -NU0 --label deployed --label wanted "$DEPLOYED/$TRUNKLINE_ENVIRONMENT-$TRUNKLINE_COMPONENT" content || test $? = 1'
    apply: 'cp content "$DEPLOYED/$TRUNKLINE_ENVIRONMENT-$TRUNKLINE_COMPONENT"'
environments:
  dev:
    promote: auto
    verify: [{name: smoke, run: 'test "$PWD" = "$TRUNKLINE_ROOT" && cp environments/dev/app/content "$DEPLOYED/checked"'}]
`,
		"environments/dev/app/content":     "app 1\n",
		"environments/dev/network/content": "network 1\n",
	}
	if change != nil {
		change(files)
	}
	j.world = newWorldOf(t, githubsim.RepositoryOptions{Files: files, Private: true}, setup{public: publicAddress + "/",
		before: func(gh *githubsim.GitHub) { gh.SetRunner(j.run) },
		operator: func(w *world, settings *config.Operator) {
			settings.Actions.Issuer = w.gh.IssuerURL()
			settings.Runners = config.Runners{Wait: 30 * time.Second, LostAfter: 5 * time.Second}
		}, hurry: true})
	return j
}

// run does what `trunkline run` does in a job.
func (j *jobs) run(ctx context.Context, job githubsim.Job) githubsim.JobResult {
	j.mu.Lock()
	j.seen = append(j.seen, fmt.Sprintf("%s %s in %s", job.Input("purpose"), job.Input("environment"), job.Environment))
	instead, dir := j.instead, fmt.Sprintf("%s/%d", j.dir, job.ID)
	j.mu.Unlock()
	if instead != nil {
		return instead(ctx, job)
	}
	work, err := j.runnerOf(job, dir)
	if err == nil {
		err = work.Run(ctx)
	}
	if err != nil && err != runner.ErrOver {
		return githubsim.JobResult{Conclusion: "failure", Log: err.Error()}
	}
	return githubsim.JobResult{}
}

// runnerOf is the runner of a job.
func (j *jobs) runnerOf(job githubsim.Job, dir string) (*runner.Runner, error) {
	server, err := url.Parse(j.server.URL)
	if err != nil {
		return nil, err
	}
	reach := runner.NewHTTP()
	j.t.Cleanup(reach.CloseIdleConnections)
	return &runner.Runner{Dir: dir, Parallel: 2, Only: job.Input("commit"), Patience: 20 * time.Second,
		Origin: mirror.Open(dir+"/mirror", job.Env["GITHUB_SERVER_URL"]+"/"+job.Repository+".git", func(context.Context) (string, error) { return job.Env["GITHUB_TOKEN"], nil }),
		Client: &runner.Client{Server: server, HTTP: reach, Hello: wire.Hello{Name: "job", Correlation: job.Input("trunkline")},
			Prove: func(ctx context.Context) (config.Secret, error) { return j.token(ctx, job) }}}, os.MkdirAll(dir, 0o700)
}

// token asks GitHub for the token of a job.
func (j *jobs) token(ctx context.Context, job githubsim.Job) (config.Secret, error) {
	audience := j.audience
	if audience == "" {
		audience = publicAddress
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, job.Env["ACTIONS_ID_TOKEN_REQUEST_URL"]+"&audience="+url.QueryEscape(audience), nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+job.Env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var given struct{ Value string }
	err = json.NewDecoder(response.Body).Decode(&given)
	return config.Secret(given.Value), err
}

// changesApp opens and merges a pull request that changes the app, and returns its number.
func (j *jobs) changesApp() int {
	j.t.Helper()
	text := "app 2\n"
	alice := j.gh.As("alice")
	if _, err := alice.Push(project, "change", "Change the app", map[string]*string{"environments/dev/app/content": &text}); err != nil {
		j.t.Fatal(err)
	}
	number, err := alice.OpenPull(project, "change", "Change the app", "", githubsim.OpenOptions{})
	if err != nil {
		j.t.Fatal(err)
	}
	j.settle()
	return number
}

func (j *jobs) merges(number int) {
	j.t.Helper()
	if _, err := j.gh.As("bob").Merge(project, number, "merge"); err != nil {
		j.t.Fatal(err)
	}
	j.settle()
}

// rollout is what the rollout comment says on a pull request.
func (j *jobs) rollout(number int) string {
	j.t.Helper()
	pull, err := j.gh.Pull(project, number)
	if err != nil {
		j.t.Fatal(err)
	}
	said := ""
	for _, entry := range pull.Comments(j.gh.BotLogin()) {
		if strings.Contains(entry.Body, "<!-- trunkline: rollout") {
			said = entry.Body
		}
	}
	return said
}

// Previews, plans and applies run in GitHub Actions, with the credentials of different environments, and checks where applies
// do.
func TestActions(t *testing.T) {
	t.Parallel()
	j := inActions(t, nil)
	number := j.changesApp()
	if said := j.preview(number); !strings.Contains(said, "Merging changes dev") {
		t.Fatalf("the preview says: %s", said)
	}
	j.merges(number)
	if said := j.rollout(number); !strings.Contains(said, "Converged") {
		t.Errorf("the rollout says: %s", said)
	}
	for name, want := range map[string]string{"dev-app": "app 2\n", "checked": "app 2\n"} {
		if text, err := j.read(name); err != nil || text != want {
			t.Errorf("%s is %q %v", name, text, err)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, want := range []string{"plan dev in plan", "apply dev in dev"} {
		if !strings.Contains(strings.Join(j.seen, "\n"), want) {
			t.Errorf("there was no job %s among %q", want, j.seen)
		}
	}
	for _, one := range j.seen {
		if one != "plan dev in plan" && one != "apply dev in dev" {
			t.Errorf("there was a job %s", one)
		}
	}
}
