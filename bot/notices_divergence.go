package bot

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// divergence has one issue from its first notice on; later notices are comments in it.
func (t telling) divergence(ctx context.Context, notice store.Notice) error {
	var issue store.Projection
	err := t.bot.store.Read(ctx, func(tx *store.Tx) (err error) {
		issue, _, err = tx.Projection(t.repository.ID, store.DivergenceProjection, notice.Subject)
		return err
	})
	if err != nil {
		return err
	}
	if issue.GitHubID == 0 {
		declared, still := t.declared(notice.Subject)
		if !still || notice.Kind == promote.NoticeEnded {
			return nil // there is nothing that anybody has to do
		}
		declared.Reason = t.bot.redactor.Redact(declared.Reason)
		first := store.Projection{Kind: store.DivergenceProjection, Subject: notice.Subject, Detail: fmt.Sprint(notice.ID)}
		issue, err = t.bot.openIssue(ctx, t.repository, first, comment.DivergenceIssue(declared, notice.Text, comment.Options{}))
	}
	if err != nil || issue.GitHubID == 0 || issue.Detail == fmt.Sprint(notice.ID) {
		return err
	}
	return t.on(ctx, int(issue.GitHubID), notice, comment.Divergence(notice.Owner, notice.Text, comment.Options{}))
}

// declared is the divergence that notices of a subject are about, if it is still declared.
func (t telling) declared(subject string) (config.Divergence, bool) {
	i := slices.IndexFunc(t.state.Rules.Diverge, func(d config.Divergence) bool { return promote.SubjectOf(d) == subject })
	if i < 0 {
		return config.Divergence{}, false
	}
	return t.state.Rules.Diverge[i], true
}

// closeDivergences closes the issues of divergences that ended everywhere, or are not declared any more.
func (t telling) closeDivergences(ctx context.Context) error {
	if len(t.state.Problems) > 0 {
		return nil // nobody knows what is declared
	}
	var open []store.Projection
	var given []promote.Given
	err := t.bot.store.Read(ctx, func(tx *store.Tx) (err error) {
		if open, err = tx.OpenDivergences(t.repository.ID); err == nil {
			given, err = tx.Given(t.repository.ID)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, issue := range open {
		declared, still := t.declared(issue.Subject)
		if still && !over(declared, issue.Subject, given) {
			continue
		}
		if !still {
			err := t.bot.say(ctx, said{repository: t.repository, pull: int(issue.GitHubID), kind: store.NoticeProjection, subject: fmt.Sprintf("gone %d", issue.GitHubID),
				body: comment.DivergenceGone(comment.Options{})})
			if err != nil {
				return err
			}
		}
		if err := t.close(ctx, issue); err != nil {
			return err
		}
	}
	return nil
}

// over tells whether a divergence is over in all of its environments.
func over(declared config.Divergence, subject string, given []promote.Given) bool {
	for _, environment := range declared.Environments {
		ended := slices.ContainsFunc(given, func(g promote.Given) bool {
			return g.Kind == promote.NoticeEnded && g.Environment == environment && g.Subject == subject
		})
		if !ended {
			return false
		}
	}
	return true
}

func (t telling) close(ctx context.Context, issue store.Projection) error {
	client, err := t.bot.clients.forRepository(ctx, t.repository, talking)
	if err != nil {
		return err
	}
	_, _, err = client.Issues.Edit(ctx, t.repository.Owner, t.repository.Name, int(issue.GitHubID), &github.IssueRequest{State: github.String("closed")})
	if err != nil && !final(err) && !missing(err) {
		return fmt.Errorf("close the issue #%d: %w", issue.GitHubID, err)
	}
	closed := store.Projection{Repository: t.repository.ID, Kind: store.EndedDivergenceProjection, Subject: issue.Subject, GitHubID: issue.GitHubID}
	return t.bot.store.Write(ctx, func(tx *store.Tx) error { return tx.Project(closed) })
}
