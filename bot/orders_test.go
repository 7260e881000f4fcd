package bot

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/promote/store"
)

// records is how many lines the history of the repository has.
func (w *world) records() int { return len(w.history()) }

func (w *world) history() (records []store.Record) {
	w.t.Helper()
	err := w.store.Read(context.Background(), func(tx *store.Tx) error {
		repositories, err := tx.Repositories()
		for _, repository := range repositories {
			if err == nil {
				records, err = tx.Records(repository.ID)
			}
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return records
}

// recorded tells whether the history has a record of a kind by somebody.
func (w *world) recorded(kind, login string) bool {
	for _, record := range w.history() {
		if record.Kind == kind && record.Actor.Login == login {
			return true
		}
	}
	return false
}

// patient deploys two instances, one after the other, each when the file "go-" of its component is there.
var patient = map[string]string{
	".github/trunkline.yml": `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  parallel: 1
  engine:
    plan: diff -N "$DEPLOYED/$TRUNKLINE_COMPONENT" content || test $? = 1
    apply: |
      touch "$DEPLOYED/begun-$TRUNKLINE_COMPONENT"
      until test -e "$DEPLOYED/go-$TRUNKLINE_COMPONENT"; do sleep 0.05; done
      cp content "$DEPLOYED/$TRUNKLINE_COMPONENT"
environments:
  dev:
`,
	"environments/dev/a/content": "1\n",
	"environments/dev/b/content": "1\n",
}

// merged is a pull request that changes files of dev and is merged.
func (w *world) merged(files map[string]string) (number int) {
	w.t.Helper()
	alice, changed := w.gh.As("alice"), map[string]*string{}
	for path, text := range files {
		changed[path] = &text
	}
	if _, err := alice.Push(project, "change", "Change", changed); err != nil {
		w.t.Fatal(err)
	}
	number, err := alice.OpenPull(project, "change", "Change", "", githubsim.OpenOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	w.settle()
	if _, err := w.gh.As("bob").Merge(project, number, "merge"); err != nil {
		w.t.Fatal(err)
	}
	w.settle()
	return number
}

func (w *world) comment(login string, number int, text string) {
	w.t.Helper()
	if _, err := w.gh.As(login).Comment(project, number, text); err != nil {
		w.t.Fatal(err)
	}
}

// said tells whether some comment of ours on a pull request contains a text.
func (w *world) said(number int, text string) bool {
	w.t.Helper()
	pull, err := w.gh.Pull(project, number)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, entry := range pull.Comments(w.gh.BotLogin()) {
		if strings.Contains(entry.Body, text) {
			return true
		}
	}
	return false
}

// A deployment is stopped between two steps: what is being applied is applied to its end, and what comes after it is not
// begun. It can be tried again, and goes on with the rest.
func TestAbortOfWhatRuns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Files: patient, Private: true})
	there := func(name string) func() bool {
		return func() bool { _, err := os.Stat(filepath.Join(w.deployed, name)); return err == nil }
	}
	number := w.merged(map[string]string{"environments/dev/a/content": "2\n", "environments/dev/b/content": "2\n"})
	w.comment("alice", number, "/promote dev")
	waitFor(t, "a is being applied", there("begun-a"))
	w.comment("bob", number, "/abort dev")
	waitFor(t, "the abort is written down", func() bool { return w.recorded("abort asked", "bob") })
	for _, component := range []string{"a", "b"} {
		if err := os.WriteFile(filepath.Join(w.deployed, "go-"+component), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	w.settle()
	if !there("a")() || there("begun-b")() {
		t.Errorf("a is applied: %v; b was begun: %v", there("a")(), there("begun-b")())
	}
	if !w.recorded("aborted", "bob") || !w.recorded("abort asked", "bob") {
		t.Errorf("the history does not say so: %+v", w.history())
	}
	w.comment("carol", number, "/retry dev")
	w.settle()
	if !there("b")() || !w.said(number, "Converged") {
		t.Error("after the retry it has not converged")
	}
}

// Nobody counts for a team that we may not see; everything else goes on.
func TestTeamsThatWeMayNotSee(t *testing.T) {
	t.Parallel()
	files := maps.Clone(patient)
	files[".github/trunkline.yml"] += "    approve: [{team: acme/product}]\n"
	w := newWorld(t, githubsim.RepositoryOptions{Files: files, Private: true})
	if err := errors.Join(w.gh.SetTeam("acme/product", ""), w.gh.Join("acme/product", "dora")); err != nil {
		t.Fatal(err)
	}
	number := w.merged(map[string]string{"environments/dev/a/content": "2\n"})
	_, err := w.gh.Inject(githubsim.Fault{Operation: "apps/create-installation-access-token", Status: 422, Times: 1})
	if err != nil {
		t.Fatal(err)
	}
	w.comment("dora", number, "/approve dev")
	w.settle()
	if w.recorded("approved", "dora") {
		t.Error("an approval of somebody counts of whom nobody knows that she may")
	}
	w.comment("dora", number, "/approve dev")
	w.settle()
	if !w.recorded("approved", "dora") {
		t.Error("her approval does not count when it is known that she may")
	}
}

// What would move something and was said before an outage is to be said again; the rest is done.
func TestOldCommandsAreSaidAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Files: patient, Private: true})
	number := w.merged(map[string]string{"environments/dev/a/content": "2\n"})
	w.stop()
	for _, line := range []string{"/promote dev", "/hold dev because of an outage"} {
		w.comment("alice", number, line)
	}
	w.now.goOn(61 * time.Minute)
	w.start()
	w.settle()
	if !w.said(number, "If it is still right, say it again: `/promote dev`.") || w.recorded("asked", "alice") {
		t.Error("the old command was not refused")
	}
	if !w.recorded("held", "alice") {
		t.Error("the old hold was not put on")
	}
}
