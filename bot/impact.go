package bot

import (
	"context"
	"errors"
	"fmt"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/deploy"
	"github.com/trunkline/trunkline/promote/store"
)

// impact plans what bringing an environment further would change, to be shown before anybody asks for it. A newer
// commit, or a deployment that starts, interrupts it.
func (b *Bot) impact(ctx context.Context, nudge store.Nudge) error {
	turn := store.Turn{Subject: fmt.Sprintf("impact/%d/%s", nudge.Repository, nudge.Subject), Interrupt: true}
	return b.store.Exclusive(ctx, turn, func(ctx context.Context) error {
		var wanted promote.PlannedImpact
		var runs map[string]string
		var deployed planner.Deployed
		err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
			if wanted, _, err = tx.Impact(nudge.Repository, nudge.Subject); err != nil {
				return err
			}
			if runs, err = tx.Instances(nudge.Repository, nudge.Subject); err != nil {
				return err
			}
			deployed, err = tx.Whereabouts(nudge.Repository)
			return err
		})
		if err != nil || wanted.Done || wanted.To == "" {
			return err
		}
		wanted.Preview = planner.Preview{Head: wanted.To, Trunk: wanted.From, Environments: []string{wanted.Environment}}
		target, err := b.checkOut(ctx, checkingOut{Wanted: deploy.Wanted{Repository: nudge.Repository, Environment: wanted.Environment, SHA: wanted.To}, slots: b.previewSlots,
			scratch: []string{"impacts", wanted.Environment}})
		var stopped *deploy.Stopped
		switch {
		case errors.As(err, &stopped):
			wanted.Preview.Problem = &planner.Problem{Title: "It cannot be planned", Detail: stopped.Message}
		case deploy.IsLater(err):
			return nil // what it waits for leads here again
		case err != nil:
			return err
		default:
			defer target.Release()
			lacks := lacking(target, wanted.Environment, runs)
			if target.Rules.RunnerOf(wanted.Environment).Kind == config.RunnerJobs {
				wanted.Preview.Instances = deployedByJobs(target, lacks)
				break
			}
			wanted.Preview.Instances = b.planImpact(ctx, nudge.Repository, target, lacks, target.Moves(deployed, wanted.Environment))
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return b.store.Write(ctx, func(tx *store.Tx) error { return tx.PlanImpact(nudge.Repository, wanted) })
	})
}

// lacking are the instances of an environment at the target that do not run what the target has, by name.
func lacking(target *deploy.Target, environment string, runs map[string]string) (instances []stack.Instance) {
	for _, name := range sortedNames(target.Instances) {
		resolved := target.Instances[name]
		if resolved.Instance.Environment == environment && runs[name] != resolved.Digest {
			instances = append(instances, resolved.Instance)
		}
	}
	return instances
}

// deployedByJobs are instances that nothing here plans: what people agree to are their inputs.
func deployedByJobs(target *deploy.Target, instances []stack.Instance) []planner.InstancePreview {
	previews := make([]planner.InstancePreview, len(instances))
	for i, instance := range instances {
		previews[i] = planner.InstancePreview{Instance: instance, Outcome: planner.ByJob}
		previews[i].Plan.Digest = promote.UnplannedDigest(target.Instances[instance.Name()].Digest)
	}
	return previews
}

// planImpact plans the instances, save those whose state would move: a deployment stops before it plans them.
func (b *Bot) planImpact(ctx context.Context, repository int64, target *deploy.Target, instances []stack.Instance, moves planner.Moves) []planner.InstancePreview {
	previews := make([]planner.InstancePreview, 0, len(instances))
	var planned []stack.Instance
	for _, instance := range instances {
		preview := planner.InstancePreview{Instance: instance, Outcome: planner.Waiting}
		if moved(&preview, moves); preview.Outcome == planner.Moved {
			previews = append(previews, preview)
			continue
		}
		planned = append(planned, instance)
	}
	if len(planned) == 0 {
		return previews
	}
	place := target.Place
	place.Initialised = b.scratch(store.Repository{ID: repository}, "initialised")
	foresee := b.foreseeing(repository, target)
	for _, plan := range target.Planner.PlanAll(ctx, place, planned, planner.Reports{}) {
		foresee(ctx, &plan)
		preview := planner.InstancePreview{Instance: plan.Instance}
		plan.Into(&preview)
		previews = append(previews, preview)
	}
	return previews
}
