package bot

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// approving is a repository in which somebody has to approve.
var approving = withRules(`
  dev:
  prod:
    approve: [{user: carol}]
`)

// withRules is a repository with these environments, whose engine copies files.
func withRules(environments string) map[string]string {
	files := map[string]string{}
	for path, text := range copying {
		files[path] = text
	}
	before, _, _ := strings.Cut(files[".github/trunkline.yml"], "environments:\n")
	files[".github/trunkline.yml"] = before + "environments:" + environments
	return files
}

// state is all that the bot knows of the repository.
func (w *world) state() (state promote.State) {
	w.t.Helper()
	err := w.store.Read(context.Background(), func(tx *store.Tx) (err error) {
		state, err = tx.State(w.repositoryID())
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return state
}

func (w *world) repositoryID() int64 {
	w.t.Helper()
	repository, err := w.gh.Repository(project)
	if err != nil {
		w.t.Fatal(err)
	}
	return repository.ID
}

// try ends the test where an error is one.
func (w *world) try(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// newest commit of trunk, as the bot knows it.
func (w *world) newest() promote.Commit {
	trunk := w.state().Trunk
	return trunk[len(trunk)-1]
}

func (w *world) person(login string) promote.Person {
	return promote.Person{ID: w.gh.AddPerson(login), Login: login}
}

// Everyone who wrote a part of a pull request is known by id, and who merged it, however it is merged and whatever is told of it
// in which order.
func TestWhoWroteAndMerged(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	for _, test := range []struct {
		name, method string
		fate         func(githubsim.Webhook) githubsim.Fate
	}{
		{"merged", "merge", nil},
		{"squashed", "squash", nil},
		{"rebased", "rebase", nil},
		{"nothing is told of the merge", "squash", func(w githubsim.Webhook) githubsim.Fate {
			return githubsim.Fate{Drop: w.Event == "pull_request" && w.Action == "closed"}
		}},
		{"the push is told of first", "squash", func(w githubsim.Webhook) githubsim.Fate {
			if w.Event == "pull_request" && w.Action == "closed" {
				return githubsim.Fate{Behind: 1}
			}
			return githubsim.Fate{}
		}},
		{"nothing is told of pull requests", "merge", func(w githubsim.Webhook) githubsim.Fate { return githubsim.Fate{Drop: w.Event == "pull_request"} }},
		{"nothing is told of the push", "merge", func(w githubsim.Webhook) githubsim.Fate { return githubsim.Fate{Drop: w.Event == "push"} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubsim.RepositoryOptions{Private: true, Files: approving})
			if test.fate != nil {
				w.gh.Disturb(test.fate)
			}
			erin := w.person("erin")
			message := fmt.Sprintf("Move on\n\nCo-authored-by: Somebody <%d+erin@users.noreply.github.com>\nco-authored-by: Frank <frank@elsewhere.example>\n"+
				"Co-Authored-By: alice <%d+alice@users.noreply.github.com>", erin.ID, w.person("alice").ID)
			_, err := w.gh.As("alice").Push(project, "change", message, contents("2\n"))
			w.try(err)
			number, err := w.gh.As("alice").OpenPull(project, "change", "Change all", "", githubsim.OpenOptions{})
			w.try(err)
			_, err = w.gh.As("bob").Push(project, "change", "Help", contents("3\n"))
			w.try(err)
			w.settle()
			_, err = w.gh.As("carol").Merge(project, number, test.method)
			w.try(err)
			w.settle()
			for _, commit := range w.state().Trunk[1:] {
				others := map[promote.Person]bool{}
				for _, other := range commit.CoAuthors {
					others[other] = true
				}
				want := map[promote.Person]bool{w.person("bob"): true, erin: true, {Login: "Frank"}: true}
				if diff := cmp.Diff(want, others); diff != "" {
					t.Errorf("co-authors of %s (-want +got):\n%s", commit.Title, diff)
				}
				if commit.Pull != number || commit.Author != w.person("alice") || commit.Merger != w.person("carol") {
					t.Errorf("the commit is %+v; want #%d by alice, merged by carol", commit, number)
				}
				if want := []string{"environments/dev/app/content", "environments/prod/app/content", "environments/staging/app/content"}; !slices.Equal(commit.Paths, want) {
					t.Errorf("it changes %v", commit.Paths)
				}
			}
		})
	}
}

// What is pushed to trunk without a pull request is the pusher's as well as the author's.
func TestWhoPushed(t *testing.T) {
	t.Parallel()
	for _, lost := range []bool{false, true} {
		t.Run(fmt.Sprintf("told of %t", !lost), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubsim.RepositoryOptions{Private: true, Files: approving})
			_, err := w.gh.As("alice").Push(project, "change", "Change", contents("2\n"))
			w.try(err)
			repository, err := w.gh.Repository(project)
			w.try(err)
			w.gh.Disturb(func(webhook githubsim.Webhook) githubsim.Fate {
				return githubsim.Fate{Drop: lost && webhook.Event == "push"}
			})
			// Bob puts alice's commit on trunk.
			w.try(w.gh.As("bob").ResetBranch(project, "main", repository.Branches["change"]))
			w.settle()
			want := w.person("bob")
			if lost {
				w.try(w.store.Write(context.Background(), func(tx *store.Tx) error {
					return tx.Nudge(store.Nudge{Topic: store.Trunk, Repository: w.repositoryID()})
				}))
				w.settle()
				want = w.person("alice") // Git knows nobody else
			}
			if commit := w.newest(); commit.Author != w.person("alice") || commit.Merger != want || commit.Pull != 0 {
				t.Errorf("the commit is %+v; want it by alice, put there by %s", commit, want.Login)
			}
		})
	}
}

// Rules for approving that come later ask about what was merged before as well, and nothing is asked where nobody approves.
func TestWhoWroteBeforeSomebodyApproves(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Private: true, Files: withRules("\n  dev:\n  prod:\n")})
	bob := w.gh.As("bob")
	_, err := bob.Push(project, "main", "Change", contents("2\n"))
	w.try(err)
	w.settle()
	asked := func() (count int) {
		for _, call := range w.gh.Calls() {
			if call.Operation == "repos/get-commit" || call.Operation == "pulls/get" || call.Operation == "pulls/list-commits" {
				count++
			}
		}
		return count
	}
	if got := asked(); got != 0 {
		t.Errorf("GitHub was asked %d times who wrote something that nobody approves", got)
	}
	rules := approving[".github/trunkline.yml"]
	_, err = bob.Push(project, "main", "Ask carol", map[string]*string{".github/trunkline.yml": &rules})
	w.try(err)
	w.settle()
	for _, commit := range w.state().Trunk[1:] {
		if commit.Author != w.person("bob") {
			t.Errorf("the commit is %+v; want it by bob, with his id", commit)
		}
	}
	if got := asked(); got != 2 {
		t.Errorf("GitHub was asked %d times about 2 commits", got)
	}
}

func TestWriters(t *testing.T) {
	t.Parallel()
	alice, bob := promote.Person{ID: 1, Login: "alice"}, promote.Person{ID: 2, Login: "bob"}
	as := func(name, email string) mirror.Identity { return mirror.Identity{Name: name, Email: email} }
	for name, test := range map[string]struct {
		identities []mirror.Identity
		message    string
		want       []promote.Person
	}{
		"by number":               {[]mirror.Identity{as("x", "2+bob@users.noreply.github.com")}, "", []promote.Person{bob}},
		"by number, elsewhere":    {[]mirror.Identity{as("x", "2+bob@users.noreply.github.acme.example")}, "", []promote.Person{bob}},
		"by login":                {[]mirror.Identity{as("x", "carol@users.noreply.github.com")}, "", []promote.Person{{Login: "carol"}}},
		"by address":              {[]mirror.Identity{as("x", "BOB@example.com")}, "", []promote.Person{bob}},
		"by name":                 {[]mirror.Identity{as("Bob B.", "b@home.example")}, "", []promote.Person{bob}},
		"unknown":                 {[]mirror.Identity{as("Dave", "d@home.example"), as("dave", "")}, "", []promote.Person{{Login: "Dave"}}},
		"the author":              {[]mirror.Identity{as("x", "1+alice@users.noreply.github.com"), as("ALICE", "a@home.example")}, "", nil},
		"GitHub":                  {[]mirror.Identity{as("GitHub", "noreply@github.com")}, "", nil},
		"trailers":                {nil, "Move\n\nco-Authored-by: Bob <bob@example.com>\nCo-authored-by: D E <d@e.example>\r\n", []promote.Person{bob, {Login: "D E"}}},
		"no trailers":             {nil, "Move\n\nThis is co-authored-by: Bob <bob@example.com>\nCo-authored-by: nobody", nil},
		"an address of no number": {[]mirror.Identity{as("x", "99999999999999999999+bob@users.noreply.github.com")}, "", []promote.Person{{Login: "bob"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := writers{addresses: map[string]promote.Person{"bob@example.com": bob}, names: map[string]promote.Person{"bob b.": bob}}
			for _, one := range test.identities {
				w.signed(one, nil)
			}
			w.trailers(test.message)
			if diff := cmp.Diff(test.want, w.except(alice)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
