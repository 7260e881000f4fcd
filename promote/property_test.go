package promote

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/trunkline/trunkline/config"
	"pgregory.net/rapid"
)

// TestAnyWorld plays random histories by random rules. Every start is looked at by an [oracle]; facts in another order, or
// told twice, give the same decisions; and once gates open, failures end and people act, everything converges.
func TestAnyWorld(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rulesOf(t))
		o := newOracle(w)
		w.onStart = func(d Decision) { o.see(t, d) }
		names := sortedNames(w.state.Environments)
		name, person, writer := rapid.SampledFrom(names), rapid.SampledFrom(people), rapid.SampledFrom(people[:3])
		t.Repeat(map[string]func(*rapid.T){
			"merge": func(t *rapid.T) {
				paths := rapid.SampledFrom([]string{"a.tf", "db/1_expand.sql", "db/1_contract.sql"}).Draw(t, "path")
				w.merge(writer.Draw(t, "author"), people[0], paths)
			},
			"succeed": func(t *rapid.T) { w.over(o, name.Draw(t, "environment"), Succeeded) },
			"fail": func(t *rapid.T) {
				w.over(o, name.Draw(t, "environment"), rapid.SampledFrom([]Phase{Failed, Aborted}).Draw(t, "how"))
			},
			"clock": func(t *rapid.T) {
				w.pass(rapid.SampledFrom([]time.Duration{time.Minute, 10 * time.Minute, time.Hour, 9 * time.Hour, 50 * time.Hour}).Draw(t, "by"))
			},
			"check": func(t *rapid.T) {
				w.looked(o, name.Draw(t, "environment"), rapid.SampledFrom([]string{"nightly", "watch"}).Draw(t, "check"), rapid.Bool().Draw(t, "passes"))
			},
			"ci": func(t *rapid.T) {
				w.ci(o, rapid.SampledFrom(w.state.Trunk).Draw(t, "commit"), rapid.Bool().Draw(t, "done"), rapid.Bool().Draw(t, "passes"))
			},
			"plan":  func(*rapid.T) { w.plan() },
			"drift": func(t *rapid.T) { w.drifts(name.Draw(t, "environment")) },
			"ask": func(t *rapid.T) {
				to, exact := "", rapid.Bool().Draw(t, "named")
				if exact {
					to = rapid.SampledFrom(w.state.Trunk).Draw(t, "commit").SHA
				}
				w.ask(name.Draw(t, "environment"), to, writer.Draw(t, "by"), exact)
			},
			"back": func(t *rapid.T) {
				to := ""
				if rapid.Bool().Draw(t, "named") {
					to = rapid.SampledFrom(w.state.Trunk).Draw(t, "commit").SHA
				}
				w.back(name.Draw(t, "environment"), to, writer.Draw(t, "by"))
			},
			"unhold":  func(t *rapid.T) { w.takeBack(name.Draw(t, "environment")) },
			"approve": func(t *rapid.T) { w.consent(o, name.Draw(t, "environment"), person.Draw(t, "by")) },
			"agree": func(t *rapid.T) {
				w.plan()
				for _, decision := range Decide(w.state) {
					w.agree(o, decision, rapid.SliceOfNDistinct(person, 1, 3, rapid.ID).Draw(t, "who"))
				}
			},
			"flow": func(*rapid.T) {
				for _, name := range names {
					w.over(o, name, Succeeded)
				}
				w.ci(o, w.state.tip(), true, true)
			},
			"hold": func(t *rapid.T) {
				until := w.state.Now.Add(rapid.SampledFrom([]time.Duration{time.Hour, 40 * time.Hour}).Draw(t, "for"))
				w.change(name.Draw(t, "environment"), func(e *Environment) {
					e.Holds = append(e.Holds, Hold{ID: w.id(), Kind: Held, Owner: people[0], From: w.state.Now, Until: until})
				})
			},
			"override": func(t *rapid.T) {
				on := name.Draw(t, "environment")
				if override, _, refusal := Overriding(w.state, Emergency{Environment: on, By: Actor{Person: people[0], Admin: true}, Reason: "fire"}); refusal == nil {
					w.change(on, func(e *Environment) { e.Override = &override })
					w.step()
				}
			},
			"rules": func(t *rapid.T) {
				rules := w.state.Rules
				rules.Environments = append([]config.Environment{}, rules.Environments...)
				i := rapid.IntRange(0, len(names)-1).Draw(t, "which")
				rules.Environments[i].Gates = gatesOf(t, i == 0)
				w.rule(rules, "")
			},
			"": func(t *rapid.T) {
				again := shuffled(rapid.Uint64().Draw(t, "seed"), w.state)
				if diff := cmp.Diff(Decide(w.state), Decide(again), cmpopts.EquateEmpty()); diff != "" {
					t.Fatalf("other decisions from the same facts in another order:\n%s", diff)
				}
			},
		})
		w.settle(t, o, names)
	})
}

func (w *world) over(o *oracle, name string, phase Phase) {
	o.ended(name, phase)
	w.end(name, phase)
}

func (w *world) looked(o *oracle, name, check string, passed bool) {
	w.state.Now = w.state.Now.Add(time.Second)
	o.checked(name, check, passed)
	w.check(name, check, passed)
}

func (w *world) ci(o *oracle, commit Commit, done, passed bool) {
	// Results of one moment are told apart by the worse one; so each has a moment of its own.
	w.state.Now = w.state.Now.Add(time.Second)
	o.ci[commit.SHA] = done && passed
	w.report(commit.SHA, "ci", done, passed)
}

func (w *world) drifts(name string) {
	w.drift[name]++
	// A plan that is shown stays what was shown until it is made again.
	w.change(name, func(e *Environment) { e.Plan = nil })
}

// consent approves what is shown, and the oracle remembers what that is.
func (w *world) consent(o *oracle, name string, by Person) {
	before := w.ids
	c := w.state.Environments[name]
	for _, decision := range Decide(w.state) {
		if decision.Environment == name && decision.Promotion != nil && c.Plan != nil {
			o.shown[before+1] = o.showing(name, decision.Promotion.Range)
			w.approve(name, by, decision.Promotion.To.SHA[:7])
		}
	}
}

// agree asks for what waits to be asked for, and approves what waits for approval; some may be lacking after it.
func (w *world) agree(o *oracle, decision Decision, who []Person) {
	for _, gate := range decision.Gates {
		switch {
		case gate.Open:
		case gate.Name == GateManual:
			w.ask(decision.Environment, "", people[2], false)
		case gate.Name == GateApprove:
			for _, person := range who {
				w.consent(o, decision.Environment, person)
			}
		}
	}
}

// settle is the end of all trouble: deployments succeed, checks pass, plans are made, people ask and approve, holds run out.
func (w *world) settle(t *rapid.T, o *oracle, names []string) {
	for range 60 * len(w.state.Trunk) {
		if rollout, _ := View(w.state, w.state.tip().SHA); rollout.Converged() {
			return
		}
		for _, name := range names {
			w.takeBack(name)
			w.over(o, name, Succeeded)
			w.looked(o, name, "watch", true)
			w.looked(o, name, "nightly", true)
		}
		for _, commit := range w.state.Trunk {
			if !o.ci[commit.SHA] {
				w.ci(o, commit, true, true)
			}
		}
		w.plan()
		for _, decision := range Decide(w.state) {
			w.help(o, decision)
		}
		w.pass(w.pause())
	}
	for _, decision := range Decide(w.state) {
		t.Logf("%s: %+v", decision.Environment, decision.Waits)
	}
	t.Fatalf("not converged; the last refusal: %s", w.refused)
}

// pause is until the first gate opens, if that is all that is waited for.
func (w *world) pause() time.Duration {
	pause := 7 * time.Minute
	for _, decision := range Decide(w.state) {
		for _, gate := range decision.Gates {
			if until := gate.OpensAt.Sub(w.state.Now); !gate.Open && !gate.OpensAt.IsZero() && (pause == 7*time.Minute || until < pause) {
				pause = max(until, time.Minute)
			}
		}
	}
	return pause
}

// help does what people would do about closed gates.
func (w *world) help(o *oracle, decision Decision) {
	for _, gate := range decision.Gates {
		switch {
		case gate.Open:
		case gate.Name == GateApprove:
			for _, person := range people {
				w.consent(o, decision.Environment, person)
			}
		case gate.Name == GateMaxRange:
			var name, to string
			if n := len(gate.Command); n > 7 {
				name, to = decision.Environment, gate.Command[n-7:]
			}
			w.ask(name, to, people[2], true)
		case gate.Name == GateManual || gate.Name == GateFailed:
			if w.state.Environments[decision.Environment].Request == nil {
				if r := w.ask(decision.Environment, "", people[2], false); r != nil {
					w.refused = r.Text()
				}
			}
		}
	}
}
