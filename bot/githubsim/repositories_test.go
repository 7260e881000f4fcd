package githubsim_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

func TestRepositoryContents(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	repo, _, err := client.Repositories.Get(ctx, "acme", "infra")
	if err != nil || repo.GetDefaultBranch() != "main" || !repo.GetPrivate() || repo.GetOwner().GetType() != "Organization" {
		t.Errorf("repository %v: %v", repo, err)
	}
	file, _, _, err := client.Repositories.GetContents(ctx, "acme", "infra", "stacks/dev/a.txt", nil)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := file.GetContent(); text != "1\n" || err != nil {
		t.Errorf("content %q: %v", text, err)
	}
	_, entries, _, err := client.Repositories.GetContents(ctx, "acme", "infra", "", nil)
	if err != nil || len(entries) != 3 || entries[1].GetType() != "dir" {
		t.Errorf("root %v: %v", entries, err)
	}
	_, entries, _, err = client.Repositories.GetContents(ctx, "acme", "infra", "stacks/dev", &github.RepositoryContentGetOptions{Ref: "main"})
	if err != nil || len(entries) != 1 || entries[0].GetPath() != "stacks/dev/a.txt" {
		t.Errorf("directory %v: %v", entries, err)
	}
	if _, _, _, err := client.Repositories.GetContents(ctx, "acme", "infra", "none", nil); status(err) != 404 {
		t.Errorf("no such file: %v", err)
	}
	if _, _, _, err := client.Repositories.GetContents(ctx, "acme", "infra", "README.md", &github.RepositoryContentGetOptions{Ref: "none"}); status(err) != 404 {
		t.Errorf("no such ref: %v", err)
	}
}

func TestCommitsAndRefs(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	trunk, _, err := client.Repositories.GetBranch(ctx, "acme", "infra", "main", 0)
	if err != nil {
		t.Fatal(err)
	}
	base := trunk.GetCommit().GetSHA()
	for i := range 3 {
		w.push("feature/slash", map[string]string{"a": fmt.Sprintln(i)})
	}
	branch, _, err := client.Repositories.GetBranch(ctx, "acme", "infra", "feature/slash", 0)
	if err != nil {
		t.Fatal(err)
	}
	head := branch.GetCommit().GetSHA()
	ref, _, err := client.Git.GetRef(ctx, "acme", "infra", "heads/feature/slash")
	if err != nil || ref.GetObject().GetSHA() != head {
		t.Errorf("ref %v: %v", ref, err)
	}
	refs, _, err := client.Git.ListMatchingRefs(ctx, "acme", "infra", &github.ReferenceListOptions{Ref: "heads/feat"})
	if err != nil || len(refs) != 1 {
		t.Errorf("refs %v: %v", refs, err)
	}
	branches, _, err := client.Repositories.ListBranches(ctx, "acme", "infra", nil)
	if err != nil || len(branches) != 2 {
		t.Errorf("branches %v: %v", branches, err)
	}
	commit, _, err := client.Repositories.GetCommit(ctx, "acme", "infra", "feature/slash", nil)
	if err != nil || commit.GetSHA() != head || commit.GetStats().GetTotal() != 2 || commit.GetAuthor().GetLogin() != "alice" {
		t.Errorf("commit %v: %v", commit, err)
	}
	if sha, _, err := client.Repositories.GetCommitSHA1(ctx, "acme", "infra", "feature/slash", ""); sha != head || err != nil {
		t.Errorf("sha %s: %v", sha, err)
	}
	if object, _, err := client.Git.GetCommit(ctx, "acme", "infra", head); err != nil || object.GetMessage() != "Work on feature/slash" {
		t.Errorf("object %v: %v", object, err)
	}
	commits, _, err := client.Repositories.ListCommits(ctx, "acme", "infra", &github.CommitsListOptions{SHA: "feature/slash"})
	if err != nil || len(commits) != 4 || commits[0].GetSHA() != head {
		t.Errorf("commits %v: %v", commits, err)
	}
	if _, _, err := client.Repositories.GetCommit(ctx, "acme", "infra", "none", nil); status(err) != 422 {
		t.Errorf("no such commit: %v", err)
	}
	compared, _, err := client.Repositories.CompareCommits(ctx, "acme", "infra", base, "feature/slash", nil)
	if err != nil || compared.GetStatus() != "ahead" || compared.GetAheadBy() != 3 || len(compared.Commits) != 3 || len(compared.Files) != 1 {
		t.Errorf("comparison %v: %v", compared, err)
	}
	compared, _, err = client.Repositories.CompareCommits(ctx, "acme", "infra", head, base, &github.ListOptions{PerPage: 1})
	if err != nil || compared.GetStatus() != "behind" || compared.GetBehindBy() != 3 {
		t.Errorf("comparison %v: %v", compared, err)
	}
	if _, _, err := client.Repositories.CompareCommits(ctx, "acme", "infra", base, "none", nil); status(err) != 404 {
		t.Errorf("comparison with nothing: %v", err)
	}
}

// What is known already is not sent again and does not count.
func TestConditionalRequests(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	_, first, err := client.Repositories.GetBranch(ctx, "acme", "infra", "main", 0)
	if err != nil {
		t.Fatal(err)
	}
	tag := first.Header.Get("Etag")
	again, err := client.NewRequest(http.MethodGet, "repos/acme/infra/branches/main", nil)
	if err != nil {
		t.Fatal(err)
	}
	again.Header.Set("If-None-Match", tag)
	second, err := client.Do(ctx, again, nil)
	if second == nil || second.StatusCode != http.StatusNotModified {
		t.Fatalf("%v %v, want 304", second, err)
	}
	if first.Header.Get("X-GitHub-Request-Id") == second.Header.Get("X-GitHub-Request-Id") {
		t.Error("two requests have the same id")
	}
	if first.Rate.Remaining != second.Rate.Remaining || first.Rate.Limit != 5000 {
		t.Errorf("remaining %d then %d", first.Rate.Remaining, second.Rate.Remaining)
	}
	w.push("main", map[string]string{"a": "1"})
	if _, err := client.Do(ctx, again, nil); err != nil {
		t.Errorf("after a change: %v", err)
	}
}

func TestFilesFromFS(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	files := fstest.MapFS{
		"run":        {Data: []byte("#!/bin/sh\n"), Mode: 0o755},
		"deep/a.txt": {Data: []byte("a\n"), Mode: 0o644},
	}
	if _, err := w.CreateRepository("acme", "tree", githubsim.RepositoryOptions{DefaultBranch: "trunk", FS: files}); err != nil {
		t.Fatal(err)
	}
	if got, err := w.File("acme/tree", "trunk", "deep/a.txt"); got != "a\n" {
		t.Errorf("file %q: %v", got, err)
	}
	dir := t.TempDir()
	mustGit(t, dir, "clone", "--quiet", w.URL()+"/acme/tree.git", "work")
	if out := mustGit(t, dir+"/work", "ls-files", "--stage", "run"); !strings.HasPrefix(out, "100755") {
		t.Errorf("mode %s", out)
	}
	view, err := w.Repository("acme/tree")
	if err != nil || view.DefaultBranch != "trunk" || len(view.Branches) != 1 {
		t.Errorf("view %+v: %v", view, err)
	}
}
