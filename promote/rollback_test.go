package promote

import (
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/config"
)

// brought is an environment that has gone from a first to a second commit, with what deployment 7 and later ones did.
func brought(t *testing.T, touched ...Touched) *world {
	t.Helper()
	w := newWorld(config.Repository{Environments: []config.Environment{{Name: "dev", Promote: config.Auto}}})
	w.ids = 4
	w.merge(ann, bob)
	w.end("dev", Succeeded) // deployment 5
	w.merge(ann, bob)
	w.end("dev", Succeeded) // deployment 6
	w.change("dev", func(e *Environment) { e.Touched = touched })
	return w
}

func TestLost(t *testing.T) {
	t.Parallel()
	created := func(id int64, address string) Touched {
		return Touched{Deployment: id, Instance: "dev/db", Created: []string{address}}
	}
	destroyed := func(id int64, address string) Touched {
		return Touched{Deployment: id, Instance: "dev/db", Destroyed: []string{address}}
	}
	replaced := Touched{Deployment: 6, Instance: "dev/db", Created: []string{"a.b"}, Destroyed: []string{"a.b"}}
	destroys, creates := PlannedInstance{Name: "dev/db", Destroying: []string{"a.b"}}, PlannedInstance{Name: "dev/db", Creating: []string{"a.b"}}
	replaces := PlannedInstance{Name: "dev/db", Creating: []string{"a.b"}, Destroying: []string{"a.b"}}
	for _, test := range []struct {
		name    string
		touched []Touched
		plan    PlannedInstance
		want    string
	}{
		{"created since", []Touched{created(6, "a.b")}, destroys, ""},
		{"nobody knows of it", nil, destroys, "it would destroy `a.b` of dev/db, which was there before"},
		{"created before", []Touched{created(5, "a.b")}, destroys, "it would destroy"},
		{"created elsewhere", []Touched{{Deployment: 6, Instance: "dev/app", Created: []string{"a.b"}}}, destroys, "it would destroy"},
		{"replaced since", []Touched{replaced}, replaces, "it would destroy"},
		{"replaces what was created since", []Touched{created(6, "a.b")}, replaces, ""},
		{"destroyed since", []Touched{destroyed(6, "a.b")}, creates, "`a.b` of dev/db was destroyed since, and would come back empty"},
		{"destroyed before", []Touched{destroyed(5, "a.b")}, creates, ""},
		{"created again, after a rollback that failed had destroyed it", []Touched{created(8, "a.b"), destroyed(7, "a.b"), created(6, "a.b")}, destroys, ""},
		{"destroyed and created again", []Touched{created(7, "a.b"), destroyed(6, "a.b")}, destroys, "it would destroy"},
		{"destroyed, and brought back by a rollback that failed", []Touched{created(7, "a.b"), destroyed(6, "a.b")}, replaces, "it would destroy"},
		{"nothing", nil, PlannedInstance{Name: "dev/db"}, ""},
	} {
		w := brought(t, test.touched...)
		state := w.state.indexed()
		c, _ := consider(&state, state.Rules.Environments[0])
		got := c.lost(state.back(state.Trunk[2], state.Trunk[1]), Plan{Instances: []PlannedInstance{test.plan}})
		if test.want == "" && got != "" || !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: it would lose %q, want %q", test.name, got, test.want)
		}
	}
}

// What is asked again when a rollback is about to apply: whether it would lose something, who asked, and holds since.
func TestRecheckOfARollback(t *testing.T) {
	t.Parallel()
	loses := Plan{Instances: []PlannedInstance{{Name: "dev/db", Component: "db", Changes: 1, Destroying: []string{"a.b"}}}}
	harmless := Plan{Instances: []PlannedInstance{{Name: "dev/db", Component: "db", Changes: 1}}}
	for _, test := range []struct {
		name   string
		change func(*world)
		plan   Plan
		want   string
	}{
		{"nothing", nil, harmless, ""},
		{"a loss", nil, loses, GateIrreversible},
		{"a freeze", func(w *world) {
			w.state.Rules.Freezes = []config.Freeze{{Reason: "holidays"}}
			w.state.Rules.Freezes[0].From, w.state.Rules.Freezes[0].To = w.state.Now.Add(-time.Hour), w.state.Now.Add(time.Hour)
		}, harmless, ""},
		{"a hold since", func(w *world) {
			w.change("dev", func(e *Environment) {
				e.Holds = append(e.Holds, Hold{Kind: Held, Owner: bob, From: w.state.Now.Add(time.Second)})
			})
			w.state.Now = w.state.Now.Add(time.Minute)
		}, harmless, GateHold},
		{"a hold before", func(w *world) {
			w.change("dev", func(e *Environment) {
				e.Holds = append(e.Holds, Hold{Kind: Held, Owner: bob, From: w.state.Now.Add(-time.Hour)})
			})
		}, harmless, ""},
		{"a hold on a component since", func(w *world) {
			w.change("dev", func(e *Environment) {
				e.Holds = append(e.Holds, Hold{Kind: Held, Owner: bob, Components: []string{"db"}})
			})
		}, harmless, GateHold},
		{"a right that is gone", func(w *world) {
			w.state.Rules.Environments[0].Allow.Promote = config.Who{Users: []string{"dan"}}
		}, harmless, GateManual},
		{"approvals that are declared meanwhile", func(w *world) {
			w.state.Rules.Environments[0].Rollback.Approve = []config.ApproveRule{{Who: config.Who{Teams: []string{"acme/platform"}}, Count: 1}}
		}, harmless, GateApprove},
	} {
		w := brought(t)
		w.back("dev", "", ann)
		if last := w.state.Environments["dev"].Last; !last.Rollback || !last.Phase.Live() {
			t.Fatalf("it does not go back: %+v", last)
		}
		if test.change != nil {
			test.change(w)
		}
		var names []string
		for _, gate := range Recheck(w.state, "dev", test.plan) {
			names = append(names, gate.Name)
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("%s closes %q, want %q", test.name, got, test.want)
		}
	}
}
