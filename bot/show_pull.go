package bot

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/promote/store"
)

const (
	// checkName of our check run, which can be required for merging.
	checkName = "trunkline"
	// planAgain identifies the button of the check run.
	planAgain = "plan-again"
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
		return b.showPreview(ctx, repository, pull)
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
	looking := pull.PreviewPhase == store.PreviewPlanning && len(pull.Preview.Instances) == 0 && pull.Preview.Problem == nil
	if pull.PreviewPhase == store.PreviewNone || looking || !b.pace.due(pull) {
		// While it is looked for what is affected, there is nothing to say yet; least of all that nothing is.
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
	if err := b.endOldChecks(ctx, repository, pull); err != nil {
		return err
	}
	if err := b.showCheck(ctx, repository, pull); err != nil {
		return err
	}
	return b.say(ctx, said{repository: repository, pull: pull.Number, kind: store.PreviewProjection, subject: fmt.Sprint(pull.Number),
		body: comment.Preview(pull.Preview, comment.Options{NamesOnly: !repository.Private})})
}

// showCheck makes or updates the check run of the head that was previewed. A preview that was asked for again
// gets a run of its own.
func (b *Bot) showCheck(ctx context.Context, repository store.Repository, pull store.PullRequest) error {
	client, err := b.clients.forRepository(ctx, repository, talking)
	if err != nil {
		return err
	}
	check := checkOf(pull, !repository.Private)
	subject := fmt.Sprintf("%s/%d", pull.PreviewHead, pull.PreviewWanted)
	shows := store.Projection{Digest: check.digest(), Detail: fmt.Sprint(pull.Number)}
	projection, created, err := b.ensure(ctx, object{
		repository: repository, kind: store.CheckProjection, subject: subject,
		find: func(ctx context.Context) (int64, error) {
			runs, _, err := client.Checks.ListCheckRunsForRef(ctx, repository.Owner, repository.Name, pull.PreviewHead,
				&github.ListCheckRunsOptions{CheckName: github.String(checkName), AppID: github.Int64(b.settings.GitHub.App.ID)})
			if err != nil {
				return 0, err
			}
			for _, run := range runs.CheckRuns {
				if run.GetExternalID() == subject {
					return run.GetID(), nil
				}
			}
			return 0, nil
		},
		create: func(ctx context.Context) (int64, error) {
			run, _, err := client.Checks.CreateCheckRun(ctx, repository.Owner, repository.Name, check.create(pull.PreviewHead, subject))
			return run.GetID(), err
		},
	}, shows)
	if err != nil || created || projection.Digest == shows.Digest {
		return err
	}
	return b.updateCheck(ctx, repository, projection, check)
}

func (b *Bot) updateCheck(ctx context.Context, repository store.Repository, projection store.Projection, check check) error {
	client, err := b.clients.forRepository(ctx, repository, talking)
	if err != nil {
		return err
	}
	_, _, err = client.Checks.UpdateCheckRun(ctx, repository.Owner, repository.Name, projection.GitHubID, check.update())
	if err != nil {
		return fmt.Errorf("update the check run %s: %w", projection.Subject, err)
	}
	projection.Digest = check.digest()
	return b.store.Write(ctx, func(tx *store.Tx) error { return tx.Project(projection) })
}

// endOldChecks ends check runs of earlier heads that nobody will finish any more.
func (b *Bot) endOldChecks(ctx context.Context, repository store.Repository, pull store.PullRequest) error {
	var old []store.Projection
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		old, err = tx.ChecksInProgress(repository.ID, fmt.Sprint(pull.Number), fmt.Sprintf("%s/%d", pull.PreviewHead, pull.PreviewWanted))
		return err
	})
	for _, projection := range old {
		if err == nil {
			err = b.updateCheck(ctx, repository, projection, check{conclusion: "cancelled",
				output: comment.CheckOutput{Title: "Superseded", Summary: "A newer commit, or a newer request, is planned instead."}})
		}
	}
	return err
}

// check is what a check run shows. An empty conclusion: it is in progress.
type check struct {
	conclusion string
	output     comment.CheckOutput
}

func checkOf(pull store.PullRequest, namesOnly bool) check {
	c := check{output: comment.Check(pull.Preview, comment.Options{NamesOnly: namesOnly})}
	switch {
	case pull.PreviewPhase == store.PreviewCancelled:
		c.conclusion = "cancelled"
	case pull.PreviewPhase == store.PreviewPlanning:
	case pull.Preview.Passed():
		c.conclusion = "success"
	default:
		c.conclusion = "failure"
	}
	return c
}

// digest of what the check run shows. While it is in progress its text is not worth a call; the comment has it.
func (c check) digest() string {
	if c.conclusion == "" {
		return store.CheckInProgress
	}
	return c.conclusion + " " + digestOf(fmt.Sprintf("%+v", c.output))
}

func (c check) create(head, external string) github.CreateCheckRunOptions {
	u := c.update()
	return github.CreateCheckRunOptions{Name: checkName, HeadSHA: head, ExternalID: github.String(external), Status: u.Status,
		Conclusion: u.Conclusion, CompletedAt: u.CompletedAt, Output: u.Output, Actions: u.Actions}
}

func (c check) update() github.UpdateCheckRunOptions {
	options := github.UpdateCheckRunOptions{Name: checkName, Status: github.String("in_progress"), Output: &github.CheckRunOutput{
		Title: github.String(c.output.Title), Summary: github.String(c.output.Summary)}}
	if c.output.Text != "" {
		options.Output.Text = github.String(c.output.Text)
	}
	for _, a := range c.output.Annotations {
		options.Output.Annotations = append(options.Output.Annotations, &github.CheckRunAnnotation{Path: github.String(a.Path),
			StartLine: github.Int(a.Line), EndLine: github.Int(a.Line), AnnotationLevel: github.String("failure"),
			Title: github.String(a.Title), Message: github.String(a.Message)})
	}
	if c.conclusion != "" {
		options.Status, options.Conclusion = github.String("completed"), github.String(c.conclusion)
		options.CompletedAt = &github.Timestamp{Time: time.Now()}
		options.Actions = []*github.CheckRunAction{{Label: "Plan again", Description: "Plan this commit with trunk as it is now", Identifier: planAgain}}
	}
	return options
}
