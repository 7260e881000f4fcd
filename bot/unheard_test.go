package bot

import (
	"strings"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// A command on a pull request that no delivery has told of is answered for what the pull request is.
func TestCommandOnAnUnheardPullRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Files: slow})
	alice, content := w.gh.As("alice"), "second\n"
	w.gh.Disturb(func(webhook githubsim.Webhook) githubsim.Fate {
		return githubsim.Fate{Drop: webhook.Event == "pull_request"}
	})
	if _, err := alice.Push(project, "change", "Change", map[string]*string{"environments/dev/app/content": &content}); err != nil {
		t.Fatal(err)
	}
	number, err := alice.OpenPull(project, "change", "Change", "", githubsim.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.settle()
	if _, err := alice.Comment(project, number, "/plan"); err != nil {
		t.Fatal(err)
	}
	w.settle()
	pull, err := w.gh.Pull(project, number)
	if err != nil {
		t.Fatal(err)
	}
	if said := pull.Comments(w.gh.BotLogin()); len(said) != 1 || !strings.Contains(said[0].Body, "Merging changes dev") {
		t.Errorf("got %+v; want the preview", said)
	}
}

// A token that GitHub does not take any more is not used for the rest of its hour.
func TestRevokedToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Files: slow})
	alice := w.gh.As("alice")
	tokens := func() (made int) {
		for _, call := range w.gh.Calls() {
			if call.Operation == "apps/create-installation-access-token" {
				made++
			}
		}
		return made
	}
	open := func(branch string) int {
		content := branch + "\n"
		if _, err := alice.Push(project, branch, "Change", map[string]*string{"environments/dev/app/content": &content}); err != nil {
			t.Fatal(err)
		}
		number, err := alice.OpenPull(project, branch, "Change", "", githubsim.OpenOptions{})
		if err != nil {
			t.Fatal(err)
		}
		w.settle()
		return number
	}
	open("first")
	before := tokens()
	open("second")
	if made := tokens() - before; made != 0 {
		t.Errorf("the second pull request needed %d more tokens", made)
	}
	if _, err := w.gh.Inject(githubsim.Fault{Operation: "checks/create", Status: 401, Times: 1}); err != nil {
		t.Fatal(err)
	}
	before = tokens()
	number := open("third")
	if made := tokens() - before; made != 1 {
		t.Errorf("after one was refused %d tokens were made, want 1", made)
	}
	pull, err := w.gh.Pull(project, number)
	if err != nil {
		t.Fatal(err)
	}
	if len(pull.Checks) != 1 || pull.Checks[0].Conclusion != "success" {
		t.Errorf("the check runs are %+v", pull.Checks)
	}
}
