package mirror

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// openTree lists a revision of the directory.
func openTree(t *testing.T, directory, revision string) (*Tree, error) {
	t.Helper()
	repository, err := OpenRepository(t.Context(), directory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repository.Close() })
	return repository.Tree(t.Context(), revision)
}

// sameTree compares a tree with that of the mirror.
func sameTree(t *testing.T, origin *origin, commit string, found *Tree) {
	t.Helper()
	want, err := origin.mirror().Tree(t.Context(), commit)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.Entries(), found.Entries()); diff != "" {
		t.Errorf("the mirror lists (-) and we (+):\n%s", diff)
	}
	if diff := cmp.Diff(want.Files(), found.Files()); diff != "" {
		t.Error(diff)
	}
	if found.ID != want.ID || found.Commit != want.Commit {
		t.Errorf("the tree %s of %s, want %s of %s", found.ID, found.Commit, want.ID, want.Commit)
	}
}

// varied is a commit with all kinds of entries.
func varied(t *testing.T) (*origin, string) {
	t.Helper()
	origin := newOrigin(t)
	origin.commit("First", "a.tf", "1", "a/b.tf", "2", "a/c/d e.tf", "3", "a-b/x.tf", "4", "same/x.tf", "4", "run.sh", "#!/bin/sh\n", "ü\n.tf", "5")
	if err := os.Chmod(filepath.Join(origin.dir, "run.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../a.tf", filepath.Join(origin.dir, "a", "link")); err != nil {
		t.Fatal(err)
	}
	first := origin.commit("Second")
	origin.git("update-index", "--add", "--cacheinfo", "160000,"+first+",module")
	origin.git("commit", "--quiet", "-m", "Third")
	return origin, origin.git("rev-parse", "HEAD")
}

func TestRepositoriesAreReadWhereTheyAre(t *testing.T) {
	t.Parallel()
	origin, commit := varied(t)
	origin.git("tag", "-a", "-m", "A tag", "v1")
	bare, shallow, linked := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "linked")
	origin.git("clone", "--quiet", "--bare", origin.dir, bare)
	origin.git("clone", "--quiet", "--depth=1", "file://"+origin.dir, shallow)
	origin.git("worktree", "add", "--quiet", "--detach", linked)
	origin.git("pack-refs", "--all")
	if err := os.WriteFile(filepath.Join(origin.dir, "a.tf"), []byte("dirty"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, directory := range map[string]string{"dirty": origin.dir, "bare": bare, "shallow": shallow, "linked": linked} {
		for _, revision := range []string{"HEAD", commit, "main", "v1", commit[:10]} {
			if name == "shallow" && revision == "v1" {
				continue // it came without tags
			}
			tree, err := openTree(t, directory, revision)
			if err != nil {
				t.Errorf("%s at %s: %v", name, revision, err)
				continue
			}
			sameTree(t, origin, commit, tree)
			contents, err := tree.ReadAll(t.Context(), []string{"a.tf", "a/c/d e.tf", "a-b/x.tf", "same/x.tf", "a/link"})
			if err != nil {
				t.Fatal(err)
			}
			want := map[string][]byte{"a.tf": []byte("1"), "a/c/d e.tf": []byte("3"), "a-b/x.tf": []byte("4"), "same/x.tf": []byte("4"), "a/link": []byte("../a.tf")}
			if diff := cmp.Diff(want, contents); diff != "" {
				t.Errorf("%s at %s: %s", name, revision, diff)
			}
		}
	}
	if status := origin.git("status", "--short"); !strings.Contains(status, "M a.tf") {
		t.Errorf("the repository was changed: %s", status)
	}
}

func TestADirectoryOfARepository(t *testing.T) {
	t.Parallel()
	origin, commit := varied(t)
	repository, err := OpenRepository(t.Context(), filepath.Join(origin.dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	defer repository.Close()
	tree, err := repository.Tree(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"b.tf", "c/d e.tf", "link"}, tree.Files()); diff != "" {
		t.Error(diff)
	}
	if want := origin.git("rev-parse", commit+":a"); tree.ID != want {
		t.Errorf("the tree is %s, want %s", tree.ID, want)
	}
	if _, err := repository.Tree(t.Context(), "HEAD~2"); err != nil {
		t.Errorf("an earlier commit that has the directory: %v", err)
	}
	if err := os.Mkdir(filepath.Join(origin.dir, "new"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := openTree(t, filepath.Join(origin.dir, "new"), "HEAD"); err == nil || !strings.Contains(err.Error(), "has no directory") {
		t.Errorf("a directory that the commit does not have: %v", err)
	}
}

func TestNoCommit(t *testing.T) {
	t.Parallel()
	origin, _ := varied(t)
	repository, err := OpenRepository(t.Context(), origin.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repository.Close()
	for _, revision := range []string{"", "nothing", "HEAD~9", "HEAD:a.tf", "--help", "a\nb", strings.Repeat("0", 40), "HEAD^{tree}"} {
		if _, err := repository.Tree(t.Context(), revision); !errors.Is(err, ErrNoCommit) {
			t.Errorf("%q: %v", revision, err)
		}
	}
	if _, err := repository.Tree(t.Context(), "HEAD"); err != nil {
		t.Errorf("after all that: %v", err)
	}
	if _, err := openTree(t, t.TempDir(), "HEAD"); err == nil || !strings.Contains(err.Error(), "not a git repository") {
		t.Errorf("a directory that is in no repository: %v", err)
	}
}

func TestNothingIsFetched(t *testing.T) {
	t.Parallel()
	origin, _ := varied(t)
	origin.git("config", "uploadpack.allowFilter", "true")
	partial := t.TempDir()
	origin.git("clone", "--quiet", "--bare", "--filter=blob:none", "file://"+origin.dir, partial)
	tree, err := openTree(t, partial, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tree.Read(t.Context(), "a.tf"); err == nil {
		t.Error("a file that the clone does not have is read")
	} else {
		t.Log(err)
	}
}

func TestFilesTooBig(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	origin.commit("First", "big", strings.Repeat("x", MaxFile+1), "small", "x")
	committed, err := openTree(t, origin.dir, "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	lying, err := OnDisk(t.Context(), origin.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, tree := range []*Tree{committed, lying} {
		if _, err := tree.Read(t.Context(), "big"); !errors.Is(err, ErrTooBig) {
			t.Errorf("a file that is too big: %v", err)
		}
		if content, err := tree.Read(t.Context(), "small"); err != nil || string(content) != "x" {
			t.Errorf("the one after it: %q, %v", content, err)
		}
	}
}
