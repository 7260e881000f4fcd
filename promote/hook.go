package promote

import (
	"errors"
	"fmt"

	"github.com/trunkline/trunkline/config"
)

// HookDue tells whether a hook is to run in the deployment that is under way in an environment, and if not, why not.
func HookDue(state State, environment string, hook config.Hook) (due bool, why string, err error) {
	if hook.When == nil {
		return true, "", nil
	}
	state = state.indexed()
	rules, known := state.Rules.Environment(environment)
	c, _ := consider(&state, rules)
	last := c.environment.Last
	if !known || last == nil {
		return false, "", errors.New(environment + " is not declared on trunk any more")
	}
	promotion := Promotion{Environment: environment, Range: state.ofDeployment(last), Without: last.Without}
	plan := last.Plan()
	promotion.Plan = &plan
	q := question{considered: c, rules: ruleset{Environment: rules, repository: &state.Rules}, promotion: promotion}
	facts := q.factsFor(hook.When)
	if due, err = hook.When.Holds(facts); err != nil {
		return false, "", fmt.Errorf("its `when` %w", err)
	}
	if !due {
		why = fmt.Sprintf("`%s` does not hold: %s", hook.When, hook.When.Explain(facts))
	}
	return due, why, nil
}

// Plan of a deployment as gates look at it: that of the instances that are planned so far.
func (d Deployment) Plan() Plan {
	plan := Plan{From: d.From, To: d.To, Done: true}
	for _, instance := range d.Instances {
		if instance.Counts.Name != "" {
			plan.Instances = append(plan.Instances, instance.Counts)
		}
	}
	return plan
}
