package bot

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/promote/store"
)

// snapshots keeps the newest snapshots, because a preview, trunk and a deployment ask for the same ones.
type snapshots struct {
	mu   sync.Mutex
	keys []string
	kept map[string]*planner.Snapshot
}

// mostSnapshots are kept, with at most so many instances in all: those of large repositories take megabytes each.
const (
	mostSnapshots         = 64
	mostSnapshotInstances = 10_000
)

// snapshot is the map of instances of a commit under the rules.
func (b *Bot) snapshot(ctx context.Context, repository store.Repository, sha string, rules config.Repository) (*planner.Snapshot, error) {
	key := snapshotKey(repository, sha, rules)
	if kept := b.snapshots.find(key); kept != nil {
		return kept, nil
	}
	tree, err := b.mirrors.of(repository).Tree(ctx, sha)
	if err != nil {
		return nil, err
	}
	return b.snapshotOf(ctx, repository, tree, rules)
}

// snapshotOf is the same for a tree that was listed before.
func (b *Bot) snapshotOf(ctx context.Context, repository store.Repository, tree *mirror.Tree, rules config.Repository) (*planner.Snapshot, error) {
	key := snapshotKey(repository, tree.Commit, rules)
	if kept := b.snapshots.find(key); kept != nil {
		return kept, nil
	}
	snapshot, err := planner.TakeSnapshot(ctx, tree, rules)
	if err != nil {
		return nil, err
	}
	b.snapshots.keep(key, &snapshot)
	return &snapshot, nil
}

func snapshotKey(repository store.Repository, sha string, rules config.Repository) string {
	return fmt.Sprintf("%d %s %+v", repository.ID, sha, rules)
}

func (s *snapshots) find(key string) *planner.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.kept[key]
}

// keep keeps a snapshot, and lets the oldest go.
func (s *snapshots) keep(key string, snapshot *planner.Snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept == nil {
		s.kept = map[string]*planner.Snapshot{}
	}
	if s.kept[key] == nil {
		s.keys = append(s.keys, key)
	}
	s.kept[key] = snapshot
	instances := 0
	for _, kept := range s.kept {
		instances += len(kept.Instances)
	}
	for len(s.keys) > 2 && (len(s.keys) > mostSnapshots || instances > mostSnapshotInstances) {
		instances -= len(s.kept[s.keys[0]].Instances)
		delete(s.kept, s.keys[0])
		s.keys = slices.Delete(s.keys, 0, 1)
	}
}
