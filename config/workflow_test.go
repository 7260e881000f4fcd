package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWorkflows(t *testing.T) {
	t.Parallel()
	rules, err := Parse("c.yml", []byte(`version: 1
stacks: {layout: atmos}
artifacts:
  - {name: image, workflow: build.yml, variable: IMAGE}
environments:
  dev:
    verify:
      - {name: integration, workflow: .github/workflows/integration.yml, inputs: {suite: full, count: 3}}
      - {workflow: nightly.yaml, schedule: "0 2 * * *"}
    waves:
      - {stacks: [dev], verify: [{workflow: smoke.yml}]}
    release: {workflow: release.yml}
hooks:
  - {after: deploy, workflow: flush.yml}
`))
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, workflow := range rules.Workflows() {
		found = append(found, workflow.Path()+" for "+workflow.For)
	}
	want := []string{".github/workflows/build.yml for the artifact image", ".github/workflows/integration.yml for the check integration",
		".github/workflows/nightly.yaml for the check nightly.yaml", ".github/workflows/smoke.yml for the check smoke.yml",
		".github/workflows/release.yml for the release of dev", ".github/workflows/flush.yml for the hook flush.yml"}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"suite": "full", "count": "3"}, rules.Environments[0].Verify[0].Workflow.Inputs); diff != "" {
		t.Error(diff)
	}
}

func TestProblemsOfWorkflows(t *testing.T) {
	t.Parallel()
	for check, want := range map[string]string{
		"{workflow: ../x.yml}":                              `c.yml:4:29: workflow is "../x.yml"; expected the name of a file in .github/workflows/`,
		"{workflow: integration}":                           `workflow is "integration"; expected the name of a file`,
		"{workflow: x.yml, run: y}":                         "c.yml:4:18: a check needs one of `run`, `http` and `workflow`",
		"{run: y, inputs: {a: b}}":                          "`inputs` belongs to a check with `workflow`",
		"{workflow: x.yml, inputs: {commit: b}}":            `c.yml:4:45: the input "commit" is given by Trunkline`,
		"{workflow: x.yml, inputs: [a]}":                    "inputs is a list; expected names with texts",
		"{workflow: x.yml, inputs: {a: [b]}}":               "the input a is a list; expected text",
		"{workflow: x.yml, status: 200}":                    "`status` and `headers` belong to a check with `http`",
		"{workflow: x.yml, inputs: {a: b, a: c}}":           `"a" stands here again`,
		`{workflow: x.yml, inputs: {"2": b}}`:               `c.yml:4:45: "2" is no name of an input`,
		"{wrkflow: x.yml}":                                  "did you mean workflow?",
		"{workflow: x.yml, inputs: {" + manyInputs() + "}}": "inputs has 16 names; expected at most 15",
	} {
		_, err := Parse("c.yml", []byte("version: 1\nstacks: {layout: atmos}\nenvironments:\n  dev: {verify: ["+check+"]}\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v\nwant something with %q", check, err, want)
		}
	}
}

func manyInputs() string {
	var all []string
	for c := range 16 {
		all = append(all, "a"+string(rune('a'+c))+": b")
	}
	return strings.Join(all, ", ")
}
