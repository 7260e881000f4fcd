package workflow

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
)

const deploys = `
on: push
jobs:
  test: {runs-on: x, steps: [{run: x}]}
  dev:
    runs-on: x
    environment: dev
    steps: [{run: x}]
  live:
    runs-on: x
    environment: {name: Production, url: "https://example.com"}
    steps: [{run: x}]
`

func rulesOf(t *testing.T, text string) config.Repository {
	t.Helper()
	rules, err := config.Parse(config.Path, []byte("version: 1\nstacks: {layout: folders, path: \"environments/{environment}/{component}\"}\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

// Environments that jobs are to deploy to must have one; where Trunkline deploys, a job with the same environment is told of.
func TestJobsAndEnvironments(t *testing.T) {
	t.Parallel()
	found := Environments{Named: map[string][]Place{}}
	found.read(".github/workflows/deploy.yml", []byte(deploys))
	rules := rulesOf(t, "environments:\n  dev: {}\n  prod: {runner: jobs, after: [dev], github: {name: production}}\n  other: {after: [dev], runner: jobs}\n")
	var problems []string
	for _, problem := range found.jobsProblems(rules) {
		problems = append(problems, problem.Error())
	}
	want := []string{".github/trunkline.yml:6:33: other is deployed by the repository's own jobs (`runner: jobs`), and no workflow in .github/workflows has a job with `environment: other`"}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
	want = []string{".github/workflows/deploy.yml:7:18 (the job dev) deploys to dev, and so does Trunkline. If the job is to do it, write `runner: jobs` for dev in .github/trunkline.yml; else take its `environment` away."}
	if diff := cmp.Diff(want, found.Twice(rules)); diff != "" {
		t.Error(diff)
	}
}

// A job whose environment is not known before it runs could be in any.
func TestHiddenEnvironments(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an expression":              "jobs: {a: {runs-on: x, environment: \"${{ inputs.where }}\", steps: [{run: x}]}}",
		"another repository's":       "jobs: {a: {uses: acme/shared/.github/workflows/deploy.yml@v1}}",
		"an expression for its name": "jobs: {a: {runs-on: x, environment: {name: \"${{ matrix.place }}\"}, steps: [{run: x}]}}",
	} {
		found := Environments{Named: map[string][]Place{}}
		found.read("x.yml", []byte(text))
		if !found.Hidden {
			t.Errorf("%s: the environment is known", name)
		}
		if problems := found.jobsProblems(rulesOf(t, "environments: {prod: {runner: jobs}}\n")); len(problems) > 0 {
			t.Errorf("%s: %v", name, problems)
		}
	}
	found := Environments{Named: map[string][]Place{}}
	found.read("x.yml", []byte("jobs: {a: {uses: ./.github/workflows/deploy.yml}}"))
	found.read("y.yml", []byte("{not a workflow"))
	if found.Hidden {
		t.Error("a workflow of the same repository hides environments")
	}
}
