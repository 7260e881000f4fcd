package promote

import "github.com/trunkline/trunkline/planner"

// Impact is what bringing an environment from what it runs to a commit would change: the plan of a promotion that
// nobody has started yet, shown so that people see it in all environments before it goes to any.
type Impact struct {
	Environment string
	// From is what the environment runs, To the commit it would be brought to.
	From, To string
	// After is the last deployment there; a failed one may have changed what is left to do. 0: there was none.
	After int64
}

// PlannedImpact is an impact with its plans, as far as they are made.
type PlannedImpact struct {
	Impact
	Done    bool
	Preview planner.Preview
}

// Impacts are those that people want to see now: for each environment that waits, of the step that it takes next, or where
// there is none, to the tip of trunk.
func Impacts(state State) []Impact {
	var impacts []Impact
	if len(state.Problems) > 0 {
		return nil
	}
	state = state.indexed()
	for _, rules := range state.Rules.Environments {
		environment, known := state.Environments[rules.Name]
		c, onTrunk := consider(&state, rules)
		if !known || !onTrunk || environment.Last != nil && environment.Last.Phase.Live() {
			continue
		}
		if c.done() {
			c.request = nil
		}
		from, target := c.runs, state.tip()
		if promotion, ok := c.promotion(); ok {
			from, target = promotion.From, promotion.To
		} else if target.Position <= c.runs.Position {
			continue
		}
		impact := Impact{Environment: rules.Name, From: from.SHA, To: target.SHA}
		if environment.Last != nil {
			impact.After = environment.Last.ID
		}
		impacts = append(impacts, impact)
	}
	return impacts
}
