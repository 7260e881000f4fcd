package githubsim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// refusal is the status with which GitHub refused a person.
func refusal(err error) int {
	var problem *githubsim.Problem
	if errors.As(err, &problem) {
		return problem.Status
	}
	return 0
}

func TestPullRequestFollowsItsBranch(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	number := w.pullRequest("topic", map[string]string{"stacks/dev/a.txt": "2\n"})
	head := w.push("topic", map[string]string{"b.txt": "new\n"})

	w.settle()
	last := w.hook.last("pull_request")
	if last.action != "synchronize" || last.payload["after"] != head {
		t.Errorf("webhook %s %v", last.action, last.payload["after"])
	}
	files, _, err := client.PullRequests.ListFiles(ctx, "acme", "infra", number, nil)
	if err != nil || len(files) != 2 || files[0].GetFilename() != "b.txt" || files[1].GetStatus() != "modified" || files[1].GetAdditions() != 1 {
		t.Errorf("files %v: %v", files, err)
	}
	commits, _, err := client.PullRequests.ListCommits(ctx, "acme", "infra", number, nil)
	if err != nil || len(commits) != 2 || commits[1].GetSHA() != head || commits[1].GetAuthor().GetLogin() != "alice" {
		t.Errorf("commits %v: %v", commits, err)
	}
	open, _, err := client.PullRequests.List(ctx, "acme", "infra", &github.PullRequestListOptions{Head: "acme:topic", Base: "main"})
	if err != nil || len(open) != 1 || open[0].GetNumber() != number {
		t.Errorf("open pull requests %v: %v", open, err)
	}
	none, _, err := client.PullRequests.List(ctx, "acme", "infra", &github.PullRequestListOptions{Base: "other"})
	if err != nil || len(none) != 0 {
		t.Errorf("pull requests to another base %v: %v", none, err)
	}
	of, _, err := client.PullRequests.ListPullRequestsWithCommit(ctx, "acme", "infra", head, nil)
	if err != nil || len(of) != 1 || of[0].GetNumber() != number {
		t.Errorf("pull requests of the commit %v: %v", of, err)
	}
}

// An App opens a pull request for a branch that is there and differs, once, with the right to.
func TestAppOpensAPullRequest(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	w.push("topic", map[string]string{"b.txt": "new\n"})
	wanted := &github.NewPullRequest{Title: github.String("Add b"), Head: github.String("topic"), Base: github.String("main"), Body: github.String("why")}
	if _, _, err := w.narrowed(&github.InstallationPermissions{PullRequests: github.String("read")}).PullRequests.Create(ctx, "acme", "infra", wanted); status(err) != 403 {
		t.Errorf("with reading alone: %v", err)
	}
	client := w.narrowed(&github.InstallationPermissions{PullRequests: github.String("write")})
	made, _, err := client.PullRequests.Create(ctx, "acme", "infra", wanted)
	if err != nil || made.GetTitle() != "Add b" || made.GetHead().GetRef() != "topic" || made.GetBase().GetRef() != "main" || made.GetUser().GetType() != "Bot" {
		t.Fatalf("made %v: %v", made, err)
	}
	w.settle()
	if last := w.hook.last("pull_request"); last.action != "opened" {
		t.Errorf("webhook %s", last.action)
	}
	for what, wanted := range map[string]*github.NewPullRequest{
		"a second one":     wanted,
		"no such branch":   {Title: github.String("x"), Head: github.String("nothing"), Base: github.String("main")},
		"no difference":    {Title: github.String("x"), Head: github.String("main"), Base: github.String("main")},
		"into no branch":   {Title: github.String("x"), Head: github.String("topic"), Base: github.String("nothing")},
		"of nobody's fork": {Title: github.String("x"), Head: github.String("nobody:topic"), Base: github.String("main")},
	} {
		if _, _, err := client.PullRequests.Create(ctx, "acme", "infra", wanted); status(err) != 422 {
			t.Errorf("%s: %v; want 422", what, err)
		}
	}
}

func TestConflict(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	first := w.pullRequest("first", map[string]string{"stacks/dev/a.txt": "2\n"})
	second := w.pullRequest("second", map[string]string{"stacks/dev/a.txt": "3\n"})
	if _, err := w.alice.Merge(infra, first, "merge"); err != nil {
		t.Fatal(err)
	}
	got, _, err := client.PullRequests.Get(ctx, "acme", "infra", second)
	if err != nil || got.GetMergeable() || got.GetMergeableState() != "dirty" {
		t.Errorf("mergeable %v %s: %v", got.GetMergeable(), got.GetMergeableState(), err)
	}
	if _, err := w.alice.Merge(infra, second, "merge"); refusal(err) != 405 {
		t.Errorf("merging a conflict: %v, want 405", err)
	}
	if _, _, err := client.Git.GetRef(ctx, "acme", "infra", fmt.Sprintf("pull/%d/merge", second)); status(err) != 404 {
		t.Errorf("merge ref of a conflict: %v, want 404", err)
	}
	w.push("second", map[string]string{"stacks/dev/a.txt": "2\n"})
	view, err := w.Pull(infra, second)
	if err != nil || !view.Mergeable {
		t.Errorf("resolved conflict: %v %v", view.Mergeable, err)
	}
}

func TestMergeMethods(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for method, parents := range map[string]int{"merge": 2, "squash": 1, "rebase": 1} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubsim.Options{})
			number := w.pullRequest("topic", map[string]string{"a": "1\n"})
			w.push("topic", map[string]string{"b": "2\n"})
			other := w.pullRequest("other", map[string]string{"c": "3\n"})
			if _, err := w.alice.Merge(infra, other, "squash"); err != nil {
				t.Fatal(err)
			}
			sha, err := w.As("bob").Merge(infra, number, method)
			if err != nil {
				t.Fatal(err)
			}
			commit, _, err := w.client().Repositories.GetCommit(ctx, "acme", "infra", "main", nil)
			if err != nil || commit.GetSHA() != sha || len(commit.Parents) != parents {
				t.Errorf("trunk is %s with %d parents: %v", commit.GetSHA(), len(commit.Parents), err)
			}
			for path, want := range map[string]string{"a": "1\n", "b": "2\n", "c": "3\n"} {
				if got, err := w.File(infra, "main", path); got != want {
					t.Errorf("%s is %q after the merge: %v", path, got, err)
				}
			}
			of, _, err := w.client().PullRequests.ListPullRequestsWithCommit(ctx, "acme", "infra", sha, nil)
			if err != nil || len(of) != 1 || of[0].GetNumber() != number || of[0].GetMergeCommitSHA() != sha {
				t.Errorf("pull requests of %s: %v %v", sha, of, err)
			}
			w.settle()
			var closed letter
			for _, one := range w.hook.letters() {
				if one.action == "closed" {
					closed = one
				}
			}
			if pull := closed.payload["pull_request"].(map[string]any); pull["merged"] != true || pull["merge_commit_sha"] != sha {
				t.Errorf("webhook says merged %v at %v", pull["merged"], pull["merge_commit_sha"])
			}
		})
	}
}

func TestMergeByTheApp(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	number := w.pullRequest("topic", map[string]string{"a": "1\n"})
	client := w.client()
	if _, _, err := client.PullRequests.Merge(ctx, "acme", "infra", number, "", &github.PullRequestOptions{SHA: "0123456789012345678901234567890123456789"}); status(err) != 409 {
		t.Errorf("merge of another head: %v, want 409", err)
	}
	result, _, err := client.PullRequests.Merge(ctx, "acme", "infra", number, "", nil)
	if err != nil || !result.GetMerged() {
		t.Fatal(result, err)
	}
	if _, _, err := client.PullRequests.Merge(ctx, "acme", "infra", number, "", nil); status(err) != 405 {
		t.Errorf("second merge: %v, want 405", err)
	}
}

func TestDraftCloseAndReopen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	w.push("topic", map[string]string{"a": "1\n"})
	number, err := w.alice.OpenPull(infra, "topic", "Draft", "", githubsim.OpenOptions{Draft: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.alice.Merge(infra, number, "merge"); refusal(err) != 405 {
		t.Errorf("merge of a draft: %v", err)
	}
	for _, step := range []func(string, int) error{w.alice.Ready, w.alice.Draft, w.alice.Ready, w.alice.Close, w.alice.Reopen} {
		if err := step(infra, number); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.alice.EditPull(infra, number, "Better", "With a reason."); err != nil {
		t.Fatal(err)
	}
	if err := w.alice.Close(infra, number); err != nil {
		t.Fatal(err)
	}
	if err := w.alice.DeleteBranch(infra, "topic"); err != nil {
		t.Fatal(err)
	}
	if err := w.alice.Reopen(infra, number); refusal(err) != 422 {
		t.Errorf("reopening without a branch: %v", err)
	}
	w.settle()
	want := []string{
		"installation.created", "push", "pull_request.opened", "pull_request.ready_for_review", "pull_request.converted_to_draft",
		"pull_request.ready_for_review", "pull_request.closed", "pull_request.reopened", "pull_request.edited",
		"pull_request.closed", "push",
	}
	if diff := cmp.Diff(want, w.hook.names()); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
}

func TestPullRequestFromFork(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	mallory := w.As("mallory")
	if _, err := mallory.Fork(infra); refusal(err) != 404 {
		t.Errorf("fork of a repository one cannot see: %v", err)
	}
	if err := w.SetRole(infra, "mallory", "read"); err != nil {
		t.Fatal(err)
	}
	fork, err := mallory.Fork(infra)
	if err != nil {
		t.Fatal(err)
	}
	evil := "3\n"
	if _, err := mallory.Push(infra, "evil", "Evil", map[string]*string{"a": &evil}); refusal(err) != 403 {
		t.Errorf("push without write access: %v", err)
	}
	head, err := mallory.Push(fork, "evil", "Evil", map[string]*string{"stacks/dev/a.txt": &evil})
	if err != nil {
		t.Fatal(err)
	}
	number, err := mallory.OpenPullFromFork(infra, "evil", "Trust me", "", githubsim.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	pull, _, err := w.client().PullRequests.Get(ctx, "acme", "infra", number)
	if err != nil || pull.GetHead().GetSHA() != head || pull.GetHead().GetRepo().GetFullName() != fork || !pull.GetHead().GetRepo().GetFork() {
		t.Errorf("head %v: %v", pull.GetHead(), err)
	}
	ref, _, err := w.client().Git.GetRef(ctx, "acme", "infra", fmt.Sprintf("pull/%d/head", number))
	if err != nil || ref.GetObject().GetSHA() != head {
		t.Errorf("head in the base repository %v: %v", ref, err)
	}
	worse := "4\n"
	next, err := mallory.Push(fork, "evil", "Worse", map[string]*string{"stacks/dev/a.txt": &worse})
	if err != nil {
		t.Fatal(err)
	}
	view, err := w.Pull(infra, number)
	if err != nil || view.HeadSHA != next || view.HeadLabel != "mallory:evil" {
		t.Errorf("after a push to the fork: %+v %v", view, err)
	}
	w.settle()
	if names := w.hook.names(); slices.Contains(names, "push") {
		t.Errorf("the App is told of pushes to a fork that it is not installed on: %v", names)
	}
	if _, err := w.alice.Merge(infra, number, "merge"); err != nil {
		t.Error(err)
	}
}

func TestReviews(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	number := w.pullRequest("topic", map[string]string{"a": "1\n"})
	if err := w.alice.Review(infra, number, "approve", ""); refusal(err) != 422 {
		t.Errorf("approving one's own: %v", err)
	}
	if err := w.As("bob").Review(infra, number, "request_changes", "Smaller, please."); err != nil {
		t.Fatal(err)
	}
	if err := w.As("carol").Review(infra, number, "approve", ""); err != nil {
		t.Fatal(err)
	}
	reviews, _, err := w.client().PullRequests.ListReviews(ctx, "acme", "infra", number, nil)
	if err != nil || len(reviews) != 2 || reviews[0].GetState() != "CHANGES_REQUESTED" || reviews[1].GetUser().GetLogin() != "carol" {
		t.Errorf("reviews %v: %v", reviews, err)
	}
	w.settle()
	if last := w.hook.last("pull_request_review"); last.action != "submitted" {
		t.Errorf("webhook %v", last.action)
	}
}

func TestOpeningIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	w.pullRequest("topic", map[string]string{"a": "1\n"})
	for name, open := range map[string]func() (int, error){
		"twice":          func() (int, error) { return w.alice.OpenPull(infra, "topic", "Again", "", githubsim.OpenOptions{}) },
		"without branch": func() (int, error) { return w.alice.OpenPull(infra, "none", "None", "", githubsim.OpenOptions{}) },
		"without change": func() (int, error) { return w.alice.OpenPull(infra, "main", "None", "", githubsim.OpenOptions{}) },
		"unknown base": func() (int, error) {
			return w.alice.OpenPull(infra, "topic", "Base", "", githubsim.OpenOptions{Base: "none"})
		},
	} {
		if _, err := open(); refusal(err) != 422 {
			t.Errorf("%s: %v, want 422", name, err)
		}
	}
}

// A pull request whose commits reach trunk by another way counts as merged.
func TestMergedByPush(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	number := w.pullRequest("topic", map[string]string{"a": "1\n"})
	view, err := w.Pull(infra, number)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.alice.ResetBranch(infra, "main", view.HeadSHA); err != nil {
		t.Fatal(err)
	}
	if view, err = w.Pull(infra, number); err != nil || view.State != "merged" {
		t.Errorf("state %s: %v", view.State, err)
	}
}
