package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/promote/store"
)

const (
	// watchEvery is what [Bot.watchEvery] is outside tests.
	watchEvery = time.Minute
	// queuePatience is how long a group may be heard of while its branch is not to be seen.
	queuePatience = 2 * time.Minute
	// lookForGroups is how long after the last sign of a merge queue its branches are looked at.
	lookForGroups = 2 * time.Hour
)

// watchQueues looks at the merge queues, at once and then now and then.
func (b *Bot) watchQueues(ctx context.Context) {
	ticker := time.NewTicker(b.watchEvery)
	defer ticker.Stop()
	for back := lookBack; ; back = lookForGroups {
		if err := b.lookAtQueues(ctx, back); err != nil && ctx.Err() == nil {
			zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot look at merge queues")
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// lookAtQueues looks at the merge queues of which something told in the last while, and at those with groups in them.
func (b *Bot) lookAtQueues(ctx context.Context, back time.Duration) error {
	var repositories []store.Repository
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		repositories, err = tx.Queues(tx.Now().Add(-back))
		return err
	})
	for _, repository := range repositories {
		err = errors.Join(err, b.readQueue(ctx, repository))
	}
	return err
}

// readQueue looks for groups of the merge queue that no delivery told of, and for those that are gone: their branches are
// listed. That is Git, and no call of the API; most of the time it is done together with fetching them.
func (b *Bot) readQueue(ctx context.Context, repository store.Repository) error {
	var known []store.MergeGroup
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		known, err = tx.QueuedGroups(repository.ID)
		return err
	})
	if err != nil {
		return err
	}
	trunk := "refs/heads/" + repository.Trunk
	refs, err := b.mirrors.of(repository).Follow(ctx, queueRefs(repository), "+"+trunk+":"+trunk)
	if err != nil {
		return fmt.Errorf("look for merge groups of %s/%s: %w", repository.Owner, repository.Name, err)
	}
	found, err := b.unheard(ctx, repository, refs)
	if err != nil {
		return err
	}
	return b.store.Write(ctx, func(tx *store.Tx) error {
		for _, group := range found {
			if err := tx.SaveGroup(group); err != nil {
				return err
			}
		}
		return endGone(tx, known, refs)
	})
}

// endGone ends groups whose branches are gone. One that was just heard of may not be shown yet.
func endGone(tx *store.Tx, known []store.MergeGroup, refs map[string]string) error {
	for _, group := range known {
		if refs[group.Ref] == group.Head || tx.Now().Sub(group.Seen) < queuePatience {
			continue
		}
		if err := tx.EndGroup(group.Repository, group.Head, "destroyed"); err != nil {
			return err
		}
	}
	return nil
}

// unheard are the groups behind branches that are not known.
func (b *Bot) unheard(ctx context.Context, repository store.Repository, refs map[string]string) (found []store.MergeGroup, err error) {
	git := b.mirrors.of(repository)
	tip, err := git.Tip(ctx, "refs/heads/"+repository.Trunk)
	if err != nil || tip == "" {
		return nil, err
	}
	heads := map[string]bool{}
	for _, head := range refs {
		heads[head] = true
	}
	for ref, head := range refs {
		var known bool
		err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
			_, known, err = tx.FindGroup(repository.ID, head)
			return err
		})
		if err != nil {
			return nil, err
		}
		if known {
			continue
		}
		base, err := b.baseOf(ctx, repository, head, heads)
		if err != nil {
			return nil, err
		}
		if base != "" {
			found = append(found, store.MergeGroup{Repository: repository.ID, Head: head, Base: base, Ref: ref, Pull: pullOfRef(repository, ref)})
		}
	}
	return found, nil
}

// baseOf is what a group stands on: the nearest of its first parents that is the head of a group, or else on trunk;
// empty where the group is on trunk itself.
func (b *Bot) baseOf(ctx context.Context, repository store.Repository, head string, heads map[string]bool) (base string, err error) {
	git := b.mirrors.of(repository)
	tip, err := git.Tip(ctx, "refs/heads/"+repository.Trunk)
	if err != nil {
		return "", err
	}
	commits, err := git.FirstParents(ctx, tip, head)
	if err != nil || len(commits) == 0 {
		return "", err
	}
	if len(commits[0].Parents) == 0 {
		return "", errors.New("a merge group has nothing in common with trunk")
	}
	base = commits[0].Parents[0]
	for _, commit := range commits[:len(commits)-1] {
		if heads[commit.SHA] {
			base = commit.SHA
		}
	}
	return base, nil
}
