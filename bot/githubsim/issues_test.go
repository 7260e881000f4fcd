package githubsim_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

func TestComments(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	number := w.pullRequest("topic", map[string]string{"a": "1\n"})
	for range 5 {
		if _, err := w.alice.Comment(infra, number, "Hello."); err != nil {
			t.Fatal(err)
		}
	}
	var all []*github.IssueComment
	options := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: 2}}
	for pages := 0; ; pages++ {
		some, response, err := client.Issues.ListComments(ctx, "acme", "infra", number, options)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, some...)
		if response.NextPage == 0 {
			if pages != 2 {
				t.Errorf("%d pages", pages+1)
			}
			break
		}
		options.Page = response.NextPage
	}
	if len(all) != 5 || all[0].GetUser().GetLogin() != "alice" {
		t.Errorf("comments %v", all)
	}
	long := &github.IssueComment{Body: github.String(strings.Repeat("x", 65537))}
	if _, _, err := client.Issues.CreateComment(ctx, "acme", "infra", number, long); status(err) != 422 {
		t.Errorf("too long: %v", err)
	}
	long.Body = github.String(strings.Repeat("x", 65536))
	made, _, err := client.Issues.CreateComment(ctx, "acme", "infra", number, long)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.Issues.EditComment(ctx, "acme", "infra", made.GetID(), &github.IssueComment{Body: github.String("")}); status(err) != 422 {
		t.Errorf("empty: %v", err)
	}
	if _, _, err := client.Issues.GetComment(ctx, "acme", "infra", made.GetID()); err != nil {
		t.Error(err)
	}
	if err := w.As("dave").EditComment(infra, made.GetID(), "Mine."); refusal(err) != 403 {
		t.Errorf("editing another's comment: %v", err)
	}
	if _, err := client.Issues.DeleteComment(ctx, "acme", "infra", made.GetID()); err != nil {
		t.Error(err)
	}
	if _, _, err := client.Issues.EditComment(ctx, "acme", "infra", made.GetID(), &github.IssueComment{Body: github.String("Gone?")}); status(err) != 404 {
		t.Errorf("edit after deletion: %v", err)
	}
	w.settle()
	if last := w.hook.last("issue_comment"); last.action != "deleted" {
		t.Errorf("webhook %s", last.action)
	}
}

func TestReactions(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	number := w.pullRequest("topic", map[string]string{"a": "1\n"})
	comment, err := w.alice.Comment(infra, number, "/plan")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{201, 200} {
		_, response, err := client.Reactions.CreateIssueCommentReaction(ctx, "acme", "infra", comment, "eyes")
		if err != nil || response.StatusCode != want {
			t.Errorf("status %d, want %d: %v", response.StatusCode, want, err)
		}
		_, response, err = client.Reactions.CreateIssueReaction(ctx, "acme", "infra", number, "rocket")
		if err != nil || response.StatusCode != want {
			t.Errorf("on the pull request: status %d, want %d: %v", response.StatusCode, want, err)
		}
	}
	if _, _, err := client.Reactions.CreateIssueCommentReaction(ctx, "acme", "infra", comment, "fish"); status(err) != 422 {
		t.Errorf("unknown reaction: %v", err)
	}
	if err := w.As("bob").React(infra, comment, "+1"); err != nil {
		t.Fatal(err)
	}
	all, _, err := client.Reactions.ListIssueCommentReactions(ctx, "acme", "infra", comment, nil)
	if err != nil || len(all) != 2 {
		t.Fatalf("reactions %v: %v", all, err)
	}
	if _, err := client.Reactions.DeleteIssueCommentReaction(ctx, "acme", "infra", comment, all[0].GetID()); err != nil {
		t.Error(err)
	}
	view, err := w.Pull(infra, number)
	if err != nil || len(view.Timeline[len(view.Timeline)-1].Reactions) != 1 {
		t.Errorf("view %+v: %v", view.Timeline, err)
	}
}

func TestIssues(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	made, _, err := client.Issues.Create(ctx, "acme", "infra", &github.IssueRequest{Title: github.String("Drift"), Body: github.String("In prod.")})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.Issues.Edit(ctx, "acme", "infra", made.GetNumber(), &github.IssueRequest{State: github.String("closed")}); err != nil {
		t.Fatal(err)
	}
	got, _, err := client.Issues.Get(ctx, "acme", "infra", made.GetNumber())
	if err != nil || got.GetState() != "closed" || got.GetClosedBy().GetLogin() != w.BotLogin() {
		t.Errorf("issue %v: %v", got, err)
	}
	if _, _, err := client.Issues.Create(ctx, "acme", "infra", &github.IssueRequest{Title: github.String("")}); status(err) != 422 {
		t.Errorf("without a title: %v", err)
	}
	if _, _, err := client.Issues.Get(ctx, "acme", "infra", 404); status(err) != 404 {
		t.Errorf("unknown issue: %v", err)
	}
}

// What people may do is answered with the real role, folded in the older field.
func TestRoles(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	w.AddPerson("mallory")
	for login, want := range map[string][2]string{
		"alice": {"write", "write"}, "bob": {"write", "maintain"}, "carol": {"admin", "admin"},
		"dave": {"read", "read"}, "erin": {"read", "triage"}, "mallory": {"none", "none"},
	} {
		got, _, err := w.client().Repositories.GetPermissionLevel(ctx, "acme", "infra", login)
		if err != nil || got.GetPermission() != want[0] || got.GetUser().GetRoleName() != want[1] {
			t.Errorf("%s: %s %s: %v", login, got.GetPermission(), got.GetUser().GetRoleName(), err)
		}
	}
	if _, _, err := w.client().Repositories.GetPermissionLevel(ctx, "acme", "infra", "nobody"); status(err) != 404 {
		t.Errorf("unknown person: %v", err)
	}
}
