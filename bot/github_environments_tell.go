package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/bot/environments"
	"github.com/trunkline/trunkline/promote/store"
)

// tell tells people what was put back, and how environments differ: in issues, because no pull request is about it.
func (k *keeping) tell(ctx context.Context, report environments.Report) error {
	if err := k.tellPutBack(ctx); err != nil {
		return err
	}
	if report.Same() {
		return k.closeIssue(ctx)
	}
	return k.openIssue(ctx, report)
}

// tellPutBack opens one issue a day, and goes on in it: whoever changes things by hand again and again is not to be
// overwhelmed, and those who have to know are told of each.
func (k *keeping) tellPutBack(ctx context.Context) error {
	var changes []store.EnvironmentChange
	err := k.bot.store.Read(ctx, func(tx *store.Tx) (err error) {
		changes, err = tx.UntoldEnvironmentChanges(k.repository.ID)
		return err
	})
	if err != nil {
		return err
	}
	for _, change := range changes {
		id := fmt.Sprint(change.ID)
		opened, err := k.bot.openIssue(ctx, k.repository, store.Projection{Kind: store.PutBackProjection, Subject: change.At.UTC().Format(time.DateOnly), Detail: id},
			k.redacted(comment.PutBackIssue(putBack(change), comment.Options{})))
		if err == nil && opened.GitHubID != 0 && opened.Detail != id {
			err = k.bot.say(ctx, said{repository: k.repository, pull: int(opened.GitHubID), kind: store.AlsoPutBackProjection, subject: id,
				body: k.bot.redactor.Redact(comment.PutBackToo(putBack(change), comment.Options{}))})
		}
		if err == nil {
			err = k.bot.store.Write(ctx, func(tx *store.Tx) error { return tx.EnvironmentChangeTold(change.ID) })
		}
		if err != nil {
			return fmt.Errorf("tell what was put back in the environment %s: %w", change.Name, err)
		}
	}
	return nil
}

// redacted is an issue without secrets: variables are plain, and may hold one by mistake.
func (k *keeping) redacted(issue comment.Issue) comment.Issue {
	return comment.Issue{Title: k.bot.redactor.Redact(issue.Title), Body: k.bot.redactor.Redact(issue.Body)}
}

func putBack(change store.EnvironmentChange) comment.PutBack {
	return comment.PutBack{Environment: change.Name, What: change.What, At: change.At}
}

// openIssue keeps one issue about how environments differ. It is edited in place, and opened again where somebody closed it
// and there is something else to say.
func (k *keeping) openIssue(ctx context.Context, report environments.Report) error {
	if !k.known.IssueOpen {
		k.known.Issue, k.known.IssueOpen = k.known.Issue+1, true
		if err := k.saveKnown(ctx); err != nil {
			return err
		}
	}
	issue := k.redacted(comment.EnvironmentsIssue(report, comment.Options{}))
	of := store.Projection{Kind: store.EnvironmentsProjection, Subject: fmt.Sprint(k.known.Issue)}
	opened, err := k.bot.openIssue(ctx, k.repository, of, issue)
	digest := digestOf(issue.Title + "\n" + issue.Body)
	if err != nil || opened.GitHubID == 0 || opened.Digest == digest {
		return err
	}
	err = k.edit(ctx, opened, &github.IssueRequest{Title: github.String(issue.Title), State: github.String("open"),
		Body: github.String(issue.Body + "\n" + issueMarker(of))})
	if err != nil {
		return err
	}
	opened.Digest = digest
	return k.bot.store.Write(ctx, func(tx *store.Tx) error { return tx.Project(opened) })
}

// closeIssue closes it where nothing differs any more. What differs later gets another.
func (k *keeping) closeIssue(ctx context.Context) error {
	if !k.known.IssueOpen {
		return nil
	}
	var opened store.Projection
	err := k.bot.store.Read(ctx, func(tx *store.Tx) (err error) {
		opened, _, err = tx.Projection(k.repository.ID, store.EnvironmentsProjection, fmt.Sprint(k.known.Issue))
		return err
	})
	if err == nil && opened.GitHubID != 0 {
		err = k.edit(ctx, opened, &github.IssueRequest{State: github.String("closed")})
	}
	if err != nil {
		return err
	}
	k.known.IssueOpen = false
	return k.saveKnown(ctx)
}

// edit changes an issue; one that is gone is left alone.
func (k *keeping) edit(ctx context.Context, issue store.Projection, to *github.IssueRequest) error {
	client, err := k.bot.clients.forRepository(ctx, k.repository, talking)
	if err != nil {
		return err
	}
	_, _, err = client.Issues.Edit(ctx, k.repository.Owner, k.repository.Name, int(issue.GitHubID), to)
	if err != nil && !final(err) && !missing(err) {
		return fmt.Errorf("edit the issue #%d: %w", issue.GitHubID, err)
	}
	return nil
}

func (k *keeping) saveKnown(ctx context.Context) error {
	return k.bot.store.Write(ctx, func(tx *store.Tx) error { return tx.SaveEnvironmentKeeping(k.known) })
}
