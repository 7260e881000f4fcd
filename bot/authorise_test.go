package bot

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/bot/command"
	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
)

const guarded = `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine: {plan: cat content, apply: "true"}
environments:
  dev: {promote: auto}
  prod:
    approve: [{team: acme/product}, {user: bob}]
    allow: {promote: [bob], hold: [bob, alice], override: acme/sre}
`

// withProd is a state with the rules above. Dora (4) is in acme/product, and in acme/sre; Bob is 2.
func withProd(now time.Time) promote.State {
	rules, err := config.Parse(config.Path, []byte(guarded))
	if err != nil {
		panic(err)
	}
	return promote.State{Now: now, Rules: rules, Environments: map[string]promote.Environment{"dev": {Name: "dev"}, "prod": {Name: "prod"}},
		People: promote.People{Users: map[string]int64{"alice": 1, "bob": 2}, Teams: map[string][]int64{"acme/product": {4, 6}, "acme/sre": {4, 7}}}}
}

// doors are all ways in which somebody wants something of us, with the action that the door asks about.
func doors() (all map[string]action) {
	all = map[string]action{"the check run's buttons": actPlan, "a push whose code would be run": actRun, "a line that is no command": actTell}
	for _, kind := range command.Kinds() {
		all["/"+string(kind)] = actionOf(command.Command{Kind: kind})
	}
	all["/approve 10%"] = actionOf(command.Command{Kind: command.Approve, Percent: new(int)})
	return all
}

// Who may do what, by every door, for every kind of person: the table is in testdata/rights.txt.
func TestRights(t *testing.T) {
	t.Parallel()
	state := withProd(time.Time{})
	actors := []struct {
		name string
		promote.Actor
	}{
		{"nobody", promote.Actor{}},
		{"an App", promote.Actor{Person: promote.Person{ID: 2, Login: "bob"}, App: true, Write: true, Admin: true}},
		{"reader", promote.Actor{Person: promote.Person{ID: 5, Login: "mallory"}}},
		{"reader, named", promote.Actor{Person: promote.Person{ID: 4, Login: "dora"}}},
		{"writer", promote.Actor{Person: promote.Person{ID: 3, Login: "erik"}, Write: true}},
		{"writer, may hold", promote.Actor{Person: promote.Person{ID: 1, Login: "alice"}, Write: true}},
		{"writer, named", promote.Actor{Person: promote.Person{ID: 2, Login: "bob"}, Write: true}},
		{"writer in acme/sre", promote.Actor{Person: promote.Person{ID: 7, Login: "fay"}, Write: true}},
		{"administrator", promote.Actor{Person: promote.Person{ID: 8, Login: "carol"}, Write: true, Admin: true}},
	}
	var table strings.Builder
	for _, door := range sortedNames(doors()) {
		what := doors()[door]
		fmt.Fprintf(&table, "%s (%s)\n", door, what)
		for _, environment := range []string{"dev", "prod"} {
			var may []string
			for _, actor := range actors {
				if authorise(state, actor.Actor, what, environment) == nil {
					may = append(may, actor.name)
				}
			}
			fmt.Fprintf(&table, "  %-5s %s\n", environment, strings.Join(may, " | "))
		}
	}
	for _, actor := range actors {
		for _, what := range []action{"", "dance", "revert", "deploy", "admin"} {
			if authorise(state, actor.Actor, what, "prod") == nil {
				t.Errorf("%s may %q", actor.name, what)
			}
		}
	}
	const file = "../testdata/rights.txt"
	if *update {
		if err := os.WriteFile(file, []byte(table.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), table.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Whatever strangers type costs a question and a reaction, and changes nothing.
func TestStrangersCauseNoWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Files: map[string]string{".github/trunkline.yml": guarded, "environments/dev/app/content": "1\n", "environments/prod/app/content": "1\n"}})
	if err := w.gh.SetTeam("acme/product", ""); err != nil {
		t.Fatal(err)
	}
	alice, content := w.gh.As("alice"), "2\n"
	if _, err := alice.Push(project, "change", "Change", map[string]*string{"environments/dev/app/content": &content}); err != nil {
		t.Fatal(err)
	}
	number, err := alice.OpenPull(project, "change", "Change", "", githubsim.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.settle()
	if _, err := alice.Merge(project, number, "merge"); err != nil {
		t.Fatal(err)
	}
	w.settle()
	records, calls := w.records(), len(w.gh.Calls())
	lines := []string{"/plan", "/promote prod", "/approve prod", "/hold prod because x", "/unhold prod because x", "/rollback prod with revert", "/retry prod", "/abort prod",
		"/override prod because x", "/preview", "/go prod 10%", "/status", "/help", "/promot prod", "/trunkline"}
	for _, kind := range command.Kinds() {
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, "/"+string(kind)) }) {
			t.Errorf("no stranger types /%s", kind)
		}
	}
	for _, line := range lines {
		if _, err := w.gh.As("mallory").Comment(project, number, line); err != nil {
			t.Fatal(err)
		}
	}
	w.settle()
	if now := w.records(); now != records {
		t.Errorf("there are %d records, and were %d", now, records)
	}
	allowed := []string{"repos/get-collaborator-permission-level", "reactions/create-for-issue-comment", "apps/create-installation-access-token",
		"teams/list-members-in-org", "users/get-by-username", "apps/list-webhook-deliveries"}
	reactions := 0
	for _, call := range w.gh.Calls()[calls:] {
		if !slices.Contains(allowed, call.Operation) {
			t.Errorf("a stranger had us call %s", call.Operation)
		}
		if call.Operation == "reactions/create-for-issue-comment" {
			reactions++
		}
	}
	if reactions != len(lines) {
		t.Errorf("%d reactions to %d comments", reactions, len(lines))
	}
}
