package promote

import (
	"slices"
	"strings"

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
		held := slices.ContainsFunc(environment.Holds, func(h Hold) bool { return h.Until.IsZero() || state.Now.Before(h.Until) })
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
