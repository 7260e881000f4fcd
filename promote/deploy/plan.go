package deploy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// plan plans what the environment lacks, and writes down what may be applied.
func (r *run) plan(ctx context.Context) error {
	wanted, err := r.wanted(ctx)
	if err != nil {
		return err
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
	var names []string
	for _, instance := range r.deployment.Instances {
		if !instance.Downstream {
			names = append(names, instance.Name)
		}
	}
	if err := r.inOrder(ctx, names, nil, r.planOne); err != nil {
		return err
	}
	if err := r.includeDownstream(ctx); err != nil {
		return err
	}
	if err := r.orderly(); err != nil {
		return err
	}
	if err := r.measureBaselines(ctx, r.rules.Watches()); err != nil {
		return err
	}
	return r.begin(ctx)
}

// wanted are the instances whose inputs digest is another one than that of what the environment runs.
func (r *run) wanted(ctx context.Context) (map[string]planner.Resolved, error) {
	runs, err := r.runs(ctx)
	if err != nil {
		return nil, err
	}
	wanted := map[string]planner.Resolved{}
	for name, instance := range r.target.Instances {
		if instance.Instance.Environment == r.deployment.Environment && runs[name] != instance.Digest && !r.deployment.LeavesOut(instance.Instance.Component) {
			wanted[name] = instance
		}
	}
	return wanted, nil
}

func (r *run) planOne(ctx context.Context, name string) error {
	if err := r.abortAsked(ctx); err != nil {
		return err
	}
	lock, plan, err := r.locked(ctx, name)
	if err != nil {
		var others []string
		if others, err = r.waitsForOthers(ctx, name, err); len(others) > 0 {
			return r.write(ctx, func(tx *store.Tx) error {
				return tx.Planned(r.deployment.ID, promote.DeployedInstance{Name: name, Awaits: others})
			})
		}
		return r.failed(ctx, "plan", name, err)
	}
	defer lock.Release()
	r.mu.Lock()
	r.plans[name] = plan
	r.mu.Unlock()
	return r.write(ctx, func(tx *store.Tx) error { return tx.Planned(r.deployment.ID, r.planned(name, plan)) })
}

// waitsForOthers are the instances of this deployment before which a plan cannot be made that failed, if there is no other
// reason; else none, and the error that is to be told.
func (r *run) waitsForOthers(ctx context.Context, name string, err error) (others []string, told error) {
	if r.target.Await == nil || ctx.Err() != nil {
		return nil, err
	}
	plan := planner.InstancePlan{Instance: r.target.Instances[name].Instance, Err: err}
	// It reads the store, which waits for those who write, who wait for mu: so it has a lock of its own.
	r.awaiting.Lock()
	r.target.Await(ctx, &plan)
	r.awaiting.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, other := range plan.After {
		if !slices.ContainsFunc(r.deployment.Instances, func(i promote.DeployedInstance) bool { return i.Name == other }) {
			return nil, plan.Err // nobody would apply it
		}
	}
	return plan.After, plan.Err
}

// upstream are, for each instance, those that it depends on: as it is declared, and as its plan has shown.
func (r *run) upstream() map[string][]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := maps.Clone(r.target.Upstream)
	if all == nil {
		all = map[string][]string{}
	}
	for _, instance := range r.deployment.Instances {
		if len(instance.Awaits) > 0 {
			all[instance.Name] = slices.Concat(all[instance.Name], instance.Awaits)
		}
	}
	return all
}

// planned is what is written down of a plan.
func (r *run) planned(name string, plan engine.Plan) promote.DeployedInstance {
	instance := promote.DeployedInstance{Name: name, PlanDigest: plan.Digest, Summary: plan.Summary()}
	for _, change := range plan.All() {
		instance.ChangeDigests = append(instance.ChangeDigests, change.Digest)
		instance.Destructive = instance.Destructive || change.Action.Destructive()
	}
	instance.Created, instance.Destroyed = promote.ComesAndGoes(plan.Changes)
	preview := planner.InstancePreview{Instance: r.target.Instances[name].Instance, Outcome: planner.Planned, Plan: plan}
	counted := promote.PlanOf(promote.PlannedImpact{Preview: planner.Preview{Instances: []planner.InstancePreview{preview}}})
	instance.Counts = counted.Instances[0]
	return instance
}

// locked plans an instance with its lock held. The lock is that of the instance's state: an engine that a killed
// Trunkline left behind holds it until it ends.
func (r *run) locked(ctx context.Context, name string) (*process.Lock, engine.Plan, error) {
	instance, declared := r.target.Instances[name]
	if !declared {
		return nil, engine.Plan{}, &Stopped{promote.Failure{Step: "plan", Subject: name, Message: "It is not in the commit any more."}}
	}
	lock, err := r.lock(ctx, instance.Instance)
	if err != nil {
		return nil, engine.Plan{}, err
	}
	plan, err := r.target.Planner.Engine.Plan(ctx, r.work(instance, lock))
	if err != nil {
		lock.Release()
		return nil, engine.Plan{}, err
	}
	return lock, plan, nil
}

// lock takes the lock of an instance.
func (r *run) lock(ctx context.Context, instance stack.Instance) (*process.Lock, error) {
	lock, err := r.target.Planner.TakeLock(ctx, instance)
	if err != nil {
		return nil, fmt.Errorf("wait for others to be done with %s: %w", instance.Name(), err)
	}
	return lock, nil
}

// work is an instance's work under its lock, which the engine holds until it ends.
func (r *run) work(instance planner.Resolved, lock *process.Lock) engine.Work {
	place := r.target.Place
	place.Lock, place.Locks = true, append(slices.Clone(place.Locks), lock)
	return r.target.Planner.Work(place, instance.Instance)
}

// includeDownstream adds instances that are at their digest and depend on some that will change: outputs are not in a
// digest. They are planned when what they depend on is applied.
func (r *run) includeDownstream(ctx context.Context) error {
	included, reached := map[string]bool{}, []string{}
	for _, instance := range r.deployment.Instances {
		included[instance.Name] = true
		if instance.Counts.Changes > 0 || !instance.Planned() {
			reached = append(reached, instance.Name)
		}
	}
	dependents := r.dependents()
	var more []planner.Resolved
	for ; len(reached) > 0; reached = reached[1:] {
		for _, name := range dependents[reached[0]] {
			instance := r.target.Instances[name]
			if included[name] || r.deployment.LeavesOut(instance.Instance.Component) {
				continue
			}
			included[name] = true
			more, reached = append(more, instance), append(reached, name)
		}
	}
	if len(more) == 0 {
		return nil
	}
	return r.write(ctx, func(tx *store.Tx) error {
		for _, instance := range more {
			name := instance.Instance.Name()
			err := errors.Join(tx.IncludeDownstream(r.deployment.ID, instance), tx.Planned(r.deployment.ID, promote.DeployedInstance{Name: name}))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// dependents are, for each instance of the environment, those of it that depend on it directly.
func (r *run) dependents() map[string][]string {
	dependents := map[string][]string{}
	all := r.upstream()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, upstream := range all[name] {
			if r.target.Instances[name].Instance.Environment == r.deployment.Environment {
				dependents[upstream] = append(dependents[upstream], name)
			}
		}
	}
	return dependents
}

// orderly stops a deployment that has no order: instances that wait for each other, or for a later wave.
func (r *run) orderly() error {
	order := promote.OrderOf(r.names(), r.upstream())
	if cycle := (stack.Dependencies{Upstream: order}).Cycle(r.names()); cycle != nil {
		return &Stopped{promote.Failure{Step: "order", Subject: cycle[0], Message: "Nothing was applied, because these depend on each other: " +
			strings.Join(cycle, " -> ") + ". Take one of the dependencies away."}}
	}
	if name, upstream := order.Against(r.waves()); name != "" {
		return &Stopped{promote.Failure{Step: "order", Subject: name, Message: fmt.Sprintf(
			"Nothing was applied, because %s depends on %s, which is in a later wave. Put it into an earlier wave of %s, or both into one.",
			name, upstream, r.deployment.Environment)}}
	}
	return nil
}

// names of the deployment's instances.
func (r *run) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := make([]string, len(r.deployment.Instances))
	for i, instance := range r.deployment.Instances {
		names[i] = instance.Name
	}
	return names
}

// waves that the deployment goes through, with some instances more that have to be proven with theirs.
func (r *run) waves(more ...string) []promote.Wave {
	names := append(r.names(), more...)
	slices.Sort(names)
	var placed []promote.Placed
	for _, name := range slices.Compact(names) {
		instance := r.target.Instances[name].Instance
		placed = append(placed, promote.Placed{Name: name, Stack: instance.Stack, Component: instance.Component})
	}
	return promote.WavesOf(r.rules, placed)
}

// instance is how far one got.
func (r *run) instance(name string) promote.DeployedInstance {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, instance := range r.deployment.Instances {
		if instance.Name == name {
			return instance
		}
	}
	return promote.DeployedInstance{Name: name}
}
