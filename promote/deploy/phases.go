package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// plan plans what the environment lacks, and writes down what may be applied.
func (r *run) plan(ctx context.Context) error {
	runs, err := r.runs(ctx)
	if err != nil {
		return err
	}
	wanted := map[string]planner.Resolved{}
	for name, instance := range r.target.Instances {
		if instance.Instance.Environment == r.deployment.Environment && runs[name] != instance.Digest && !r.deployment.LeavesOut(instance.Instance.Component) {
			wanted[name] = instance
		}
	}
	if err := r.stateStays(ctx, wanted); err != nil {
		return err
	}
	err = r.write(ctx, func(tx *store.Tx) error {
		for _, instance := range wanted {
			if err := tx.Include(r.deployment.ID, instance); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	// Those of a process that ended before all were planned are planned again: gates ask about the whole.
	if err := r.inParallel(ctx, r.in(promote.InstanceWaiting, promote.InstancePlanned, promote.InstanceFailed), r.planOne); err != nil {
		return err
	}
	return r.begin(ctx)
}

// in returns the names of the deployment's instances that are in one of the phases.
func (r *run) in(phases ...promote.InstancePhase) (names []string) {
	for _, instance := range r.deployment.Instances {
		for _, phase := range phases {
			if instance.Phase == phase {
				names = append(names, instance.Name)
			}
		}
	}
	return names
}

func (r *run) planOne(ctx context.Context, name string) error {
	if err := r.abortAsked(ctx); err != nil {
		return err
	}
	lock, plan, err := r.locked(ctx, name)
	if err != nil {
		return r.failed(ctx, "plan", name, err)
	}
	defer lock.Release()
	planned := promote.DeployedInstance{Name: name, PlanDigest: plan.Digest, Summary: plan.Summary()}
	for _, change := range plan.All() {
		planned.ChangeDigests = append(planned.ChangeDigests, change.Digest)
		planned.Destructive = planned.Destructive || change.Action.Destructive()
	}
	planned.Created, planned.Destroyed = promote.ComesAndGoes(plan.Changes)
	r.mu.Lock()
	r.plans[name] = plan
	r.mu.Unlock()
	return r.write(ctx, func(tx *store.Tx) error { return tx.Planned(r.deployment.ID, planned) })
}

// locked plans an instance with its lock held. The lock is that of the instance's state: an engine that a killed
// Trunkline left behind holds it until it ends.
func (r *run) locked(ctx context.Context, name string) (*process.Lock, engine.Plan, error) {
	instance, declared := r.target.Instances[name]
	if !declared {
		return nil, engine.Plan{}, &Stopped{promote.Failure{Step: "plan", Subject: name, Message: "It is not in the commit any more."}}
	}
	lock, err := r.target.Planner.TakeLock(ctx, instance.Instance)
	if err != nil {
		return nil, engine.Plan{}, fmt.Errorf("wait for others to be done with %s: %w", name, err)
	}
	plan, err := r.target.Planner.Engine.Plan(ctx, r.work(instance, lock))
	if err != nil {
		lock.Release()
		return nil, engine.Plan{}, err
	}
	return lock, plan, nil
}

// work is an instance's work under its lock, which the engine holds until it ends.
func (r *run) work(instance planner.Resolved, lock *process.Lock) engine.Work {
	place := r.target.Place
	place.Lock, place.Locks = true, append(slices.Clone(place.Locks), lock)
	return r.target.Planner.Work(place, instance.Instance)
}

// apply applies what was planned, and nothing else.
func (r *run) apply(ctx context.Context) error {
	err := r.inParallel(ctx, r.in(promote.InstancePlanned, promote.InstanceApplying, promote.InstanceFailed), r.applyOne)
	if err != nil {
		return err
	}
	return r.write(ctx, func(tx *store.Tx) error { return tx.Verify(r.deployment.ID) })
}

func (r *run) applyOne(ctx context.Context, name string) error {
	if err := r.abortAsked(ctx); err != nil {
		return err
	}
	r.mu.Lock()
	plan, fresh := r.plans[name]
	r.mu.Unlock()
	instance := r.target.Instances[name]
	var lock *process.Lock
	var err error
	if fresh {
		lock, err = r.target.Planner.TakeLock(ctx, instance.Instance)
	} else if lock, plan, err = r.locked(ctx, name); err == nil {
		err = r.allowed(name, plan)
	}
	if lock != nil {
		defer lock.Release()
	}
	if err != nil {
		return r.failed(ctx, "apply", name, err)
	}
	if !plan.Empty() {
		if err := r.write(ctx, func(tx *store.Tx) error { return tx.Applying(r.deployment.ID, name) }); err != nil {
			return err
		}
		ended, err := r.applyToItsEnd(ctx, r.work(instance, lock), plan)
		if !ended {
			return ctx.Err()
		}
		// It has ended: that is to be written down, also when we are stopping.
		ctx = context.WithoutCancel(ctx)
		if err != nil {
			return r.failed(ctx, "apply", name, err)
		}
	}
	return r.write(ctx, func(tx *store.Tx) error { return tx.Applied(r.deployment.ID, name) })
}

// drain is how long a stop waits for applies to end.
const drain = 45 * time.Second

// applyToItsEnd applies, and does not break the apply off when we are stopped: an engine that is interrupted leaves
// things half done that a plan would then replace. A stop waits for a while; then the engine is left to itself, as when
// we are killed, and the next start waits for its end.
func (r *run) applyToItsEnd(ctx context.Context, work engine.Work, plan engine.Plan) (ended bool, err error) {
	done := make(chan error, 1)
	go func() { done <- r.target.Planner.Engine.Apply(context.WithoutCancel(ctx), work, plan) }()
	select {
	case err := <-done:
		return true, err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return true, err
	case <-time.After(drain):
		return false, nil
	}
}

// allowed tells whether a plan that was made again holds nothing but what was planned.
func (r *run) allowed(name string, plan engine.Plan) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, instance := range r.deployment.Instances {
		if instance.Name != name || plan.Empty() || plan.Digest == instance.PlanDigest {
			continue
		}
		// Outputs are left out: they become known as resources are applied.
		if !engine.Among(plan.Changes, instance.ChangeDigests) {
			return &Stopped{promote.Failure{Step: "apply", Subject: name, Message: "The plan is another one than before the interruption: " +
				plan.Summary() + ", where " + instance.Summary + " was planned. Nothing more was applied to it."}}
		}
	}
	return nil
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
		stopped = &Stopped{promote.Failure{Step: step, Subject: name, Message: said.Message}}
	default:
		stopped = &Stopped{promote.Failure{Step: step, Subject: name, Message: r.target.Redact(err.Error())}}
	}
	return errors.Join(stopped, r.write(ctx, func(tx *store.Tx) error { return tx.InstanceFailed(r.deployment.ID, name) }))
}

// verify runs the environment's checks and ends the deployment.
func (r *run) verify(ctx context.Context) error {
	for _, check := range r.rules.Verify {
		if err := r.abortAsked(ctx); err != nil {
			return err
		}
		result, err := process.Run(ctx, r.target.Check(r.rules, check))
		if ctx.Err() != nil {
			return ctx.Err()
		}
		message := strings.TrimSpace(r.target.Redact(result.Log))
		switch {
		case err != nil:
			message = strings.TrimSpace(err.Error() + "\n" + message)
		case result.ExitCode != 0:
			message = strings.TrimSpace(fmt.Sprintf("It ended with exit code %d.\n%s", result.ExitCode, message))
		default:
			continue
		}
		return &Stopped{promote.Failure{Step: "verify", Subject: check.Name, Message: message}}
	}
	runs, err := r.runs(ctx)
	if err != nil {
		return err
	}
	var left store.Left
	for name := range runs {
		if instance, kept := r.target.Instances[name]; !kept || instance.Instance.Environment != r.deployment.Environment {
			left.Removed = append(left.Removed, name)
		}
	}
	for name, instance := range r.target.Instances {
		component := instance.Instance.Component
		if instance.Instance.Environment == r.deployment.Environment && runs[name] != instance.Digest && r.deployment.LeavesOut(component) {
			left.Out = append(left.Out, component)
		}
	}
	slices.Sort(left.Out)
	left.Out = slices.Compact(left.Out)
	return r.write(ctx, func(tx *store.Tx) error { return tx.Succeed(r.deployment.ID, left) })
}
