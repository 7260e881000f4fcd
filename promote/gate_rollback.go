package promote

import (
	"fmt"
	"slices"

	"github.com/trunkline/trunkline/config"
)

// backward are the rules by which an environment goes back: of all that it asks of a promotion, only who may ask, and the
// approvals that are declared for going back. It proves nothing new, so nothing has to prove it.
func (r ruleset) backward() ruleset {
	r.After, r.AfterAny, r.OneByOne = nil, nil, false
	who := config.Gates{Approve: r.Rollback.Approve, AuthorMayApprove: r.AuthorMayApprove, MergerMayApprove: r.MergerMayApprove, PromoterMayApprove: r.PromoterMayApprove}
	r.Gates, r.Promote, r.Scheduled = who, config.Manual, nil
	return r
}

// goingBack is the rollback that is under way, or that waits, or that follows from a failure; nil: none.
func (c *considered) goingBack() *Rollback {
	if last := c.environment.Last; last != nil && last.Phase.Live() {
		if !last.Rollback {
			return nil
		}
		return &Rollback{Environment: last.Environment, From: last.From, To: last.To, By: last.By, Reason: last.Why, At: last.Started}
	}
	if waits := c.environment.Rollback; waits != nil {
		return waits
	}
	back, _ := c.afterFailure()
	return back
}

// afterFailure is the rollback that follows from a failure by itself, or why none does where the rules ask for one. It never
// follows the failure of a rollback: that would go on without end.
func (c *considered) afterFailure() (back *Rollback, why string) {
	last, rules := c.environment.Last, c.versions[0].OnFailure
	if !rules.Rollback || last == nil || last.Phase != Failed {
		return nil, ""
	}
	from, ok := c.state.commit(last.To)
	switch {
	case last.Rollback:
		return nil, "a rollback is never rolled back"
	case !ok || last.From != c.environment.Runs:
		return nil, ""
	case !last.Touched:
		return nil, "" // there is nothing to take back
	case !c.state.Now.IsZero() && c.state.Now.Sub(last.Finished) > rules.Within:
		return nil, fmt.Sprintf("the failure was older than %s when it could have been answered", lasting(rules.Within))
	case c.answered():
		return nil, "" // people have taken over
	case !c.succeeded(c.runs):
		return nil, fmt.Sprintf("nothing has succeeded there before: %s is what ran before Trunkline", code(c.runs.SHA))
	}
	if reached := c.reached(); reached.Position > from.Position {
		from = reached
	}
	if why := c.irreversible(c.state.back(from, c.runs)); why != "" {
		return nil, why
	}
	return &Rollback{Environment: c.environment.Name, From: from.SHA, To: c.runs.SHA, Reason: whatFailed(last), At: last.Finished}, ""
}

// whatFailed is why a deployment failed, in a few words.
func whatFailed(d *Deployment) string {
	if d.Failure == nil || d.Failure.Subject == "" {
		return "the deployment of " + code(d.To) + " failed"
	}
	what := map[string]string{"plan": "planning", "apply": "applying", "verify": "the check"}[d.Failure.Step]
	if what == "" {
		what = "the " + d.Failure.Step
	}
	return fmt.Sprintf("%s `%s` failed in %s", what, d.Failure.Subject, code(d.To))
}

// answered tells whether a person has said already how it goes on: asked for something, or put a hold on since the deployment
// began. One that was there before was passed on purpose.
func (c *considered) answered() bool {
	began := c.environment.Last.Started
	return c.environment.Request != nil || c.environment.Override != nil || slices.ContainsFunc(c.environment.Holds, func(h Hold) bool {
		return h.Kind == Held && len(h.Components) == 0 && h.active(c.state.Now) && !h.From.Before(began)
	})
}

// backward is the promotion that goes back.
func (c *considered) backward() (p Promotion, ok bool) {
	from, known := c.state.commit(c.back.From)
	to, onTrunk := c.state.commit(c.back.To)
	if !known || !onTrunk || to.Position >= from.Position {
		return p, false
	}
	p = Promotion{Environment: c.environment.Name, Range: c.state.back(from, to), Without: c.leftBehind()}
	if c.back.By != (Person{}) {
		p.Request = &Request{Environment: p.Environment, To: to.SHA, By: c.back.By, Exact: true, Pull: c.back.Pull, At: c.back.At}
	}
	if override := c.environment.Override; override != nil && override.From == c.runs.SHA && override.To == to.SHA && c.back.ID != 0 {
		p.Override = override
	}
	p.Plan = c.planFor(p)
	return p, true
}

// leftBehind are the components that a step back leaves as they are: those that are held, and those that did not come along
// when the environment went forward.
func (c *considered) leftBehind() (components []string) {
	for _, hold := range c.environment.Holds {
		if hold.active(c.state.Now) {
			components = append(components, hold.Components...)
		}
	}
	for _, rules := range c.versions {
		for _, hold := range rules.divergences() {
			components = append(components, hold.Components...)
		}
	}
	for _, left := range c.environment.LeftOut {
		components = append(components, left.Component)
	}
	slices.Sort(components)
	return slices.Compact(components)
}

// backGates are all gates on a step back. Windows and freezes do not close them, and neither do holds that were there when
// somebody asked: whoever goes back knows of them, and it is not the time to wait.
func (c *considered) backGates(p Promotion) (gates []Gate) {
	q := question{c, c.versions[0], p}
	gates = append(gates, q.lossGates()...)
	for _, hold := range c.environment.Holds {
		if len(hold.Components) == 0 && hold.active(c.state.Now) && hold.Kind == Held && hold.From.After(c.back.At) {
			gates = append(gates, Gate{Name: GateHold, Text: hold.text(p.Environment, q.repositoryZone()), OpensAt: hold.Until,
				Since: hold.From, Command: "/unhold " + p.Environment, Who: hold.owner()})
		}
	}
	gates = sortedGates(gates)
	if p.Request == nil {
		return gates
	}
	for _, gate := range []func(question) []Gate{approveGates, manualGate} {
		gates = append(gates, gate(q)...)
		for _, rules := range c.versions[1:] {
			gates = addFormer(gates, rules, gate(question{c, rules, p}))
		}
	}
	return closedFirst(gates)
}

// lossGates are closed where going back would lose something for good. Nothing passes them.
func (q question) lossGates() (gates []Gate) {
	if why := q.irreversible(q.promotion.Range); why != "" {
		gates = append(gates, Gate{Name: GateIrreversible, Text: "what cannot be undone is not rolled back: " + why})
	}
	if q.promotion.Plan == nil {
		return gates
	}
	if why := q.lost(q.promotion.Range, *q.promotion.Plan); why != "" {
		gates = append(gates, Gate{Name: GateIrreversible, Text: "what would be lost is not rolled back: " + why})
	}
	return gates
}

// goBack is the decision where the environment is to go back.
func (d *Decision) goBack(c *considered) {
	p, ok := c.backward()
	if !ok {
		d.stop(GateLineage, "%s cannot go back to %s, which is not on trunk any more", d.Environment, Short(c.back.To))
		return
	}
	d.Promotion = &p
	d.Gates = c.backGates(p)
	d.Waits = closed(d.Gates)
	d.Approvals = c.counted(p)
	if unsafe := slices.IndexFunc(d.Gates, func(g Gate) bool { return !g.Open && g.Name == GateIrreversible }); unsafe >= 0 {
		d.Unsafe = d.Gates[unsafe].Text
		return
	}
	if len(d.Waits) > 0 && p.Override == nil {
		return
	}
	d.Start, d.Without, d.Rollback, d.By, d.Waits = &p.Range, p.Without, c.back, c.back.By, nil
	if p.Override != nil {
		d.By = p.Override.By
		d.Passed = slices.DeleteFunc(slices.Clone(d.Gates), func(g Gate) bool { return g.Open })
	}
}
