package bot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/deploy"
	"github.com/trunkline/trunkline/promote/store"
)

// destroyInstances destroys instances of an environment, each by the commit that was last begun to be applied to it, those
// that depend on others first. One that fails keeps only those from being destroyed that it depends on.
func (b *Bot) destroyInstances(ctx context.Context, repository store.Repository, e store.Ephemeral, instances []store.EphemeralInstance) error {
	bySource := map[int64][]store.EphemeralInstance{}
	for _, instance := range instances {
		if instance.Exists() {
			bySource[instance.Source] = append(bySource[instance.Source], instance)
		}
	}
	var failed error
	for id, of := range bySource {
		if err := b.destroySource(ctx, repository, e, id, of); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// destroySource destroys what one source has made.
func (b *Bot) destroySource(ctx context.Context, repository store.Repository, e store.Ephemeral, id int64, instances []store.EphemeralInstance) error {
	var of store.EphemeralSource
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		of, err = tx.EphemeralSource(id)
		return err
	})
	if err != nil {
		return err
	}
	source, err := b.sourceOf(ctx, repository, e, of)
	if err != nil {
		return err
	}
	run, err := b.runOf(ctx, repository, e, source)
	if err != nil {
		return err
	}
	defer run.release()
	var failed error
	blocked := map[string]bool{}
	for _, instance := range dependentsFirst(instances, source.has.Upstream) {
		err := errors.New("what depends on it is still there")
		if !blocked[instance.Name] {
			err = b.destroyOne(ctx, run, e, destroying{instance, source.has, repository})
		}
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", instance.Name, err))
			for _, upstream := range source.has.Upstream[instance.Name] {
				blocked[upstream] = true
			}
		}
	}
	return failed
}

// dependentsFirst is the order in which instances are destroyed.
func dependentsFirst(instances []store.EphemeralInstance, upstream map[string][]string) []store.EphemeralInstance {
	var names []string
	for _, instance := range instances {
		names = append(names, instance.Name)
	}
	order := promote.OrderOf(names, upstream)
	depth := map[string]int{}
	for range names { // as often as the longest way may be
		for name, on := range order {
			for _, other := range on {
				depth[name] = min(max(depth[name], depth[other]+1), len(names))
			}
		}
	}
	sorted := slices.Clone(instances)
	slices.SortStableFunc(sorted, func(a, b store.EphemeralInstance) int { return depth[b.Name] - depth[a.Name] })
	return sorted
}

// destroying is one instance that is to be destroyed.
type destroying struct {
	store.EphemeralInstance
	has        planner.Ephemeral
	repository store.Repository
}

// destroyOne destroys one instance, unless its state is not where it was made, or something that stays has it there now.
func (b *Bot) destroyOne(ctx context.Context, run ephemeralRun, e store.Ephemeral, d destroying) error {
	resolved, there := d.has.Instances[d.Name]
	if !there || resolved.State.Address.String() != d.Place {
		return &planner.NotApart{Why: fmt.Sprintf("It was made with its state at `%s`, and its commit is read differently now. Destroy it by hand.", d.Place)}
	}
	var taken []planner.Taken
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		taken, err = tx.TakenPlaces(d.repository.ID, e.ID)
		return err
	})
	if err != nil {
		return err
	}
	alone := planner.Ephemeral{Instances: map[string]planner.Resolved{d.Name: resolved}}
	if err := alone.ApartFrom(taken); err != nil {
		return err
	}
	lock, work, err := run.locked(ctx, resolved)
	if err != nil {
		return err
	}
	defer lock.Release()
	ended, err := deploy.ToItsEnd(ctx, func(ctx context.Context) error { return run.Engine.(engine.Destroyer).Destroy(ctx, work) })
	if !ended {
		return context.Cause(ctx)
	}
	if err == nil {
		err = os.RemoveAll(work.State)
	}
	if err != nil {
		return err
	}
	_ = os.Remove(filepath.Clean(work.State) + ".lock") // ours, and nobody waits for it
	return b.store.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error { return tx.EphemeralDestroyed(e, d.EphemeralInstance) })
}
