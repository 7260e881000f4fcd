package planner

import (
	"slices"
	"testing"

	"github.com/trunkline/trunkline/planner/engine"
)

func TestWithout(t *testing.T) {
	t.Parallel()
	const unset = "Error: No value for required variable\n\n  on main.tf line 1:\n   1: variable \"password\" {}\n\n" +
		"The root module input variable \"password\" is not set, and has no default\nvalue. Use a -var or -var-file command line argument.\n"
	secrets := []string{"TF_VAR_password", "DB_TOKEN"}
	all := []string{"DB_TOKEN", "TF_VAR_password"}
	for name, test := range map[string]struct {
		step, message string
		outcome       Outcome
		lacks         []string
	}{
		"the variable":       {"plan", unset, KnownAfter, []string{"TF_VAR_password"}},
		"and something else": {"plan", unset + "\nError: Reference to undeclared resource\n\nx\n", Failed, all},
		"another variable":   {"plan", "Error: No value for required variable\n\nThe root module input variable \"size\" is not set, and\n", Failed, all},
		"shell":              {"plan", "sh: 1: DB_TOKEN: parameter not set\n(exit code 2)", KnownAfter, []string{"DB_TOKEN"}},
		"bash":               {"plan", "sh: line 1: DB_TOKEN: unbound variable\n(exit code 1)", KnownAfter, []string{"DB_TOKEN"}},
		"shell, another":     {"plan", "sh: 1: OTHER: parameter not set\n(exit code 2)", Failed, all},
		"anything":           {"plan", "401 Unauthorized\n(exit code 1)", Failed, all},
		"init":               {"init", unset, Failed, nil},
	} {
		plan := InstancePlan{Err: &engine.Failure{Step: test.step, Message: test.message}}
		plan.Without(secrets)
		if outcome, _ := plan.Outcome(); outcome != test.outcome || !slices.Equal(plan.Lacks, test.lacks) {
			t.Errorf("%s: %s without %v; want %s without %v", name, outcome, plan.Lacks, test.outcome, test.lacks)
		}
	}
	plan := InstancePlan{Err: &engine.Failure{Step: "plan", Message: unset}}
	if plan.Without(nil); plan.Lacks != nil {
		t.Error("an environment without secrets lacks some")
	}
}
