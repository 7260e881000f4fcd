package githubsim_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

func TestChecksOfOtherApps(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	head := w.push("topic", map[string]string{"a": "1\n"})
	made, _, err := client.Checks.CreateCheckRun(ctx, "acme", "infra", github.CreateCheckRunOptions{Name: "build", HeadSHA: head})
	if err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"in_progress", "failure", "success"} {
		if err := w.ReportCheck(infra, githubsim.CheckReport{App: "buildbot", SHA: head, Name: "build", State: state}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.ReportCheck(infra, githubsim.CheckReport{App: "buildbot", SHA: head, Name: "build", State: "splendid"}); refusal(err) != 422 {
		t.Errorf("a conclusion that does not exist: %v", err)
	}
	runs, _, err := client.Checks.ListCheckRunsForRef(ctx, "acme", "infra", head, nil)
	if err != nil || runs.GetTotal() != 2 {
		t.Fatalf("the newest runs are %v, %v; want one of each App", runs, err)
	}
	other := runs.CheckRuns[0]
	if other.GetApp().GetSlug() != "buildbot" || other.GetConclusion() != "success" || other.GetApp().GetID() == made.GetApp().GetID() {
		t.Errorf("the newest run is %v", other)
	}
	if _, _, err := client.Checks.UpdateCheckRun(ctx, "acme", "infra", other.GetID(), github.UpdateCheckRunOptions{Name: "build"}); status(err) != 403 {
		t.Errorf("changing another App's run: %v", err)
	}
	all, _, err := client.Checks.ListCheckRunsForRef(ctx, "acme", "infra", head,
		&github.ListCheckRunsOptions{Filter: github.String("all"), AppID: github.Int64(other.GetApp().GetID())})
	if err != nil || all.GetTotal() != 2 {
		t.Errorf("the other App's runs are %v, %v; want the one that failed and the one after it", all, err)
	}
}

func TestIssuesOfPeopleAndApps(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	first, err := w.alice.OpenIssue(infra, "Something is wrong", "Look at it.")
	if err != nil {
		t.Fatal(err)
	}
	made, _, err := client.Issues.Create(ctx, "acme", "infra", &github.IssueRequest{Title: github.String("Follow up"), Body: github.String("- [ ] look")})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.Issues.CreateComment(ctx, "acme", "infra", made.GetNumber(), &github.IssueComment{Body: github.String("Done.")}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.Issues.Edit(ctx, "acme", "infra", made.GetNumber(), &github.IssueRequest{State: github.String("closed")}); err != nil {
		t.Fatal(err)
	}
	list := func(options github.IssueListByRepoOptions) (numbers []int) {
		t.Helper()
		issues, _, err := client.Issues.ListByRepo(ctx, "acme", "infra", &options)
		if err != nil {
			t.Fatal(err)
		}
		for _, issue := range issues {
			numbers = append(numbers, issue.GetNumber())
		}
		return numbers
	}
	if got := list(github.IssueListByRepoOptions{}); len(got) != 1 || got[0] != first {
		t.Errorf("open issues are %v", got)
	}
	if got := list(github.IssueListByRepoOptions{State: "all", Creator: w.BotLogin()}); len(got) != 1 || got[0] != made.GetNumber() {
		t.Errorf("issues of the App are %v", got)
	}
	view, err := w.Issue(infra, made.GetNumber())
	if err != nil || view.State != "closed" || len(view.Comments(w.BotLogin())) != 1 {
		t.Errorf("the issue is %+v, %v", view, err)
	}
	if err := w.As("dave").CloseIssue(infra, first); refusal(err) != 403 {
		t.Errorf("closing another's issue: %v", err)
	}
}

// A commit into which those of several people are squashed names them.
func TestSquashNamesCoAuthors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	number := w.pullRequest("topic", map[string]string{"a": "1\n"})
	text := "2\n"
	if _, err := w.As("bob").Push(infra, "topic", "Help", map[string]*string{"b": &text}); err != nil {
		t.Fatal(err)
	}
	sha, err := w.alice.Merge(infra, number, "squash")
	if err != nil {
		t.Fatal(err)
	}
	commit, _, err := w.client().Repositories.GetCommit(context.Background(), "acme", "infra", sha, nil)
	if err != nil || commit.GetAuthor().GetLogin() != "alice" || !strings.Contains(commit.GetCommit().GetMessage(), "\n\nCo-authored-by: bob <") {
		t.Errorf("the commit is %v, %v", commit, err)
	}
}
