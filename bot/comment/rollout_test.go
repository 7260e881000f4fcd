package comment

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
)

var (
	alice = promote.Person{ID: 1, Login: "alice"}
	bob   = promote.Person{ID: 2, Login: "bob"}
	carol = promote.Person{ID: 3, Login: "carol"}

	noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

	old    = promote.Commit{SHA: "9f1c2ab0000000000000000000000000000000a1", Position: 1, Pull: 37, Author: bob}
	vpc    = promote.Commit{SHA: "1a2b3c40000000000000000000000000000000b2", Position: 2, Pull: 38, Author: bob}
	direct = promote.Commit{SHA: "77aa11b0000000000000000000000000000000c3", Position: 3, Author: promote.Person{Login: "carol"}}
	dns    = promote.Commit{SHA: "2b3c4d50000000000000000000000000000000d4", Position: 4, Pull: 40, Author: carol}
	subnet = promote.Commit{SHA: trunkSHA, Position: 5, Pull: 42, Author: alice, Title: "Resize the subnet"}
	later  = promote.Commit{SHA: "5e6f7a80000000000000000000000000000000e5", Position: 6, Pull: 44, Author: bob}
)

func acmeEnvironments() []config.Environment {
	return []config.Environment{
		{Name: "dev", Promote: config.Auto, Verify: []config.Check{{Name: "smoke"}}},
		{Name: "staging", Promote: config.Manual, After: []string{"dev"}, Verify: []config.Check{{Name: "smoke"}}},
		{Name: "prod", Promote: config.Manual, After: []string{"staging"}},
	}
}

func stage(i int, status promote.Status) promote.Stage {
	return promote.Stage{Environment: acmeEnvironments()[i], Status: status}
}

// there is a stage that runs the commit, brought there by a deployment.
func there(i int, c promote.Commit, by promote.Person) promote.Stage {
	s := stage(i, promote.Converged)
	s.Runs = c
	s.Deployment = &promote.Deployment{
		Environment: s.Environment.Name, From: old.SHA, To: c.SHA, Phase: promote.Succeeded, By: by,
		Instances: deployed(promote.InstanceApplied, promote.InstanceApplied), Started: noon, Finished: noon.Add(83 * time.Second),
	}
	return s
}

// lacking is a stage that still runs an older commit, with what it would get.
func lacking(i int, status promote.Status, to promote.Commit, waits ...promote.Reason) promote.Stage {
	s := stage(i, status)
	s.Runs = old
	s.Waits = waits
	s.Range = promote.Range{From: old, To: to}
	for _, c := range []promote.Commit{vpc, direct, dns, subnet, later} {
		if c.Position <= to.Position {
			s.Range.Commits = append(s.Range.Commits, c)
		}
	}
	s.Behind = len(s.Range.Commits)
	return s
}

func deployed(phases ...promote.InstancePhase) []promote.DeployedInstance {
	names := []string{"staging/vpc", "staging/dns", "staging/cluster", "staging/database", "staging/site"}
	summaries := []string{"1 to create, 1 to update", "no change", "1 to replace", "2 to update", "1 to create"}
	var all []promote.DeployedInstance
	for i, phase := range phases {
		instance := promote.DeployedInstance{Name: names[i], Phase: phase, Summary: summaries[i], Destructive: i == 2}
		if phase == promote.InstanceWaiting {
			instance.Summary = ""
		}
		all = append(all, instance)
	}
	return all
}

func failing(step, subject, message string, phases ...promote.InstancePhase) promote.Stage {
	s := lacking(1, promote.Stopped, subnet, promote.Reason{
		Gate: "failed", Text: "the last deployment failed", Command: "/promote staging"})
	s.Deployment = &promote.Deployment{
		Environment: "staging", From: old.SHA, To: subnet.SHA, Phase: promote.Failed, By: carol,
		Failure:   &promote.Failure{Step: step, Subject: subject, Message: message},
		Instances: deployed(phases...), Started: noon, Finished: noon.Add(time.Minute),
	}
	return s
}

func going(phase promote.Phase, to promote.Commit, phases ...promote.InstancePhase) promote.Stage {
	s := lacking(1, promote.Deploying, to)
	s.Deployment = &promote.Deployment{
		Environment: "staging", From: old.SHA, To: to.SHA, Phase: phase, By: carol, Instances: deployed(phases...), Started: noon,
	}
	return s
}

func rollouts() map[string]promote.Rollout {
	manual := promote.Reason{Gate: "manual", Text: "promoted by hand", Command: "/promote staging"}
	upstream := promote.Reason{Gate: "upstream", Text: "staging has not proven `4d03e77` yet"}
	journey := func(stages ...promote.Stage) promote.Rollout {
		return promote.Rollout{Commit: subnet, Tip: subnet, Stages: stages}
	}
	dev := there(0, subnet, promote.Person{})
	waitingProd := lacking(2, promote.HeldBack, subnet, upstream)
	ready := journey(there(0, subnet, promote.Person{}), lacking(1, promote.Ready, subnet, manual), waitingProd)

	first := journey(lacking(0, promote.Deploying, subnet), lacking(1, promote.HeldBack, subnet,
		promote.Reason{Gate: "upstream", Text: "dev has not proven `4d03e77` yet"}), waitingProd)
	first.Stages[0].Deployment = &promote.Deployment{Environment: "dev", From: old.SHA, To: subnet.SHA, Phase: promote.Planning,
		Instances: deployed(promote.InstancePlanned, promote.InstanceWaiting)}

	refused := ready
	refused.Answers = []promote.Answer{
		{By: bob, Command: "/status", Text: "answered below"},
		{By: carol, Command: "/promote prod", Refused: true, Text: "prod comes after staging. staging has not proven `4d03e77` yet. Type `/promote staging`."},
		{By: carol, Command: "/promote stagign", Refused: true, Text: "`promote <environment> [to <sha>]` takes the environments of this repository. There is no `stagign`; did you mean `staging`? Type `/promote staging`."},
	}
	many := ready
	for range 8 {
		many.Answers = append(many.Answers, promote.Answer{By: bob, Command: "/promote staging", Text: "staging goes from `9f1c2ab` to `4d03e77`"})
	}
	applying := journey(dev, going(promote.Applying, subnet,
		promote.InstanceApplied, promote.InstanceApplied, promote.InstanceApplying, promote.InstancePlanned, promote.InstancePlanned), waitingProd)
	paused := journey(dev, going(promote.Applying, subnet,
		promote.InstanceApplied, promote.InstanceApplied, promote.InstancePlanned, promote.InstancePlanned, promote.InstancePlanned), waitingProd)
	paused.Stages[1].Deployment.Steps = []promote.Step{
		{Kind: promote.StepBefore, Name: "backup", Phase: promote.StepPassed, Started: noon, Ended: noon.Add(42 * time.Second)},
		{Kind: promote.StepVerify, Wave: "staging/eu-*", Name: "smoke", Phase: promote.StepPassed, Started: noon, Ended: noon.Add(3 * time.Second)},
		{Kind: promote.StepPause, Wave: "staging/eu-*", Name: "10m0s", Phase: promote.StepRunning, Started: noon},
	}
	paused.Stages[1].Deployment.WaitsUntil = noon.Add(10 * time.Minute)
	paused.Stages[1].Deployment.Instances[3].Summary = ""
	canary := journey(dev, going(promote.Applying, subnet,
		promote.InstanceApplied, promote.InstanceApplied, promote.InstanceApplying, promote.InstancePlanned, promote.InstancePlanned), waitingProd)
	canary.Stages[1].Deployment.Steps = []promote.Step{
		{Kind: promote.StepCanary, Wave: "staging/cluster", Name: "10 %", Phase: promote.StepPassed, Started: noon, Ended: noon.Add(40 * time.Second)},
		{Kind: promote.StepWatch, Wave: "staging/cluster at 10 %", Name: "error rate", Phase: promote.StepPassed, Message: "10 samples", Started: noon, Ended: noon.Add(5 * time.Minute)},
		{Kind: promote.StepCanary, Wave: "staging/cluster", Name: "50 %", Phase: promote.StepPassed, Started: noon, Ended: noon.Add(38 * time.Second)},
		{Kind: promote.StepWatch, Wave: "staging/cluster at 50 %", Name: "error rate", Phase: promote.StepRunning, Message: "4 of 10 samples, 1 bad", Started: noon},
	}
	canary.Stages[1].Deployment.WaitsUntil = noon.Add(10 * time.Minute)
	watching := journey(dev, going(promote.Verifying, subnet, promote.InstanceApplied, promote.InstanceApplied), waitingProd)
	watching.Stages[1].Deployment.Steps = []promote.Step{
		{Kind: promote.StepAfter, Name: "flush `@team` |", Phase: promote.StepSkipped, Started: noon, Ended: noon},
		{Kind: promote.StepWatch, Name: "error rate", Phase: promote.StepRunning, Message: "3 of 30 samples", Started: noon},
	}
	rides := journey(there(0, later, promote.Person{}), going(promote.Applying, later,
		promote.InstanceApplied, promote.InstanceApplied, promote.InstanceApplying, promote.InstancePlanned, promote.InstancePlanned), waitingProd)
	rides.Stages[2].Range = promote.Range{}
	rides.Tip = later
	carried := journey(there(0, later, promote.Person{}), lacking(1, promote.Stopped, later, manual), waitingProd)
	carried.Stages[2].Range = promote.Range{}
	carried.Answers = refused.Answers
	waiting := carried
	waiting.Stages = []promote.Stage{carried.Stages[0], lacking(1, promote.Ready, later, manual), carried.Stages[2]}
	newer := journey(there(0, later, promote.Person{}), there(1, subnet, carol), there(2, subnet, carol))
	newer.Tip = later
	broken := ready
	broken.Problems = config.Problems{
		{File: ".github/trunkline.yml", At: config.Position{Line: 12, Column: 5}, Message: "`afer` is not a key of an environment; did you mean `after`?"},
		{File: ".github/trunkline.yml", At: config.Position{Line: 19, Column: 12}, Message: "there is no environment `stagign`; did you mean `staging`?"},
	}
	terraformError := "Error: creating EC2 Subnet: InvalidSubnet.Conflict: The CIDR '10.0.16.0/20' conflicts with another subnet\n\n" +
		"  with aws_subnet.private[\"b\"],\n  on main.tf line 31, in resource \"aws_subnet\" \"private\":\n  31: resource \"aws_subnet\" \"private\" {\n"
	back := func(phase promote.Phase, failure *promote.Failure) promote.Stage {
		s := going(phase, subnet, promote.InstanceApplied, promote.InstanceApplied)
		s.Status, s.Runs, s.Waits, s.Deployment.Rollback, s.Deployment.Failure = promote.GoingBack, subnet, nil, true, failure
		s.Range = promote.Range{From: subnet, To: old, Back: true, Commits: s.Range.Commits}
		s.Deployment.From, s.Deployment.To, s.Deployment.Why = subnet.SHA, old.SHA, "the check `smoke` failed in `4d03e77`"
		return s
	}
	asked := back(promote.Planning, nil)
	asked.Deployment = nil
	asked.Gates = []promote.Gate{{Name: promote.GateApprove, Text: "needs 1 approval of acme/sre", Command: "/approve staging 9f1c2ab"}}
	asked.Waits = []promote.Reason{{Gate: promote.GateApprove, Text: "needs 1 approval of acme/sre", Command: "/approve staging 9f1c2ab"}}
	halted := back(promote.Failed, &promote.Failure{Step: "verify", Subject: "smoke", Message: "curl: (22) The requested URL returned error: 503\n"})
	halted.Status, halted.Undone = promote.Stopped, failing("apply", "staging/cluster", terraformError, promote.InstanceApplied, promote.InstanceFailed).Deployment
	lost := back(promote.Failed, &promote.Failure{Step: "rollback", Message: "what would be lost is not rolled back: it would destroy `aws_db.main` of staging/db, which was there before"})
	lost.Status, lost.Deployment.Instances = promote.Stopped, deployed(promote.InstancePlanned, promote.InstancePlanned)
	wentBack := lacking(1, promote.HeldBack, subnet, promote.Reason{Gate: promote.GateHold, Text: "staging is held by Trunkline: rolled back", Command: "/unhold staging"})
	wentBack.TakenBack = back(promote.Succeeded, nil).Deployment
	wentBack.TakenBack.By, wentBack.TakenBack.Finished = promote.Person{}, noon.Add(time.Minute)
	wentBack.Undone = failing("verify", "smoke", "curl: (22) The requested URL returned error: 503\n", promote.InstanceApplied, promote.InstanceApplied).Deployment
	notBack := failing("verify", "smoke", "no\n", promote.InstanceApplied)
	notBack.NotBack = "#42 changes `schema/1.sql`, which is declared irreversible in staging"
	return map[string]promote.Rollout{
		"back-waits":    journey(dev, asked, waitingProd),
		"back-applying": journey(dev, back(promote.Applying, nil), waitingProd),
		"back-stopped":  journey(dev, halted, waitingProd),
		"back-lost":     journey(dev, lost, waitingProd),
		"back-there":    journey(dev, wentBack, waitingProd),
		"back-not":      journey(dev, notBack, waitingProd),
		"first":         first,
		"ready":         ready,
		"refused":       refused,
		"many-commands": many,
		"applying":      applying,
		"verifying":     journey(dev, going(promote.Verifying, subnet, promote.InstanceApplied, promote.InstanceApplied), waitingProd),
		"plan-failed":   journey(dev, failing("plan", "staging/vpc", "Error: No value for required variable \"zone\"\n", promote.InstanceFailed, promote.InstanceWaiting), waitingProd),
		"apply-failed":  journey(dev, failing("apply", "staging/cluster", terraformError, promote.InstanceApplied, promote.InstanceApplied, promote.InstanceFailed, promote.InstancePlanned), waitingProd),
		"paused":        paused, "watching": watching, "canary": canary,
		"verify-failed": journey(dev, failing("verify", "smoke", "curl: (22) The requested URL returned error: 503\n", promote.InstanceApplied, promote.InstanceApplied), waitingProd),
		"converged":     journey(dev, there(1, subnet, carol), there(2, subnet, bob)),
		"newer":         newer,
		"rides":         rides,
		"rides-stopped": carried,
		"rides-waiting": waiting,
		"configuration": broken,
	}
}

func TestRollout(t *testing.T) {
	t.Parallel()
	for name, r := range rollouts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, "rollout-"+name+".md", Rollout(r, Options{}))
		})
	}
}

func TestReplies(t *testing.T) {
	t.Parallel()
	state := promote.State{
		Trunk: []promote.Commit{old, vpc, direct, dns, subnet},
		Rules: config.Repository{Environments: acmeEnvironments()},
		Environments: map[string]promote.Environment{
			"dev":     {Name: "dev", Runs: subnet.SHA, Since: noon},
			"staging": {Name: "staging", Runs: dns.SHA, Since: noon.Add(-20 * time.Hour)},
			"prod":    {Name: "prod", Runs: old.SHA},
		},
	}
	decisions := []promote.Decision{
		{Environment: "staging", Candidate: subnet, Waits: []promote.Reason{{Gate: "manual", Text: "promoted by hand", Command: "/promote staging"}}},
		{Environment: "prod", Candidate: dns, Waits: []promote.Reason{
			{Gate: "upstream", Text: "staging has not proven `2b3c4d5` yet"}, {Gate: "manual", Text: "promoted by hand", Command: "/promote prod"}}},
	}
	golden(t, "status.md", Status(state, decisions, Options{}))
	golden(t, "help.md", Help(acmeEnvironments(), Rights{Person: carol, Write: true}, Options{}))
	golden(t, "help-read-only.md", Help(acmeEnvironments(), Rights{Person: promote.Person{ID: 9, Login: "mallory"}}, Options{OnlyLong: true}))
	golden(t, "reply-refused.md", Reply(promote.Answer{By: carol, Command: "/promote prod --force", Refused: true,
		Text: "Commands take no flags, and none is passed on to any tool. `--force` looks like one. Type `/promote prod`."}, Options{}))
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	tests := []struct {
		stage promote.Stage
		want  string
	}{
		{there(0, subnet, promote.Person{}), "Runs 4d03e77: 2 instances applied"},
		{going(promote.Planning, subnet, promote.InstancePlanned, promote.InstanceWaiting), "Going from 9f1c2ab to 4d03e77: planning, 1 of 2 instances"},
		{going(promote.Planning, subnet), "Going from 9f1c2ab to 4d03e77: planning"},
		{going(promote.Applying, subnet, promote.InstanceApplied, promote.InstanceApplying), "Going from 9f1c2ab to 4d03e77: applying, 1 of 2 instances done"},
		{going(promote.Verifying, subnet), "Going from 9f1c2ab to 4d03e77: everything is applied, the checks run"},
		{failing("verify", "smoke", "503", promote.InstanceApplied), "Stopped: the check smoke failed. Everything was applied and stays."},
		{failing("apply", "staging/vpc", "no", promote.InstanceFailed, promote.InstancePlanned), "Stopped: applying staging/vpc failed. staging/vpc may be partly applied."},
		{failing("apply", "staging/dns", "no", promote.InstanceApplied, promote.InstanceFailed), "Stopped: applying staging/dns failed. staging/dns may be partly applied; 1 of 2 instances is applied and stays so."},
		{failing("apply", "staging/dns", "no", promote.InstancePlanned, promote.InstancePlanned), "Stopped: applying staging/dns failed."},
		{failing("plan", "staging/dns", "no", promote.InstancePlanned, promote.InstanceFailed), "Stopped: planning staging/dns failed. Nothing was applied."},
		{failing("plan", "staging/dns", "no", promote.InstanceApplying, promote.InstanceFailed), "Stopped: planning staging/dns failed. staging/vpc may be partly applied."},
		{failing("engine", "tofu", "not found"), "Stopped: the engine tofu cannot be run."},
	}
	for _, test := range tests {
		if got := Describe(*test.stage.Deployment); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestDeployment(t *testing.T) {
	t.Parallel()
	asked := *going(promote.Planning, subnet).Deployment
	alone := asked
	alone.By = promote.Person{}
	first := alone
	first.From, first.Environment = "", strings.Repeat("long", 40)
	for _, test := range []struct {
		deployment promote.Deployment
		want       string
	}{
		{asked, "4d03e77 to staging, which ran 9f1c2ab; asked for by carol"},
		{alone, "4d03e77 to staging, which ran 9f1c2ab"},
		{first, "4d03e77 to " + strings.Repeat("long", 31) + "lo…"},
	} {
		if got := Deployment(test.deployment); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

// What a newer merge changes is not in the comment of a commit that rides.
func TestRidingStaysAsItIs(t *testing.T) {
	t.Parallel()
	newest := later
	newest.SHA, newest.Position, newest.Pull = strings.Repeat("d", 40), later.Position+1, later.Pull+1
	for name, status := range map[string]promote.Status{"ready": promote.Ready, "held back": promote.HeldBack} {
		r := rollouts()["rides-waiting"]
		r.Stages[1].Status = status
		before := Rollout(r, Options{})
		r.Tip = newest
		for i := range r.Stages {
			r.Stages[i].Behind++
			r.Stages[i].Waits = []promote.Reason{{Gate: "deploying", Text: "it is being brought elsewhere"}}
		}
		r.Stages[0].Runs, r.Stages[0].Deployment = newest, nil
		r.Stages[1].Range.To, r.Stages[1].Range.Commits = newest, append(r.Stages[1].Range.Commits, newest)
		if diff := cmp.Diff(before, Rollout(r, Options{})); diff != "" {
			t.Errorf("%s:\n%s", name, diff)
		}
	}
}

// Where a deployment is under way or has stopped, the comment leads to its log; where there is no address, it says nothing of one.
func TestRolloutLeadsToLogs(t *testing.T) {
	t.Parallel()
	o := Options{Log: func(deployment int64) string { return "https://trunkline.example/logs/" + string(rune('0'+deployment)) }}
	for name, want := range map[string]string{
		"applying":      "| ⏳ [applying](<https://trunkline.example/logs/2>) |",
		"verifying":     "| ⏳ [checking](<https://trunkline.example/logs/2>) |",
		"verify-failed": "| ❌ [stopped](<https://trunkline.example/logs/2>) |",
		"plan-failed":   "**staging stopped**: planning `staging/vpc` failed. Nothing was applied. All that was said is in [the log](<https://trunkline.example/logs/2>).",
	} {
		r := rollouts()[name]
		r.Stages[1].Deployment.ID = 2
		if got := Rollout(r, o); !strings.Contains(got, want) {
			t.Errorf("%s does not say %q:\n%s", name, want, got)
		}
		o := Options{Log: func(int64) string { return "" }}
		if got := Rollout(r, o); got != Rollout(r, Options{}) {
			t.Errorf("%s without an address is\n%s", name, got)
		}
	}
}
