package promote

import (
	"slices"
	"testing"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/stack"
)

// waiting is a world in which one commit waits for prod.
func waiting(t *testing.T, prod string) (*world, Commit) {
	t.Helper()
	w := newWorld(parsed(t, "environments:\n  dev: {promote: auto}\n  prod: {"+prod+"}\n"))
	commit := w.merge(people[0], people[1])
	w.end("dev", Succeeded)
	return w, commit
}

func (w *world) gate(name, gate string) (found Gate) {
	for _, decision := range Decide(w.state) {
		for _, one := range decision.Gates {
			if decision.Environment == name && one.Name == gate {
				return one
			}
		}
	}
	return Gate{}
}

// Where several report under one name, all must have passed; of each the newest counts.
func TestRequire(t *testing.T) {
	t.Parallel()
	at := func(minute int) time.Time { return begin.Add(time.Duration(minute) * time.Minute) }
	for name, test := range map[string]struct {
		reports []Report
		open    bool
		text    string
	}{
		"none":          {nil, false, "ci has not reported on 0002222"},
		"another":       {[]Report{{Name: "ci/other", Done: true, Passed: true}}, false, "ci has not reported on 0002222"},
		"passed":        {[]Report{{Name: "ci", Done: true, Passed: true}}, true, "ci passed on 0002222"},
		"running":       {[]Report{{Name: "ci"}}, false, "ci is still running on 0002222"},
		"failed":        {[]Report{{Name: "ci", Done: true}}, false, "ci failed on 0002222"},
		"again":         {[]Report{{Name: "ci", Done: true, Passed: true, At: at(1)}, {Name: "ci", At: at(2)}}, false, "ci is still running on 0002222"},
		"mended":        {[]Report{{Name: "ci", Done: true, Passed: true, At: at(3)}, {Name: "ci", Done: true, At: at(2)}}, true, "ci passed on 0002222"},
		"both Apps":     {[]Report{{Name: "ci", Source: "a", Done: true, Passed: true}, {Name: "ci", Source: "b", Done: true, Passed: true}}, true, "ci passed on 0002222"},
		"one App fails": {[]Report{{Name: "ci", Source: "a", Done: true, Passed: true, At: at(5)}, {Name: "ci", Source: "b", Done: true}}, false, "ci failed on 0002222"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, commit := waiting(t, "promote: manual, require: [ci]")
			w.state.Reports[commit.SHA] = test.reports
			if got := w.gate("prod", GateRequire); got.Open != test.open || got.Text != test.text {
				t.Errorf("got %+v", got)
			}
		})
	}
}

// An approval is void when anything that it binds is another thing, whoever gave it.
func TestApprovalsBind(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(w *world)
		want   string
	}{
		"nothing": {func(*world) {}, ""},
		"plan":    {func(w *world) { w.drifts("prod"); w.plan() }, "the plan is another one by now"},
		"rules": {func(w *world) {
			w.state.Rules = parsed(t, "environments:\n  dev: {promote: auto}\n  prod: {approve: [{team: acme/platform}], soak: 1m}\n")
		},
			"the rules changed since"},
		"target":     {func(w *world) { w.merge(people[0], people[1]); w.end("dev", Succeeded) }, "it was for 0002222, and 0003333 takes its place"},
		"membership": {func(w *world) { w.state.People.Teams["acme/platform"] = nil }, "eve is not among those who may approve"},
		"author":     {func(w *world) { w.state.Trunk[1].CoAuthors = []Person{{12, "eve"}} }, "eve is a co-author of #2"},
		"merger":     {func(w *world) { w.state.Trunk[1].Merger = Person{12, "renamed"} }, "eve merged #2"},
		"promoter": {func(w *world) {
			w.change("prod", func(e *Environment) { e.Request = &Request{To: w.state.Trunk[1].SHA, By: Person{12, "eve"}} })
		}, "eve asked for the promotion"},
		"from": {func(w *world) {
			w.change("prod", func(e *Environment) { e.Approvals[0].From = "something else" })
		}, "prod ran somethi then, and runs 0001111 now"},
		"App": {func(w *world) { w.change("prod", func(e *Environment) { e.Approvals[0].App = true }) }, "Apps do not approve"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := waiting(t, "approve: [{team: acme/platform}]")
			w.plan()
			if refusal := w.approve("prod", people[4], ""); refusal != nil {
				t.Fatal(refusal)
			}
			test.change(w)
			for _, decision := range Decide(w.state) {
				if decision.Environment == "prod" && (len(decision.Approvals) != 1 || decision.Approvals[0].Void != test.want || decision.Approvals[0].Counts != (test.want == "")) {
					t.Errorf("got %+v", decision.Approvals)
				}
			}
		})
	}
}

// One person is one approval, and people are given to rules so that as many as possible are met.
func TestWhoFillsWhichRule(t *testing.T) {
	t.Parallel()
	w, _ := waiting(t, "approve: [{teams: [acme/product, acme/platform]}, {team: acme/product}]")
	w.plan()
	// Dan and Gil are of product, Gil and Eve of platform.
	for _, step := range []struct {
		by   Person
		want string
	}{
		{people[6], "needs 1 approval of acme/product"},
		{people[4], ""},
	} {
		if refusal := w.approve("prod", step.by, ""); refusal != nil {
			t.Fatal(refusal)
		}
		gate := w.gate("prod", GateApprove)
		if gate.Open != (step.want == "") || !gate.Open && gate.Text != step.want {
			t.Errorf("after %s: %+v", step.by.Login, gate)
		}
	}
}

// Before anything is applied, holds, windows, rights and the plan are looked at again; nothing else is.
func TestRecheck(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(w *world, plan *Plan)
		want   []string
	}{
		"nothing":          {func(*world, *Plan) {}, nil},
		"another plan":     {func(_ *world, p *Plan) { p.Instances = slices.Clone(p.Instances); p.Instances[0].Digest = "other" }, []string{GateApprove}},
		"lost a right":     {func(w *world, _ *Plan) { w.state.People.Teams["acme/platform"] = nil }, []string{GateApprove}},
		"a hold":           {func(w *world, _ *Plan) { w.hold("prod") }, []string{GateHold}},
		"a component":      {func(w *world, _ *Plan) { w.hold("prod", "db") }, []string{GateHold}},
		"another of them":  {func(w *world, _ *Plan) { w.hold("prod", "cache") }, nil},
		"out of hours":     {func(w *world, _ *Plan) { w.state.Now = begin.Add(9 * time.Hour) }, []string{GateWindows}},
		"upstream goes on": {func(w *world, _ *Plan) { w.merge(people[0], people[1]) }, nil},
		"the rules are broken": {func(w *world, _ *Plan) { w.state.Problems = config.Problems{{Message: "x"}} },
			[]string{GateConfiguration}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _ := waiting(t, "promote: auto, soak: 1m, approve: [{team: acme/platform}], windows: [{from: \"08:00\", to: \"16:00\"}]")
			w.plan()
			if refusal := w.approve("prod", people[4], ""); refusal != nil {
				t.Fatal(refusal)
			}
			plan := *w.state.Environments["prod"].Plan
			w.pass(time.Hour)
			if last := w.state.Environments["prod"].Last; last == nil || !last.Phase.Live() {
				t.Fatal("prod has not started")
			}
			test.change(w, &plan)
			var got []string
			for _, gate := range Recheck(w.state, "prod", plan) {
				got = append(got, gate.Name)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v; want %v", got, test.want)
			}
		})
	}
}

// What went by itself because of its plan does not with the plan that would be applied, if that is another kind of plan.
func TestRecheckAutoIf(t *testing.T) {
	t.Parallel()
	w, _ := waiting(t, "promote: manual, auto_if: \"plan.destroys == 0\"")
	w.plan()
	if last := w.state.Environments["prod"].Last; last == nil || !last.Phase.Live() {
		t.Fatal("prod has not started")
	}
	plan := *w.state.Environments["prod"].Plan
	if gates := Recheck(w.state, "prod", plan); len(gates) != 0 {
		t.Errorf("the same plan: got %+v", gates)
	}
	plan.Instances = slices.Clone(plan.Instances)
	plan.Instances[0].Destroys = 1
	if gates := Recheck(w.state, "prod", plan); len(gates) != 1 || gates[0].Name != GateManual {
		t.Errorf("a plan that destroys: got %+v", gates)
	}
}

// Who asked and lost the right to before it started does not move anything any more.
func TestPromoterLostRight(t *testing.T) {
	t.Parallel()
	w, commit := waiting(t, "promote: manual, allow: {promote: acme/platform}, windows: [{from: \"10:00\", to: \"16:00\"}]")
	if refusal := w.ask("prod", commit.SHA, people[5], true); refusal != nil {
		t.Fatal(refusal)
	}
	if gate := w.gate("prod", GateManual); !gate.Open {
		t.Fatalf("got %+v", gate)
	}
	members := w.state.People.Teams["acme/platform"]
	w.state.People.Teams["acme/platform"] = members[:1]
	w.pass(3 * time.Hour)
	if gate := w.gate("prod", GateManual); gate.Open || w.state.Environments["prod"].Last != nil {
		t.Fatalf("got %+v", gate)
	}
	w.state.People.Teams["acme/platform"] = members
	w.step()
	if last := w.state.Environments["prod"].Last; last == nil || !last.Phase.Live() {
		t.Fatal("prod has not started")
	}
	w.state.People.Teams["acme/platform"] = members[:1]
	if gates := Recheck(w.state, "prod", Plan{Done: true}); len(gates) != 1 || gates[0].Name != GateManual {
		t.Errorf("got %+v", gates)
	}
}

// An override passes the holds that were on, not one that somebody puts on to stop it.
func TestRecheckHoldAfterOverride(t *testing.T) {
	t.Parallel()
	w, commit := waiting(t, "promote: manual")
	w.hold("prod")
	w.change("prod", func(e *Environment) {
		e.Override = &Override{ID: 1, From: e.Runs, To: commit.SHA, By: people[1], Reason: "fire"}
	})
	w.pass(time.Minute)
	if last := w.state.Environments["prod"].Last; last == nil || !last.Phase.Live() {
		t.Fatal("prod has not started")
	}
	if gates := Recheck(w.state, "prod", Plan{Done: true}); len(gates) != 0 {
		t.Errorf("got %+v", gates)
	}
	w.state.Now = w.state.Now.Add(time.Second)
	w.hold("prod")
	if gates := Recheck(w.state, "prod", Plan{Done: true}); len(gates) != 1 || gates[0].Name != GateHold {
		t.Errorf("got %+v", gates)
	}
}

func (w *world) hold(name string, components ...string) {
	w.change(name, func(e *Environment) {
		e.Holds = append(e.Holds, Hold{ID: w.id(), Kind: Held, Owner: people[0], Components: components, From: w.state.Now})
	})
}

// What was given up before it applied anything is no failure: it goes again when its gates open.
func TestVoid(t *testing.T) {
	t.Parallel()
	w, commit := waiting(t, "promote: auto")
	w.hold("prod")
	w.end("prod", Void)
	w.pass(time.Minute)
	if gate := w.gate("prod", GateHold); gate.Open || gate.Name == "" || w.gate("prod", GateFailed).Name != "" {
		t.Errorf("got %+v", gate)
	}
	w.change("prod", func(e *Environment) { e.Holds = nil })
	w.step()
	w.end("prod", Succeeded)
	w.runs(t, "prod", commit)
}

func TestMay(t *testing.T) {
	t.Parallel()
	w, _ := waiting(t, "approve: [{user: dan}], allow: {promote: acme/product, override: eve}")
	writer, admin := Actor{Person: people[0], Write: true}, Actor{Person: people[1], Write: true, Admin: true}
	dan, eve := Actor{Person: people[3]}, Actor{Person: people[4]}
	for _, test := range []struct {
		who  Actor
		what Action
		in   string
		may  bool
	}{
		{writer, ActPromote, "dev", true}, {Actor{Person: people[0]}, ActPromote, "dev", false}, {writer, ActPromote, "prod", false}, {dan, ActPromote, "prod", true},
		{writer, ActHold, "prod", true}, {dan, ActHold, "prod", false}, {writer, ActUnhold, "prod", false}, {dan, ActUnhold, "prod", true},
		{writer, ActOverride, "dev", false}, {admin, ActOverride, "dev", true}, {admin, ActOverride, "prod", false}, {eve, ActOverride, "prod", true},
		{Actor{Person: people[4], App: true}, ActOverride, "prod", false}, {dan, ActApprove, "prod", true}, {eve, ActApprove, "prod", false}, {eve, ActPromote, "qa", false},
	} {
		if refusal := May(w.state, test.who, test.what, test.in); (refusal == nil) != test.may {
			t.Errorf("%s %s %s: got %+v", test.who.Login, test.what, test.in, refusal)
		}
	}
}

func TestPlanOf(t *testing.T) {
	t.Parallel()
	instance := func(component string, outcome planner.Outcome, actions ...engine.Action) planner.InstancePreview {
		i := planner.InstancePreview{Instance: stack.Instance{Stack: "prod", Component: component}, Outcome: outcome, Plan: engine.Plan{Digest: component}}
		for _, action := range actions {
			i.Plan.Changes = append(i.Plan.Changes, engine.Change{Action: action})
		}
		return i
	}
	impact := PlannedImpact{Impact: Impact{From: "a", To: "b", After: 3}, Done: true, Preview: planner.Preview{Instances: []planner.InstancePreview{
		instance("vpc", planner.Planned, engine.Create, engine.Import, engine.Replace, engine.Read),
		instance("db", planner.Planned, engine.Destroy, engine.Forget, engine.Update),
		instance("same", planner.Planned),
	}}}
	plan := PlanOf(impact)
	counts := plan.counts()
	if !plan.Done || plan.Failure() != "" || counts.Instances != 2 || counts.Creates != 2 || counts.Replaces != 1 || counts.Destroys != 2 || counts.Updates != 1 || counts.Changes != 6 {
		t.Errorf("got %+v, %+v", plan, counts)
	}
	digest := plan.Digest()
	slices.Reverse(impact.Preview.Instances)
	if again := PlanOf(impact).Digest(); again != digest {
		t.Error("the order of instances changes the digest")
	}
	if less := plan.without([]string{"d*"}); less.Digest() == digest || less.counts().Destroys != 0 {
		t.Error("what is left out counts")
	}
	impact.Preview.Instances[0] = instance("same", planner.Failed)
	if failed := PlanOf(impact); failed.Failure() != "prod/same could not be planned" {
		t.Errorf("got %q", failed.Failure())
	}
	impact.Preview.Problem = &planner.Problem{Title: "Nothing can be planned"}
	if failed := PlanOf(impact); failed.Failure() != "Nothing can be planned" {
		t.Errorf("got %q", failed.Failure())
	}
}

// An environment under another name, and one that takes another's stacks, does not get rid of the gates that these had.
func TestStacksKeepTheirRules(t *testing.T) {
	t.Parallel()
	freeze := "freezes: [{from: 2026-01-01, to: 2027-01-01, reason: x, environments: [prod]}]\n"
	for name, test := range map[string]struct {
		before, after, environment string
		want                       []string
	}{
		"renamed": {"dev: {promote: auto}\n  prod: {stacks: [\"prod/*\"], promote: manual}",
			"dev: {promote: auto}\n  live: {stacks: [\"prod/*\"], promote: auto}", "live", []string{GateFreeze, GateManual}},
		"renamed with other patterns": {"dev: {promote: auto}\n  prod: {stacks: [\"prod/*\"], promote: manual}",
			"dev: {promote: auto}\n  live: {stacks: [\"prod/[a-z]*\"], promote: auto}", "live", []string{GateFreeze, GateManual}},
		"renamed with its directory": {"dev: {promote: auto}\n  prod: {promote: manual}",
			"dev: {promote: auto}\n  live: {promote: auto}", "live", []string{GateFreeze, GateManual}},
		"a new one beside it": {"dev: {promote: auto}\n  prod: {promote: manual}",
			"dev: {promote: auto}\n  prod: {promote: manual}\n  live: {promote: auto}", "live", nil},
		"a new one takes its stacks": {"dev: {promote: auto}\n  prod: {stacks: [\"prod/*\"], promote: manual}",
			"dev: {promote: auto}\n  prod: {stacks: [none], promote: manual}\n  live: {stacks: [\"prod/*\"], promote: auto}", "live", []string{GateFreeze, GateManual}},
		"an old one takes its stacks": {"dev: {stacks: [dev], promote: auto}\n  prod: {stacks: [\"prod/*\"], after: [dev], promote: manual}",
			"dev: {stacks: [dev, \"prod/e*\"], promote: auto}\n  prod: {stacks: [\"prod/*\"], after: [dev], promote: manual}", "dev", []string{GateFreeze, GateManual}},
		"patterns stay as they are": {"dev: {stacks: [\"*-dev\"], promote: auto}\n  prod: {stacks: [\"prod*\"], promote: manual}",
			"dev: {stacks: [\"*-dev\"], promote: auto, max_range: 9}\n  prod: {stacks: [\"prod*\"], promote: manual}", "dev", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			former := parsed(t, "environments:\n  "+test.before+"\n"+freeze)
			w := newWorld(parsed(t, "environments:\n  "+test.after+"\n"))
			w.state.Former = []FormerRules{{Rules: former, Until: 2, SHA: "changes"}}
			w.history.merge()
			for other := range w.state.Environments {
				if other != test.environment {
					w.change(other, func(e *Environment) { e.Runs = w.state.tip().SHA })
				}
			}
			var got []string
			for _, decision := range Decide(w.state) {
				for _, gate := range decision.Gates {
					if decision.Environment == test.environment && !gate.Open {
						got = append(got, gate.Name)
					}
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("closed are %v; want %v", got, test.want)
			}
		})
	}
}

// Where a change turns the order around, its own commit goes by the former order, and neither environment waits for ever.
func TestOrderTurnedAround(t *testing.T) {
	t.Parallel()
	w := newWorld(parsed(t, "environments:\n  staging: {promote: auto}\n  prod: {promote: auto, after: [staging]}\n"))
	w.rule(parsed(t, "environments:\n  prod: {promote: auto}\n  staging: {promote: auto, after: [prod]}\n"), "")
	turned := w.state.tip()
	if last := w.state.Environments["prod"].Last; last != nil {
		t.Errorf("prod goes before staging: %+v", last)
	}
	w.end("staging", Succeeded)
	w.end("prod", Succeeded)
	w.runs(t, "staging", turned)
	w.runs(t, "prod", turned)
	next := w.merge(people[0], people[1])
	if last := w.state.Environments["staging"].Last; last.To == next.SHA {
		t.Error("staging goes before prod")
	}
	w.end("prod", Succeeded)
	w.end("staging", Succeeded)
	w.runs(t, "staging", next)
}

// A check that a change takes away runs on until what waits for it by the former rules has gone through.
func TestScheduledChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(parsed(t, "environments:\n  dev: {promote: auto, verify: [{name: nightly, run: x, schedule: \"@daily\"}]}\n  prod: {promote: auto, after: [dev]}\n"))
	w.rule(parsed(t, "environments:\n  dev: {promote: auto}\n  prod: {promote: auto, after: [dev]}\n"), "")
	w.end("dev", Succeeded)
	if gate := w.gate("prod", GateScheduled); gate.Name == "" || gate.Open {
		t.Fatalf("got %+v", gate)
	}
	if checks := ScheduledChecks(w.state, "dev"); len(checks) != 1 || checks[0].Name != "nightly" {
		t.Fatalf("got %+v", checks)
	}
	w.pass(24 * time.Hour)
	w.check("dev", "nightly", true)
	w.end("prod", Succeeded)
	w.runs(t, "prod", w.state.tip())
	if checks := ScheduledChecks(w.state, "dev"); len(checks) != 0 {
		t.Errorf("got %+v", checks)
	}
}
