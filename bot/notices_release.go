package bot

import (
	"context"
	"fmt"
	"strconv"

	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// release goes to where the step was asked for, or else to the newest pull request of what is released.
func (t telling) release(ctx context.Context, notice store.Notice) error {
	id, err := strconv.ParseInt(notice.Subject, 10, 64)
	if err != nil {
		return fmt.Errorf("step %q of a release: %w", notice.Subject, err)
	}
	var step promote.Release
	err = t.bot.store.Read(ctx, func(tx *store.Tx) (err error) {
		step, _, err = tx.Release(id)
		return err
	})
	if err != nil {
		return err
	}
	pull := step.Pull
	for _, commit := range t.state.Trunk {
		if step.Pull == 0 && commit.SHA == step.Commit {
			pull = commit.Pull
		}
	}
	if on := promote.ShownOn(t.state, step.Full, step.Commit); pull == 0 {
		pull = on
	}
	if pull == 0 {
		_, err := t.bot.openIssue(ctx, t.repository, store.Projection{Kind: store.RollbackProjection, Subject: fmt.Sprint(notice.ID)},
			comment.ReleaseIssue(notice.Environment, notice.Text, comment.Options{}))
		return err
	}
	return t.on(ctx, pull, notice, comment.Told(notice.Owner, notice.Text, comment.Options{}))
}
