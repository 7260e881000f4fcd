package bot

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/deploy"
	"github.com/trunkline/trunkline/promote/store"
)

// deployEphemeral brings an environment to its source and returns the address at which it can be looked at. Before
// anything is made it is written down where, so that it is destroyed later whatever happens.
func (b *Bot) deployEphemeral(ctx context.Context, repository store.Repository, e store.Ephemeral) (address string, err error) {
	source, err := b.sourceOf(ctx, repository, e, e.Source)
	if err != nil {
		return "", err
	}
	permanent, err := b.permanent(ctx, repository)
	if err != nil {
		return "", err
	}
	err = b.store.Write(ctx, func(tx *store.Tx) error { return tx.ClaimEphemeral(e, source.has, permanent) })
	if err != nil {
		return "", err
	}
	if err := b.destroyInstances(ctx, repository, e, leftOver(e, source.has)); err != nil {
		return "", err
	}
	run, err := b.runOf(ctx, repository, e, source)
	if err != nil {
		return "", err
	}
	defer run.release()
	names := sortedNames(source.has.Instances)
	turns := deploy.Turns{Names: names, Order: promote.OrderOf(names, source.has.Upstream), Parallel: run.Parallel}
	err = turns.Take(ctx, func(ctx context.Context, name string) error {
		if err := b.deployOne(ctx, run, e, source.has.Instances[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return run.address(ctx, e, source)
}

// permanent is where all that trunk has has its state.
func (b *Bot) permanent(ctx context.Context, repository store.Repository) ([]planner.Taken, error) {
	p, err := b.previewing(ctx, repository.ID, 0)
	if err != nil {
		return nil, err
	}
	if len(p.rules.problems) > 0 {
		return nil, &planner.NotApart{Why: "The configuration on " + repository.Trunk + " has an error, so nobody can tell what stays: " + p.rules.problems.Error()}
	}
	snapshot, err := b.snapshot(ctx, p.repository, p.repository.Tip, p.rules.Repository)
	if err != nil {
		return nil, err
	}
	return snapshot.TakenBy(), nil
}

// leftOver are the instances that an environment has and its new source does not, or not there.
func leftOver(e store.Ephemeral, has planner.Ephemeral) []store.EphemeralInstance {
	return slices.DeleteFunc(slices.Clone(e.Instances), func(instance store.EphemeralInstance) bool {
		resolved, still := has.Instances[instance.Name]
		return still && resolved.State.Address.String() == instance.Place
	})
}

// deployOne plans an instance and applies exactly that plan. Nobody has looked at it: whoever asked for the environment
// has let the code run, and it has a state of its own.
func (b *Bot) deployOne(ctx context.Context, run ephemeralRun, e store.Ephemeral, instance planner.Resolved) error {
	if err := b.store.Write(ctx, func(tx *store.Tx) error { return tx.BeginEphemeral(e, instance) }); err != nil {
		return err
	}
	lock, work, err := run.locked(ctx, instance)
	if err != nil {
		return err
	}
	defer lock.Release()
	plan, err := run.Engine.Plan(ctx, work)
	if err != nil {
		return err
	}
	if taken := planner.Imports(plan); len(taken) > 0 {
		return &engine.Failure{Step: "plan", Message: fmt.Sprintf(
			"it would take over what exists (%s), which would then be destroyed with the environment. Nothing was applied to it; make the `import` depend on a variable.",
			strings.Join(taken, ", "))}
	}
	ended, err := deploy.ToItsEnd(ctx, func(ctx context.Context) error { return run.Engine.Apply(ctx, work, plan) })
	if !ended {
		return context.Cause(ctx)
	}
	if err != nil {
		return err
	}
	return b.store.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error { return tx.EphemeralApplied(e, instance) })
}

// locked takes the lock of an instance: an engine that a killed Trunkline left behind holds it until it ends.
func (r ephemeralRun) locked(ctx context.Context, instance planner.Resolved) (*process.Lock, engine.Work, error) {
	if err := os.MkdirAll(r.State, 0o700); err != nil {
		return nil, engine.Work{}, fmt.Errorf("make the folder of states: %w", err)
	}
	lock, err := r.TakeLock(ctx, instance.Instance)
	if err != nil {
		return nil, engine.Work{}, fmt.Errorf("wait for others to be done with %s: %w", instance.Instance.Name(), err)
	}
	place := r.place
	place.Lock, place.Locks = true, append(slices.Clone(place.Locks), lock)
	return lock, r.Work(place, instance.Instance), nil
}

// address is where the environment can be looked at, as the configuration or an output of it says.
func (r ephemeralRun) address(ctx context.Context, e store.Ephemeral, source ephemeralSource) (string, error) {
	wanted := source.rules.Preview.Address
	if wanted.Output == "" {
		return source.rules.Preview.AddressOf(config.PreviewOf{Number: e.Pull, SHA: e.Source.SHA}), nil
	}
	for _, name := range sortedNames(source.has.Instances) {
		instance := source.has.Instances[name]
		if instance.Instance.Component != wanted.Component {
			continue
		}
		lock, work, err := r.locked(ctx, instance)
		if err != nil {
			return "", err
		}
		defer lock.Release()
		said, err := r.Engine.(engine.Teller).Output(ctx, work, wanted.Output)
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		return said, fit(name, said)
	}
	return "", &planner.NotApart{Why: fmt.Sprintf("The address comes from %s, which the pull request does not have.", wanted.Component)}
}

// mostAddress is how long an address may be, in bytes.
const mostAddress = 500

// fit refuses what an output says if it is no address: it comes from code that nobody has reviewed.
func fit(name, address string) error {
	parsed, err := url.Parse(address)
	web := err == nil && (parsed.Scheme == "https" || parsed.Scheme == "http") && parsed.Host != "" && parsed.User == nil
	if !web || len(address) > mostAddress || strings.ContainsAny(address, " <>\n\r\t\"\\`|") {
		return fmt.Errorf("%s: %w", name, &engine.Failure{Step: "output", Message: "its address is none of the web"})
	}
	return nil
}
