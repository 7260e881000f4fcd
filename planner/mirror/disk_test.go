package mirror

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sameIDs compares the ids of everything on disk with those of a commit.
func sameIDs(t *testing.T, origin *origin, commit, directory string) {
	t.Helper()
	want, err := origin.mirror().Tree(t.Context(), commit)
	if err != nil {
		t.Fatal(err)
	}
	found, err := OnDisk(t.Context(), directory)
	if err != nil {
		t.Fatal(err)
	}
	ids := func(tree *Tree) map[string]Entry {
		root, _ := tree.Entry(".")
		all := map[string]Entry{".": root}
		for _, entry := range tree.Entries() {
			all[entry.Path], _ = tree.Entry(entry.Path)
		}
		return all
	}
	if diff := cmp.Diff(ids(want), ids(found)); diff != "" {
		t.Errorf("Git has (-) and we find on disk (+):\n%s", diff)
	}
}

func TestFilesOnDiskHaveTheIDsOfGit(t *testing.T) {
	t.Parallel()
	origin, _ := varied(t)
	origin.git("update-index", "--force-remove", "module")
	commit := origin.commit("Without the module")
	sameIDs(t, origin, commit, origin.dir)
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(origin.dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(copied, ".git")); err != nil {
		t.Fatal(err)
	}
	sameIDs(t, origin, commit, copied)
}

func TestFilesOnDiskAreConvertedAsGitDoes(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	commit := origin.commit("First", ".gitattributes", "*.tf text\n", "a.tf", "1\r\n2\r\n", "b.bin", "1\r\n", "a/b.tf", "\r\n")
	sameIDs(t, origin, commit, origin.dir)
}

func TestFilesOnDiskAreThoseThatGitWouldHave(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	origin.commit("First", "kept.tfvars", "1", "deleted.tf", "1", "a/b.tf", "1")
	origin.commit("Second", ".gitignore", "*.tfvars\n/ignored/\n")
	for name, text := range map[string]string{"new.tf": "1", "new.tfvars": "1", "ignored/x.tf": "1", "a/b.tf": "2", ".git/info/exclude": "/mine.tf\n", "mine.tf": "1"} {
		file := filepath.Join(origin.dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(origin.dir, "deleted.tf")); err != nil {
		t.Fatal(err)
	}
	tree, err := OnDisk(t.Context(), origin.dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{".gitignore", "a/b.tf", "kept.tfvars", "new.tf"}, tree.Files()); diff != "" {
		t.Error(diff)
	}
	content, err := tree.Read(t.Context(), "a/b.tf")
	if err != nil || string(content) != "2" {
		t.Errorf("a file that is changed: %q, %v", content, err)
	}
	if tree.Commit != "" || !tree.HasDirectory("a") || tree.HasDirectory("ignored") {
		t.Errorf("commit %q, directories a: %t, ignored: %t", tree.Commit, tree.HasDirectory("a"), tree.HasDirectory("ignored"))
	}
}

func TestRepositoriesInADirectory(t *testing.T) {
	t.Parallel()
	outer, inner := newOrigin(t), newOrigin(t)
	commit := inner.commit("Inner", "x", "1")
	outer.commit("Outer", "a.tf", "1")
	if err := os.Rename(inner.dir, filepath.Join(outer.dir, "inner")); err != nil {
		t.Fatal(err)
	}
	tree, err := OnDisk(t.Context(), outer.dir)
	if err != nil {
		t.Fatal(err)
	}
	if entry, found := tree.Entry("inner"); !found || entry.Kind != Submodule || entry.ID != commit {
		t.Errorf("the inner repository is %+v, want a submodule at %s", entry, commit)
	}
	if err := os.Mkdir(inner.dir, 0o755); err != nil { // for the end of the test
		t.Fatal(err)
	}
}

func TestNoDirectory(t *testing.T) {
	t.Parallel()
	if _, err := OnDisk(t.Context(), filepath.Join(t.TempDir(), "nothing")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a directory that is not there: %v", err)
	}
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, ".git"), []byte("gitdir: nowhere"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(broken, "a.tf"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if tree, err := OnDisk(t.Context(), broken); err != nil || len(tree.Files()) != 1 {
		t.Errorf("a repository that is broken: %v", err)
	}
}
