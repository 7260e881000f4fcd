package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/promote/store"
)

// openIssue opens an issue, once for each kind and subject of projection, whose Detail is kept with it. The GitHubID of
// what it returns is the number of the issue; 0: GitHub takes none, because the repository has no issues.
func (b *Bot) openIssue(ctx context.Context, repository store.Repository, of store.Projection, issue comment.Issue) (store.Projection, error) {
	client, err := b.clients.forRepository(ctx, repository, talking)
	if err != nil {
		return of, err
	}
	marker := issueMarker(of)
	shows := store.Projection{Digest: digestOf(issue.Title + "\n" + issue.Body), Detail: of.Detail}
	projection, created, err := b.ensure(ctx, object{
		repository: repository, kind: of.Kind, subject: of.Subject,
		find: func(ctx context.Context) (int64, error) { return findIssue(ctx, client, repository, marker) },
		create: func(ctx context.Context) (int64, error) {
			made, _, err := client.Issues.Create(ctx, repository.Owner, repository.Name, &github.IssueRequest{
				Title: github.String(issue.Title), Body: github.String(issue.Body + "\n" + marker)})
			return int64(made.GetNumber()), err
		},
	}, shows)
	if final(err) {
		return projection, b.giveUp(ctx, projection, shows, err)
	}
	if err != nil || created || projection.GitHubID == 0 || projection.Digest != "" {
		return projection, err
	}
	// It was made before a crash.
	projection.Digest, projection.Detail = shows.Digest, shows.Detail
	return projection, b.store.Write(ctx, func(tx *store.Tx) error { return tx.Project(projection) })
}

// issueMarker only helps to find an issue again after a crash; nothing is ever read from it.
func issueMarker(of store.Projection) string {
	return fmt.Sprintf("<!-- trunkline: %s %s -->", of.Kind, commentSafe(of.Subject))
}

// commentSafe is a text without what could end the comment of HTML that it stands in.
func commentSafe(s string) string {
	return strings.NewReplacer("--", "- -", ">", "", "<", "", "\n", " ").Replace(s)
}

// mostPagesOfIssues is how far back an issue of ours is looked for.
const mostPagesOfIssues = 10

// findIssue is the number of our issue with a marker at its end; 0: there is none.
func findIssue(ctx context.Context, client *github.Client, repository store.Repository, marker string) (int64, error) {
	options := &github.IssueListByRepoOptions{State: "all", Sort: "created", Direction: "desc", ListOptions: github.ListOptions{PerPage: 100}}
	for range mostPagesOfIssues {
		page, response, err := client.Issues.ListByRepo(ctx, repository.Owner, repository.Name, options)
		if err != nil {
			return 0, err
		}
		for _, issue := range page {
			if !issue.IsPullRequest() && issue.GetUser().GetType() == "Bot" && strings.HasSuffix(issue.GetBody(), marker) {
				return int64(issue.GetNumber()), nil
			}
		}
		if options.Page = response.NextPage; options.Page == 0 {
			break
		}
	}
	return 0, nil
}
