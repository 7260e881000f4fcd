package githubsim_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// git runs the real git program against the server.
func git(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	command := exec.Command("git", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com")
	out, err := command.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func mustGit(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := git(t, dir, args...)
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return out
}

// remote is the address of acme/infra with a token for these permissions.
func (w *world) remote(permissions *github.InstallationPermissions) string {
	w.t.Helper()
	made, _, err := w.asApp().Apps.CreateInstallationToken(context.Background(), w.installation,
		&github.InstallationTokenOptions{Permissions: permissions})
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Replace(w.URL(), "http://", "http://x-access-token:"+made.GetToken()+"@", 1) + "/acme/infra.git"
}

func TestGitOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	number := w.pullRequest("topic", map[string]string{"stacks/dev/a.txt": "2\n"})
	reading := w.remote(&github.InstallationPermissions{Contents: github.String("read")})
	writing := w.remote(&github.InstallationPermissions{Contents: github.String("write")})
	nothing := w.remote(&github.InstallationPermissions{Issues: github.String("read")})
	dir := t.TempDir()

	mustGit(t, dir, "clone", "--quiet", reading, "work")
	work := filepath.Join(dir, "work")
	if info, err := os.Stat(filepath.Join(work, "scripts/run.sh")); err != nil || info.Mode()&0o100 == 0 {
		t.Errorf("script is not executable: %v %v", info, err)
	}
	view, err := w.Pull(infra, number)
	if err != nil {
		t.Fatal(err)
	}
	mustGit(t, work, "fetch", "--quiet", "origin", fmt.Sprintf("+refs/pull/%d/*:refs/remotes/pull/*", number))
	if got := mustGit(t, work, "rev-parse", "refs/remotes/pull/head"); got != view.HeadSHA {
		t.Errorf("refs/pull/%d/head is %s, want %s", number, got, view.HeadSHA)
	}
	if got := mustGit(t, work, "rev-parse", "refs/remotes/pull/merge"); got != view.TestMerge {
		t.Errorf("refs/pull/%d/merge is %s, want %s", number, got, view.TestMerge)
	}
	mustGit(t, work, "fetch", "--quiet", "origin", view.HeadSHA)

	if err := os.WriteFile(filepath.Join(work, "new.txt"), []byte("new\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	mustGit(t, work, "add", ".")
	mustGit(t, work, "commit", "--quiet", "-m", "Something new")
	head := mustGit(t, work, "rev-parse", "HEAD")
	for name, remote := range map[string]string{"read only": reading, "anonymous": w.URL() + "/acme/infra.git"} {
		if out, err := git(t, work, "push", remote, "HEAD:refs/heads/pushed"); err == nil {
			t.Errorf("%s could push: %s", name, out)
		}
	}
	for name, remote := range map[string]string{"without contents": nothing, "anonymous": w.URL() + "/acme/infra.git"} {
		if out, err := git(t, work, "ls-remote", remote); err == nil {
			t.Errorf("%s could read a private repository: %s", name, out)
		}
	}
	mustGit(t, work, "push", "--quiet", writing, "HEAD:refs/heads/pushed")
	if out, err := git(t, work, "push", writing, "HEAD:refs/pull/9/head"); err == nil {
		t.Errorf("refs of pull requests can be written: %s", out)
	}
	w.settle()
	pushed := w.hook.last("push")
	if pushed.payload["after"] != head || pushed.payload["ref"] != "refs/heads/pushed" {
		t.Errorf("push webhook says %v %v", pushed.payload["ref"], pushed.payload["after"])
	}
}

func TestLargePushOverHTTP(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	dir := t.TempDir()
	writing := w.remote(&github.InstallationPermissions{Contents: github.String("write")})
	mustGit(t, dir, "clone", "--quiet", writing, "work")
	work := filepath.Join(dir, "work")
	noise := make([]byte, 3<<20)
	for i, seed := 0, uint32(1); i < len(noise); i++ {
		seed = seed*1664525 + 1013904223
		noise[i] = byte(seed >> 24)
	}
	if err := os.WriteFile(filepath.Join(work, "large.bin"), noise, 0o644); err != nil {
		t.Fatal(err)
	}
	mustGit(t, work, "add", ".")
	mustGit(t, work, "commit", "--quiet", "-m", "Large")
	mustGit(t, work, "push", "--quiet", "origin", "HEAD:main")
	if got, err := w.File(infra, "main", "large.bin"); err != nil || got != string(noise) {
		t.Errorf("large file arrived with %d bytes: %v", len(got), err)
	}
}

func TestPublicRepositoryIsReadByAnyone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	if _, err := w.CreateRepository("acme", "open", githubsim.RepositoryOptions{Files: map[string]string{"a": "1"}}); err != nil {
		t.Fatal(err)
	}
	mustGit(t, t.TempDir(), "clone", "--quiet", w.URL()+"/acme/open", "work")
}
