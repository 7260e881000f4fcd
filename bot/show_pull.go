package bot

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/promote/store"
)

// showPull brings what GitHub shows of a pull request up to date: the check run of its head, the preview comment,
// and replies to commands.
func (b *Bot) showPull(ctx context.Context, nudge store.Nudge) error {
	number, err := strconv.Atoi(nudge.Subject)
	if err != nil {
		return fmt.Errorf("show pull request %q: %w", nudge.Subject, err)
	}
	return b.store.Exclusive(ctx, store.Turn{Subject: fmt.Sprintf("pull/%d/%d", nudge.Repository, number)}, func(ctx context.Context) error {
		repository, err := b.repository(ctx, nudge.Repository)
		if err != nil {
			return err
		}
		var pull store.PullRequest
		var answers []store.Answer
		err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
			if pull, _, err = tx.FindPull(repository.ID, number); err != nil {
				return err
			}
			answers, err = tx.Answers(repository.ID, number)
			return err
		})
		if err != nil {
			return err
		}
		if err := b.showReplies(ctx, repository, answers); err != nil {
			return err
		}
		// The one does not wait for the other to work.
		moves, err := b.showEphemeral(ctx, repository, pull)
		if err := errors.Join(err, b.showPreview(ctx, repository, pull)); err != nil || !moves {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(b.pause):
		}
		return ctx.Err()
	})
}

func (b *Bot) showReplies(ctx context.Context, repository store.Repository, answers []store.Answer) error {
	for _, answer := range answers {
		if !answer.Reply {
			continue
		}
		err := b.say(ctx, said{repository: repository, pull: answer.Pull, kind: store.ReplyProjection,
			subject: fmt.Sprintf("%d/%d", answer.Comment, answer.Line), body: answer.Text})
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *Bot) showPreview(ctx context.Context, repository store.Repository, pull store.PullRequest) error {
	nothing := len(pull.Preview.Instances)+len(pull.Preview.Checks) == 0 && pull.Preview.Problem == nil
	if nothing && (pull.PreviewPhase == store.PreviewPlanning || pull.PreviewPhase == store.PreviewCancelled) {
		// There is nothing to say yet, least of all that nothing is affected. But people see at once that we are at it.
		run := runOf(repository, pull)
		return errors.Join(b.endOldChecks(ctx, repository, run), b.showRun(ctx, repository, run))
	}
	if pull.PreviewPhase == store.PreviewNone || !b.pace.due(pull) {
		return nil
	}
	err := b.showPlans(ctx, repository, pull)
	if err != nil {
		// It was not shown: that it is tried again must not wait for the next plan.
		b.pace.forget(pull)
	}
	return err
}

// showPlans shows a preview on the check run and in the comment.
func (b *Bot) showPlans(ctx context.Context, repository store.Repository, pull store.PullRequest) error {
	run := runOf(repository, pull)
	if err := b.endOldChecks(ctx, repository, run); err != nil {
		return err
	}
	// The one does not wait for the other to work.
	checked := b.showRun(ctx, repository, run)
	address, err := b.addressOf(ctx, repository, run)
	if err != nil {
		return errors.Join(checked, err)
	}
	return errors.Join(checked, b.say(ctx, said{repository: repository, pull: pull.Number, kind: store.PreviewProjection, subject: fmt.Sprint(pull.Number),
		body: comment.Preview(pull.Preview, comment.Options{NamesOnly: !repository.Private, Full: address})}))
}

// addressOf the page of a check run; empty: GitHub has none.
func (b *Bot) addressOf(ctx context.Context, repository store.Repository, run checkRun) (string, error) {
	var shown store.Projection
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		shown, _, err = tx.Projection(repository.ID, store.CheckProjection, run.subject)
		return err
	})
	if err != nil || shown.GitHubID == 0 {
		return "", err
	}
	return fmt.Sprintf("%s%s/%s/runs/%d", b.settings.GitHub.WebURL, repository.Owner, repository.Name, shown.GitHubID), nil
}
