package mirror

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// An archive has the files of a worktree, whatever the repository says about archives.
func TestArchive(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	sha := o.commit("All", ".gitattributes", "secret.txt export-ignore\nversion.txt export-subst\n", "secret.txt", "s", "version.txt", "$Format:%H$", "a/b.txt", "b")
	m := o.mirror()
	if err := m.Fetch(t.Context(), "+refs/heads/*:refs/heads/*"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var out bytes.Buffer
		if err := m.Archive(t.Context(), sha, &out); err != nil {
			t.Fatal(err)
		}
		var files []string
		archive := tar.NewReader(&out)
		for {
			header, err := archive.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(archive)
			if err != nil {
				t.Fatal(err)
			}
			if header.Typeflag == tar.TypeReg && header.Name != ".gitattributes" {
				files = append(files, header.Name+": "+string(text))
			}
		}
		slices.Sort(files)
		if diff := cmp.Diff([]string{"a/b.txt: b", "secret.txt: s", "version.txt: $Format:%H$"}, files); diff != "" {
			t.Error(diff)
		}
	}
	for _, wrong := range []string{"main", "--output=/tmp/x", strings.Repeat("a", 40)} {
		if err := m.Archive(t.Context(), wrong, io.Discard); err == nil {
			t.Errorf("there is an archive of %s", wrong)
		}
	}
}

// One commit is fetched without the others.
func TestFetchOnly(t *testing.T) {
	t.Parallel()
	o := newOrigin(t)
	first := o.commit("First", "a.txt", "1")
	second := o.commit("Second", "a.txt", "2")
	o.git("config", "uploadpack.allowAnySHA1InWant", "true")
	o.commit("Third", "a.txt", "3")
	m := Open(t.TempDir(), "file://"+o.dir, nil)
	if err := m.FetchOnly(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	worktree, err := m.Worktree(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	defer worktree.Release()
	if have, err := m.Has(t.Context(), first); err != nil || have {
		t.Errorf("the commit before is there too: %v", err)
	}
	if err := m.FetchOnly(t.Context(), strings.Repeat("a", 40)); err == nil {
		t.Error("a commit was fetched that there is not")
	}
	if err := m.FetchOnly(t.Context(), "main"); err == nil {
		t.Error("a branch was fetched")
	}
}
