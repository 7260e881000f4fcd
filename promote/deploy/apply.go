package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// apply applies what was planned, wave after wave, and nothing else.
func (r *run) apply(ctx context.Context) error {
	if err := r.hooks(ctx, config.BeforeDeploy); err != nil {
		return err
	}
	if r.byJobs() {
		return r.applyByJobs(ctx)
	}
	before, err := r.changedBefore(ctx)
	if err != nil {
		return err
	}
	names := r.names()
	order, waves := promote.OrderOf(names, r.upstream()), r.waves(before...)
	for i, wave := range waves {
		var left []string
		for _, name := range wave.Instances {
			if slices.Contains(names, name) && r.instance(name).Phase != promote.InstanceApplied {
				left = append(left, name)
			}
		}
		if err := r.inOrder(ctx, left, order, r.applyOne); err != nil {
			return err
		}
		if err := r.afterWave(ctx, wave, i == len(waves)-1); err != nil {
			return err
		}
	}
	return r.write(ctx, func(tx *store.Tx) error { return tx.Verify(r.deployment.ID) })
}

// afterWave finds out whether a wave is healthy, and lets time pass before the next. A wave in which nothing changed
// proves nothing.
func (r *run) afterWave(ctx context.Context, wave promote.Wave, last bool) error {
	if unproven, err := r.unproven(ctx, wave.Instances); err != nil || !unproven {
		return err
	}
	if err := r.checks(ctx, wave.Rules.Name, wave.Rules.Verify); err != nil {
		return err
	}
	if r.deployment.Rollback {
		return nil // it ran there before, and people wait for it: the whole is watched at the end
	}
	if err := r.watch(ctx, wave.Rules.Name, wave.Rules.Watch); err != nil {
		return err
	}
	if wave.Rules.Pause > 0 && !last {
		return r.pause(ctx, wave.Rules)
	}
	return nil
}

func (r *run) applyOne(ctx context.Context, name string) error {
	if err := r.abortAsked(ctx); err != nil {
		return err
	}
	instance, turned := r.instance(name), r.changedUpstream(name)
	if instance.Downstream && len(turned) == 0 {
		return r.write(ctx, func(tx *store.Tx) error { return tx.Applied(r.deployment.ID, name) })
	}
	lock, plan, err := r.ready(ctx, name, turned)
	defer lock.Release()
	switch {
	case errors.As(err, new(*waits)), errors.As(err, new(*aborted)):
		return err
	case err != nil:
		return r.failed(ctx, "apply", name, err)
	}
	var dependents []string
	if !plan.Empty() {
		if err := r.write(ctx, func(tx *store.Tx) error { return tx.Applying(r.deployment.ID, name) }); err != nil {
			return err
		}
		ended, err := r.applyToItsEnd(ctx, r.work(r.target.Instances[name], lock), plan)
		if !ended {
			return ctx.Err()
		}
		// It has ended: that is to be written down, also when we are stopping.
		ctx = context.WithoutCancel(ctx)
		if err != nil {
			return r.failed(ctx, "apply", name, err)
		}
	}
	if instance.Counts.Changes > 0 || !plan.Empty() {
		dependents = r.dependents()[name]
	}
	return r.write(ctx, func(tx *store.Tx) error { return tx.Applied(r.deployment.ID, name, dependents...) })
}

// changedUpstream are the instances on which one depends that this deployment has changed: its plan was made before.
func (r *run) changedUpstream(name string) (changed []string) {
	for _, upstream := range promote.OrderOf(r.names(), r.upstream())[name] {
		if other := r.instance(upstream); other.Phase == promote.InstanceApplied && other.Counts.Changes > 0 {
			changed = append(changed, upstream)
		}
	}
	return changed
}

// applyToItsEnd applies, and does not break the apply off when we are stopped; see [ToItsEnd].
func (r *run) applyToItsEnd(ctx context.Context, work engine.Work, plan engine.Plan) (ended bool, err error) {
	return ToItsEnd(ctx, func(ctx context.Context) error { return r.target.Planner.Engine.Apply(ctx, work, plan) })
}

// mayApply tells whether a plan that was made again may be applied: it holds nothing but what was planned, or what it
// depends on has changed since, and the gates let the new plan go too.
func (r *run) mayApply(ctx context.Context, instance promote.DeployedInstance, plan engine.Plan, turned []string) error {
	switch {
	case plan.Empty(), instance.Planned() && plan.Digest == instance.PlanDigest:
		return nil
	case instance.Planned() && engine.Among(plan.Changes, instance.ChangeDigests):
		return nil // outputs are left out: they become known as resources are applied
	case instance.Planned() && len(turned) == 0:
		return &Stopped{promote.Failure{Step: "apply", Subject: instance.Name, Message: "The plan is another one than before the interruption: " +
			plan.Summary() + ", where " + instance.Summary + " was planned. Nothing more was applied to it."}}
	}
	return r.agree(ctx, instance, plan, turned)
}

// agree asks the gates about a plan that could only be made now, and writes it down as the one that may be applied.
func (r *run) agree(ctx context.Context, instance promote.DeployedInstance, plan engine.Plan, turned []string) error {
	next := r.planned(instance.Name, plan)
	var closed []promote.Gate
	err := r.write(ctx, func(tx *store.Tx) error {
		state, err := tx.State(r.repository)
		if err != nil {
			return err
		}
		if closed = promote.RecheckPlan(state, r.deployment.Environment, instance, next); len(closed) > 0 {
			return nil
		}
		return tx.PlannedAgain(r.deployment.ID, next)
	})
	if err != nil || len(closed) == 0 {
		return err
	}
	before := "it could not be planned before"
	if instance.Planned() {
		before = instance.Summary + " was planned before"
	} else if instance.Downstream {
		before = "it was not to change by itself"
	}
	message := fmt.Sprintf("After %s was applied, on which it depends, its plan is: %s; %s.", strings.Join(turned, ", "), plan.Summary(), before)
	for _, gate := range closed {
		message += "\n" + gate.Text
	}
	return &Stopped{promote.Failure{Step: "plan", Subject: instance.Name, Message: message + "\nIt was not applied. The plan of what is left is shown for the next promotion."}}
}

// failed writes down that an instance failed and says so to people. When the context ended, nothing failed: the
// next start goes on.
func (r *run) failed(ctx context.Context, step, name string, err error) error {
	if ctx.Err() != nil {
		return err
	}
	var said *engine.Failure
	var stopped *Stopped
	switch {
	case errors.As(err, &stopped):
	case errors.As(err, &said):
		if said.Step != "apply" && r.instance(name).Phase == promote.InstancePlanned {
			step = "plan" // made in the midst of applying, and nothing of the instance was begun
		}
		stopped = &Stopped{promote.Failure{Step: step, Subject: name, Message: said.Message}}
	default:
		stopped = &Stopped{promote.Failure{Step: step, Subject: name, Message: r.target.Redact(err.Error())}}
	}
	return errors.Join(stopped, r.write(ctx, func(tx *store.Tx) error { return tx.InstanceFailed(r.deployment.ID, name) }))
}
