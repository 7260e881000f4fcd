package deploy

import (
	"context"
	"slices"

	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// unproven tells whether some instances may not be healthy: this deployment has changed them, or one that did not succeed
// has, since the last that did. A deployment that is tried again often has nothing left to apply, and all to prove.
func (r *run) unproven(ctx context.Context, instances []string) (unproven bool, err error) {
	if slices.ContainsFunc(instances, func(name string) bool { return r.instance(name).Counts.Changes > 0 }) {
		return true, nil
	}
	before, err := r.changedBefore(ctx)
	return slices.ContainsFunc(instances, func(name string) bool { return slices.Contains(before, name) }), err
}

// changedBefore names the instances of the target that deployments changed which did not succeed, since the last that did.
func (r *run) changedBefore(ctx context.Context) (names []string, err error) {
	err = r.Store.Read(ctx, func(tx *store.Tx) (err error) {
		names, err = tx.ChangedSinceSuccess(r.deployment.ID)
		return err
	})
	return slices.DeleteFunc(names, func(name string) bool {
		instance, kept := r.target.Instances[name]
		return !kept || instance.Instance.Environment != r.deployment.Environment
	}), err
}

// watchAll watches the environment as a whole, unless nothing has changed: no instance, and no hook has run.
func (r *run) watchAll(ctx context.Context) error {
	var all []string
	for name, instance := range r.target.Instances {
		if instance.Instance.Environment == r.deployment.Environment {
			all = append(all, name)
		}
	}
	unproven, err := r.unproven(ctx, all)
	if err != nil {
		return err
	}
	hooked := slices.ContainsFunc(r.deployment.Steps, func(step promote.Step) bool {
		return (step.Kind == promote.StepBefore || step.Kind == promote.StepAfter) && step.Phase == promote.StepPassed
	})
	if unproven || hooked {
		return r.watch(ctx, "", r.rules.Watch)
	}
	for _, watch := range r.rules.Watch {
		step := promote.Step{Kind: promote.StepWatch, Name: watch.Name}
		if _, begun := r.recorded(step); begun {
			continue
		}
		step.Phase, step.Message = promote.StepSkipped, "nothing was changed"
		err := r.write(ctx, func(tx *store.Tx) error {
			if err := tx.BeginStep(r.deployment.ID, step); err != nil {
				return err
			}
			return tx.EndStep(r.deployment.ID, step)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
