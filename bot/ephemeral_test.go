package bot

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/logs"
	"github.com/trunkline/trunkline/promote/store"
)

// An environment of a pull request is given the secrets that are kept for such alone: none of an environment that stays,
// none that is kept for all.
func TestPreviewsGetTheirOwnSecrets(t *testing.T) {
	t.Parallel()
	kept := t.TempDir()
	for name, value := range map[string]string{"dev": "of-dev-itself", "all": "of-all-of-them", "preview": "of-previews-only"} {
		if err := os.WriteFile(filepath.Join(kept, name), []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rules := `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine:
    plan: env > "$DEPLOYED/plan"; cat content
    apply: env > "$DEPLOYED/apply"; echo "password=$DB_PASSWORD"; exit 1
    destroy: env > "$DEPLOYED/destroy"; echo "password=$DB_PASSWORD" >&2; test ! -e "$DEPLOYED/keep"
environments:
  dev: {secrets: [DEV_PASSWORD]}
preview: {from: dev, isolated: true, secrets: [DB_PASSWORD]}
`
	w := newWorldOf(t, githubsim.RepositoryOptions{Files: map[string]string{".github/trunkline.yml": rules, "environments/dev/app/content": "1\n"}},
		setup{operator: func(_ *world, settings *config.Operator) {
			settings.Secrets = config.SecretSources{project: {
				"dev":      {"DEV_PASSWORD": {File: filepath.Join(kept, "dev")}},
				config.Any: {"DB_PASSWORD": {File: filepath.Join(kept, "all")}},
			}}
		}})
	alice, content := w.gh.As("alice"), "2\n"
	if _, err := alice.Push(project, "change", "Change", map[string]*string{"environments/dev/app/content": &content}); err != nil {
		t.Fatal(err)
	}
	number, err := alice.OpenPull(project, "change", "Change", "", githubsim.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.settle()
	says := func(command string) string {
		t.Helper()
		if _, err := alice.Comment(project, number, command); err != nil {
			t.Fatal(err)
		}
		w.settle()
		pull, err := w.gh.Pull(project, number)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range pull.Comments(w.gh.BotLogin()) {
			if strings.Contains(entry.Body, "of-") && (strings.Contains(entry.Body, "of-previews-only") || strings.Contains(entry.Body, "of-dev-itself")) {
				t.Errorf("a secret is shown: %s", entry.Body)
			}
			if strings.Contains(entry.Body, "<!-- trunkline: environment 1 -->") {
				return entry.Body
			}
		}
		return ""
	}
	if said := says("/preview"); !strings.Contains(said, "The secret DB_PASSWORD of preview cannot be read") {
		t.Errorf("without a secret of previews: %s", said)
	}
	w.stop()
	w.operator = func(_ *world, settings *config.Operator) {
		settings.Secrets = config.SecretSources{project: {
			"dev":                 {"DEV_PASSWORD": {File: filepath.Join(kept, "dev")}},
			config.PreviewSecrets: {"DB_PASSWORD": {File: filepath.Join(kept, "preview")}},
			config.Any:            {"DB_PASSWORD": {File: filepath.Join(kept, "all")}},
		}}
	}
	w.start()
	if said := says("/preview"); !strings.Contains(said, "could not be brought") || !strings.Contains(said, "password=") {
		t.Errorf("an apply that fails: %s", said)
	}
	if err := os.WriteFile(filepath.Join(w.deployed, "keep"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if said := says("/preview off"); !strings.Contains(said, "could not be destroyed") {
		t.Errorf("a destroy that fails: %s", said)
	}
	if err := os.Remove(filepath.Join(w.deployed, "keep")); err != nil {
		t.Fatal(err)
	}
	if said := says("/preview off"); !strings.Contains(said, "is gone") {
		t.Errorf("at the second try: %s", said)
	}
	steps, err := w.bot.logs.Steps(logs.Key{Repository: w.repositoryID(), Environment: "pr-1"})
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	var text strings.Builder
	for _, step := range steps {
		said = append(said, step.Name+" "+string(step.Result))
	}
	if err := (&logs.Printer{To: &text}).Print(steps); err != nil || strings.Contains(text.String(), "of-previews-only") || !strings.Contains(text.String(), "password=") {
		t.Errorf("the log is %v:\n%s", err, text.String())
	}
	if want := []string{"plan pr-1/dev/app ok", "apply pr-1/dev/app failed", "destroy pr-1/dev/app failed", "destroy pr-1/dev/app ok"}; !slices.Equal(said, want) {
		t.Errorf("the log has %q, want %q", said, want)
	}
	for _, step := range []string{"plan", "apply", "destroy"} {
		given, err := w.read(step)
		if err != nil {
			t.Fatal(err)
		}
		if step == "plan" {
			continue // of the preview too, which gets none
		}
		if !strings.Contains(given, "DB_PASSWORD=of-previews-only") || strings.Contains(given, "of-dev-itself") || strings.Contains(given, "of-all") {
			t.Errorf("%s was given %s", step, given)
		}
	}
}

// Nobody tells that the pull request was closed; its environment goes all the same, within an hour.
func TestPreviewOfAPullRequestThatWasClosedInSilence(t *testing.T) {
	t.Parallel()
	rules := `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine: {plan: cat content, apply: touch $DEPLOYED/$TRUNKLINE_WORKSPACE, destroy: rm -f $DEPLOYED/$TRUNKLINE_WORKSPACE}
environments: {dev: {}}
preview: {from: dev, isolated: true}
`
	w := newWorld(t, githubsim.RepositoryOptions{Files: map[string]string{".github/trunkline.yml": rules, "environments/dev/app/content": "1\n"}})
	alice, content := w.gh.As("alice"), "2\n"
	if _, err := alice.Push(project, "change", "Change", map[string]*string{"environments/dev/app/content": &content}); err != nil {
		t.Fatal(err)
	}
	number, err := alice.OpenPull(project, "change", "Change", "", githubsim.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := alice.Comment(project, number, "/preview"); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if _, err := w.read("pr-1"); err != nil {
		t.Fatal(err)
	}
	w.gh.Disturb(func(webhook githubsim.Webhook) githubsim.Fate {
		return githubsim.Fate{Drop: webhook.Event == "pull_request"}
	})
	if err := alice.Close(project, number); err != nil {
		t.Fatal(err)
	}
	w.passes(time.Hour)
	w.settle()
	if _, err := w.read("pr-1"); err == nil {
		t.Error("it is still there")
	}
}

// A pull request that is closed while its environment is made: what was begun ends, nothing more begins, and all of it goes.
func TestPreviewThatIsClosedWhileItIsMade(t *testing.T) {
	t.Parallel()
	rules := `
version: 1
stacks:
  layout: list
  parallel: 1
  engine:
    plan: cat content
    apply: |
      touch "$DEPLOYED/began-$TRUNKLINE_COMPONENT"
      while test -e "$DEPLOYED/slow"; do sleep 0.02; done
      touch "$DEPLOYED/$TRUNKLINE_WORKSPACE-$TRUNKLINE_COMPONENT"
    destroy: rm -f "$DEPLOYED/$TRUNKLINE_WORKSPACE-$TRUNKLINE_COMPONENT"; echo "$TRUNKLINE_COMPONENT" >> "$DEPLOYED/destroyed"
  instances:
    - {environment: dev, path: live, component: first}
    - {environment: dev, path: live, component: second, depends_on: [first]}
environments: {dev: {}}
preview: {from: dev, isolated: true}
`
	w := newWorld(t, githubsim.RepositoryOptions{Files: map[string]string{".github/trunkline.yml": rules, "live/content": "1\n"}})
	slow := filepath.Join(w.deployed, "slow")
	if err := os.WriteFile(slow, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	alice, content := w.gh.As("alice"), "2\n"
	if _, err := alice.Push(project, "change", "Change", map[string]*string{"live/content": &content}); err != nil {
		t.Fatal(err)
	}
	number, err := alice.OpenPull(project, "change", "Change", "", githubsim.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.settle()
	if _, err := alice.Comment(project, number, "/preview"); err != nil {
		t.Fatal(err)
	}
	comesTrue(t, "something is begun", func() bool {
		_, err := w.read("began-first")
		return err == nil
	})
	if err := alice.Close(project, number); err != nil {
		t.Fatal(err)
	}
	if err := w.gh.Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	comesTrue(t, "the close is known", func() bool {
		var pull store.PullRequest
		err := w.store.Read(t.Context(), func(tx *store.Tx) error {
			repositories, err := tx.Repositories()
			if err == nil {
				pull, _, err = tx.FindPull(repositories[0].ID, number)
			}
			return err
		})
		return err == nil && pull.Phase == store.PullClosed
	})
	if err := os.Remove(slow); err != nil {
		t.Fatal(err)
	}
	w.settle()
	if _, err := w.read("began-second"); err == nil {
		t.Error("something was begun after the close")
	}
	if destroyed, err := w.read("destroyed"); err != nil || destroyed != "first\n" {
		t.Errorf("destroyed %q (%v)", destroyed, err)
	}
	if _, err := w.read("pr-1-first"); err == nil {
		t.Error("it is still there")
	}
}

// comesTrue waits until something has happened while the bot is at work.
func comesTrue(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !happened(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// However long it fails: it is tried at least every six hours, and ever less often.
func TestDestroyAgain(t *testing.T) {
	t.Parallel()
	last, day := time.Duration(0), time.Duration(0)
	for tries := range 1000 {
		next := destroyAgain(tries)
		if next < last || next < time.Minute || next > 6*time.Hour {
			t.Fatalf("after %d tries it is tried again after %s, before it was %s", tries, next, last)
		}
		if last = next; next <= time.Hour {
			day += next
		}
	}
	if day < 24*time.Hour || day > 30*time.Hour || last != 6*time.Hour {
		t.Errorf("it is tried every hour for %s, and at last every %s", day, last)
	}
}
