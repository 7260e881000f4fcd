package bot

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// slow is a repository whose plans hang where the content says so, after they have written down their process and a
// child of it.
var slow = map[string]string{
	".github/trunkline.yml": `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine:
    plan: |
      env > "$DEPLOYED/env"
      if grep -q slow content; then
        sleep 600 & echo "$! $$" > "$DEPLOYED/$(cat content)"
        wait
      fi
      cat content
    apply: "true"
environments:
  dev:
`,
	"environments/dev/app/content": "first\n",
}

// waitFor waits until something outside the bot has happened.
func waitFor(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// ended tells whether all processes that a plan wrote down are gone.
func (w *world) ended(content string) bool {
	text, err := os.ReadFile(filepath.Join(w.deployed, content))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, field := range strings.Fields(string(text)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			w.t.Fatal(err)
		}
		// What nobody waits for any more stays in the table as a zombie until the host's init takes it.
		stat, _ := os.ReadFile("/proc/" + field + "/stat")
		if !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) && !strings.Contains(string(stat), ") Z ") {
			return false
		}
	}
	return true
}

func (w *world) planning(content string) {
	w.t.Helper()
	waitFor(w.t, content+" is being planned", func() bool {
		text, err := os.ReadFile(filepath.Join(w.deployed, content))
		return err == nil && len(strings.Fields(string(text))) == 2
	})
}

func TestNewerPushAndCloseCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Files: slow})
	alice := w.gh.As("alice")
	push := func(content string) string {
		t.Helper()
		sha, err := alice.Push(project, "change", "Change", map[string]*string{"environments/dev/app/content": &content})
		if err != nil {
			t.Fatal(err)
		}
		return sha
	}
	first := push("slow-1")
	number, err := alice.OpenPull(project, "change", "Change", "", githubsim.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.planning("slow-1")
	push("slow-2")
	w.planning("slow-2")
	if !w.ended("slow-1") {
		t.Error("processes of the older preview are still there")
	}
	if err := alice.Close(project, number); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if !w.ended("slow-2") {
		t.Error("processes of a closed pull request are still there")
	}
	pull, err := w.gh.Pull(project, number)
	if err != nil {
		t.Fatal(err)
	}
	older, err := w.gh.Checks(project, first)
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range append(older, pull.Checks...) {
		if check.Conclusion != "cancelled" {
			t.Errorf("the check run of %s is %s %s; want it cancelled", check.SHA, check.Status, check.Conclusion)
		}
	}
	if comments := pull.Comments(w.gh.BotLogin()); len(comments) != 1 || !strings.Contains(comments[0].Body, "ancelled") {
		t.Errorf("got the comments %+v; want one that says it was cancelled", comments)
	}
}

// Engines see nothing of the App's secrets and nothing of the host but what is on the list.
func TestEnginesSeeNoSecrets(t *testing.T) {
	t.Setenv("GITHUB_APP_PRIVATE_KEY", "the App's own")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "the host's own")
	w := newWorld(t, githubsim.RepositoryOptions{Files: slow})
	alice, content := w.gh.As("alice"), "second\n"
	if _, err := alice.Push(project, "change", "Change", map[string]*string{"environments/dev/app/content": &content}); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.OpenPull(project, "change", "Change", "", githubsim.OpenOptions{}); err != nil {
		t.Fatal(err)
	}
	w.settle()
	text, err := os.ReadFile(filepath.Join(w.deployed, "env"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		name, value, _ := strings.Cut(line, "=")
		switch {
		case strings.HasPrefix(name, "GITHUB_"), strings.HasPrefix(name, "AWS_"), strings.Contains(value, w.gh.WebhookSecret()), strings.Contains(value, "ghs_"):
			t.Errorf("an engine sees %s", line)
		case name == "HOME" && !strings.HasPrefix(value, w.data):
			t.Errorf("an engine's HOME is %s", value)
		}
	}
}
