package bot

import (
	"context"
	"fmt"
	"slices"
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
	// mostAnnotations are what GitHub takes at a time; those of further updates are added to them.
	mostAnnotations = 50
)

// runOf is the check run of the head that was previewed. A preview that was asked for again gets a run of its own.
func runOf(repository store.Repository, pull store.PullRequest) checkRun {
	return checkRun{head: pull.PreviewHead, of: fmt.Sprint(pull.Number), subject: fmt.Sprintf("%s/%d", pull.PreviewHead, pull.PreviewWanted),
		check: checkOf(pull, !repository.Private)}
}

// checkRun is one check run on a commit.
type checkRun struct {
	head string
	// subject tells it from all others, of tells what it is about: of one thing only the newest is kept going.
	subject, of string
	check       check
}

// showRun makes or updates a check run.
func (b *Bot) showRun(ctx context.Context, repository store.Repository, of checkRun) error {
	client, err := b.clients.forRepository(ctx, repository, talking)
	if err != nil {
		return err
	}
	check, subject := of.check, of.subject
	first := check.parts(0)[0]
	shows := store.Projection{Digest: check.digest(), Detail: of.of}
	if first.conclusion != check.conclusion {
		shows.Digest = store.CheckAnnotating // the rest follows
	}
	projection, _, err := b.ensure(ctx, object{
		repository: repository, kind: store.CheckProjection, subject: subject,
		find: func(ctx context.Context) (int64, error) {
			runs, _, err := client.Checks.ListCheckRunsForRef(ctx, repository.Owner, repository.Name, of.head,
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
			run, _, err := client.Checks.CreateCheckRun(ctx, repository.Owner, repository.Name, first.create(of.head, subject))
			return run.GetID(), err
		},
	}, shows)
	if err != nil || projection.Digest == check.digest() {
		return err
	}
	return b.updateCheck(ctx, repository, projection, check)
}

// updateCheck brings a check run up to date, in several calls where it has more annotations than one takes. GitHub
// adds annotations to those that are there, so that we are about to send them is written down first: after a crash we
// ask how many came in.
func (b *Bot) updateCheck(ctx context.Context, repository store.Repository, projection store.Projection, check check) error {
	client, err := b.clients.forRepository(ctx, repository, talking)
	if err != nil {
		return err
	}
	sent := 0
	switch {
	case len(check.output.Annotations) == 0:
	case projection.Digest == store.CheckInProgress:
		projection.Digest = store.CheckAnnotating
		if err := b.store.Write(ctx, func(tx *store.Tx) error { return tx.Project(projection) }); err != nil {
			return err
		}
	default:
		run, _, err := client.Checks.GetCheckRun(ctx, repository.Owner, repository.Name, projection.GitHubID)
		if err != nil {
			return fmt.Errorf("look at the check run %s: %w", projection.Subject, err)
		}
		sent = run.GetOutput().GetAnnotationsCount()
	}
	for _, part := range check.parts(sent) {
		if _, _, err := client.Checks.UpdateCheckRun(ctx, repository.Owner, repository.Name, projection.GitHubID, part.update()); err != nil {
			return fmt.Errorf("update the check run %s: %w", projection.Subject, err)
		}
	}
	projection.Digest = check.digest()
	return b.store.Write(ctx, func(tx *store.Tx) error { return tx.Project(projection) })
}

// endOldChecks ends check runs of earlier heads that nobody will finish any more.
func (b *Bot) endOldChecks(ctx context.Context, repository store.Repository, newest checkRun) error {
	var old []store.Projection
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		old, err = tx.ChecksInProgress(repository.ID, newest.of, newest.subject)
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
	if pull.PreviewPhase == store.PreviewPlanning {
		// It stays as it is until the result: while plans come in, the comment has them.
		return check{output: comment.CheckOutput{Title: "Planning what merging will change",
			Summary: "The comment on the pull request fills in as plans are made."}}
	}
	c := check{output: comment.Check(pull.Preview, comment.Options{NamesOnly: namesOnly})}
	switch {
	case pull.PreviewPhase == store.PreviewCancelled:
		c.conclusion = "cancelled"
		if len(pull.Preview.Instances)+len(pull.Preview.Checks) == 0 && pull.Preview.Problem == nil {
			c.output = comment.CheckOutput{Title: "Stopped", Summary: "Planning was stopped before it was known what merging would change."}
		}
	case pull.Preview.Passed():
		c.conclusion = "success"
	default:
		c.conclusion = "failure"
	}
	return c
}

// parts are the updates that together show all of the check run, after so many annotations were sent. It is in
// progress until the last.
func (c check) parts(sent int) (parts []check) {
	all := c.output.Annotations
	for batch := range slices.Chunk(all[min(sent, len(all)):], mostAnnotations) {
		part := check{output: c.output}
		part.output.Annotations = batch
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		parts = []check{{output: c.output}}
		parts[0].output.Annotations = nil
	}
	parts[len(parts)-1].conclusion = c.conclusion
	return parts
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
			StartLine: github.Int(a.Line), EndLine: github.Int(a.Line), AnnotationLevel: github.String(string(a.Level)),
			Title: github.String(a.Title), Message: github.String(a.Message)})
	}
	if c.conclusion != "" {
		options.Status, options.Conclusion = github.String("completed"), github.String(c.conclusion)
		options.CompletedAt = &github.Timestamp{Time: time.Now()}
		options.Actions = []*github.CheckRunAction{{Label: "Plan again", Description: "Plan this commit with trunk as it is now", Identifier: planAgain}}
	}
	return options
}
