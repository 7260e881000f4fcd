package promote

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/config"
)

func parsed(t *testing.T, rest string) config.Repository {
	t.Helper()
	rules, err := config.Parse("c.yml", []byte("version: 1\nstacks: {layout: folders, path: \"{environment}/{component}\"}\n"+rest))
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

func TestWeakened(t *testing.T) {
	t.Parallel()
	const around = `environments:
  dev: {promote: auto, verify: [{name: nightly, run: x, schedule: "@daily"}, {name: smoke, run: y}]}
  qa: {after: [dev]}
  prod: {after: [qa], PROD}
`
	for _, test := range []struct{ name, before, after, want string }{
		{"nothing", "soak: 1h", "soak: 1h", ""},
		{"stricter", "soak: 1h", "soak: 2h, require: [ci], max_range: 3, one_by_one: true, approve: 2", ""},
		{"stacks", "stacks: [prod]", "stacks: [other]}\n  live: {stacks: [prod]", "stacks"},
		{"order", "soak: 1h", "soak: 1h, after: [dev]", "after"},
		{"all to any", "soak: 1h", "soak: 1h, after: {any: [qa]}", "after"},
		{"any to all of it", "after: {any: [qa, dev]}", "after: [qa]", ""},
		{"any is wider", "after: {any: [qa]}", "after: {any: [qa, dev]}", "after"},
		{"promote", "promote: manual", "promote: auto", "promote"},
		{"auto_if", "promote: manual", "promote: manual, auto_if: \"plan.destroys == 0\"", "auto_if"},
		{"auto_if goes", "promote: auto, auto_if: \"plan.destroys == 0\"", "promote: auto", "auto_if"},
		{"soak", "soak: 1h", "soak: 30m", "soak"},
		{"require", "require: [a, b]", "require: [b, c]", "require"},
		{"range", "max_range: 3", "max_range: 4", "max_range"},
		{"range of pulls", "max_range: {pulls: 3}", "max_range: 3", "max_range"},
		{"one by one", "one_by_one: true", "soak: 1h", "one_by_one"},
		{"windows", "windows: [{days: mon}]", "windows: [{days: mon-tue}]", "windows"},
		{"same windows", "windows: [{days: mon}]", "windows: [{days: monday, from: \"00:00\"}]", ""},
		{"count", "approve: 2", "approve: 1", "approve"},
		{"other people", "approve: [{team: a/b}]", "approve: [{team: a/c}]", "approve"},
		{"more people", "approve: [{team: a/b}]", "approve: [{teams: [a/b, a/c]}]", "approve"},
		{"fewer people", "approve: [{teams: [a/b, a/c]}]", "approve: [{team: A/C}]", ""},
		{"one rule for two", "approve: [{team: a/b}, {team: a/c}]", "approve: [{team: a/b}]", "approve"},
		{"authors", "approve: 1", "approve: 1, author_may_approve: true", "author_may_approve merger_may_approve promoter_may_approve"},
		{"late", "converge_within: 1d", "converge_within: 2d", "converge_within"},
		{"who agrees to go back", "rollback: {approve: [{team: a/b}]}", "rollback: {approve: [{team: a/c}]}", "rollback"},
		{"what keeps nothing", "rollback: {stateless: [a_b]}", "rollback: {stateless: [a_b, c_d]}", "rollback"},
		{"what is irreversible", "rollback: {irreversible: [a, b]}", "rollback: {irreversible: [b, c]}", "rollback"},
		{"nothing goes back", "on_failure: rollback", "on_failure: halt", "on_failure"},
		{"what goes back", "on_failure: halt", "on_failure: rollback, rollback: {approve: 1}", ""},
		{"who promotes", "allow: {promote: alice}", "allow: {promote: [alice, bob]}", "allow"},
		{"who overrides", "soak: 1h", "soak: 1h, allow: {override: bob}", "allow"},
		{"watch goes", "watch: {run: x, for: 1m}", "soak: 1h", "watch"},
		{"watch of something else", "watch: {run: x, for: 1m}", "watch: {name: x, run: y, for: 1m}", "watch"},
		{"stricter watch", "watch: {run: x, for: 1m, failures: 1, no_data: wait}", "watch: {run: x, for: 2m, every: 1s}", ""},
		{"watch by another rule", "watch: {run: x, for: 1m, fail_if: value > 1}", "watch: {run: x, for: 1m, fail_if: value > 2}", "watch"},
		{"watch shorter and seldom", "watch: {run: x, for: 2m, every: 10s}", "watch: {run: x, for: 1m, every: 20s}", "watch watch"},
		{"watch bears more", "watch: {run: x, for: 1m, every: 10s}", "watch: {run: x, for: 1m, every: 10s, failures: 1, no_data: wait, unreachable: wait}", "watch watch watch"},
		{"watch compares with something else", "watch: {run: x, for: 1m, fail_if: value > baseline}", "watch: {run: x, for: 1m, fail_if: value > baseline, no_baseline: 9}", "watch"},
		{"wave goes", "waves: [{stacks: prod, pause: 1m}]", "soak: 1h", "waves"},
		{"wave of others", "waves: [{name: a, stacks: prod}]", "waves: [{name: a, stacks: eu}]", "waves"},
		{"shorter pause", "waves: [{stacks: prod, pause: 2m}]", "waves: [{stacks: prod, pause: 1m}]", "waves"},
		{"wave proves less", "waves: [{stacks: prod, verify: [{run: x}], watch: {run: y, for: 1m}}]", "waves: [{stacks: prod}]", "verify watch"},
		{"wave proves more", "waves: [{stacks: prod}]", "waves: [{stacks: prod, verify: [{run: x}], watch: {run: y, for: 1m}, pause: 1m}, {stacks: eu}]", ""},
		{"canary goes", "canary: {components: api, steps: [10], pause: 1m}", "soak: 1h", "canary"},
		{"canary of other steps", "canary: {components: api, steps: [1, 10], pause: 1m}", "canary: {components: api, steps: [50], pause: 1m}", "canary"},
		{"canary proves less", "canary: {components: api, steps: [10], watch: {run: y, for: 2m}, pause: 2m}", "canary: {components: api, steps: [10], watch: {run: y, for: 1m, every: 30s}, pause: 1m}", "canary watch"},
		{"who holds", "soak: 1h", "soak: 1h, allow: {hold: bob}", "allow"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			of := func(gates string) config.Repository {
				if strings.Contains(gates, "after:") {
					return parsed(t, strings.Replace(around, "after: [qa], PROD", gates, 1))
				}
				return parsed(t, strings.Replace(around, "PROD", gates, 1))
			}
			var keys []string
			for _, weaker := range Weakened(of(test.before), of(test.after)) {
				if weaker.Environment != "prod" || weaker.Text == "" {
					t.Errorf("got %+v", weaker)
				}
				keys = append(keys, weaker.Key)
			}
			if got := strings.Join(keys, " "); got != test.want {
				t.Errorf("got %q; want %q", got, test.want)
			}
		})
	}
}

func TestWeakenedAcross(t *testing.T) {
	t.Parallel()
	before := parsed(t, `environments:
  dev: {promote: auto, verify: [{name: nightly, run: x, schedule: "@daily"}, {name: smoke, run: y}]}
  prod:
freezes: [{from: 2026-12-23, to: 2026-12-31, reason: holidays}]
diverge: [{components: [db], environments: [prod], reason: x, owner: a/b, until: 2026-12-15}]
migrations: [{expand: a/*, contract: b/*}]
`)
	after := parsed(t, `environments:
  dev: {promote: auto, verify: [{name: nightly, run: "true", schedule: "@daily"}]}
freezes: [{from: 2026-12-23, to: 2026-12-30, reason: holidays}]
diverge: [{components: [db], environments: [dev], reason: x, owner: a/b, until: 2026-12-15}]
migrations: [{expand: [a/*, c/*], contract: [d/*]}]
`)
	var got []string
	for _, weaker := range Weakened(before, after) {
		got = append(got, weaker.Environment+" "+weaker.Key+": "+weaker.Text)
	}
	want := []string{
		"dev verify: the check smoke is changed or gone",
		"dev verify: the scheduled check nightly is changed or gone",
		"prod environments: prod is gone, and its gates with it",
		" freezes: the freeze until Fri 2027-01-01 00:00 UTC (holidays) is gone or shorter",
		" migrations: the steps of migration 1 are not told apart as before",
		" diverge: db could converge before Wed 2026-12-16 00:00 UTC",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if weaker := Weakened(before, before); len(weaker) > 0 {
		t.Errorf("no change makes weaker: %+v", weaker)
	}
}

// Where an environment is gone, nobody can be held to what it was asked; where another one may be it by a new name, somebody is.
func TestWeakenedAtOnce(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		after  string
		atOnce bool
	}{
		"gone":        {"  dev: {promote: auto}\n", true},
		"renamed":     {"  dev: {promote: auto}\n  live: {stacks: [prod]}\n", false},
		"perhaps":     {"  dev: {promote: auto}\n  live: {stacks: [other]}\n", false},
		"given away":  {"  dev: {promote: auto, stacks: [dev, prod]}\n", false},
		"still there": {"  dev: {promote: auto}\n  prod: {after: []}\n", false},
	} {
		before := parsed(t, "environments:\n  dev: {promote: auto}\n  prod:\n  late: {after: [prod]}\n")
		after := parsed(t, "environments:\n"+test.after+"  late: {after: [dev]}\n")
		found := Weakened(before, after)
		for _, weaker := range found {
			if weaker.Key != "stacks" && weaker.AtOnce != test.atOnce {
				t.Errorf("%s: %+v counts at once: %t", name, weaker, weaker.AtOnce)
			}
		}
		if len(found) == 0 {
			t.Errorf("%s: nothing is weaker", name)
		}
	}
}
