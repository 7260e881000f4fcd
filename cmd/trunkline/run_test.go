package main

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// inJobs is a repository that is planned and applied in jobs of GitHub Actions.
func inJobs() map[string]string {
	files := maps.Clone(onWorkers)
	files[".github/trunkline.yml"] = strings.Replace(files[".github/trunkline.yml"], "{workers: [prod-eu]}", "actions", 1)
	files[".github/workflows/trunkline.yml"] = `
name: Trunkline
run-name: ${{ inputs.purpose }} (${{ inputs.trunkline }})
on:
  workflow_dispatch:
    inputs: {commit: {required: true}, trunkline: {required: true}, place: {required: true}, purpose: {required: true}, shards: {required: true}}
permissions: {contents: read, id-token: write}
jobs:
  run:
    strategy: {matrix: {shard: "${{ fromJSON(inputs.shards) }}"}}
    runs-on: ubuntu-latest
    environment: ${{ inputs.place }}
    steps: [{uses: ./.github/actions/run}]
`
	return files
}

// job runs `trunkline run` as the shipped action does, with all that GitHub gives a job.
func (s *stage) job(ctx context.Context, job githubsim.Job) githubsim.JobResult {
	run := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestWork$")
	run.Env = []string{asWorker + "=trunkline\nrun\n--parallel\n2", "PATH=" + os.Getenv("PATH"), "HOME=" + s.t.TempDir(), "RUNNER_TEMP=" + s.t.TempDir(),
		"TRUNKLINE_SERVER=http://" + s.listen, "TRUNKLINE_RUN_COMMIT=" + job.Input("commit"), "TRUNKLINE_RUN_CORRELATION=" + job.Input("trunkline"), "AWS_PROFILE=of-the-job"}
	for name, value := range job.Env {
		run.Env = append(run.Env, name+"="+value)
	}
	said, err := run.CombinedOutput()
	s.t.Logf("job %d (%s) said:\n%s", job.ID, job.Input("purpose"), said)
	if err != nil {
		return githubsim.JobResult{Conclusion: "failure", Log: string(said)}
	}
	return githubsim.JobResult{Log: string(said)}
}

// The real program plans and applies in a job with the real terraform. What it runs sees the credentials of other steps, and
// nothing with which it could be the job.
func TestRunInActions(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("terraform is not on the PATH; this needs the real one")
	}
	s := newStageOf(t, inJobs(), nil, "public_url: http://$LISTEN\nactions: {issuer: $ISSUER}\n")
	s.gh.SetRunner(s.job)
	files := s.resized()
	text := strings.Replace(*files["environments/dev/app/main.tf"], "command = \"", "command = \"env > '"+s.deployed+"/environment'; ", 1)
	files["environments/dev/app/main.tf"] = &text
	number := s.merged(files)
	s.says(number, "rollout", "Converged")
	seen, err := os.ReadFile(s.deployed + "/environment")
	if err != nil || !strings.Contains(string(seen), "AWS_PROFILE=of-the-job") {
		t.Errorf("it sees %s (%v)", seen, err)
	}
	for _, name := range []string{"ACTIONS_", "GITHUB_", "TRUNKLINE_RUN"} {
		if strings.Contains(string(seen), "\n"+name) {
			t.Errorf("it sees %s", seen)
		}
	}
	if n := s.applied(); n != 1 {
		t.Errorf("it was applied %d times", n)
	}
}
