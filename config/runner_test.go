package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const runnerHead = "version: 1\nstacks: {layout: folders, path: \"{environment}/{component}\"}\n"

func TestRunners(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Runner{
		"runner: local":                 {Kind: RunnerLocal},
		"runner: jobs":                  {Kind: RunnerJobs},
		"runner: actions":               {Kind: RunnerActions, Workflow: "trunkline.yml", PlanEnvironment: "plan"},
		"runner: {actions: infra.yaml}": {Kind: RunnerActions, Workflow: "infra.yaml", PlanEnvironment: "plan"},
		"runner: {actions: a.yml, plan_environment: r}": {Kind: RunnerActions, Workflow: "a.yml", PlanEnvironment: "r"},
		"runner: {workers: [prod-eu, arm, arm]}":        {Kind: RunnerWorkers, Labels: []string{"arm", "prod-eu"}},
		"runner: {workers: eu}":                         {Kind: RunnerWorkers, Labels: []string{"eu"}},
		"":                                              {Kind: RunnerLocal},
	} {
		rules, err := Parse("f.yml", []byte(runnerHead+text+"\nenvironments: {dev: , prod: {runner: {workers: own}}}\npreview: {from: prod}"))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		ignore := cmpopts.IgnoreFields(Runner{}, "At")
		if diff := cmp.Diff(want, rules.RunnerOf("dev"), ignore); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
		own := Runner{Kind: RunnerWorkers, Labels: []string{"own"}}
		if diff := cmp.Diff(own, rules.RunnerOf("prod"), ignore) + cmp.Diff(own, rules.RunnerOf("pr-12"), ignore); diff != "" {
			t.Errorf("an environment's own, beside %q: %s", text, diff)
		}
	}
}

func TestWrongRunners(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"runner: action":                                  `f.yml:3:9: runner is "action"; expected local or actions or jobs; did you mean actions?`,
		"runner: workers":                                 "f.yml:3:9: runner is workers, but which?",
		"runner: {workers: []}":                           "f.yml:3:19: workers is empty",
		"runner: {workers: [\"a b\"]}":                    `"a b" cannot be a label`,
		"runner: {workers: [a], actions: b.yml}":          "one of `actions` and `workers`",
		"runner: {actions: ../x.yml}":                     `actions is "../x.yml"; expected the name of a file`,
		"runner: {actions: x}":                            `actions is "x"`,
		"runner: {plan_environment: x}":                   "one of `actions` and `workers`",
		"runner: {workers: a, plan_environment: x}":       "`plan_environment` belongs to `actions`",
		"runner: {actions: a.yml, plan_environment: dev}": "plans of dev would run with the credentials of the environment dev",
		"runner: []":                                      "runner is a list",
	} {
		_, err := Parse("f.yml", []byte(runnerHead+text+"\nenvironments: {dev: }"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, not %s", text, err, want)
		}
	}
}
