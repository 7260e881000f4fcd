package deploy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// canary is the staircase that an instance goes through, if it has one. Whoever goes back does so at once.
func (r *run) canary(name string) (config.Canary, bool) {
	instance := r.target.Instances[name].Instance
	if r.deployment.Rollback {
		return config.Canary{}, false
	}
	return promote.CanaryOf(r.rules, promote.Placed{Name: name, Stack: instance.Stack, Component: instance.Component})
}

// climbing tells whether a staircase was begun: what is applied then is of one of its steps, and no plan from before fits.
func (r *run) climbing(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.deployment.Steps, func(s promote.Step) bool { return s.Kind == promote.StepCanary && s.Wave == name })
}

// climb goes up the staircase: at each step the instance is planned and applied with a weight, and then has to prove itself.
// The last step, the whole, is left to the caller.
func (r *run) climb(ctx context.Context, name string, canary config.Canary) error {
	for _, weight := range canary.Steps {
		if err := r.abortAsked(ctx); err != nil {
			return err
		}
		step := promote.Step{Kind: promote.StepCanary, Wave: name, Name: fmt.Sprintf("%d %%", weight)}
		if known, begun := r.recorded(step); !begun || known.Phase != promote.StepPassed && known.Phase != promote.StepSkipped {
			if err := r.takeStep(ctx, step, canary, weight); err != nil {
				return err
			}
		}
		if known, _ := r.recorded(step); known.Phase == promote.StepSkipped {
			continue // it changed nothing, so it proves nothing
		}
		scope := name + " at " + step.Name
		if err := r.checks(ctx, scope, canary.Verify); err != nil {
			return err
		}
		if err := r.watch(ctx, scope, canary.Watch); err != nil {
			return err
		}
		if canary.Pause > 0 {
			if err := r.pause(ctx, config.Wave{Name: scope, Pause: canary.Pause}); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeStep plans and applies an instance with a weight, and writes down that it did.
func (r *run) takeStep(ctx context.Context, step promote.Step, canary config.Canary, weight int) error {
	_, again := r.recorded(step) // then a plan without changes may mean that it was applied
	if err := r.write(ctx, func(tx *store.Tx) error { return tx.BeginStep(r.deployment.ID, step) }); err != nil {
		return err
	}
	lock, err := r.lock(ctx, r.target.Instances[step.Wave].Instance)
	if err != nil {
		return err
	}
	defer lock.Release()
	work := weighted(r.work(r.target.Instances[step.Wave], lock), canary, weight)
	plan, err := r.target.Planner.Engine.Plan(ctx, work)
	if err == nil {
		err = r.within(r.instance(step.Wave), plan)
	}
	if err == nil && !plan.Empty() {
		created, _ := promote.ComesAndGoes(plan.Changes)
		err = r.write(ctx, func(tx *store.Tx) error {
			return errors.Join(tx.Creates(r.deployment.ID, step.Wave, created), tx.Applying(r.deployment.ID, step.Wave))
		})
		if err != nil {
			return err
		}
		var ended bool
		if ended, err = r.applyToItsEnd(ctx, work, plan); !ended {
			return ctx.Err()
		}
		ctx = context.WithoutCancel(ctx)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	step.Phase = promote.StepPassed
	switch {
	case err != nil:
		step.Phase, step.Message = promote.StepFailed, r.target.Redact(err.Error())
	case plan.Empty() && !again:
		step.Phase, step.Message = promote.StepSkipped, "nothing changes at "+step.Name
	}
	return errors.Join(err, r.write(ctx, func(tx *store.Tx) error { return tx.EndStep(r.deployment.ID, step) }))
}

// weightVariable tells programs the weight of the step.
const weightVariable = "TRUNKLINE_WEIGHT"

// weighted is the same work with a weight: as the variable that the configuration names, over all other values, and in the
// environment.
func weighted(work engine.Work, canary config.Canary, weight int) engine.Work {
	work.Env = maps.Clone(work.Env)
	if work.Env == nil {
		work.Env = map[string]string{}
	}
	work.Env[weightVariable] = fmt.Sprint(weight)
	if canary.Variable != "" {
		variables := maps.Clone(work.Instance.Variables)
		if variables == nil {
			variables = map[string]any{}
		}
		variables[canary.Variable] = weight
		work.Instance.Variables = variables
	}
	return work
}

// within tells whether a step of a staircase stays within what was planned for the whole: values differ from step to step,
// but nothing is replaced or destroyed that was not to be, except what an earlier step has made.
func (r *run) within(instance promote.DeployedInstance, plan engine.Plan) error {
	_, destroyed := promote.ComesAndGoes(plan.Changes)
	var beyond []string
	for _, address := range destroyed {
		if !slices.Contains(instance.Destroyed, address) && !slices.Contains(instance.Created, address) {
			beyond = append(beyond, address)
		}
	}
	if len(beyond) == 0 {
		return nil
	}
	return &Stopped{promote.Failure{Step: "apply", Subject: instance.Name, Message: "This step would replace or destroy " +
		strings.Join(beyond, ", ") + ", which the plan of the whole (" + instance.Summary + ") does not. It was not applied."}}
}

// ready gets an instance ready to be applied: with its lock held, and with a plan that may be applied. Where it goes up a
// staircase, all but the last step are taken first.
func (r *run) ready(ctx context.Context, name string, turned []string) (*process.Lock, engine.Plan, error) {
	canary, staged := r.canary(name)
	climbing := staged && r.climbing(name)
	if !climbing {
		lock, plan, err := r.wholePlan(ctx, name, turned)
		if err != nil || !staged || plan.Empty() {
			return lock, plan, err
		}
		lock.Release()
	}
	if err := r.climb(ctx, name, canary); err != nil {
		return nil, engine.Plan{}, err
	}
	lock, plan, err := r.locked(ctx, name)
	if err == nil {
		err = r.within(r.instance(name), plan)
	}
	return lock, plan, err
}

// wholePlan is the plan of all that an instance lacks: that of this pass, or one that is made again.
func (r *run) wholePlan(ctx context.Context, name string, turned []string) (lock *process.Lock, plan engine.Plan, err error) {
	r.mu.Lock()
	plan, fresh := r.plans[name]
	r.mu.Unlock()
	if fresh && len(turned) == 0 {
		lock, err = r.lock(ctx, r.target.Instances[name].Instance)
		return lock, plan, err
	}
	if lock, plan, err = r.locked(ctx, name); err == nil {
		err = r.mayApply(ctx, r.instance(name), plan, turned)
	}
	return lock, plan, err
}
