package planner

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
)

// rulesFor parses a configuration.
func rulesFor(t *testing.T, text string) config.Repository {
	t.Helper()
	rules, err := config.Parse(config.Path, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

const ephemeralRules = `
version: 1
stacks:
  layout: list
  instances:
    - {environment: dev, path: net, stack: dev/eu}
    - {environment: dev, path: app, stack: dev/eu, variables: {size: 2, name: app}, depends_on: [mid]}
    - {environment: dev, path: mid, stack: dev/eu, depends_on: [net]}
    - {environment: prod, path: app, stack: prod, workspace: prod}
environments: {dev: {}, prod: {}}
preview:
  from: dev
  components: [net, "dev/*/app"]
  variables: {name: "app-{number}-{component}", sha: "{sha}", hosts: ["pr-{number}"]}
`

func TestEphemeral(t *testing.T) {
	t.Parallel()
	r := newRepository(t)
	sha := r.commit("net/main.tf", "", "app/main.tf", `variable "name" {}`, "mid/main.tf", "")
	snapshot := r.snapshot(sha, rulesFor(t, ephemeralRules))
	e, err := snapshot.Ephemeral(7)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"pr-7/dev/eu/app", "pr-7/dev/eu/net"}, slices.Sorted(maps.Keys(e.Instances))); diff != "" {
		t.Error(diff)
	}
	app := e.Instances["pr-7/dev/eu/app"]
	want := map[string]any{"size": 2, "name": "app-7-app", "sha": sha, "hosts": []any{"pr-7"}}
	if diff := cmp.Diff(want, app.Instance.Variables); diff != "" {
		t.Error(diff)
	}
	if app.Instance.Environment != "pr-7" || app.Instance.Workspace != "pr-7" || app.State.Address.String() != "trunkline instance=pr-7/dev/eu/app workspace=pr-7" {
		t.Errorf("%+v", app)
	}
	if diff := cmp.Diff([]string{"pr-7/dev/eu/net"}, e.Upstream["pr-7/dev/eu/app"]); diff != "" {
		t.Error(diff)
	}
	if stays := snapshot.Instances["dev/eu/app"].Instance; stays.Workspace == "pr-7" || len(stays.Variables) != 2 || stays.Variables["name"] != "app" {
		t.Errorf("what stays was changed: %+v", stays)
	}
	if err := e.ApartFrom(snapshot.TakenBy()); err != nil {
		t.Error(err)
	}
}

// Whatever could touch what stays is refused, and says why.
func TestEphemeralIsApart(t *testing.T) {
	t.Parallel()
	s3 := func(settings string) string { return "terraform {\n  backend \"s3\" {\n" + settings + "\n  }\n}\n" }
	for name, test := range map[string]struct {
		app, preview string
		instances    string
		taken        []Taken
		want         string // empty: it may
	}{
		"a backend with workspaces":  {s3(`bucket = "b"` + "\n" + `key = "app"`), "{from: dev}", "", nil, ""},
		"a backend without":          {"terraform {\n  backend \"http\" {\n address = \"x\" \n }\n}", "{from: dev}", "", nil, "does not keep workspaces apart"},
		"a workspace of a name":      {"terraform {\n  cloud {\n organization = \"a\"\n workspaces {\n name = \"app\"\n }\n }\n}", "{from: dev}", "", nil, "does not keep workspaces apart"},
		"a backend that is computed": {s3(`bucket = "b"` + "\n" + `key = local.key`), "{from: dev}", "", nil, "computes key"},
		"the state of another":       {s3(`bucket = "b"` + "\n" + `key = "app"`), "{from: dev}", "", []Taken{{Whose: "prod/app", Name: "prod/app", Address: engine.Address{Backend: "s3", Settings: map[string]string{"bucket": "b", "key": "env:/pr-7/app"}, Workspace: "default"}}}, "and prod/app has its state"},
		"another repository's":       {s3(`bucket = "b"` + "\n" + `key = "app"`), "{from: dev}", "", []Taken{{Whose: "x", Elsewhere: true, Address: engine.Address{Backend: "s3", Settings: map[string]string{"bucket": "b", "key": "app"}, Workspace: "pr-7"}}}, "and x has its state"},
		"elsewhere, kept by us":      {"", "{from: dev}", "", []Taken{{Whose: "x", Name: "pr-7/dev/app", Elsewhere: true, Address: engine.Address{Backend: engine.Ours, Settings: map[string]string{"instance": "pr-7/dev/app"}, Workspace: "pr-7"}}}, ""},
		"a stack of that name":       {"", "{from: dev}", "    - {environment: prod, path: app, stack: pr-7/dev}\n", nil, "and pr-7/dev/app has its state"},
		"a workspace of that name":   {"", "{from: dev}", "", []Taken{{Whose: "prod/app", Name: "prod/app", Address: engine.Address{Backend: "s3", Settings: map[string]string{"bucket": "c"}, Workspace: "pr-7"}}}, "and prod/app has its state"},
		"two of one component":       {s3(`bucket = "b"` + "\n" + `key = "app"`), "{from: dev}", "    - {environment: dev, path: app, stack: dev/us}\n", nil, "Add {stack} or {component}"},
		"two with their stacks":      {s3(`bucket = "b"` + "\n" + `key = "app"`), `{from: dev, workspace: "pr-{number}-{stack}"}`, "    - {environment: dev, path: app, stack: dev/us}\n", nil, ""},
		"nothing":                    {"", "{from: dev, components: [moon]}", "", nil, "There is nothing to deploy"},
		"a name that is too long":    {"", `{from: dev, workspace: "` + strings.Repeat("x", 100) + `{number}"}`, "", nil, "no backend takes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRepository(t)
			snapshot := r.snapshot(r.commit("app/main.tf", test.app), rulesFor(t, "version: 1\nstacks:\n  layout: list\n  instances:\n"+
				"    - {environment: dev, path: app, stack: dev}\n"+test.instances+"environments: {dev: {}, prod: {}}\npreview: "+test.preview+"\n"))
			e, err := snapshot.Ephemeral(7)
			if err == nil {
				err = e.ApartFrom(append(snapshot.TakenBy(), test.taken...))
			}
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (!errors.As(err, new(*NotApart)) || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v, and not %q", err, test.want)
			}
		})
	}
}

func TestImports(t *testing.T) {
	t.Parallel()
	plan := engine.Plan{Changes: []engine.Change{{Address: "a", Action: engine.Create}, {Address: "b", Action: engine.Import}, {Address: "c", Action: engine.Update, ImportID: "i-1"}}}
	if diff := cmp.Diff([]string{"b", "c"}, Imports(plan)); diff != "" {
		t.Error(diff)
	}
}

// Instances of stack manifests go to a workspace of their own below the prefix that they have, and two stacks need one each.
func TestEphemeralOfManifests(t *testing.T) {
	t.Parallel()
	stack := func(environment string) string {
		return `
vars: { stage: dev, environment: ` + environment + ` }
terraform: { backend_type: s3, backend: { s3: { bucket: b } } }
components: { terraform: { net: { vars: { size: 1 } }, app: { vars: { name: app }, settings: { depends_on: { 1: { component: net } } } } } }`
	}
	r := newRepository(t)
	sha := r.commit("atmos.yaml", `
stacks: { base_path: stacks, included_paths: ["deploy/**/*"], name_pattern: "{stage}-{environment}" }
components: { terraform: { base_path: components/terraform, auto_generate_backend_file: true } }`,
		"stacks/deploy/eu.yaml", stack("eu"), "stacks/deploy/us.yaml", stack("us"),
		"components/terraform/net/main.tf", "", "components/terraform/app/main.tf", `variable "name" {}`)
	rules := manifests()
	rules.Preview = config.Preview{From: "dev", Workspace: "pr-{number}", Variables: map[string]any{"name": "app-{number}"}}
	if _, err := r.snapshot(sha, rules).Ephemeral(7); !errors.As(err, new(*NotApart)) {
		t.Errorf("two stacks share a state: %v", err)
	}
	rules.Preview.Workspace = "pr-{number}-{stack}"
	snapshot := r.snapshot(sha, rules)
	e, err := snapshot.Ephemeral(7)
	if err == nil {
		err = e.ApartFrom(snapshot.TakenBy())
	}
	if err != nil {
		t.Fatal(err)
	}
	app := e.Instances["pr-7/dev-eu/app"]
	if place := app.State.Address.String(); place != "s3 bucket=b workspace_key_prefix=app workspace=pr-7-dev-eu" {
		t.Errorf("its state is at %s", place)
	}
	if app.Instance.Variables["name"] != "app-7" || app.Instance.Variables["environment"] != "eu" {
		t.Errorf("its variables are %v", app.Instance.Variables)
	}
	if diff := cmp.Diff([]string{"pr-7/dev-eu/net"}, e.Upstream["pr-7/dev-eu/app"]); diff != "" {
		t.Error(diff)
	}
}
