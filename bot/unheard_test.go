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
