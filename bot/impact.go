package bot

import (
	"context"
	"errors"
	"fmt"

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
		err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
			if wanted, _, err = tx.Impact(nudge.Repository, nudge.Subject); err != nil {
				return err
			}
			runs, err = tx.Instances(nudge.Repository, nudge.Subject)
			return err
		})
		if err != nil || wanted.Done || wanted.To == "" {
			return err
		}
		wanted.Preview = planner.Preview{Head: wanted.To, Trunk: wanted.From, Environments: []string{wanted.Environment}}
		target, err := b.checkOut(ctx, nudge.Repository, wanted.To, b.previewSlots)
		var stopped *deploy.Stopped
		switch {
		case errors.As(err, &stopped):
			wanted.Preview.Problem = &planner.Problem{Title: "It cannot be planned", Detail: stopped.Message}
		case err != nil:
			return err
		default:
			defer target.Release()
			wanted.Preview.Instances = b.planImpact(ctx, nudge.Repository, target, runs, wanted.Environment)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return b.store.Write(ctx, func(tx *store.Tx) error { return tx.PlanImpact(nudge.Repository, wanted) })
	})
}

func (b *Bot) planImpact(ctx context.Context, repository int64, target *deploy.Target, runs map[string]string, environment string) []planner.InstancePreview {
	var instances []stack.Instance
	for _, name := range sortedNames(target.Instances) {
		resolved := target.Instances[name]
		if resolved.Instance.Environment == environment && runs[name] != resolved.Digest {
			instances = append(instances, resolved.Instance)
		}
	}
	place := target.Place
	place.Scratch = b.scratch(store.Repository{ID: repository}, "impacts", environment)
	place.Initialised = b.scratch(store.Repository{ID: repository}, "initialised")
	previews := make([]planner.InstancePreview, 0, len(instances))
	for _, plan := range target.Planner.PlanAll(ctx, place, instances, planner.Reports{}) {
		preview := planner.InstancePreview{Instance: plan.Instance}
		plan.Into(&preview)
		previews = append(previews, preview)
	}
	return previews
}
