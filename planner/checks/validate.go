package checks

import (
	"context"
	"errors"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
)

// validate has the engine validate each component once, after the first of its instances was planned.
func (r *Run) validate(ctx context.Context, _ config.PullCheck, plans <-chan planner.InstancePlan) (result planner.CheckResult) {
	validator, can := r.Planner.Engine.(engine.Validator)
	if !can {
		return failed("the engine has no validation of its own")
	}
	seen := map[string]bool{}
	for plan := range plans {
		path := plan.Instance.Path
		if seen[path] || ctx.Err() != nil {
			continue
		}
		seen[path] = true
		found, err := validator.Validate(ctx, r.Planner.Work(r.Place, plan.Instance))
		if err != nil {
			message := err.Error()
			var said *engine.Failure
			if errors.As(err, &said) {
				message = said.Message
			}
			result.Findings = append(result.Findings, planner.Finding{Level: planner.Broken, Message: path + " could not be validated: " + message})
		}
		for _, one := range found {
			finding := planner.Finding{Level: planner.Deny, Message: one.Message, File: one.File, Line: one.Line, EndLine: one.EndLine}
			if one.Warning {
				finding.Level = planner.Warn
			}
			if one.File == "" {
				finding.Message = path + ": " + one.Message
			}
			result.Findings = append(result.Findings, finding)
		}
	}
	return result
}
