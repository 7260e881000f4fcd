package bot

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// oneEnvironment is a repository with dev, which moves by itself, and prod, which is promoted.
func oneEnvironment() map[string]string {
	files := threeEnvironments("environments:\n  dev: {promote: auto}\n  prod: {after: [dev], promote: manual}\n")
	for path := range files {
		if strings.HasPrefix(path, "environments/") && !strings.Contains(path, "component0") || strings.Contains(path, "staging") {
			delete(files, path)
		}
	}
	return files
}

// pushes changes dev and prod on a branch.
func (w *world) pushes(repository, branch, text string) {
	w.t.Helper()
	changes := map[string]*string{"environments/dev/component0/content": &text, "environments/prod/component0/content": &text}
	must(w.t, second(w.gh.As("alice").Push(repository, branch, "Change to "+text, changes)))
}

// runsIn asks what runs in an environment.
func (w *world) runsIn(environment, want string) {
	w.t.Helper()
	if runs, err := w.read(environment + "-component0"); err != nil || runs != want {
		w.t.Errorf("%s runs %q, %v; want %q", environment, runs, err, want)
	}
}

// saidIn is all that the bot says on a pull request of a repository.
func (w *world) saidIn(repository string, number int) (all string) {
	w.t.Helper()
	pull, err := w.gh.Pull(repository, number)
	must(w.t, err)
	for _, entry := range pull.Comments(w.gh.BotLogin()) {
		all += entry.Body + "\n\n"
	}
	return all
}

// A repository that is renamed stays the same one: what is open is shown there, what is merged is deployed, and a delivery
// that comes late does not bring the former name back, which another repository has by then.
func TestRenamedRepository(t *testing.T) {
	t.Parallel()
	for _, told := range []bool{true, false} {
		t.Run(fmt.Sprintf("told=%v", told), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubsim.RepositoryOptions{Files: oneEnvironment(), Private: true})
			w.pushes(project, "change", "second")
			must(t, second(w.gh.As("alice").OpenPull(project, "change", "Change", "", githubsim.OpenOptions{})))
			w.settle()
			lost := w.lose("pull_request")
			must(t, w.gh.As("alice").EditPull(project, 1, "Change", "more words"))
			w.now.goOn(time.Minute)
			if told {
				w.lose("")
			} else {
				w.lose("repository")
			}
			must(t, w.gh.As("carol").Rename(project, "platform"))
			_, err := w.gh.CreateRepository("acme", "infrastructure", githubsim.RepositoryOptions{Private: true, Files: map[string]string{"a": "b\n"}})
			must(t, err)
			w.late(*lost...)
			must(t, second(w.gh.As("bob").Merge("acme/platform", 1, "squash")))
			w.settle()
			w.runsIn("dev", "second")
			if text := w.saidIn("acme/platform", 1); !strings.Contains(text, "runs in dev") {
				t.Errorf("the pull request says:\n%s", text)
			}
			must(t, second(w.gh.As("alice").Comment("acme/platform", 1, "/promote prod")))
			w.settle()
			w.runsIn("prod", "second")
		})
	}
}

// lose loses all deliveries of an event from now on, for good; they are kept for [world.late]. An empty event loses none.
func (w *world) lose(event string) (lost *[]githubsim.Webhook) {
	lost = &[]githubsim.Webhook{}
	w.gh.Disturb(func(hook githubsim.Webhook) githubsim.Fate {
		if hook.Event != event {
			return githubsim.Fate{}
		}
		*lost = append(*lost, hook)
		return githubsim.Fate{Drop: true}
	})
	return lost
}

// late delivers what was lost, as it was when it was lost.
func (w *world) late(hooks ...githubsim.Webhook) {
	w.t.Helper()
	w.settle()
	for _, hook := range hooks {
		request, err := http.NewRequest(http.MethodPost, w.server.URL+HookPath, bytes.NewReader(hook.Payload))
		must(w.t, err)
		mac := hmac.New(sha256.New, []byte(w.gh.WebhookSecret()))
		mac.Write(hook.Payload)
		request.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
		request.Header.Set("X-GitHub-Event", hook.Event)
		request.Header.Set("X-GitHub-Delivery", hook.GUID)
		request.Header.Set("Content-Type", "application/json")
		response, err := http.DefaultClient.Do(request)
		must(w.t, err)
		response.Body.Close()
		if response.StatusCode/100 != 2 {
			w.t.Fatalf("a late delivery of %s is answered with %s", hook.Event, response.Status)
		}
	}
	w.settle()
}

// A default branch that is renamed is followed, whether or not GitHub told, and what was told before it comes late.
func TestRenamedTrunk(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	for _, told := range []bool{true, false} {
		t.Run(fmt.Sprintf("told=%v", told), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubsim.RepositoryOptions{Files: oneEnvironment(), Private: true})
			alice, bob := w.gh.As("alice"), w.gh.As("bob")
			w.pushes(project, "change", "second")
			must(t, second(alice.OpenPull(project, "change", "Change", "", githubsim.OpenOptions{})))
			must(t, second(alice.Push(project, "merged", "Add", map[string]*string{"environments/dev/component1/content": new("first")})))
			must(t, second(alice.OpenPull(project, "merged", "Merged before", "", githubsim.OpenOptions{})))
			w.settle()
			// Nothing is heard of the merge until the branch has its new name.
			lost := w.lose("pull_request")
			must(t, second(bob.Merge(project, 2, "squash")))
			pulls := *lost
			w.settle()
			w.now.goOn(time.Minute)
			if told {
				w.lose("")
			} else {
				w.lose("repository")
			}
			must(t, w.gh.As("carol").RenameBranch(project, "main", "trunk"))
			w.late(pulls...)
			if runs, err := w.read("dev-component1"); err != nil || runs != "first" {
				t.Errorf("dev runs %q, %v", runs, err)
			}
			if text := w.saidIn(project, 2); !strings.Contains(text, "runs in dev") {
				t.Errorf("#2 says:\n%s", text)
			}
			w.pushes(project, "change", "third")
			w.settle()
			must(t, second(bob.Merge(project, 1, "squash")))
			w.settle()
			w.runsIn("dev", "third")
			if text := w.saidIn(project, 1); !strings.Contains(text, "runs in dev") || !strings.Contains(text, "What is still to go") {
				t.Errorf("#1 says:\n%s", text)
			}
		})
	}
}

// A repository that goes to another owner goes on there with that owner's installation, in whatever order GitHub tells of it;
// where the new owner does not have the App, nothing is done with it any more.
func TestTransferredRepository(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"as told", "removed last"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubsim.RepositoryOptions{Files: oneEnvironment(), Private: true})
			_, err := w.gh.CreateRepository("globex", "other", githubsim.RepositoryOptions{Private: true, Files: map[string]string{"a": "b\n"}})
			must(t, err)
			must(t, second(w.gh.Install("globex", "other")))
			w.pushes(project, "change", "second")
			must(t, second(w.gh.As("alice").OpenPull(project, "change", "Change", "", githubsim.OpenOptions{})))
			w.settle()
			w.now.goOn(time.Minute)
			var removed []githubsim.Webhook
			w.gh.Disturb(func(hook githubsim.Webhook) githubsim.Fate {
				if order == "removed last" && hook.Action == "removed" {
					removed = append(removed, hook)
					return githubsim.Fate{Drop: true}
				}
				return githubsim.Fate{}
			})
			must(t, w.gh.As("carol").Transfer(project, "globex"))
			w.late(removed...)
			must(t, second(w.gh.As("bob").Merge("globex/infrastructure", 1, "squash")))
			w.settle()
			w.runsIn("dev", "second")
			must(t, second(w.gh.As("alice").Comment("globex/infrastructure", 1, "/promote prod")))
			w.settle()
			w.runsIn("prod", "second")
			// Then to somebody who does not have the App.
			must(t, w.gh.As("carol").Transfer("globex/infrastructure", "initech"))
			w.late(removed...)
			before := len(w.gh.Calls())
			w.pushes("initech/infrastructure", "main", "third")
			w.passes(time.Hour)
			w.settle()
			w.runsIn("dev", "second")
			if calls := callsBut(w.gh.Calls()[before:], "apps/list-webhook-deliveries"); len(calls) > 0 {
				t.Errorf("after it was lost the bot asks %v", calls)
			}
		})
	}
}

// callsBut are the operations of calls, without one.
func callsBut(calls []githubsim.Call, without string) (operations []string) {
	for _, call := range calls {
		if call.Operation != without {
			operations = append(operations, call.Operation)
		}
	}
	return operations
}

// While an installation is suspended nothing is applied and nothing is asked in its repositories, nothing of that keeps
// another installation from going on, and afterwards all is taken up, also where GitHub tells in the wrong order.
func TestSuspendedInstallation(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"as told", "backwards"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			files := oneEnvironment()
			files[".github/trunkline.yml"] = strings.Replace(files[".github/trunkline.yml"], "after: [dev], promote: manual", "after: [dev], promote: auto, soak: 30m", 1)
			w := newWorld(t, githubsim.RepositoryOptions{Files: files, Private: true})
			w.another(t, "globex")
			w.pushes(project, "main", "second")
			w.settle()
			w.runsIn("dev", "second")
			lost := w.lose("installation")
			must(t, w.gh.Suspend("acme"))
			if order == "as told" {
				w.late(*lost...)
			}
			before := len(w.gh.Calls())
			w.passes(time.Hour)
			if _, err := w.read("prod-component0"); order == "as told" && err == nil {
				t.Error("prod was deployed while the App was suspended")
			}
			must(t, second(w.gh.As("alice").Push("globex/shop", "main", "Change", map[string]*string{"environments/dev/shop/content": new("second")})))
			w.settle()
			if runs, err := w.read("dev-shop"); err != nil || runs != "second" {
				t.Errorf("the other installation runs %q, %v", runs, err)
			}
			refused := 0
			for _, call := range w.gh.Calls()[before:] {
				if call.Status == http.StatusForbidden {
					refused++
				}
			}
			if refused > 1 {
				t.Errorf("the bot asked %d times for what a suspended installation does not give", refused)
			}
			must(t, w.gh.Unsuspend("acme"))
			hooks := *lost
			if order == "backwards" {
				slices.Reverse(hooks)
			}
			w.late(hooks...)
			w.passes(time.Minute)
			w.runsIn("prod", "second")
		})
	}
}

// another makes a repository of another owner with the App on it, which moves dev by itself.
func (w *world) another(t *testing.T, owner string) {
	t.Helper()
	files := map[string]string{".github/trunkline.yml": threeEnvironments("environments:\n  dev: {promote: auto}\n")[".github/trunkline.yml"],
		"environments/dev/shop/content": "first\n"}
	for path, text := range files {
		files[path] = w.placed(text)
	}
	_, err := w.gh.CreateRepository(owner, "shop", githubsim.RepositoryOptions{Private: true, Files: files,
		Collaborators: map[string]string{"alice": "write"}})
	must(t, err)
	must(t, second(w.gh.Install(owner, "shop")))
	w.settle()
}
