package githubsim_test

import (
	"strings"
	"testing"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// On private repositories plans have some features of environments and not others.
func TestPlansLackFeatures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	must(t, w.SetPlan("acme", githubsim.Team))
	for name, request := range map[string]body{
		"a wait":                   {"wait_timer": 5},
		"no wait, said aloud":      {"wait_timer": 0},
		"no reviewers, said aloud": {"reviewers": nil, "prevent_self_review": false},
	} {
		got, answer := w.ask(client, "PUT", prod, request)
		if message, _ := answer["message"].(string); got != 422 || !strings.Contains(message, "billing plan") {
			t.Errorf("%s: %d %v", name, got, answer)
		}
	}
	if got, answer := w.ask(client, "PUT", prod, body{"deployment_branch_policy": custom()}); got != 200 {
		t.Errorf("branches: %d %v", got, answer)
	}
	if got, _ := w.ask(client, "POST", prod+"/deployment_protection_rules", body{"integration_id": w.AppID()}); got != 422 {
		t.Errorf("a rule: %d", got)
	}
	must(t, w.SetPlan("acme", githubsim.Free))
	for path, method := range map[string]string{prod: "PUT", prod + "/variables": "POST", prod + "/deployment-branch-policies": "GET"} {
		if got, _ := w.ask(client, method, path, body{"name": "A", "value": "1"}); got != 404 {
			t.Errorf("%s %s: %d", method, path, got)
		}
	}
	must(t, w.As("carol").SetPrivate(infra, false))
	if got, _ := w.ask(client, "PUT", prod, body{"wait_timer": 5}); got != 200 {
		t.Errorf("a public repository: %d", got)
	}
	if err := w.SetPlan("acme", "golden"); err == nil {
		t.Error("a plan that there is not")
	}
}

// A public repository that becomes private keeps its rules, and they do nothing.
func TestRulesAreIgnoredSilently(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	carol := w.As("carol")
	must(t, w.SetPlan("acme", githubsim.Team), carol.SetPrivate(infra, false),
		carol.SetEnvironment(infra, "prod", githubsim.EnvironmentRules{WaitMinutes: 30, Reviewers: []string{"alice"}}))
	for _, private := range []bool{false, true} {
		must(t, carol.SetPrivate(infra, private))
		_, answer := w.ask(w.client(), "GET", prod, nil)
		if rules := answer["protection_rules"].([]any); len(rules) != 2 {
			t.Errorf("private %t: %v", private, rules)
		}
		awaited, err := w.Awaits(infra, "prod", "refs/heads/main")
		if err != nil || (awaited.Wait == 0 && awaited.Reviewers == nil) != private {
			t.Errorf("private %t: jobs wait for %v, %v", private, awaited, err)
		}
		if w.environment("prod").Ignored != private {
			t.Errorf("private %t: %v", private, w.environment("prod"))
		}
	}
}

// A permission that the owner has not accepted cannot be asked for.
func TestPermissionsAreGrantedWhenTheOwnerAccepts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	must(t, w.Withhold("acme", "administration", "deployments"))
	ask := func() int {
		_, response, err := w.asApp().Apps.CreateInstallationToken(t.Context(), w.installation,
			&github.InstallationTokenOptions{Permissions: &github.InstallationPermissions{Administration: github.String("write")}})
		if response == nil {
			t.Fatal(err)
		}
		return response.StatusCode
	}
	if got := ask(); got != 422 {
		t.Errorf("withheld: %d", got)
	}
	found, _, err := w.asApp().Apps.GetInstallation(t.Context(), w.installation)
	if err != nil || found.GetPermissions().Administration != nil || strings.Contains(strings.Join(found.Events, " "), "deployment") {
		t.Errorf("the installation has %v and %v: %v", found.GetPermissions(), found.Events, err)
	}
	if got, _ := w.ask(w.client(), "PUT", prod, body{}); got != 403 {
		t.Errorf("put: %d", got)
	}
	must(t, w.Accept("acme"))
	if got := ask(); got != 201 {
		t.Errorf("accepted: %d", got)
	}
	w.settle()
	if w.hook.last("installation").action != "new_permissions_accepted" {
		t.Errorf("the App was told %v", w.hook.names())
	}
}
