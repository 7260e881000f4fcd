package comment

import (
	"testing"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
)

// gated is a promotion of prod on a day on which much is in its way.
func gated() promote.Stage {
	prod := config.Environment{Name: "prod", After: []string{"staging"}}
	from, to := old, subnet
	return promote.Stage{
		Environment: prod, Status: promote.HeldBack, Runs: from, Behind: 4,
		Range: promote.Range{From: from, To: to, Commits: []promote.Commit{vpc, direct, dns, subnet}},
		Waits: []promote.Reason{{Gate: promote.GateHold, Text: "prod is held by dave until Mon 2026-11-23 09:00 UTC: the audit", Command: "/unhold prod"}},
		Gates: []promote.Gate{
			{Name: promote.GateHold, Text: "prod is held by dave until Mon 2026-11-23 09:00 UTC: the audit", Command: "/unhold prod", Who: "dave"},
			{Name: promote.GateSoak, Text: "4d03e77 has been healthy in staging for 10m of 30m", OpensAt: noon.Add(20 * time.Minute)},
			{Name: promote.GateApprove, Text: "needs 1 approval of acme/product-owners and 1 approval of acme/platform", Command: "/approve prod 4d03e77"},
			{Name: promote.GateUpstream, Open: true, Text: "staging has proven 4d03e77"},
			{Name: promote.GateRequire, Open: true, Text: "ci/build passed"},
		},
		Approvals: []promote.Counted{
			{Approval: promote.Approval{By: carol}, Void: "the plan is another one by now"},
		},
		Overdue: &promote.Overdue{Commits: 4, Since: noon, Cause: &promote.Gate{Text: "prod is held by dave: the audit", Who: "dave"}},
		LeftOut: []promote.LeftOut{{Component: "database", Since: noon}},
	}
}

func TestGates(t *testing.T) {
	t.Parallel()
	stage := gated()
	rollout := promote.Rollout{Commit: stage.Range.To, Tip: stage.Range.To, Stages: []promote.Stage{
		{Environment: config.Environment{Name: "staging"}, Status: promote.Converged, Runs: stage.Range.To}, stage}}
	golden(t, "rollout-gates.md", Rollout(rollout, Options{}))

	overridden := rollout
	overridden.Stages = []promote.Stage{rollout.Stages[0], {Environment: stage.Environment, Status: promote.Deploying, Runs: stage.Runs, Range: stage.Range,
		Deployment: &promote.Deployment{Environment: "prod", Phase: promote.Applying, From: stage.Range.From.SHA, To: stage.Range.To.SHA, By: carol,
			Passed: []string{promote.GateHold, promote.GateApprove}, Reason: "the site is down, and this brings it back"}}}
	golden(t, "rollout-override.md", Rollout(overridden, Options{}))

	aborted := rollout
	aborted.Stages = []promote.Stage{rollout.Stages[0], {Environment: stage.Environment, Status: promote.Stopped, Runs: stage.Runs, Range: stage.Range,
		Deployment: &promote.Deployment{Environment: "prod", Phase: promote.Aborted, From: stage.Range.From.SHA, To: stage.Range.To.SHA, By: carol,
			Failure: &promote.Failure{Step: "abort", Message: "dave stopped it. What is applied stays applied."}}}}
	golden(t, "rollout-aborted.md", Rollout(aborted, Options{}))
}

func TestHelpOfManyRules(t *testing.T) {
	t.Parallel()
	rules, err := config.Parse(config.Path, []byte(`version: 1
stacks: {layout: folders, path: "environments/{environment}/{component}"}
environments:
  dev: {promote: auto}
  staging: {promote: auto, soak: 30m, require: [ci/build]}
  prod:
    auto_if: "plan.destroys == 0"
    approve: [{team: acme/product-owners}, {team: acme/platform, count: 2}]
    windows: [{days: mon-thu, from: "09:00", to: "16:00"}]
    max_range: 10
    converge_within: 5d
`))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "help-rules.md", Help(rules.Environments, Rights{Person: carol, Write: true, May: map[string][]promote.Action{
		"dev": {promote.ActPromote, promote.ActHold}, "prod": {promote.ActPromote, promote.ActApprove, promote.ActHold, promote.ActOverride}}}, Options{}))
}
