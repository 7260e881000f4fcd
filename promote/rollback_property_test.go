package promote

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/trunkline/trunkline/config"
	"pgregory.net/rapid"
)

// seeBack looks at the start of a rollback: only to an older commit that succeeded there, over nothing that cannot be undone,
// and by itself only right after a failure that nobody answered, and never after that of a rollback.
func (o *oracle) seeBack(t *rapid.T, d Decision) {
	state, name, r := o.w.state, d.Environment, *d.Start
	environment, last := state.Environments[name], state.Environments[name].Last
	rules, _ := state.Rules.Environment(name)
	if r.To.Position >= r.From.Position || !o.proven[name][r.To.SHA] {
		t.Fatalf("%s goes back from %s to %s; proven: %v", name, Short(r.From.SHA), Short(r.To.SHA), o.proven[name])
	}
	for _, commit := range state.Trunk {
		taken := commit.Position > r.To.Position && commit.Position <= r.From.Position
		if taken && slices.ContainsFunc(commit.Paths, func(p string) bool {
			return strings.HasSuffix(p, "_contract.sql") && len(state.Rules.Migrations) > 0 || len(rules.Rollback.Irreversible) > 0 && p == "a.tf"
		}) {
			t.Fatalf("%s goes back over %s: %v", name, Short(commit.SHA), commit.Paths)
		}
	}
	if d.By == (Person{}) {
		held := slices.ContainsFunc(environment.Holds, func(h Hold) bool {
			return h.Kind == Held && !h.From.Before(last.Started) && state.Now.Before(h.Until)
		})
		switch {
		case !rules.OnFailure.Rollback, last == nil, last.Phase != Failed, last.Rollback, held, environment.Request != nil,
			state.Now.Sub(last.Finished) > rules.OnFailure.Within, r.To.SHA != environment.Runs, last.To != r.From.SHA:
			t.Fatalf("%s goes back by itself: %+v after %+v, held: %t, asked: %+v", name, rules.OnFailure, last, held, environment.Request)
		}
		return
	}
	o.seeBackApproved(t, rules, d)
}

// seeBackApproved: those who have to approve a rollback approved exactly this one, after it was shown.
func (o *oracle) seeBackApproved(t *rapid.T, rules config.Environment, d Decision) {
	environment := o.w.state.Environments[d.Environment]
	if environment.Override != nil && environment.Override.To == d.Start.To.SHA {
		return
	}
	var valid []int64
	for _, approval := range environment.Approvals {
		if o.shown[approval.ID] == o.showing(d.Environment, *d.Start) && approval.By.ID != d.By.ID && !o.tookPart(rules, d, approval.By) {
			valid = append(valid, approval.By.ID)
		}
	}
	var slots []config.Who
	for _, rule := range rules.Rollback.Approve {
		for range rule.Count {
			slots = append(slots, rule.Who)
		}
	}
	if len(slots) > 0 && environment.Plan != nil && len(environment.Plan.Instances[1].Destroying) > 0 {
		t.Fatalf("%s goes back and destroys what was there before", d.Environment)
	}
	if !o.assignable(slots, valid) {
		t.Fatalf("%s goes back without its approvals: valid are %v", d.Environment, valid)
	}
}

// backRules draws how an environment goes back.
func backRules(t *rapid.T, e *config.Environment) {
	if rapid.Bool().Draw(t, "on failure") {
		e.OnFailure = config.OnFailure{Rollback: true, Within: config.FailureWithin}
	}
	if rapid.IntRange(0, 2).Draw(t, "rollback approve") == 0 {
		e.Rollback.Approve = []config.ApproveRule{{Who: config.Who{Teams: []string{"acme/platform"}}, Count: 1}}
	}
	if rapid.IntRange(0, 3).Draw(t, "irreversible") == 0 {
		e.Rollback.Irreversible = []string{"*.tf"}
	}
}

// takeBack withdraws all that would keep an environment from going forward again.
func (w *world) takeBack(name string) {
	w.change(name, func(e *Environment) {
		e.Rollback = nil
		e.Holds = slices.DeleteFunc(slices.Clone(e.Holds), func(h Hold) bool { return h.Kind == HeldAfterRollback })
	})
	w.step()
}

// TestAnyTrouble plays histories in which one environment moves by itself, and mostly fails.
func TestAnyTrouble(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		dev := config.Environment{Name: "dev", Promote: config.Auto}
		backRules(t, &dev)
		rules := config.Repository{Environments: []config.Environment{dev}}
		rules.Migrations = []config.Migration{{Name: "schema", Expand: []string{"db/*_expand.sql"}, Contract: []string{"db/*_contract.sql"}}}
		w := newWorld(rules)
		o := newOracle(w)
		w.onStart = func(d Decision) { o.see(t, d) }
		person, writer := rapid.SampledFrom(people), rapid.SampledFrom(people[:3])
		w.merge(people[0], people[1], "c.txt")
		w.over(o, "dev", Succeeded)
		t.Repeat(map[string]func(*rapid.T){
			"merge": func(t *rapid.T) {
				path := rapid.SampledFrom([]string{"b.tf", "a.tf", "c.txt", "c.txt", "db/1_contract.sql"}).Draw(t, "path")
				w.merge(writer.Draw(t, "author"), people[0], path)
			},
			"succeed": func(*rapid.T) { w.over(o, "dev", Succeeded) },
			"fail":    func(t *rapid.T) { w.over(o, "dev", rapid.SampledFrom([]Phase{Failed, Failed, Aborted}).Draw(t, "how")) },
			"fails while time stands still": func(*rapid.T) {
				// Trunkline is down, and looks at the failure late.
				w.onStart = func(Decision) {}
				o.ended("dev", Failed)
				before := w.state.Environments["dev"]
				w.end("dev", Failed)
				after := w.state.Environments["dev"]
				w.onStart = func(d Decision) { o.see(t, d) }
				if after.Last != nil && after.Last.Rollback && before.Last != after.Last {
					failed := *before.Last
					failed.Phase, failed.Finished, failed.Touched = Failed, w.state.Now, true
					after.Last, after.Holds, after.Rollback = &failed, before.Holds, before.Rollback
					w.state.Environments["dev"] = after
				}
				w.pass(2 * time.Hour)
			},
			"clock": func(t *rapid.T) {
				w.pass(rapid.SampledFrom([]time.Duration{time.Minute, 3 * time.Hour}).Draw(t, "by"))
			},
			"hold": func(*rapid.T) {
				w.change("dev", func(e *Environment) {
					e.Holds = append(e.Holds, Hold{ID: w.id(), Kind: Held, Owner: people[0], From: w.state.Now, Until: w.state.Now.Add(time.Hour)})
				})
			},
			"unhold": func(*rapid.T) { w.takeBack("dev") },
			"retry": func(t *rapid.T) {
				if to, refusal := Retried(w.state, "dev"); refusal == nil {
					w.ask("dev", to, writer.Draw(t, "by"), true)
				}
			},
			"back": func(t *rapid.T) {
				to := ""
				if rapid.Bool().Draw(t, "named") {
					to = rapid.SampledFrom(w.state.Trunk).Draw(t, "commit").SHA
				}
				w.back("dev", to, writer.Draw(t, "by"))
			},
			"plan":    func(*rapid.T) { w.plan() },
			"drift":   func(*rapid.T) { w.drifts("dev") },
			"approve": func(t *rapid.T) { w.consent(o, "dev", person.Draw(t, "by")) },
			"": func(t *rapid.T) {
				again := shuffled(rapid.Uint64().Draw(t, "seed"), w.state)
				if diff := cmp.Diff(Decide(w.state), Decide(again), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("other decisions from the same facts in another order:\n%s", diff)
				}
			},
		})
	})
}
