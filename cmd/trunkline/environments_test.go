package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/trunkline/trunkline/bot/environments"
	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

const wantedEnvironments = `version: 1
stacks: {layout: folders, path: "environments/{environment}/{component}", engine: {plan: "true", apply: "true"}}
github_environments: enforce
environments:
  dev:
  prod: {github: {name: prod/eu, wait_timer: 30m, reviewers: [carol]}}
`

// compared is a GitHub, and the directory of a server that has read the configuration on trunk.
type compared struct {
	t   *testing.T
	gh  *githubsim.GitHub
	app secrets
}

func newCompared(t *testing.T, configuration string) compared {
	t.Helper()
	manifest, err := os.ReadFile("../../app.yml")
	if err != nil {
		t.Fatal(err)
	}
	c := compared{t: t}
	if c.gh, err = githubsim.New(githubsim.Options{Dir: t.TempDir(), Manifest: manifest}); err != nil {
		t.Fatal(err)
	}
	if err := c.gh.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, violation := range c.gh.Violations() {
			t.Errorf("GitHub's description is violated: %s", violation)
		}
		if err := c.gh.Close(); err != nil {
			t.Error(err)
		}
	})
	repository := store.Repository{Owner: "acme", Name: "infrastructure", Private: true, Trunk: "main"}
	if repository.ID, err = c.gh.CreateRepository("acme", "infrastructure", githubsim.RepositoryOptions{Private: true,
		Files: map[string]string{"a": "1\n"}, Collaborators: map[string]string{"carol": "admin"}}); err != nil {
		t.Fatal(err)
	}
	if repository.Installation, err = c.gh.Install("acme", "infrastructure"); err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	opened, err := store.Open(t.Context(), filepath.Join(data, "trunkline.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	err = opened.Write(t.Context(), func(tx *store.Tx) error {
		return errors.Join(tx.SaveRepository(repository), tx.Advance(store.Advance{Repository: repository.ID, Tip: strings.Repeat("a", 40),
			Configured: configuration != "", Configuration: configuration}))
	})
	if err := errors.Join(err, opened.Close()); err != nil {
		t.Fatal(err)
	}
	c.app = secrets{"GITHUB_APP_INTEGRATION_ID": fmt.Sprint(c.gh.AppID()), "GITHUB_APP_PRIVATE_KEY": string(c.gh.PrivateKeyPEM()),
		"GITHUB_APP_WEBHOOK_SECRET": c.gh.WebhookSecret(), "GITHUB_V3_API_URL": c.gh.APIURL(), "GITHUB_WEB_URL": c.gh.URL() + "/",
		"TRUNKLINE_DATA": data}
	return c
}

// report asks, and returns what is printed.
func (c compared) report() (report environments.Report, text, asJSON string) {
	c.t.Helper()
	command := &cobra.Command{}
	command.SetContext(c.t.Context())
	report, err := compareEnvironments(command, c.app, looking{})
	if err != nil {
		c.t.Fatal(err)
	}
	print := func(asJSON bool) string {
		var out bytes.Buffer
		command.SetOut(&out)
		if err := showEnvironments(command, report, asJSON); err != nil {
			c.t.Fatal(err)
		}
		return out.String()
	}
	return report, print(false), print(true)
}

func TestEnvironmentsAreCompared(t *testing.T) {
	t.Parallel()
	c := newCompared(t, wantedEnvironments)
	carol := c.gh.As("carol")
	check := func(what string, same bool, want string) string {
		t.Helper()
		report, text, asJSON := c.report()
		if report.Same() != same || text != want {
			t.Errorf("%s: same %t\n%s\nwant\n%s", what, report.Same(), text, want)
		}
		return asJSON
	}
	asJSON := check("missing", false, `ENVIRONMENT  SETTING      HAS      IS TO HAVE                                  WHAT FOLLOWS
dev          environment  missing  jobs of main                                will be made
prod/eu      environment  missing  jobs of main, after 30m, reviewed by carol  will be made
`)
	var read environments.Report
	if err := json.Unmarshal([]byte(asJSON), &read); err != nil || read.Keeping != config.Enforce || len(read.Findings) != 2 || read.Findings[1].For != "prod" {
		t.Errorf("%v\n%s", err, asJSON)
	}
	name := "dev"
	right := githubsim.EnvironmentRules{Branches: "custom", Policies: []string{"main"}}
	protected := right
	protected.WaitMinutes, protected.Reviewers = 30, []string{"carol"}
	for _, err := range []error{
		carol.SetEnvironment("acme/infrastructure", "dev", right), carol.SetEnvironment("acme/infrastructure", "Prod/EU", protected),
		carol.SetEnvironmentVariable("acme/infrastructure", "dev", "TRUNKLINE_ENVIRONMENT", &name),
		carol.SetEnvironmentGuard("acme/infrastructure", "prod/eu", "trunkline", true),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	check("a rule and a variable", false, `ENVIRONMENT  SETTING                         HAS       IS TO HAVE  WHAT FOLLOWS
dev          Trunkline's rule                disabled  enabled     will be changed
prod/eu      variable TRUNKLINE_ENVIRONMENT  missing   "prod"      will be changed
`)
	name = "prod"
	if err := errors.Join(carol.SetEnvironmentVariable("acme/infrastructure", "prod/eu", "TRUNKLINE_ENVIRONMENT", &name),
		carol.SetEnvironmentGuard("acme/infrastructure", "dev", "trunkline", true)); err != nil {
		t.Fatal(err)
	}
	check("the same", true, "nothing differs\n")
	if err := c.gh.Withhold("acme", "administration", "environments"); err != nil {
		t.Fatal(err)
	}
	check("no permission", true, "the installation lacks the permission Administration: write: what differs is advice\n"+
		"variables are not compared: the installation lacks the permission Environments: read\nnothing differs\n")
	if err := c.gh.Withhold("acme", "actions"); err != nil {
		t.Fatal(err)
	}
	check("blind", false, "cannot be compared: the installation lacks the permission Actions: read\n")
	for _, call := range c.gh.Calls() {
		if call.Method != "GET" && call.Operation != "apps/create-installation-access-token" {
			t.Errorf("comparing changed something: %v", call)
		}
	}
}

func TestEnvironmentsThatNothingKeeps(t *testing.T) {
	t.Parallel()
	c := newCompared(t, strings.Replace(wantedEnvironments, "enforce", "off", 1))
	if report, text, _ := c.report(); !report.Same() || text != "github_environments: off; nothing is compared\n" {
		t.Errorf("%+v %s", report, text)
	}
	none := newCompared(t, "")
	command := &cobra.Command{}
	command.SetContext(t.Context())
	if _, err := compareEnvironments(command, none.app, looking{}); err == nil || !strings.Contains(err.Error(), "there is no .github/trunkline.yml on trunk") {
		t.Errorf("without a configuration: %v", err)
	}
}
