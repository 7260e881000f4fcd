package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote/store"
)

// planAll plans the affected instances in a worktree of the merge, and shows each as it is ready.
func (p *previewing) planAll(ctx context.Context, git *mirror.Mirror, merge string) error {
	plans, err := p.bot.plannerFor(p.repository, p.rules.Repository, p.bot.previewSlots)
	if err != nil {
		p.preview.Problem = &planner.Problem{Title: "The engine is not there", Detail: err.Error(), File: config.Path}
		return nil
	}
	worktree, err := git.Worktree(ctx, merge)
	if err != nil {
		return err
	}
	defer worktree.Release()
	if err := p.save(ctx, store.PreviewPlanning); err != nil {
		return err
	}
	place := planner.Place{Commit: merge, Root: worktree.Dir, Scratch: p.bot.scratch(p.repository, "pulls", fmt.Sprint(p.pull.Number)),
		Locks: []*process.Lock{worktree.Lock}}
	instances, places := p.toPlan()
	plans.PlanAll(ctx, place, instances, p.reports(ctx, places))
	return ctx.Err()
}

// toPlan returns the instances that wait for a plan, and where in the preview each stands, by name.
func (p *previewing) toPlan() (instances []stack.Instance, places map[string]int) {
	places = map[string]int{}
	for i, instance := range p.preview.Instances {
		if instance.Outcome == planner.Waiting {
			instances = append(instances, instance.Instance)
			places[instance.Instance.Name()] = i
		}
	}
	return instances, places
}

// saveEvery is the least time between two writes of a preview while plans come in.
const saveEvery = time.Second

// reports fill in the preview as plans come in.
func (p *previewing) reports(ctx context.Context, places map[string]int) planner.Reports {
	report := func(instance stack.Instance, change func(*planner.InstancePreview)) {
		change(&p.preview.Instances[places[instance.Name()]])
		if time.Since(p.saved) < saveEvery || ctx.Err() != nil {
			return
		}
		if err := p.save(ctx, store.PreviewPlanning); err != nil {
			zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot write down how far a preview is")
		}
	}
	return planner.Reports{
		Started: func(instance stack.Instance) {
			report(instance, func(preview *planner.InstancePreview) { preview.Outcome = planner.Planning })
		},
		Ended: func(plan planner.InstancePlan) {
			report(plan.Instance, func(preview *planner.InstancePreview) {
				preview.Plan = plan.Plan
				preview.Outcome, preview.Failure = plan.Outcome()
			})
		},
	}
}
