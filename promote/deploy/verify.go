package deploy

import (
	"context"
	"slices"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

// verify runs what belongs after everything is applied, and ends the deployment.
func (r *run) verify(ctx context.Context) error {
	if err := r.hooks(ctx, config.AfterDeploy); err != nil {
		return err
	}
	if err := r.checks(ctx, "", r.rules.Verify); err != nil {
		return err
	}
	if err := r.watchAll(ctx); err != nil {
		return err
	}
	left, err := r.left(ctx)
	if err != nil {
		return err
	}
	return r.write(ctx, func(tx *store.Tx) error { return tx.Succeed(r.deployment.ID, left) })
}

// left is what the deployment leaves behind.
func (r *run) left(ctx context.Context) (left store.Left, err error) {
	runs, err := r.runs(ctx)
	if err != nil {
		return left, err
	}
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
	left.Unreleased = r.rules.Release.Declared()
	slices.Sort(left.Out)
	left.Out = slices.Compact(left.Out)
	return left, nil
}
