package planner

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/mirror"
)

// repository is a Git repository with a mirror of it.
type repository struct {
	t      *testing.T
	dir    string
	mirror *mirror.Mirror
}

func newRepository(t *testing.T) *repository {
	t.Helper()
	r := &repository{t: t, dir: t.TempDir()}
	r.git("init", "--quiet", "--initial-branch=main")
	r.mirror = mirror.Open(filepath.Join(t.TempDir(), "mirror"), r.dir, nil)
	return r
}

func (r *repository) git(arguments ...string) string {
	r.t.Helper()
	command := exec.Command("git", arguments...)
	command.Dir = r.dir
	command.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + r.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=Alice", "GIT_AUTHOR_EMAIL=alice@example.com",
		"GIT_COMMITTER_NAME=Alice", "GIT_COMMITTER_EMAIL=alice@example.com",
	}
	output, err := command.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", arguments, err, output)
	}
	return strings.TrimSpace(string(output))
}

// commit writes files, in pairs of path and content, and commits everything. The content "-" removes the file,
// "-> x" makes a link to x.
func (r *repository) commit(files ...string) string {
	r.t.Helper()
	for pair := range slices.Chunk(files, 2) {
		path := filepath.Join(r.dir, pair[0])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.RemoveAll(path); err != nil {
			r.t.Fatal(err)
		}
		target, link := strings.CutPrefix(pair[1], "-> ")
		var err error
		switch {
		case link:
			err = os.Symlink(target, path)
		case pair[1] != "-":
			err = os.WriteFile(path, []byte(pair[1]), 0o644)
		}
		if err != nil {
			r.t.Fatal(err)
		}
	}
	r.git("add", "--all")
	r.git("commit", "--quiet", "--allow-empty", "-m", "A change")
	sha := r.git("rev-parse", "HEAD")
	if err := r.mirror.Fetch(r.t.Context(), "+refs/heads/*:refs/heads/*"); err != nil {
		r.t.Fatal(err)
	}
	return sha
}

func (r *repository) snapshot(sha string, rules config.Repository) Snapshot {
	r.t.Helper()
	tree, err := r.mirror.Tree(r.t.Context(), sha)
	if err != nil {
		r.t.Fatal(err)
	}
	snapshot, err := TakeSnapshot(r.t.Context(), tree, rules)
	if err != nil {
		r.t.Fatal(err)
	}
	return snapshot
}

// folders are rules with these environments, and directories like environments/dev/vpc.
func folders(environments ...string) config.Repository {
	rules := config.Repository{Stacks: config.Stacks{
		Layout: config.LayoutFolders, Path: "environments/{environment}/{component}", Engine: config.Engine{Kind: config.Terraform},
	}}
	for _, name := range environments {
		rules.Environments = append(rules.Environments, config.Environment{Name: name})
	}
	return rules
}
