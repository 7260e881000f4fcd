package promote

import "slices"

// askedAgain are the gates that people close, and those that depend on the plan: what goes by itself because of its plan must
// still do so with the one that would be applied. What was proven upstream when it was decided stays proven, whatever goes
// on there meanwhile.
var askedAgain = []string{GateHold, GateArtifacts, GateFreeze, GateWindows, GatePlan, GateApprove, GateManual}

// Recheck asks gates again about a deployment that is about to apply: the plan is the one that would be applied now, and
// holds, windows and people's rights may have changed since it was decided. It returns the gates that are closed; where
// there are any, nothing is to be applied, and the deployment ends as [Void]. Gates that an override passed stay passed; a hold
// that was put on after it is none of them.
func Recheck(state State, environment string, plan Plan) (closed []Gate) {
	return recheck(state, environment, plan, askedAgain)
}

// RecheckPlan asks the gates that depend on the plan, in the midst of a deployment, about one whose instance has another plan
// than before, because what it depends on was applied meanwhile. Where a person asked for the deployment, and so saw its
// plan, nothing more may be replaced or destroyed than was in it.
func RecheckPlan(state State, environment string, before, after DeployedInstance) (closed []Gate) {
	last := state.Environments[environment].Last
	if last == nil {
		return []Gate{{Name: GateLineage, Text: environment + " is not being deployed"}}
	}
	plan := last.Plan()
	plan.Instances = append(slices.DeleteFunc(plan.Instances, func(i PlannedInstance) bool { return i.Name == after.Name }), after.Counts)
	if last.By != (Person{}) && after.Destructive && !before.Destructive {
		closed = append(closed, Gate{Name: GatePlan, Text: "it replaces or destroys, which the plan that " + last.By.Login + " asked for did not"})
	}
	return append(closed, recheck(state, environment, plan, []string{GatePlan, GateApprove, GateManual})...)
}

func recheck(state State, environment string, plan Plan, asked []string) (closed []Gate) {
	state = state.indexed()
	rules, known := state.Rules.Environment(environment)
	c, onTrunk := consider(&state, rules)
	last := c.environment.Last
	switch {
	case len(state.Problems) > 0:
		return []Gate{{Name: GateConfiguration, Text: "the configuration on trunk has an error"}}
	case !known || !onTrunk || last == nil:
		return []Gate{{Name: GateLineage, Text: environment + " or what it runs is not on trunk any more"}}
	}
	if last.Rollback {
		return c.recheckBack(plan, asked)
	}
	promotion := Promotion{Environment: environment, Range: state.ofDeployment(last), Without: last.Without}
	switch {
	case last.Reason != "":
		promotion.Override = &Override{From: last.From, To: last.To, By: last.By, Reason: last.Reason}
	case last.By != (Person{}):
		promotion.Request = &Request{Environment: environment, To: last.To, By: last.By, Exact: true}
	}
	exact := plan.without(last.Without)
	promotion.Plan = &exact
	for _, gate := range c.gates(promotion) {
		passed := slices.Contains(last.Passed, gate.Name) && (gate.Name != GateHold || !gate.Since.After(last.Started))
		if !gate.Open && slices.Contains(asked, gate.Name) && !passed {
			closed = append(closed, gate)
		}
	}
	if slices.Contains(asked, GateHold) {
		closed = append(closed, c.heldSince(promotion)...)
	}
	return closed
}

// recheckBack asks again what a rollback is asked: always whether it would lose something for good.
func (c *considered) recheckBack(plan Plan, asked []string) (closed []Gate) {
	last := c.environment.Last
	promotion, ok := c.backward()
	if !ok {
		return []Gate{{Name: GateLineage, Text: Short(last.To) + " is not on trunk any more"}}
	}
	exact := plan.without(last.Without)
	promotion.Plan = &exact
	for _, gate := range c.backGates(promotion) {
		again := gate.Name == GateIrreversible || slices.Contains(asked, gate.Name) && !slices.Contains(last.Passed, gate.Name)
		if !gate.Open && again {
			closed = append(closed, gate)
		}
	}
	if slices.Contains(asked, GateHold) {
		closed = append(closed, c.heldSince(promotion)...)
	}
	return closed
}

// heldSince are holds on components that were put on after it was decided what to leave out.
func (c *considered) heldSince(promotion Promotion) (gates []Gate) {
	for _, hold := range c.environment.Holds {
		if len(hold.Components) == 0 || !hold.active(c.state.Now) {
			continue
		}
		for _, instance := range promotion.Plan.Instances {
			if instance.Changes > 0 && named(hold.Components, instance.Component) {
				gates = append(gates, Gate{Name: GateHold, Text: hold.text(promotion.Environment, c.state.Rules.Zone), OpensAt: hold.Until,
					Since: hold.From, Who: hold.owner(), Command: "/unhold " + promotion.Environment})
				break
			}
		}
	}
	return sortedGates(gates)
}
