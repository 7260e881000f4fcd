package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := Parse(Path, []byte(`
version: 1
stacks:
  layout: folders
  path: components/{component}
  variables: config/{environment}.tfvars
  engine: tofu
  parallel: 3
  timeout: 20m
environments:
  dev:
    promote: auto
    verify:
      - {name: smoke, run: ./smoke.sh, timeout: 30s}
      - run: ./more.sh
  staging:
  prod-eu:
    after: [staging]
    stacks: ["prod/eu*"]
  sandbox:
    after: []
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Repository{
		Version: 1,
		Stacks: Stacks{
			Layout: LayoutFolders, Path: "components/{component}", Variables: []string{"config/{environment}.tfvars"},
			Engine: Engine{Kind: Tofu}, Parallel: 3, Timeout: 20 * time.Minute,
		},
		Environments: []Environment{
			{Name: "dev", Promote: Auto, Verify: []Check{{Name: "smoke", Run: "./smoke.sh", Timeout: 30 * time.Second}, {Name: "./more.sh", Run: "./more.sh"}}},
			{Name: "staging", Promote: Manual, After: []string{"dev"}},
			{Name: "prod-eu", Promote: Manual, After: []string{"staging"}, Stacks: []string{"prod/eu*"}},
			{Name: "sandbox", Promote: Manual, After: []string{}},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(Position{})); diff != "" {
		t.Error(diff)
	}
}

func TestParseListAndOwnEngine(t *testing.T) {
	t.Parallel()
	got, err := Parse(Path, []byte(`
version: 1
stacks:
  layout: list
  engine: {plan: ./plan, apply: ./apply}
  instances:
    - {environment: dev, path: live/vpc, variables: {size: 2, zones: [a, b]}, files: ["shared/*.json"]}
environments: {dev: {promote: auto}}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Stacks{
		Layout: LayoutList, Engine: Engine{Kind: Command, Plan: "./plan", Apply: "./apply"},
		Instances: []Instance{{Environment: "dev", Path: "live/vpc", Variables: map[string]any{"size": 2, "zones": []any{"a", "b"}}, Files: []string{"shared/*.json"}}},
	}
	if diff := cmp.Diff(want, got.Stacks, cmpopts.IgnoreTypes(Position{})); diff != "" {
		t.Error(diff)
	}
}

func TestParseChecks(t *testing.T) {
	t.Parallel()
	got, err := Parse(Path, []byte(`
version: 1
stacks: {layout: folders, path: "{environment}/{component}"}
environments: {dev: {promote: auto}}
checks:
  - validate
  - {policy: policies/, timeout: 10s}
  - {name: trivy, run: trivy config --format sarif ., sarif: true, timeout: 5m}
  - run: ./lint.sh
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []PullCheck{
		{Kind: Validate, Name: "validate"},
		{Kind: Policy, Name: "policies", Folder: "policies", Timeout: 10 * time.Second},
		{Kind: Scan, Name: "trivy", Run: "trivy config --format sarif .", SARIF: true, Timeout: 5 * time.Minute},
		{Kind: Scan, Name: "./lint.sh", Run: "./lint.sh"},
	}
	if diff := cmp.Diff(want, got.Checks, cmpopts.IgnoreTypes(Position{})); diff != "" {
		t.Error(diff)
	}
}

func TestParseStateMoved(t *testing.T) {
	t.Parallel()
	got, err := Parse(Path, []byte(`
version: 1
stacks: {layout: folders, path: "{environment}/{component}"}
environments: {dev: {promote: auto}}
state_moved:
  - {instance: dev/network, from: "s3 bucket=acme workspace=default"}
  - {instance: dev/app, from: [blue, old-prefix]}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []StateMove{
		{Instance: "dev/network", From: []string{"s3 bucket=acme workspace=default"}, At: Position{6, 5}},
		{Instance: "dev/app", From: []string{"blue", "old-prefix"}, At: Position{7, 5}},
	}
	if diff := cmp.Diff(want, got.StateMoved); diff != "" {
		t.Error(diff)
	}
}

// Every problem names its place, what was expected, and the nearest valid name.
func TestProblems(t *testing.T) {
	t.Parallel()
	const head = "version: 1\nstacks: {layout: folders, path: \"{environment}/{component}\"}\n"
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "the file is empty"},
		{"not YAML", "version: [1\n", "c.yml:1:1: this is not YAML"},
		{"a list", "- 1", "c.yml:1:1: the configuration is a list"},
		{"lacks keys", "version: 1", "the configuration lacks `stacks`"},
		{"wrong version", head + "environments: {dev: }\n" + "x: 1", "unknown key \"x\""},
		{"typo", head + "environments:\n  dev:\n    promot: auto\n", "c.yml:5:5: unknown key \"promot\" in environment dev; expected one of after, allow, approve, author_may_approve, "},
		{"what was meant", head + "environments:\n  dev:\n    promot: auto\n", "; did you mean promote?"},
		{"check of nothing", head + "environments: {dev: {verify: [{name: x}]}}", "a check needs one of `run`, `http` and `workflow`"},
		{"check of both", head + "environments: {dev: {verify: [{run: x, http: 'http://x'}]}}", "a check needs one of `run`, `http` and `workflow`"},
		{"later", head + "environments: {dev: }\ntrunk: main\n", "c.yml:4:1: `trunk` is not supported by this version yet"},
		{"check's URL", head + "environments: {dev: {verify: [{http: x}]}}", "http is no URL"},
		{"check's status", head + "environments: {dev: {verify: [{http: 'http://x', status: 42}]}}", "status is 42; expected one of HTTP"},
		{"command's status", head + "environments: {dev: {verify: [{run: x, status: 200}]}}", "`status` and `headers` belong to a check with `http`"},
		{"wave of nothing", head + "environments: {dev: {waves: [{pause: 5m}]}}", "c.yml:3:30: a wave lacks `stacks` or `components`"},
		{"wave's pattern", head + "environments: {dev: {waves: [{stacks: \"a[\"}]}}", "stacks has \"a[\"; expected names or patterns"},
		{"wave twice", head + "environments: {dev: {waves: [{stacks: a}, {stacks: a}]}}", "a wave named \"a\" is already on line 3"},
		{"wave's schedule", head + "environments: {dev: {waves: [{stacks: a, verify: [{run: x, schedule: '0 2 * * *'}]}]}}", "belongs to the environment's `verify`"},
		{"hook at no moment", head + "environments: {dev: }\nhooks: [{run: x}]", "c.yml:4:9: a hook needs one of `before: deploy` and `after: deploy`"},
		{"hook at both", head + "environments: {dev: }\nhooks: [{run: x, before: deploy, after: deploy}]", "a hook needs one of"},
		{"hook after what", head + "environments: {dev: }\nhooks: [{run: x, after: plan}]", "after is \"plan\"; expected deploy"},
		{"hook nowhere", head + "environments: {dev: }\nhooks: [{run: x, after: deploy, environments: [prod]}]", "the hook runs in \"prod\", which is no environment here"},
		{"hook's condition", head + "environments: {dev: }\nhooks: [{run: x, after: deploy, when: changd('a')}]", "c.yml:4:45: when: undeclared reference to 'changd'"},
		{"hook of nothing", head + "environments: {dev: }\nhooks: [{name: x, after: deploy}]", "a hook needs one of `run` and `workflow`"},
		{"wrong value", head + "environments:\n  dev:\n    promote: atuo\n", "c.yml:5:14: promote is \"atuo\"; expected auto or manual; did you mean auto?"},
		{"unknown after", head + "environments:\n  staging:\n  prod:\n    after: [stagin]\n", "prod comes after \"stagin\", which is no environment here; did you mean staging?"},
		{"cycle", head + "environments:\n  a: {after: [b]}\n  b: {after: [a]}\n", "a can never be reached: a comes after b comes after a"},
		{"itself", head + "environments:\n  a: {after: [a]}\n", "a can never be reached: a comes after a"},
		{"bad name", head + "environments:\n  Prod/EU:\n", "cannot name an environment"},
		{"duplicate", head + "environments:\n  dev:\n  dev:\n", "\"dev\""},
		{"atmos with a path", "version: 1\nstacks: {layout: atmos, path: stacks}\nenvironments: {dev: }", "`path`, `variables` and `instances` belong to other layouts"},
		{"duration", "version: 1\nstacks: {layout: folders, path: x, timeout: soon}\nenvironments: {dev: }", "timeout is \"soon\"; expected a time such as"},
		{"engine", "version: 1\nstacks: {layout: folders, path: x, engine: terrform}\nenvironments: {dev: }", "engine is \"terrform\"; expected terraform or tofu; did you mean terraform?"},
		{"list environment", "version: 1\nstacks: {layout: list, instances: [{environment: dve, path: a}]}\nenvironments: {dev: }", "\"dve\" is no environment here; did you mean dev?"},
		{"no check", head + "environments: {dev: }\nchecks: [{name: x}]", "c.yml:4:10: a check lacks `policy` or `run`"},
		{"check typo", head + "environments: {dev: }\nchecks: [validat]", "a check is \"validat\"; expected validate; did you mean validate?"},
		{"check key typo", head + "environments: {dev: }\nchecks: [{polcy: p}]", "unknown key \"polcy\" in a check; expected one of name, policy, run, sarif, timeout; did you mean policy?"},
		{"two kinds", head + "environments: {dev: }\nchecks: [{policy: p, run: x}]", "a check has either `policy` or `run`"},
		{"check outside", head + "environments: {dev: }\nchecks: [{policy: ../p}]", "policy is \"../p\"; expected a folder of this repository"},
		{"check of SARIF", head + "environments: {dev: }\nchecks: [{policy: p, sarif: true}]", "`sarif` belongs to a check with `run`"},
		{"SARIF", head + "environments: {dev: }\nchecks: [{run: p, sarif: yes please}]", "sarif is \"yes please\"; expected true or false"},
		{"same name", head + "environments: {dev: }\nchecks:\n- validate\n- {name: validate, run: x}", "c.yml:6:3: a check named \"validate\" is already on line 5"},
		{"empty command", head + "environments: {dev: }\nchecks: [{run: ' '}]", "`run` is empty"},
		{"no validation", "version: 1\nstacks: {layout: folders, path: x, engine: {plan: a, apply: b}}\nenvironments: {dev: }\nchecks: [validate]", "c.yml:4:10: `validate` is what terraform and tofu have"},
		{"a move from nowhere", head + "environments: {dev: }\nstate_moved: [{instance: dev/a}]", "c.yml:4:15: an entry of state_moved lacks `from`"},
		{"a move's typo", head + "environments: {dev: }\nstate_moved: [{instnce: dev/a, from: x}]", "unknown key \"instnce\" in an entry of state_moved; expected one of from, instance; did you mean instance?"},
		{"too large", strings.Repeat("#", MaxSize+1), "at most 262144 are read"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("c.yml", []byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v\nwant something with %q", err, test.want)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("version: 1\nstacks: {layout: folders, path: x}\nenvironments: {dev: {after: [dev]}}"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if repository, err := Parse("c.yml", text); err == nil && len(repository.Environments) == 0 {
			t.Error("a configuration without environments was taken")
		}
	})
}

func TestCanary(t *testing.T) {
	t.Parallel()
	const head = "version: 1\nstacks: {layout: folders, path: x}\n"
	rules, err := Parse("c.yml", []byte(head+"environments:\n  dev:\n    canary:\n      components: api\n      variable: weight\n      steps: [1, 50, 100]\n      pause: 5m\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Canary{{Components: []string{"api"}, Variable: "weight", Steps: []int{1, 50}, Pause: 5 * time.Minute, At: Position{6, 7}}}
	if diff := cmp.Diff(want, rules.Environments[0].Canary); diff != "" {
		t.Error(diff)
	}
	for text, want := range map[string]string{
		"{steps: [1], pause: 1m}":                                          "a canary lacks `components` or `stacks`",
		"{components: api, steps: [1]}":                                    "a canary lacks `verify`, `watch` or `pause`",
		"{components: api, pause: 1m}":                                     "a canary lacks `steps`",
		"{components: api, pause: 1m, steps: [100]}":                       "steps has none before 100",
		"{components: api, pause: 1m, steps: [5, 5]}":                      "steps has 5 here; expected percentages that grow",
		"{components: api, pause: 1m, steps: [5, 101]}":                    "steps has 101 here",
		"{components: api, pause: 1m, steps: [0]}":                         "steps",
		"[{components: api, pause: 1m, steps: [5], variable: 'a b'}]":      "variable is \"a b\"; expected the name of a variable",
		"[{components: api, steps: [5], verify: [{run: x, schedule: a}]}]": "schedule",
	} {
		_, err := Parse("c.yml", []byte(head+"environments: {dev: {canary: "+text+"}}\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v; want %q", text, err, want)
		}
	}
}
