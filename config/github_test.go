package config

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseGitHubEnvironments(t *testing.T) {
	t.Parallel()
	got, err := Parse(Path, []byte(gatesHead+`
github_environments: enforce
environments:
  dev:
  staging: {github: {branches: trunk}}
  prod:
    github:
      name: prod/eu
      wait_timer: 2h
      reviewers: [{team: acme/platform}, {user: alice}, bob, Alice]
      prevent_self_review: true
      branches: [trunk, "release/*", {tag: "v*"}, release/*]
      variables: {aws_region: eu-central-1, count: 3}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []GitHubEnvironment{{}, {}, {
		Name: "prod/eu", WaitTimer: 2 * time.Hour, PreventSelfReview: true,
		Reviewers: Who{Users: []string{"alice", "bob"}, Teams: []string{"acme/platform"}},
		Branches:  DeployBranches{Kind: MatchingBranches, Patterns: []RefPattern{{Trunk: true}, {Pattern: "release/*"}, {Pattern: "v*", Tag: true}}},
		Variables: map[string]string{"AWS_REGION": "eu-central-1", "COUNT": "3"},
	}}
	var all []GitHubEnvironment
	for _, environment := range got.Environments {
		all = append(all, environment.GitHub)
	}
	if diff := cmp.Diff(want, all, cmpopts.IgnoreTypes(Position{}), cmpopts.EquateEmpty()); diff != "" || got.GitHubEnvironments != Enforce {
		t.Error(got.GitHubEnvironments, diff)
	}
	if dev, prod := got.Environments[0], got.Environments[2]; dev.GitHubName() != "dev" || prod.GitHubName() != "prod/eu" ||
		prod.GitHubVariables()[EnvironmentVariable] != "prod" || len(dev.GitHubVariables()) != 1 {
		t.Errorf("%v %v", dev, prod)
	}
}

func TestKeepingOfGitHubEnvironments(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]Keeping{"create": Create, "enforce": Enforce, "off": Off} {
		got, err := Parse(Path, []byte(gatesHead+"github_environments: "+word+"\nenvironments: {dev: }\n"))
		if err != nil || got.GitHubEnvironments != want {
			t.Errorf("%s: %q %v", word, got.GitHubEnvironments, err)
		}
	}
}

func TestGitHubEnvironmentsThatCannotBe(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for i := range 100 {
		fmt.Fprintf(&many, "v%d: x, ", i)
	}
	for name, one := range map[string]struct{ github, want string }{
		"an unknown key":           {"{wait_time: 5m}", `4:19: unknown key "wait_time" in github; expected one of branches, name, prevent_self_review, reviewers, variables, wait_timer; did you mean wait_timer?`},
		"more than 30 days":        {"{wait_timer: 31d}", "4:31: wait_timer is 31d; GitHub counts whole minutes, up to 30d"},
		"half a minute":            {"{wait_timer: 90s}", "4:31: wait_timer is 90s; GitHub counts whole minutes"},
		"no time":                  {"{wait_timer: soon}", `4:31: wait_timer is "soon"; expected a time`},
		"seven reviewers":          {"{reviewers: [a, b, c, d, e, f, acme/g]}", "4:30: reviewers has 7; GitHub takes 6 at most"},
		"nobody":                   {"{reviewers: []}", "4:30: reviewers names nobody"},
		"nobody to review":         {"{prevent_self_review: true}", "4:18: `prevent_self_review` is about `reviewers`"},
		"no such branches":         {"{branches: trunks}", `4:29: branches is "trunks"; expected trunk or protected or all; did you mean trunk?`},
		"no branches":              {"{branches: []}", "4:29: branches is empty"},
		"a full ref":               {"{branches: [refs/heads/main]}", `4:30: branches has "refs/heads/main"`},
		"a mapping that is no tag": {"{branches: [{branch: a}]}", `4:31: unknown key "branch" in a pattern of branches`},
		"a name of spaces":         {`{name: " "}`, `4:25: name is " "; expected that of an environment of GitHub`},
		"a name of dots":           {`{name: ".."}`, `4:25: name is ".."; expected that of an environment of GitHub`},
		"a long name":              {`{name: ` + strings.Repeat("x", 256) + `}`, "4:25: name is"},
		"a name with a new line":   {`{name: "a\nb"}`, `4:25: name is "a\nb"`},
		"our own variable":         {"{variables: {trunkline_environment: x}}", "4:31: TRUNKLINE_ENVIRONMENT is set by Trunkline itself"},
		"GitHub's variables":       {"{variables: {GITHUB_X: x}}", `4:31: "GITHUB_X" cannot name a variable of GitHub`},
		"names in two cases":       {"{variables: {a: x, A: y}}", "4:37: A stands here again"},
		"an empty variable":        {"{variables: {a: \"\"}}", "4:34: a has 0 bytes"},
		"too many variables":       {"{variables: {" + many.String() + "}}", "4:30: variables has 100; GitHub takes 100, of which one is TRUNKLINE_ENVIRONMENT"},
	} {
		_, err := Parse("c.yml", []byte(gatesHead+"environments:\n  prod: {github: "+one.github+"}\n"))
		if err == nil || !strings.HasPrefix(err.Error(), "c.yml:"+one.want) {
			t.Errorf("%s: %v; want %s", name, err, one.want)
		}
	}
	for text, want := range map[string]string{
		"github_environments: always\nenvironments: {dev: }\n":                    `c.yml:3:22: github_environments is "always"; expected create or enforce or off`,
		"environments:\n  dev:\n  Dev2: {}\n":                                     "c.yml:5:3:",
		"environments:\n  dev:\n  prod: {github: {name: DEV}}\n":                  "c.yml:5:18: the environment DEV of GitHub would stand for both dev and prod",
		"environments:\n  a: {github: {name: x}}\n  b: {github: {name: \"X\"}}\n": "c.yml:5:15: the environment X of GitHub would stand for both a and b",
	} {
		if _, err := Parse("c.yml", []byte(gatesHead+text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
}

func TestPlanEnvironments(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"environments: {dev: , prod: }\n":                  "[]",
		"runner: actions\nenvironments: {dev: , prod: }\n": "[plan]",
		"runner: actions\nenvironments: {dev: {runner: local}, prod: {runner: {actions: a.yml, plan_environment: read}}}\n": "[read]",
	} {
		got, err := Parse("c.yml", []byte(gatesHead+text))
		if err != nil || fmt.Sprint(got.PlanEnvironments()) != want {
			t.Errorf("%s: %v %v", text, got.PlanEnvironments(), err)
		}
	}
}
