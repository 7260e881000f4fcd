package mirror

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestKeptWorktree has code do in a worktree what a reviewer has not seen, and looks for it in the next one.
func TestKeptWorktree(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	first := origin.commit("First", "main.tf", "1", "same.tf", "the same", ".gitignore", "cache/\n")
	second := origin.commit("Second", "main.tf", "2")
	git := func(dir string, arguments ...string) {
		command := exec.Command("git", arguments...)
		command.Dir = dir
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", arguments, err, out)
		}
	}
	for name, test := range map[string]struct {
		do func(dir string)
		// another: the directory is not to be used again.
		another bool
	}{
		"nothing":         {do: func(string) {}},
		"a changed file":  {do: func(dir string) { write(t, dir, "same.tf", "bad") }},
		"a new file":      {do: func(dir string) { write(t, dir, "bad.tf", "bad") }},
		"an ignored file": {do: func(dir string) { write(t, dir, "cache/bad.tf", "bad") }},
		"a repository in it": {do: func(dir string) {
			write(t, dir, "inner/bad.tf", "bad")
			git(filepath.Join(dir, "inner"), "init", "--quiet")
		}},
		"a file that git is told to leave": {another: true, do: func(dir string) {
			git(dir, "update-index", "--assume-unchanged", "same.tf")
			write(t, dir, "same.tf", "bad")
		}},
		"another repository": {another: true, do: func(dir string) {
			if err := os.Remove(filepath.Join(dir, ".git")); err != nil {
				t.Fatal(err)
			}
			git(dir, "init", "--quiet")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mirror, ctx := origin.mirror(), t.Context()
			before, err := mirror.KeptWorktree(ctx, first)
			if err != nil {
				t.Fatal(err)
			}
			test.do(before.Dir)
			before.Release()
			after, err := mirror.KeptWorktree(ctx, second)
			if err != nil {
				t.Fatal(err)
			}
			defer after.Release()
			if (after.Dir != before.Dir) != test.another {
				t.Errorf("the directory was %s and is %s", before.Dir, after.Dir)
			}
			var found []string
			entries, err := os.ReadDir(after.Dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, entry := range entries {
				found = append(found, entry.Name())
			}
			if files := strings.Join(found, " "); files != ".git .gitignore main.tf same.tf" {
				t.Errorf("there are %s", files)
			}
			for name, want := range map[string]string{"main.tf": "2", "same.tf": "the same"} {
				if content, err := os.ReadFile(filepath.Join(after.Dir, name)); err != nil || string(content) != want {
					t.Errorf("%s holds %q, %v", name, content, err)
				}
			}
		})
	}
}

func write(t *testing.T, dir, name, content string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}
