package githubsim_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

func (w *world) logins(t *testing.T, client *github.Client, organization, team string) (logins []string, status int) {
	t.Helper()
	options := &github.TeamListTeamMembersOptions{ListOptions: github.ListOptions{PerPage: 2}}
	for {
		page, response, err := client.Teams.ListTeamMembersBySlug(context.Background(), organization, team, options)
		if response == nil {
			t.Fatal(err)
		}
		if err != nil {
			return nil, response.StatusCode
		}
		for _, one := range page {
			logins = append(logins, one.GetLogin())
		}
		if response.NextPage == 0 {
			return logins, response.StatusCode
		}
		options.Page = response.NextPage
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	for _, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestTeamsHaveActiveMembersAndThoseOfTheirChildren(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	must(t, w.SetTeam("acme/all", ""), w.SetTeam("acme/Platform", "acme/all"), w.SetTeam("acme/others", ""))
	must(t, w.Join("acme/platform", "zoe"), w.Join("acme/platform", "alice"), w.Join("acme/all", "bob"), w.Join("acme/all", "alice"), w.Invite("acme/all", "ian"))
	client := w.client()
	for team, want := range map[string][]string{"platform": {"alice", "zoe"}, "all": {"alice", "bob", "zoe"}, "others": nil} {
		if got, _ := w.logins(t, client, "acme", team); !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", team, got, want)
		}
	}
	must(t, w.Leave("acme/platform", "zoe"))
	if got, _ := w.logins(t, client, "ACME", "Platform"); !slices.Equal(got, []string{"alice"}) {
		t.Errorf("after zoe left: %v", got)
	}
	if _, status := w.logins(t, client, "acme", "nobody"); status != http.StatusNotFound {
		t.Errorf("a team that is not there: %d", status)
	}
	if _, err := w.CreateRepository("umbrella", "infra", githubsim.RepositoryOptions{}); err != nil {
		t.Fatal(err)
	}
	must(t, w.SetTeam("umbrella/secret", ""))
	if _, status := w.logins(t, client, "umbrella", "secret"); status != http.StatusNotFound {
		t.Errorf("a team of an organization without the App: %d", status)
	}
	if err := w.SetTeam("acme/all", "acme/platform"); err == nil {
		t.Error("a team went under its own child")
	}
	if err := w.SetTeam("zoe/team", ""); err == nil {
		t.Error("a person has a team")
	}
}

// Members of an organization may read its private repositories.
func TestMembersMayRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	must(t, w.SetTeam("acme/product", ""), w.Join("acme/product", "zoe"))
	if role, err := w.Role(infra, "zoe"); err != nil || role != "read" {
		t.Errorf("zoe may %s, %v", role, err)
	}
	if role, err := w.Role(infra, "stranger"); err != nil || role != "none" {
		t.Errorf("a stranger may %s, %v", role, err)
	}
}

func TestTeamsNeedThePermissionToSeeMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	must(t, w.SetTeam("acme/product", ""), w.Join("acme/product", "zoe"))
	made, _, err := w.asApp().Apps.CreateInstallationToken(context.Background(), w.installation,
		&github.InstallationTokenOptions{Permissions: &github.InstallationPermissions{Contents: github.String("read")}})
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := w.get(t, "orgs/acme/teams/product/members", made.GetToken()); status != http.StatusForbidden {
		t.Errorf("without the permission: %d", status)
	}
	if status, _ := w.get(t, "orgs/acme/teams/product/members", ""); status != http.StatusUnauthorized {
		t.Errorf("as nobody: %d", status)
	}
}

// A person who installs the App has no members to show.
func TestPersonsGrantNoMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	fork, err := w.As("dave").Fork(infra)
	if err != nil {
		t.Fatal(err)
	}
	installation, err := w.Install("dave", "infra")
	if err != nil {
		t.Fatal(err)
	}
	_, response, err := w.asApp().Apps.CreateInstallationToken(context.Background(), installation,
		&github.InstallationTokenOptions{Permissions: &github.InstallationPermissions{Members: github.String("read")}})
	if err == nil || response.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a token for the members of %s: %v", fork, err)
	}
}

func TestUsersAreKnownByTheirNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	user, _, err := client.Users.Get(context.Background(), "Alice")
	if err != nil {
		t.Fatal(err)
	}
	if user.GetLogin() != "alice" || user.GetID() != w.AddPerson("alice") || user.GetType() != "User" {
		t.Errorf("got %v", user)
	}
	if _, response, err := client.Users.Get(context.Background(), "nobody-of-this-name"); err == nil || response.StatusCode != http.StatusNotFound {
		t.Errorf("somebody who is not there: %v", err)
	}
}
