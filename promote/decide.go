package promote

import (
	"fmt"

	"github.com/trunkline/trunkline/config"
)

// Decide says what should happen next in each environment, in the order of the configuration. It takes at most
// one step for each; the same state gives the same decisions.
func Decide(state State) []Decision {
	state = state.indexed()
	var decisions []Decision
	for _, rules := range state.Rules.Environments {
		if _, known := state.Environments[rules.Name]; known {
			decisions = append(decisions, decide(&state, rules))
		}
	}
	return decisions
}

func decide(state *State, rules config.Environment) Decision {
	c, onTrunk := consider(state, rules)
	last := c.environment.Last
	decision := Decision{Environment: rules.Name, Candidate: c.candidate}
	switch {
	case len(state.Problems) > 0:
		decision.stop(GateConfiguration, "the configuration on trunk has an error")
	case !onTrunk:
		decision.stop(GateLineage, "%s runs %s, which is not on trunk any more", rules.Name, Short(c.environment.Runs))
	case last != nil && last.Phase.Live():
		decision.stop(GateDeploying, "%s is being brought to %s", rules.Name, Short(last.To))
	case c.environment.Release != nil && c.environment.Release.Phase == ReleaseRunning:
		decision.stop(GateReleasing, "%s is given to %d%% of the users of %s right now", Short(c.environment.Release.Commit), c.environment.Release.Percent, rules.Name)
	case c.back != nil:
		decision.goBack(c)
	default:
		decision.next(c)
	}
	if c.back == nil && onTrunk {
		_, decision.NotBack = c.afterFailure()
	}
	decision.Overdue = c.overdue(decision)
	return decision
}

// next is the step that the environment would take, with the gates on it. It starts where all are open.
func (d *Decision) next(c *considered) {
	if c.done() {
		d.Dropped, c.request = c.request, nil
	}
	promotion, ok := c.promotion()
	if !ok {
		if c.state.tip().Position > c.runs.Position {
			d.Gates = question{c, c.versions[0], Promotion{Range: c.state.between(c.runs, c.state.tip())}}.unproven()
			d.Waits = closed(d.Gates)
		}
		return
	}
	d.Promotion = &promotion
	d.Gates = c.gates(promotion)
	d.Waits = closed(d.Gates)
	d.Superseded = c.superseded(promotion)
	d.Approvals = c.counted(promotion)
	if len(d.Waits) > 0 && promotion.Override == nil {
		return
	}
	d.Start, d.Without = &promotion.Range, promotion.Without
	switch {
	case promotion.Override != nil:
		d.By = promotion.Override.By
		for _, gate := range d.Gates {
			if !gate.Open {
				d.Passed = append(d.Passed, gate)
			}
		}
		d.Waits = nil
	case promotion.Request != nil:
		d.By = promotion.Request.By
	}
}

// stop is a gate that nothing passes.
func (d *Decision) stop(gate, format string, args ...any) {
	d.Gates = append(d.Gates, Gate{Name: gate, Text: fmt.Sprintf(format, args...)})
	d.Waits = closed(d.Gates)
}
