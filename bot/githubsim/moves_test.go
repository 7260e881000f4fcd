package githubsim_test

import (
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// Former names lead to a repository, for the API and for Git, until another one
// takes the name.
func TestRenamedRepository(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	w.pullRequest("topic", map[string]string{"stacks/dev/a.txt": "2\n"})
	client, carol := w.client(), w.As("carol")
	remote := w.remote(&github.InstallationPermissions{Contents: github.String("read")})
	if err := w.alice.Rename(infra, "platform"); err == nil {
		t.Error("somebody without the right renamed the repository")
	}
	must(t, carol.Rename(infra, "platform"))
	w.settle()
	if told := w.hook.last("repository"); told.action != "renamed" {
		t.Errorf("the App was told %v", w.hook.names())
	}
	found, _, err := client.Repositories.Get(t.Context(), "acme", "infra")
	if err != nil || found.GetFullName() != "acme/platform" {
		t.Errorf("by its former name: %v, %v", found.GetFullName(), err)
	}
	said, _, err := client.Issues.CreateComment(t.Context(), "acme", "infra", 1, &github.IssueComment{Body: github.String("hello")})
	if err != nil || said.GetBody() != "hello" {
		t.Errorf("a comment by its former name: %v, %v", said, err)
	}
	mustGit(t, t.TempDir(), "clone", "--quiet", remote, "work")
	_, err = w.CreateRepository("acme", "infra", githubsim.RepositoryOptions{Private: true, Files: map[string]string{"a": "b"}})
	must(t, err)
	if _, _, err := client.Repositories.Get(t.Context(), "acme", "infra"); err == nil {
		t.Error("the name of another repository leads to the renamed one")
	}
	if _, err := git(t, t.TempDir(), "clone", "--quiet", remote, "work"); err == nil {
		t.Error("Git reads another repository with a token for the renamed one")
	}
	if err := carol.Rename("acme/platform", "infra"); err == nil {
		t.Error("two repositories have the same name")
	}
}

func TestTransferredRepository(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	client, carol := w.client(), w.As("carol")
	_, err := w.CreateRepository("globex", "other", githubsim.RepositoryOptions{Private: true, Files: map[string]string{"a": "b"}})
	must(t, err)
	_, err = w.Install("globex", "other")
	must(t, err, carol.Transfer(infra, "globex"))
	w.settle()
	if told := w.hook.last("repository"); told.action != "transferred" {
		t.Errorf("the App was told %v", w.hook.names())
	}
	if told := w.hook.last("installation_repositories"); told.action != "added" {
		t.Errorf("the App was told %v", w.hook.names())
	}
	if _, _, err := client.Repositories.Get(t.Context(), "globex", "infra"); err == nil {
		t.Error("a token of the former owner's installation still reaches the repository")
	}
	// To an owner without the App.
	must(t, carol.Transfer("globex/infra", "initech"))
	w.settle()
	if told := w.hook.last("installation_repositories"); told.action != "removed" {
		t.Errorf("the App was told %v", w.hook.names())
	}
}

func TestDefaultBranch(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	number := w.pullRequest("topic", map[string]string{"stacks/dev/a.txt": "2\n"})
	carol := w.As("carol")
	must(t, carol.RenameBranch(infra, "main", "trunk"))
	w.settle()
	repository, err := w.Repository(infra)
	if err != nil || repository.DefaultBranch != "trunk" || repository.Branches["main"] != "" || repository.Branches["trunk"] == "" {
		t.Errorf("after the rename: %+v, %v", repository, err)
	}
	pull, err := w.Pull(infra, number)
	if err != nil || pull.Base != "trunk" || pull.State != "open" {
		t.Errorf("the pull request goes into %s and is %s, %v", pull.Base, pull.State, err)
	}
	if told := w.hook.last("repository"); told.action != "edited" {
		t.Errorf("the App was told %v", w.hook.names())
	}
	if err := carol.RenameBranch(infra, "nothing", "main"); err == nil {
		t.Error("a branch that is not there was renamed")
	}
	must(t, carol.SetDefaultBranch(infra, "topic"))
	if err := carol.SetDefaultBranch(infra, "nothing"); err == nil {
		t.Error("a branch that is not there is the default one")
	}
}

// A pull request on top of another goes where that one was merged when its branch
// is deleted, and is closed where it was not.
func TestStackedPulls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	first := w.pullRequest("topic", map[string]string{"stacks/dev/a.txt": "2\n"})
	text := "3\n"
	var onTop []int
	for _, base := range []string{"topic", "other"} {
		if base == "other" {
			_, err := w.alice.Push(infra, base, "other", map[string]*string{"other.txt": &text})
			must(t, err)
		}
		_, err := w.alice.Push(infra, base+"2", "more", map[string]*string{base + "2.txt": &text})
		must(t, err)
		number, err := w.alice.OpenPull(infra, base+"2", "more", "", githubsim.OpenOptions{Base: base})
		must(t, err)
		onTop = append(onTop, number)
	}
	_, err := w.alice.Merge(infra, first, "squash")
	must(t, err, w.alice.DeleteBranch(infra, "topic"), w.alice.DeleteBranch(infra, "other"))
	for i, want := range []string{"main open", "other closed"} {
		pull, err := w.Pull(infra, onTop[i])
		if err != nil || pull.Base+" "+pull.State != want {
			t.Errorf("#%d goes into %s and is %s, %v; want %s", onTop[i], pull.Base, pull.State, err, want)
		}
	}
	w.settle()
}

func TestSuspension(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	if _, _, err := client.Repositories.Get(t.Context(), "acme", "infra"); err != nil {
		t.Fatal(err)
	}
	must(t, w.Suspend("acme"))
	if _, _, err := client.Repositories.Get(t.Context(), "acme", "infra"); err == nil {
		t.Error("a token of a suspended installation is good")
	}
	if _, response, err := w.asApp().Apps.CreateInstallationToken(t.Context(), w.installation, nil); err == nil || response.StatusCode != 403 {
		t.Errorf("a suspended installation got a token: %v", err)
	}
	if found, _, err := w.asApp().Apps.GetInstallation(t.Context(), w.installation); err != nil || found.SuspendedAt == nil {
		t.Errorf("the installation does not say that it is suspended: %v, %v", found, err)
	}
	text := "2\n"
	_, err := w.alice.Push(infra, "main", "unheard", map[string]*string{"README.md": &text})
	must(t, err)
	w.settle()
	if names := w.hook.last("push"); names.event != "" {
		t.Error("a suspended installation was told of a push")
	}
	must(t, w.Unsuspend("acme"))
	w.settle()
	if told := w.hook.last("installation"); told.action != "unsuspend" {
		t.Errorf("the App was told %v", w.hook.names())
	}
	if _, _, err := w.asApp().Apps.CreateInstallationToken(t.Context(), w.installation, nil); err != nil {
		t.Errorf("no token after the suspension: %v", err)
	}
}
