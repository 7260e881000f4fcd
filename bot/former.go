package bot

import (
	"context"
	"errors"
	"io/fs"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/promote/store"
)

// formerAt keeps the configuration that a commit changes: until an environment runs the commit it is held to it.
func formerAt(ctx context.Context, git *mirror.Mirror, commit mirror.Commit, a *store.Advance) error {
	if len(commit.Parents) == 0 {
		return nil
	}
	before, err := git.ReadFile(ctx, commit.Parents[0], config.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		a.Former[commit.SHA] = string(before)
	}
	return err
}

// formerOfLost keeps the configuration that trunk had before it was rewritten: no commit changes it, but going back behind
// a rule is a change of the rules all the same.
func (b *Bot) formerOfLost(ctx context.Context, repository store.Repository, a *store.Advance) error {
	var before string
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		before, err = tx.ConfigurationText(repository.ID)
		return err
	})
	if err != nil || before == "" {
		return err
	}
	now, err := b.mirrors.of(repository).ReadFile(ctx, a.Tip, config.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	first := a.Tip
	if len(a.Commits) > 0 {
		first = a.Commits[0].SHA
	}
	if _, kept := a.Former[first]; !kept && string(now) != before {
		a.Former[first] = before
	}
	return nil
}
