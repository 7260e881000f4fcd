package bot

import (
	"context"
	"fmt"
	"strconv"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
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
	told := comment.Back{Kind: notice.Kind, Environment: notice.Environment, Range: taken, Notice: notice.Text}
	if notice.Kind == promote.NoticeRollback {
		if told.Stays, err = t.staysBehind(ctx, deployment); err != nil {
			zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot find what a rollback leaves behind")
		}
	}
	return t.on(ctx, pulls[len(pulls)-1], notice, comment.TakenBack(told, comment.Options{NamesOnly: !t.repository.Private}))
}

// staysBehind are the instances that a rollback takes out of the configuration: what they deployed stays.
func (t telling) staysBehind(ctx context.Context, deployment promote.Deployment) (stays []planner.InstancePreview, err error) {
	from, err := t.bot.snapshotAt(ctx, t.repository, deployment.From)
	if err != nil {
		return nil, err
	}
	to, err := t.bot.snapshotAt(ctx, t.repository, deployment.To)
	if err != nil {
		return nil, err
	}
	for _, name := range sortedNames(from.Instances) {
		instance := from.Instances[name].Instance
		if _, kept := to.Instances[name]; kept || instance.Environment != deployment.Environment {
			continue
		}
		kept := fmt.Sprintf("$TRUNKLINE_DATA/state/%d/%s", t.repository.ID, instance.Folder())
		stays = append(stays, planner.InstancePreview{Instance: instance, Outcome: planner.Removed, Removal: planner.RemovalOf(*from, *to, name, kept)})
	}
	return stays, nil
}

// snapshotAt is that of a commit by the rules that it has itself.
func (b *Bot) snapshotAt(ctx context.Context, repository store.Repository, sha string) (*planner.Snapshot, error) {
	text, err := b.mirrors.of(repository).ReadFile(ctx, sha, config.Path)
	if err != nil {
		return nil, err
	}
	rules, err := config.Parse(config.Path, text)
	if err != nil {
		return nil, err
	}
	return b.snapshot(ctx, repository, sha, rules)
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
		pull, err = tx.RollbackAskedOn(id)
		return err
	})
	if err != nil || pull == 0 {
		return err
	}
	return t.on(ctx, pull, notice, comment.Told(notice.Owner, notice.Text, comment.Options{}))
}
