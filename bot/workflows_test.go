package bot

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// checking is a repository whose only environment is checked by a workflow.
func checking() map[string]string {
	files := maps.Clone(rolling)
	files[".github/trunkline.yml"] = strings.Replace(files[".github/trunkline.yml"], "dev: {promote: auto}",
		"dev: {promote: auto, verify: [{workflow: integration.yml, timeout: 1h}]}", 1)
	files[".github/workflows/integration.yml"] = "run-name: ${{ inputs.trunkline }}\n" +
		"on: {workflow_dispatch: {inputs: {commit: {required: true}, trunkline: {required: true}}}}\n" +
		"jobs: {test: {runs-on: ubuntu-latest, steps: [{run: make test}]}}\n"
	return files
}

// A workflow is run once, and its end is heard of, whatever goes wrong on the way.
func TestWorkflowRunsOnce(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	for name, faults := range map[string][]githubsim.Fault{
		"nothing":                                  nil,
		"no token for a while":                     {{Operation: "apps/create-installation-access-token", Status: 502, Times: 2}},
		"dispatching fails":                        {{Operation: "actions/create-workflow-dispatch", Status: 502, Times: 1}},
		"the connection breaks before":             {{Operation: "actions/create-workflow-dispatch", DropBefore: true, Times: 1}},
		"the connection breaks after":              {{Operation: "actions/create-workflow-dispatch", DropAfter: true, Times: 1}},
		"a secondary limit":                        {{Operation: "actions/create-workflow-dispatch", Status: 403, RetryAfter: time.Second, Times: 1}},
		"the connection breaks after, no list yet": {{Operation: "actions/create-workflow-dispatch", DropAfter: true, Times: 1}, {Operation: "actions/list-workflow-runs", Status: 500, Times: 1}},
		"looking fails":                            {{Operation: "actions/get-workflow-run", Status: 500, Times: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubsim.RepositoryOptions{Files: checking(), Private: true})
			for _, fault := range faults {
				if _, err := w.gh.Inject(fault); err != nil {
					t.Fatal(err)
				}
			}
			if strings.HasSuffix(name, "no list yet") {
				w.gh.LagRuns(2)
			}
			w.brings("2\n")
			w.passes(3 * time.Minute)
			w.gh.SetRunner(func(context.Context, githubsim.Job) githubsim.JobResult { return githubsim.JobResult{} })
			w.settle()
			w.passes(time.Minute)
			runs, err := w.gh.Runs(project)
			if err != nil || len(runs) != 1 || runs[0].Conclusion != "success" {
				t.Errorf("%d runs, %v", len(runs), err)
			}
			if dev := w.state().Environments["dev"]; dev.Runs != w.newest().SHA {
				t.Errorf("dev runs %s; want %s", dev.Runs, w.newest().SHA)
			}
		})
	}
}
