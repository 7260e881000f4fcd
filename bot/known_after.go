package bot

import (
	"context"

	"github.com/rs/zerolog"

	"github.com/trunkline/trunkline/bot/secrets"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/promote/deploy"
	"github.com/trunkline/trunkline/promote/store"
)

// merged is what a commit asks for, with the rules that say so.
type merged struct {
	snapshot *planner.Snapshot
	rules    config.Repository
	// foresight is made when the first plan fails.
	foresight *planner.Foresight
}

// await finds out whether a plan that failed waits for others to be deployed. It is not called concurrently.
func (p *previewing) await(ctx context.Context, plan *planner.InstancePlan) {
	if p.merged.snapshot != nil {
		p.bot.await(ctx, p.repository, &p.merged, plan)
	}
}

// without notes of a plan that failed that it was made without the secrets and artifacts that its environment will have, be
// it by the rules of trunk or by those of the merge.
func (p *previewing) without(plan *planner.InstancePlan) {
	rules := p.merged.rules
	environment, declared := rules.Environment(plan.Instance.Environment)
	if !declared {
		rules = p.rules.Repository
		environment, _ = rules.Environment(plan.Instance.Environment)
	}
	lacks := secrets.Names(environment.Secrets)
	for _, artifact := range rules.Artifacts {
		if _, given := plan.Instance.Env[artifact.Variable]; !given {
			lacks = append(lacks, artifact.Variable)
		}
	}
	plan.Without(lacks)
}

// foreseeing awaits for plans of a commit of trunk.
func (b *Bot) foreseeing(id int64, target *deploy.Target) func(context.Context, *planner.InstancePlan) {
	m := merged{rules: target.Rules}
	return func(ctx context.Context, plan *planner.InstancePlan) {
		if plan.Err == nil {
			return
		}
		repository, err := b.repository(ctx, id)
		if err == nil && m.snapshot == nil {
			m.snapshot, err = b.snapshot(ctx, repository, target.Place.Commit, target.Rules)
		}
		if err != nil {
			zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot find out what a plan waits for")
			return
		}
		b.await(ctx, repository, &m, plan)
	}
}

// await leaves the plan a failed one where it cannot be found out why it failed: that is the safe answer.
func (b *Bot) await(ctx context.Context, repository store.Repository, m *merged, plan *planner.InstancePlan) {
	if plan.Err == nil || ctx.Err() != nil {
		return
	}
	var err error
	if m.foresight == nil {
		m.foresight, err = b.foresight(ctx, repository, *m)
	}
	if err == nil {
		err = m.foresight.Await(ctx, plan)
	}
	if err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot find out what a plan waits for")
	}
}

// foresight knows what runs in all environments. One that is declared only now is taken to run what trunk has of it, as
// it will be when that is merged; see baselines.
func (b *Bot) foresight(ctx context.Context, repository store.Repository, m merged) (*planner.Foresight, error) {
	runs, assumed := map[string]map[string]string{}, map[string]map[string]bool(nil) // by environment
	err := b.store.Read(ctx, func(tx *store.Tx) error {
		state, err := tx.State(repository.ID)
		if err != nil {
			return err
		}
		if assumed, err = tx.Assumed(repository.ID); err != nil {
			return err
		}
		for name := range state.Environments {
			if runs[name], err = tx.Instances(repository.ID, name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	unseen := map[string]bool{}
	for _, name := range m.snapshot.Environments {
		if _, known := runs[name]; known {
			continue
		}
		unseen[name] = true
		before, err := b.formerly(ctx, repository, repository.Tip, m.rules)
		if err != nil {
			return nil, err
		}
		runs[name] = before.Digests(name)
	}
	foresight := &planner.Foresight{Target: *m.snapshot, Runs: map[string]string{}, Assumed: map[string]bool{}}
	for name, resolved := range m.snapshot.Instances {
		environment := resolved.Instance.Environment
		if digest, there := runs[environment][name]; there {
			foresight.Runs[name] = digest
			foresight.Assumed[name] = unseen[environment] || assumed[environment][name]
		}
	}
	return foresight, nil
}
