package bot

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/checks"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote/store"
)

// planAll plans the affected instances in a worktree of the merge and carries out the checks, and shows each as it is
// ready.
func (p *previewing) planAll(ctx context.Context, early *early, merge string) error {
	git := early.git
	redact, hidden := p.bot.hiding(ctx, p.repository, p.rules.Repository)
	defer hidden()
	p.redact = redact
	plans, err := p.bot.plannerFor(p.repository, planning{p.rules.Repository, p.bot.previewSlots, redact})
	if err != nil {
		p.preview.Problem = &planner.Problem{Title: "The engine is not there", Detail: err.Error(), File: config.Path}
		return nil
	}
	worktree, err := early.worktree(ctx, merge)
	if err != nil {
		return err
	}
	p.preview.Checks = append(checks.Running(p.rules.Checks), p.preview.Checks...)
	if err := p.save(ctx, store.PreviewPlanning); err != nil {
		return err
	}
	place := planner.Place{Commit: merge, Root: worktree.Dir, Scratch: p.scratch(),
		Initialised: p.bot.scratch(p.repository, "initialised"), Document: checks.Documents(p.rules.Checks), Locks: []*process.Lock{worktree.Lock}}
	instances, places := p.toPlan()
	if err := p.withArtifacts(ctx, instances); err != nil {
		return err
	}
	shown := &progress{previewing: p, places: places}
	run, release, err := p.startChecks(ctx, git, checks.Options{Affected: instances, Planner: plans, Place: place,
		Report: func(i int, result planner.CheckResult) {
			shown.change(ctx, func(preview *planner.Preview) { preview.Checks[i] = result })
		}})
	if err != nil {
		return err
	}
	defer release()
	plans.PlanAll(ctx, place, instances, shown.reports(ctx, run))
	run.Wait()
	return ctx.Err()
}

// scratch is the folder for what planning leaves behind.
func (p *previewing) scratch() string {
	if p.group != nil {
		return p.bot.scratch(p.repository, "groups", p.group.Head)
	}
	return p.bot.pullScratch(p.repository, p.pull.Number)
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

// progress fills in the preview as plans and results of checks come in, from several goroutines.
type progress struct {
	*previewing
	places map[string]int
	mu     sync.Mutex
}

// change changes the preview, and writes it down if that was not done just now.
func (p *progress) change(ctx context.Context, change func(*planner.Preview)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.preview)
	if time.Since(p.saved) < saveEvery || ctx.Err() != nil {
		return
	}
	if err := p.save(ctx, store.PreviewPlanning); err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot write down how far a preview is")
	}
}

// reports hand over plans to the preview and to the checks.
func (p *progress) reports(ctx context.Context, run *checks.Run) planner.Reports {
	return planner.Reports{
		Started: func(instance stack.Instance) {
			p.change(ctx, func(preview *planner.Preview) {
				preview.Instances[p.places[instance.Name()]].Outcome = planner.Planning
			})
		},
		Ended: func(plan planner.InstancePlan) {
			p.await(ctx, &plan)
			p.without(&plan)
			run.Planned(plan)
			p.change(ctx, func(preview *planner.Preview) {
				plan.Into(&preview.Instances[p.places[plan.Instance.Name()]])
			})
		},
	}
}
