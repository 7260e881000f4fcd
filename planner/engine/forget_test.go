package engine

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestForget(t *testing.T) {
	t.Parallel()
	work := Work{Scratch: t.TempDir()}
	for _, file := range []string{"plan.tfplan", "plan.txt", "logs/plan.log", "home/.aws/credentials", "tmp/x", "data/terraform.tfstate: hush",
		"data/environment", "data/providers/registry/provider", "data/modules/modules.json", "initialised"} {
		name, text, _ := strings.Cut(file, ": ")
		path := filepath.Join(work.Scratch, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := work.Forget(func(text string) bool { return strings.Contains(text, "hush") }); err != nil {
		t.Fatal(err)
	}
	var left []string
	err := filepath.WalkDir(work.Scratch, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			left = append(left, strings.TrimPrefix(path, work.Scratch+"/"))
		}
		return err
	})
	if want := []string{"data/environment", "data/modules/modules.json", "data/providers/registry/provider"}; err != nil || !slices.Equal(left, want) {
		t.Errorf("left are %v (%v); want %v", left, err, want)
	}
	if err := (Work{Scratch: filepath.Join(work.Scratch, "none")}).Forget(nil); err != nil {
		t.Errorf("where nothing was left: %v", err)
	}
}
