package bot

import (
	"context"
	"fmt"
	"strconv"

	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// rollback goes to the newest pull request that is taken back, or that was to be, and is addressed to all whose commits they are.
func (t telling) rollback(ctx context.Context, notice store.Notice) error {
	id, err := strconv.ParseInt(notice.Subject, 10, 64)
	if err != nil {
		return fmt.Errorf("deployment %q: %w", notice.Subject, err)
	}
	var deployment promote.Deployment
	var state promote.State
	err = t.bot.store.Read(ctx, func(tx *store.Tx) (err error) {
		if deployment, _, err = tx.Deployment(id); err != nil {
			return err
		}
		state, err = tx.StateBack(t.repository.ID, deployment.Environment)
		return err
	})
	if err != nil {
		return err
	}
	taken := promote.Carried(state, deployment)
	pulls := taken.Pulls()
	if len(pulls) == 0 {
		_, err := t.bot.openIssue(ctx, t.repository, store.Projection{Kind: store.RollbackProjection, Subject: fmt.Sprint(notice.ID)},
			comment.RollbackIssue(notice.Environment, notice.Text, comment.Options{}))
		return err
	}
	return t.on(ctx, pulls[len(pulls)-1], notice, comment.TakenBack(comment.Back{Kind: notice.Kind, Environment: notice.Environment, Range: taken, By: deployment.By,
		Notice: notice.Text}, comment.Options{}))
}

// wish goes to where somebody asked.
func (t telling) wish(ctx context.Context, notice store.Notice) error {
	id, err := strconv.ParseInt(notice.Subject, 10, 64)
	if err != nil {
		return fmt.Errorf("wish %q: %w", notice.Subject, err)
	}
	var pull int
	err = t.bot.store.Read(ctx, func(tx *store.Tx) (err error) {
		if notice.Kind == promote.NoticeRevert {
			var revert store.Revert
			revert, err = tx.Revert(id)
			pull = revert.AskedOn
			return err
		}
		if notice.Kind == promote.NoticeRelease {
			pull, err = tx.ReleaseAskedOn(id)
			return err
		}
		pull, err = tx.RollbackAskedOn(id)
		return err
	})
	if err != nil || pull == 0 {
		return err
	}
	return t.on(ctx, pull, notice, comment.Told(notice.Owner, notice.Text, comment.Options{}))
}
