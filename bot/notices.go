package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// showNotices tells people what they are to be told once, each where it belongs: on a pull request, or in an issue.
func (b *Bot) showNotices(ctx context.Context, nudge store.Nudge) error {
	return b.store.Exclusive(ctx, store.Turn{Subject: fmt.Sprintf("notices/%d", nudge.Repository)}, func(ctx context.Context) error {
		repository, err := b.repository(ctx, nudge.Repository)
		if err != nil {
			return err
		}
		t := telling{bot: b, repository: repository}
		var notices []store.Notice
		err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
			if t.state, err = tx.State(repository.ID); err == nil {
				notices, err = tx.UnshownNotices(repository.ID)
			}
			return err
		})
		if err != nil {
			return err
		}
		// What cannot be told in one place does not keep the rest from being told.
		var failed []error
		for _, notice := range notices {
			notice.Text = b.redactor.Redact(notice.Text)
			err := t.tell(ctx, notice)
			if err == nil {
				err = b.store.Write(ctx, func(tx *store.Tx) error { return tx.NoticeShown(notice.ID) })
			}
			failed = append(failed, err)
		}
		if err := errors.Join(failed...); err != nil {
			return err
		}
		return t.closeDivergences(ctx)
	})
}

// telling is one pass over the notices of a repository.
type telling struct {
	bot        *Bot
	repository store.Repository
	state      promote.State
}

// tell shows one notice. It may be done again after a crash, and makes nothing twice.
func (t telling) tell(ctx context.Context, notice store.Notice) error {
	switch notice.Kind {
	case promote.NoticeOverdue:
		return t.overdue(ctx, notice)
	case promote.NoticeOverride:
		return t.override(ctx, notice)
	case promote.NoticeLifted:
		return t.lifted(ctx, notice)
	case promote.NoticeRelease:
		return t.release(ctx, notice)
	case promote.NoticeRollback, promote.NoticeRollbackStopped, promote.NoticeNotBack:
		return t.rollback(ctx, notice)
	case promote.NoticeRollbackRefused, promote.NoticeRevert:
		return t.wish(ctx, notice)
	}
	return t.divergence(ctx, notice)
}

// on says something on a pull request or in an issue, once.
func (t telling) on(ctx context.Context, number int, notice store.Notice, body string) error {
	return t.bot.say(ctx, said{repository: t.repository, pull: number, kind: store.NoticeProjection, subject: fmt.Sprint(notice.ID), body: body})
}

// overdue goes to the pull request of the oldest commit that is late, or of the next one that has a pull request.
func (t telling) overdue(ctx context.Context, notice store.Notice) error {
	oldest := slices.IndexFunc(t.state.Trunk, func(c promote.Commit) bool { return c.SHA == notice.Subject })
	if oldest < 0 {
		return nil // it has converged meanwhile
	}
	for _, commit := range t.state.Trunk[oldest:] {
		if commit.Pull != 0 {
			return t.on(ctx, commit.Pull, notice, comment.Overdue(notice.Text, comment.Options{}))
		}
	}
	_, err := t.bot.openIssue(ctx, t.repository, store.Projection{Kind: store.OverdueProjection, Subject: fmt.Sprint(notice.ID)},
		comment.OverdueIssue(notice.Environment, notice.Text, comment.Options{}))
	return err
}

// lifted goes to where the hold was put on.
func (t telling) lifted(ctx context.Context, notice store.Notice) error {
	id, err := strconv.ParseInt(notice.Subject, 10, 64)
	if err != nil {
		return fmt.Errorf("hold %q: %w", notice.Subject, err)
	}
	var pull int
	err = t.bot.store.Read(ctx, func(tx *store.Tx) (err error) {
		pull, err = tx.HeldOn(id)
		return err
	})
	if err != nil || pull == 0 {
		return err
	}
	return t.on(ctx, pull, notice, comment.Lifted(notice.Owner, notice.Text, comment.Options{}))
}

// override gets an issue that follows it up, and the pull request that it brought on gets a link to that.
func (t telling) override(ctx context.Context, notice store.Notice) error {
	id, err := strconv.ParseInt(notice.Subject, 10, 64)
	if err != nil {
		return fmt.Errorf("override %q: %w", notice.Subject, err)
	}
	overridden, err := t.overridden(ctx, id, notice.Environment)
	if err != nil {
		return err
	}
	issue := comment.OverrideIssue(overridden, comment.Options{})
	opened, err := t.bot.openIssue(ctx, t.repository, store.Projection{Kind: store.OverrideProjection, Subject: fmt.Sprint(id)}, issue)
	switch {
	case err != nil || overridden.To.Pull == 0:
		return err
	case opened.GitHubID == 0:
		// The repository has no issues.
		return t.on(ctx, overridden.To.Pull, notice, issue.Body)
	}
	return t.on(ctx, overridden.To.Pull, notice, comment.OverrideFollowed(overridden, int(opened.GitHubID), comment.Options{}))
}

// overridden is what is to be told of an override, without secrets.
func (t telling) overridden(ctx context.Context, id int64, environment string) (comment.Overridden, error) {
	var used promote.Override
	var passed []store.PassedGate
	err := t.bot.store.Read(ctx, func(tx *store.Tx) (err error) {
		used, passed, err = tx.UsedOverride(id)
		return err
	})
	o := comment.Overridden{Environment: environment, By: used.By, At: used.At, Reason: t.bot.redactor.Redact(used.Reason),
		From: promote.Commit{SHA: used.From}, To: promote.Commit{SHA: used.To}}
	for _, commit := range t.state.Trunk {
		if commit.SHA == used.To {
			o.To = commit
		}
	}
	for _, gate := range passed {
		o.Gates = append(o.Gates, promote.Gate{Name: gate.Name, Text: t.bot.redactor.Redact(gate.Text)})
	}
	return o, err
}
