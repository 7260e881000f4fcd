package githubsim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// ask sends a request as a client with all permissions and reads the answer.
func (w *world) ask(client *github.Client, method, path string, body any) (int, map[string]any) {
	w.t.Helper()
	request, err := client.NewRequest(method, path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	var answer json.RawMessage
	response, err := client.Do(context.Background(), request, &answer)
	if response == nil {
		w.t.Fatal(err)
	}
	var refused *github.ErrorResponse
	if errors.As(err, &refused) {
		return response.StatusCode, map[string]any{"message": refused.Message}
	}
	var read map[string]any
	_ = json.Unmarshal(answer, &read) // an empty answer is none
	return response.StatusCode, read
}

// environment shows one as its settings page does.
func (w *world) environment(name string) githubsim.EnvironmentView {
	w.t.Helper()
	all, err := w.Environments(infra)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, one := range all {
		if one.Name == name {
			return one
		}
	}
	w.t.Fatalf("there is no environment %s among %v", name, all)
	return githubsim.EnvironmentView{}
}

const prod = "repos/acme/infra/environments/prod"

type body = map[string]any

func custom() body { return body{"protected_branches": false, "custom_branch_policies": true} }

func TestEnvironmentIsPutWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	must(t, w.SetTeam("acme/platform", ""))
	_, team := w.ask(client, "GET", "orgs/acme/teams/Platform", nil)
	alice := w.AddPerson("alice")
	whole := body{
		"wait_timer": 30, "prevent_self_review": true, "deployment_branch_policy": custom(),
		"reviewers": []body{{"type": "User", "id": alice}, {"type": "Team", "id": team["id"]}},
	}
	if got, answer := w.ask(client, "PUT", prod, whole); got != 200 || answer["name"] != "prod" || len(answer["protection_rules"].([]any)) != 3 {
		t.Errorf("%d %v", got, answer)
	}
	if got, _ := w.ask(client, "POST", prod+"/variables", body{"name": "region", "value": "eu"}); got != 201 {
		t.Errorf("a variable: %d", got)
	}
	want := githubsim.EnvironmentView{Name: "prod", Variables: map[string]string{"REGION": "eu"}, EnvironmentRules: githubsim.EnvironmentRules{
		WaitMinutes: 30, PreventSelfReview: true, Branches: "custom", Reviewers: []string{"acme/platform", "alice"}}}
	if diff := cmp.Diff(want, w.environment("prod")); diff != "" {
		t.Error(diff)
	}
	// What is not sent is gone, variables are not concerned, and names have no case.
	if got, answer := w.ask(client, "PUT", strings.Replace(prod, "prod", "PROD", 1), nil); got != 200 || answer["name"] != "prod" {
		t.Errorf("%d %v", got, answer)
	}
	want.EnvironmentRules = githubsim.EnvironmentRules{Branches: "all"}
	if diff := cmp.Diff(want, w.environment("prod")); diff != "" {
		t.Error(diff)
	}
	if got, _ := w.ask(client, "DELETE", prod, nil); got != 204 {
		t.Errorf("delete: %d", got)
	}
	if got, _ := w.ask(client, "DELETE", prod, nil); got != 404 {
		t.Errorf("delete what is not there: %d", got)
	}
}

func TestEnvironmentsThatCannotBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	stranger := w.AddPerson("stranger")
	var many []body
	for i := range 7 {
		login := fmt.Sprintf("r%d", i)
		must(t, w.SetRole(infra, login, "read"))
		many = append(many, body{"type": "User", "id": w.AddPerson(login)})
	}
	for name, wrong := range map[string]body{
		"too long a wait":             {"wait_timer": 43201},
		"a negative wait":             {"wait_timer": -1},
		"a wait that is text":         {"wait_timer": "soon"},
		"seven reviewers":             {"reviewers": many},
		"a reviewer who cannot read":  {"reviewers": []body{{"type": "User", "id": stranger}}},
		"a reviewer of no kind":       {"reviewers": []body{{"type": "Robot", "id": 1}}},
		"a team that is not there":    {"reviewers": []body{{"type": "Team", "id": 1}}},
		"both kinds of branches":      {"deployment_branch_policy": body{"protected_branches": true, "custom_branch_policies": true}},
		"neither kind of branches":    {"deployment_branch_policy": body{"protected_branches": false, "custom_branch_policies": false}},
		"half of a branch policy":     {"deployment_branch_policy": body{"protected_branches": true}},
		"nobody to review, but other": {"prevent_self_review": true},
	} {
		if got, answer := w.ask(client, "PUT", prod, wrong); got != 422 {
			t.Errorf("%s: %d %v", name, got, answer)
		}
	}
	if got, _ := w.ask(client, "PUT", prod, body{"reviewers": many[:6], "wait_timer": 43200}); got != 200 {
		t.Errorf("six reviewers and thirty days: %d", got)
	}
	for _, name := range []string{" ", "a\nb", strings.Repeat("x", 256)} {
		if got, _ := w.ask(client, "PUT", "repos/acme/infra/environments/"+url.PathEscape(name), body{}); got != 422 {
			t.Errorf("the name %q: %d", name, got)
		}
	}
	eu := "repos/acme/infra/environments/" + url.PathEscape("prod/eu west?")
	if got, answer := w.ask(client, "PUT", eu, body{}); got != 200 || answer["name"] != "prod/eu west?" {
		t.Errorf("a name with a slash: %d %v", got, answer)
	}
	if got, _ := w.ask(client, "GET", eu, nil); got != 200 {
		t.Errorf("a name with a slash: %d", got)
	}
}

func TestBranchPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	must(t, w.As("carol").SetEnvironment(infra, "prod", githubsim.EnvironmentRules{Branches: "protected"}))
	policies := prod + "/deployment-branch-policies"
	if got, _ := w.ask(client, "GET", policies, nil); got != 404 {
		t.Errorf("policies of an environment without: %d", got)
	}
	if got, _ := w.ask(client, "PUT", prod, body{"deployment_branch_policy": custom()}); got != 200 {
		t.Errorf("put: %d", got)
	}
	_, made := w.ask(client, "POST", policies, body{"name": "main"})
	id := fmt.Sprint(int64(made["id"].(float64)))
	if got, _ := w.ask(client, "POST", policies, body{"name": "v*", "type": "tag"}); got != 200 {
		t.Errorf("a policy for tags: %d", got)
	}
	if got, _ := w.ask(client, "POST", policies, body{"name": ""}); got != 422 {
		t.Errorf("a policy for nothing: %d", got)
	}
	if got, _ := w.send(t, "POST", policies, w.token(), `{"name":"main"}`); got != 200 { // the client follows the 303 with a GET
		t.Errorf("a policy again: %d", got)
	}
	if got, answer := w.ask(client, "PUT", policies+"/"+id, body{"name": "release/*"}); got != 200 || answer["name"] != "release/*" {
		t.Errorf("change: %d %v", got, answer)
	}
	if got, answer := w.ask(client, "GET", policies+"/"+id, nil); got != 200 || answer["type"] != "branch" {
		t.Errorf("get: %d %v", got, answer)
	}
	if got, answer := w.ask(client, "GET", policies, nil); got != 200 || answer["total_count"] != 2.0 {
		t.Errorf("list: %d %v", got, answer)
	}
	for ref, want := range map[string]bool{
		"refs/heads/main": false, "refs/heads/release/1": true, "refs/heads/release/1/a": false, "refs/heads/v1": false, "refs/tags/v1": true,
	} {
		if got, err := w.Awaits(infra, "prod", ref); err != nil || got.Admitted != want {
			t.Errorf("jobs of %s: %v %v", ref, got, err)
		}
	}
	if got, _ := w.ask(client, "DELETE", policies+"/"+id, nil); got != 204 {
		t.Errorf("delete: %d", got)
	}
	if got, _ := w.ask(client, "DELETE", policies+"/"+id, nil); got != 404 {
		t.Errorf("delete again: %d", got)
	}
}

// Where no branch is protected, "protected branches" lets all of them deploy.
func TestProtectedBranchesWithoutAny(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	carol := w.As("carol")
	must(t, carol.SetEnvironment(infra, "prod", githubsim.EnvironmentRules{Branches: "protected"}))
	for _, want := range []bool{true, false} {
		if got, err := w.Awaits(infra, "prod", "refs/heads/topic"); err != nil || got.Admitted != want {
			t.Errorf("a topic: %v %v, want %t", got, err, want)
		}
		must(t, carol.ProtectBranch(infra, "main", true))
	}
	if got, err := w.Awaits(infra, "prod", "refs/heads/main"); err != nil || !got.Admitted {
		t.Errorf("main: %v %v", got, err)
	}
}

func TestRulesOfApps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	client, carol := w.client(), w.As("carol")
	must(t, carol.SetEnvironment(infra, "prod", githubsim.EnvironmentRules{}))
	rules := prod + "/deployment_protection_rules"
	if got, answer := w.ask(client, "GET", rules+"/apps", nil); got != 200 || answer["total_count"] != 1.0 {
		t.Errorf("Apps: %d %v", got, answer)
	}
	if got, _ := w.ask(client, "POST", rules, body{"integration_id": 1}); got != 404 {
		t.Errorf("an App that is not there: %d", got)
	}
	got, made := w.ask(client, "POST", rules, body{"integration_id": w.AppID()})
	if got != 201 || made["enabled"] != true {
		t.Fatalf("enable: %d %v", got, made)
	}
	if got, _ := w.ask(client, "POST", rules, body{"integration_id": w.AppID()}); got != 422 {
		t.Errorf("enable again: %d", got)
	}
	id := fmt.Sprint(int64(made["id"].(float64)))
	if got, answer := w.ask(client, "GET", rules+"/"+id, nil); got != 200 || answer["app"].(map[string]any)["slug"] != "everything" {
		t.Errorf("get: %d %v", got, answer)
	}
	for i := range 6 {
		slug := fmt.Sprintf("guard-%d", i)
		w.OfferRule(slug)
		if err := carol.SetEnvironmentGuard(infra, "prod", slug, true); (err == nil) != (i < 5) {
			t.Errorf("rule %d: %v", i+2, err)
		}
	}
	if got, answer := w.ask(client, "GET", rules, nil); got != 200 || answer["total_count"] != 6.0 {
		t.Errorf("list: %d %v", got, answer)
	}
	if got, _ := w.ask(client, "DELETE", rules+"/"+id, nil); got != 204 {
		t.Errorf("disable: %d", got)
	}
	if got, _ := w.ask(client, "GET", rules+"/"+id, nil); got != 404 {
		t.Errorf("get what is disabled: %d", got)
	}
	if awaited, err := w.Awaits(infra, "prod", "refs/heads/main"); err != nil || len(awaited.Guards) != 5 {
		t.Errorf("jobs wait for %v: %v", awaited, err)
	}
}

// Who does not ask for the event provides no rule.
func TestOnlyAppsThatWantToBeAskedProvideARule(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{Manifest: []byte(strings.Replace(everything, "  - deployment_protection_rule\n", "", 1))})
	must(t, w.As("carol").SetEnvironment(infra, "prod", githubsim.EnvironmentRules{}))
	if got, _ := w.ask(w.client(), "POST", prod+"/deployment_protection_rules", body{"integration_id": w.AppID()}); got != 404 {
		t.Errorf("enable: %d", got)
	}
}

func TestEnvironmentVariables(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	client, carol := w.client(), w.As("carol")
	must(t, carol.SetEnvironment(infra, "prod", githubsim.EnvironmentRules{}))
	variables := prod + "/variables"
	for name, want := range map[string]int{"A": 201, "1A": 422, "GITHUB_X": 422, "b c": 422} {
		if got, answer := w.ask(client, "POST", variables, body{"name": name, "value": "1"}); got != want {
			t.Errorf("make %s: %d %v, want %d", name, got, answer, want)
		}
	}
	if got, _ := w.ask(client, "POST", variables, body{"name": "a", "value": "1"}); got != http.StatusConflict {
		t.Errorf("make a again: %d", got)
	}
	if got, _ := w.ask(client, "PATCH", variables+"/a", body{"value": "2"}); got != 204 {
		t.Errorf("change: %d", got)
	}
	if got, answer := w.ask(client, "GET", variables+"/A", nil); got != 200 || answer["value"] != "2" {
		t.Errorf("get: %d %v", got, answer)
	}
	one := "1"
	for i := range 31 {
		must(t, carol.SetEnvironmentVariable(infra, "prod", fmt.Sprintf("V%d", i), &one))
	}
	if _, answer := w.ask(client, "GET", variables+"?per_page=100", nil); answer["total_count"] != 32.0 || len(answer["variables"].([]any)) != 30 {
		t.Errorf("a page has %d of %v", len(answer["variables"].([]any)), answer["total_count"])
	}
	if _, answer := w.ask(client, "GET", variables, nil); len(answer["variables"].([]any)) != 10 {
		t.Errorf("a page has %d", len(answer["variables"].([]any)))
	}
	if got, _ := w.ask(client, "DELETE", variables+"/a", nil); got != 204 {
		t.Errorf("delete: %d", got)
	}
	if got, _ := w.ask(client, "PATCH", variables+"/a", body{"value": "2"}); got != 404 {
		t.Errorf("change what is not there: %d", got)
	}
}
