package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/trunkline/trunkline/config/calendar"
)

const gatesHead = "version: 1\nstacks: {layout: folders, path: \"{environment}/{component}\"}\n"

func TestParseGates(t *testing.T) {
	t.Parallel()
	got, err := Parse(Path, []byte(gatesHead+`
environments:
  dev:
    promote: auto
    verify:
      - run: ./smoke.sh
      - {name: data quality, run: ./dq.sh, schedule: "0 2 * * *", zone: Europe/Berlin}
      - {name: nightly, run: ./it.sh, schedule: "@daily"}
  staging:
    one_by_one: true
  prod-eu:
    after: {any: [dev, staging]}
    soak: 30m
    require: [ci/build, lint]
    approve:
      - {team: acme/product-owners}
      - {teams: [acme/platform, acme/sre], users: [alice], count: 2}
      - "@bob"
    author_may_approve: true
    merger_may_approve: false
    windows: [{days: mon-thu, from: "09:00", to: "16:00"}, {days: [fri, sat-sun], exclude: true, zone: UTC}]
    auto_if: "plan.destroys == 0"
    max_range: {commits: 10, pulls: 3}
    converge_within: 5d
    allow: {promote: [acme/platform, carol], hold: {user: dan}, override: "@acme/sre"}
    baseline: 9F1C2AB
  prod-us:
    after: {all: [prod-eu], any: [staging]}
    approve: 2
    max_range: 4
zone: America/New_York
freezes:
  - {from: 2026-12-23, to: 2027-01-01, reason: holidays}
  - {from: "2026-11-27 18:00", to: 2026-11-27T20:00:00Z, reason: sale, environments: [prod-eu], zone: Europe/Berlin}
diverge:
  - {components: database, environments: [prod-eu], reason: PostgreSQL 13 to 15, owner: acme/data, until: 2026-12-15}
migrations:
  - {name: schema, expand: "db/**/*_expand.sql", contract: ["db/**/*_contract.sql"]}
`))
	if err != nil {
		t.Fatal(err)
	}
	berlin, _ := time.LoadLocation("Europe/Berlin")
	york, _ := time.LoadLocation("America/New_York")
	eu := got.Environments[2]
	if eu.AutoIf.String() != "plan.destroys == 0" {
		t.Errorf("auto_if is %q", eu.AutoIf)
	}
	want := Environment{
		Name: "prod-eu", Promote: Manual, AfterAny: []string{"dev", "staging"}, ConvergeWithin: 120 * time.Hour, Baseline: "9f1c2ab",
		Allow: Allow{Promote: Who{Users: []string{"carol"}, Teams: []string{"acme/platform"}}, Hold: Who{Users: []string{"dan"}}, Override: Who{Teams: []string{"acme/sre"}}},
		Gates: Gates{
			Soak: 30 * time.Minute, Require: []string{"ci/build", "lint"}, AuthorMayApprove: true, PromoterMayApprove: true, AutoIf: eu.AutoIf,
			Approve: []ApproveRule{
				{Who: Who{Teams: []string{"acme/product-owners"}}, Count: 1},
				{Who: Who{Users: []string{"alice"}, Teams: []string{"acme/platform", "acme/sre"}}, Count: 2},
				{Who: Who{Users: []string{"bob"}}, Count: 1},
			},
			Windows: []calendar.Window{
				{Days: 0b0011110, From: 9 * 60, To: 16 * 60, Zone: york},
				{Days: 0b1100001, To: calendar.Midnight, Zone: time.UTC, Exclude: true},
			},
			MaxRange: MaxRange{Commits: 10, Pulls: 3},
		},
	}
	ignore := cmpopts.IgnoreTypes(Position{})
	if diff := cmp.Diff(want, eu, ignore); diff != "" {
		t.Error(diff)
	}
	us := got.Environments[3]
	if diff := cmp.Diff([]ApproveRule{{Count: 2}}, us.Approve, ignore); diff != "" || us.MaxRange.Commits != 4 || us.After[0] != "prod-eu" || us.AfterAny[0] != "staging" {
		t.Errorf("prod-us is %+v", us)
	}
	dev := got.Environments[0]
	if len(dev.Verify) != 1 || len(dev.Scheduled) != 2 || dev.Scheduled[0].Schedule.String() != "0 2 * * * Europe/Berlin" ||
		dev.Scheduled[1].Schedule.String() != "@daily America/New_York" || !got.Environments[1].OneByOne {
		t.Errorf("dev is %+v", dev)
	}
	wantFreezes := []Freeze{
		{Span: calendar.Span{From: time.Date(2026, 12, 23, 0, 0, 0, 0, york), To: time.Date(2027, 1, 2, 0, 0, 0, 0, york)}, Reason: "holidays"},
		{Span: calendar.Span{From: time.Date(2026, 11, 27, 18, 0, 0, 0, berlin), To: time.Date(2026, 11, 27, 21, 0, 0, 0, berlin)}, Reason: "sale", Environments: []string{"prod-eu"}},
	}
	if diff := cmp.Diff(wantFreezes, got.Freezes, ignore); diff != "" {
		t.Error(diff)
	}
	wantDiverge := []Divergence{{Components: []string{"database"}, Environments: []string{"prod-eu"}, Reason: "PostgreSQL 13 to 15", Owner: "acme/data", Until: time.Date(2026, 12, 16, 0, 0, 0, 0, york)}}
	if diff := cmp.Diff(wantDiverge, got.Diverge, ignore); diff != "" {
		t.Error(diff)
	}
	wantMigrations := []Migration{{Name: "schema", Expand: []string{"db/**/*_expand.sql"}, Contract: []string{"db/**/*_contract.sql"}}}
	if diff := cmp.Diff(wantMigrations, got.Migrations, ignore); diff != "" {
		t.Error(diff)
	}
}

func TestGateProblems(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, prod, want string }{
		{"soak", "soak: soon", "c.yml:6:11: soak is \"soon\"; expected a time such as 90s, 30m, 2h or 5d"},
		{"no days", "windows: [{days: mon-tus, from: \"09:00\", to: \"16:00\"}]", "c.yml:6:22: days: \"tus\" is no day; expected days such as mon, sat,sun or mon-thu; did you mean tue?"},
		{"window key", "windows: [{day: mon}]", "unknown key \"day\" in a window; expected one of days, exclude, from, to, zone; did you mean days?"},
		{"zone", "windows: [{days: mon, zone: Europe/Berln}]", "zone is \"Europe/Berln\"; expected a name such as Europe/Berlin; did you mean Europe/Berlin?"},
		{"hour", "windows: [{from: \"9\", to: \"16:00\"}]", "from is \"9\" is no time of day; expected one such as \"09:00\""},
		{"empty window", "windows: [{from: \"09:00\", to: \"09:00\"}]", "the window ends when it begins"},
		{"window of nothing", "windows: [{exclude: true}]", "c.yml:6:15: a window lacks `days`"},
		{"never open", "windows: [{days: sat}, {days: fri-sun, exclude: true}]", "the windows of prod are never open"},
		{"auto_if name", "auto_if: \"plan.destroy == 0 && range.commits < 3\"", "c.yml:6:15: auto_if: there is no plan.destroy; expected one of plan.instances,"},
		{"auto_if nearest", "auto_if: \"plan.destroy == 0\"", "did you mean plan.destroys?"},
		{"auto_if plain", "auto_if: range.commits == 'x'", "c.yml:6:28: auto_if: found no matching overload"},
		{"auto_if type", "auto_if: plan.destroys", "c.yml:6:14: auto_if: it gives int; expected true or false"},
		{"auto_if block", "auto_if: |\n      true &&\n      plan.x == 1", "c.yml:8:1: auto_if: there is no plan.x"},
		{"team", "approve: [{team: platform}]", "c.yml:6:22: team is \"platform\"; expected organisation/team such as acme/platform; under `user` it would be right"},
		{"user", "approve: [{user: acme/platform}]", "user is \"acme/platform\"; expected a login such as alice; under `team` it would be right"},
		{"approve key", "approve: [{taem: acme/platform}]", "unknown key \"taem\" in a rule of approve; expected one of count, team, teams, user, users; did you mean team?"},
		{"impossible", "approve: [{users: [a, b], count: 3}]", "3 approvals are asked of a or b: there will never be so many"},
		{"empty rule", "approve: [{}]", "a rule of approve lacks"},
		{"count", "approve: [{team: a/b, count: 0}]", "count is 0; expected 1 or more"},
		{"flag", "author_may_approve: perhaps", "c.yml:6:25: author_may_approve is \"perhaps\"; expected true or false"},
		{"after key", "after: {al: [dev]}", "unknown key \"al\" in after; expected one of all, any; did you mean all?"},
		{"after none", "after: {any: []}", "`any` is empty"},
		{"after name", "after: {any: [dve]}", "prod comes after \"dve\", which is no environment here; did you mean dev?"},
		{"after cycle", "after: {any: [dev, prod]}", "prod can never be reached: prod comes after prod"},
		{"range", "max_range: none", "max_range is \"none\"; expected a whole number"},
		{"require", "require: [a, \"\"]", "require has an empty name, or one twice, at place 2"},
		{"allow", "allow: {overide: [a/b]}", "unknown key \"overide\" in allow; expected one of hold, override, promote; did you mean override?"},
		{"baseline", "baseline: main", "baseline is \"main\"; expected the SHA of a commit of trunk"},
		{"cron", "verify: [{run: x, schedule: 0 25 * * *}]", "schedule is \"0 25 * * *\"; expected five fields"},
		{"no such day", "verify: [{run: x, schedule: 0 0 30 2 *}]", "there is no such day"},
		{"zone alone", "verify: [{run: x, zone: UTC}]", "`zone` belongs to a check with `schedule`"},
		{"same check", "verify: [{name: a, run: x, schedule: \"@daily\"}, {name: a, run: y, schedule: \"@daily\"}]", "a scheduled check named \"a\" is already on line 6"},
		{"freeze key", "soak: 1h\nfreezes: [{form: 2026-01-01}]", "unknown key \"form\" in a freeze; expected one of environments, from, reason, to, zone; did you mean from?"},
		{"freeze", "soak: 1h\nfreezes: [{from: 2026-01-02, to: 2026-01-01, reason: x, environments: [prd]}]", "the freeze ends before it begins"},
		{"freeze of", "soak: 1h\nfreezes: [{from: 2026-01-02, to: 2026-01-02, reason: x, environments: [prd]}]", "c.yml:7:11: the freeze is of \"prd\", which is no environment here; did you mean prod?"},
		{"no date", "soak: 1h\nfreezes: [{from: monday, to: 2026-01-01, reason: x}]", "from is \"monday\"; expected a date such as 2026-12-24"},
		{"divergence", "soak: 1h\ndiverge: [{components: [db], environments: [prod], reason: x, owner: a/b}]", "a divergence lacks `until`"},
		{"divergence of", "soak: 1h\ndiverge: [{components: [], environments: [prod], reason: x, owner: a/b, until: 2026-01-01}]", "a divergence is of some components"},
		{"migration", "soak: 1h\nmigrations: [{expand: \"[\"}]", "expand has \"[\", which is no pattern"},
		{"migration keys", "soak: 1h\nmigrations: [{expand: a}]", "a migration lacks `contract`"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("c.yml", []byte(gatesHead+"environments:\n  dev:\n  prod:\n    "+test.prod+"\n"))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant something with %q", err, test.want)
			}
		})
	}
	_, err := Parse("c.yml", []byte(gatesHead+"environments:\n  dev: {soak: 1h}\n"))
	if err == nil || !strings.Contains(err.Error(), "it comes after nothing") {
		t.Errorf("soak in the first environment: %v", err)
	}
}
