package atmos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
)

// repository is a small repository: manifests by their path below stacks. atmos.yaml has what they need, and more.
func repository(more string, manifests map[string]string) memory {
	files := memory{"atmos.yaml": `
base_path: ""
components: { terraform: { base_path: components/terraform } }
stacks: { base_path: stacks, included_paths: ["deploy/**/*"], excluded_paths: ["**/_*.yaml"], name_pattern: "{stage}" }
` + more}
	for name, text := range manifests {
		files["stacks/"+name] = text
	}
	return files
}

func resolve(t *testing.T, files memory) []Instance {
	t.Helper()
	result, err := Resolve(context.Background(), files, Options{Env: map[string]string{"SET": "here"}})
	if err != nil {
		t.Fatal(err)
	}
	return result.Instances
}

// only is the one instance of that name.
func only(t *testing.T, instances []Instance, component string) Instance {
	t.Helper()
	for _, instance := range instances {
		if instance.Component == component {
			return instance
		}
	}
	t.Fatalf("there is no instance %s", component)
	return Instance{}
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	const templated = "templates: { settings: { enabled: true } }\n"
	tests := map[string]struct {
		settings  string
		manifests map[string]string
		want      map[string]any // vars of c, besides its stage
	}{
		"the manifest wins over its imports, later imports over earlier ones": {
			manifests: map[string]string{
				"a.yaml": "vars: { x: a, y: a, z: a }", "b.yaml": "vars: { x: b, y: b }",
				"deploy/d.yaml": "import: [a, b]\nvars: { stage: d, x: d }\ncomponents: { terraform: { c: {} } }",
			},
			want: map[string]any{"x": "d", "y": "b", "z": "a"},
		},
		"the type wins over the stack, bases over both, the component over its bases, overrides over all": {
			manifests: map[string]string{"deploy/d.yaml": `
vars: { stage: d, a: stack, b: stack, c: stack, d: stack, e: stack }
terraform: { vars: { b: type, c: type, d: type, e: type }, overrides: { vars: { e: overrides } } }
components:
  terraform:
    base: { metadata: { type: abstract }, vars: { c: base, d: base, e: base } }
    c: { metadata: { inherits: [base] }, vars: { d: component, e: component } }`},
			want: map[string]any{"a": "stack", "b": "type", "c": "base", "d": "component", "e": "overrides"},
		},
		"an extension may be left out or written, and files may be templates": {
			manifests: map[string]string{
				"a.yml": "vars: { a: 1 }", "b.yaml.tmpl": "vars: { b: {{ add 1 1 }} }", "c.yaml.tmpl": "vars: { c: {{ .n }} }",
				"deploy/d.yaml": "import: [a, b.yaml, { path: c, context: { n: 3 } }]\nvars: { stage: d }\ncomponents: { terraform: { c: {} } }",
			},
			want: map[string]any{"a": 1, "b": 2, "c": 3},
		},
		"data of an outer import wins over that of an inner one": {
			manifests: map[string]string{
				"in.yaml": `vars: { a: "{{ .a }}", b: "{{ .b }}" }`, "mid.yaml": "import: [{ path: in, context: { a: mid, b: mid } }]",
				"deploy/d.yaml": "import: [{ path: mid, context: { a: out } }]\nvars: { stage: d }\ncomponents: { terraform: { c: {} } }",
			},
			want: map[string]any{"a": "out", "b": "mid"},
		},
		"templates that are skipped wait for the instance": {
			settings: templated,
			manifests: map[string]string{
				"in.yaml":       `vars: { a: "{{ .atmos_component }}" }`,
				"deploy/d.yaml": "import: [{ path: in, context: { x: 1 }, skip_templates_processing: true }]\nvars: { stage: d }\ncomponents: { terraform: { c: {} } }",
			},
			want: map[string]any{"a": "c"},
		},
		"missing data may be ignored": {
			manifests: map[string]string{
				"in.yaml":       `vars: { a: "x{{ .nothing }}" }`,
				"deploy/d.yaml": "import: [{ path: in, context: { x: 1 }, ignore_missing_template_values: true }]\nvars: { stage: d }\ncomponents: { terraform: { c: {} } }",
			},
			want: map[string]any{"a": "x<no value>"},
		},
		"without templates in the settings they stay as they are": {
			manifests: map[string]string{"deploy/d.yaml": `
vars: { stage: d, a: "{{ .vars.stage }}" }
components: { terraform: { c: {} } }`},
			want: map[string]any{"a": "{{ .vars.stage }}"},
		},
		"a string that needs no quotes may become a number, one that needs them may not": {
			settings: templated,
			manifests: map[string]string{"deploy/d.yaml": `
vars: { stage: d, n: 2, a: "1{{ .vars.n }}", b: "{{ .vars.n }}" }
components: { terraform: { c: {} } }`},
			want: map[string]any{"n": 2, "a": 12, "b": "2"},
		},
		"templates in keys, and functions of both libraries": {
			settings: "templates: { settings: { enabled: true, env: { WHO: me } } }\n",
			manifests: map[string]string{"deploy/d.yaml": `
vars: { stage: d, "k-{{ .vars.stage }}": [{ "{{ .atmos_component }}": "{{ env \"WHO\" }} {{ strings.Title .atmos_component }} {{ .vars.stage | upper }}" }] }
components: { terraform: { c: {} } }`},
			want: map[string]any{"k-d": []any{map[string]any{"c": "me C D"}}},
		},
		"locals are of their file": {
			settings: templated,
			manifests: map[string]string{
				"in.yaml": `
locals: { a: in }
vars: { in: "{{ .locals.a }}" }`,
				"deploy/d.yaml": `
import: [in]
locals: { a: out, b: "{{ .locals.a }}-b" }
vars: { stage: d, out: "{{ .locals.b }}" }
components: { terraform: { c: {} } }`,
			},
			want: map[string]any{"in": "in", "out": "out-b"},
		},
		"locals of the stack reach its instances, those of an import do not": {
			settings: templated,
			manifests: map[string]string{
				"in.yaml": "locals: { imported: 1 }\nvars: { x: '{{ .atmos_component }}' }",
				"deploy/d.yaml": `
import: [in]
locals: { a: "0{{ .vars.n }}" }
vars: { stage: d, n: 7 }
components: { terraform: { c: { vars: { l: "{{ .locals.a }}-{{ .atmos_component }}", i: "{{ .locals.imported }}" } } } }`,
			},
			want: map[string]any{"x": "c", "n": 7, "l": "07-c", "i": "<no value>"},
		},
		"functions": {
			manifests: map[string]string{
				"deploy/d.yaml": `
vars:
  stage: d
  env: !env SET
  unset: !env NOT_SET
  default: !env NOT_SET other
  literal: !literal "{{ .x }}"
  json: !template '{"a": [1, 2.5, true, null]}'
  file: !include ../data.json
  part: !include ../data.json .list[1]
  raw: !include.raw ../data.json
  yaml: !include ../some.yaml .key
  tfvars: !include ../some.tfvars
  root: !repo-root
components: { terraform: { c: {} } }`,
				"data.json": `{"list": [1, "two"]}`, "some.yaml": "key: { inner: value }", "some.tfvars": "name = \"n\"\ncount = 2\n",
			},
			want: map[string]any{
				"env": "here", "unset": nil, "default": "other", "literal": "{{ .x }}",
				"json": map[string]any{"a": []any{1, 2.5, true, nil}}, "file": map[string]any{"list": []any{1, "two"}}, "part": "two",
				"raw": `{"list": [1, "two"]}`, "yaml": map[string]any{"inner": "value"},
				"tfvars": map[string]any{"name": "n", "count": 2}, "root": "../../..",
			},
		},
		"anchors and merge keys": {
			manifests: map[string]string{"deploy/d.yaml": `
vars: { stage: d }
x: &x { a: 1, b: 1 }
components: { terraform: { c: { vars: { <<: *x, b: 2, list: [*x] } } } }`},
			want: map[string]any{"a": 1, "b": 2, "list": []any{map[string]any{"a": 1, "b": 1}}},
		},
		"types": {
			manifests: map[string]string{"deploy/d.yaml": `
vars: { stage: d, zero: "007", version: "1.0", float: 1.5, yes: yes, big: 12345678901, null: ~, t: true, e: 1e3 }
components: { terraform: { c: {} } }`},
			want: map[string]any{
				"zero": "007", "version": "1.0", "float": 1.5, "yes": "yes", "big": 12345678901, "null": nil, "t": true, "e": 1000.0,
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := repository(test.settings, test.manifests)
			vars := map[string]any{}
			for name, value := range only(t, resolve(t, files), "c").Vars {
				if name != "stage" {
					vars[name] = value
				}
			}
			if diff := cmp.Diff(test.want, vars); diff != "" {
				t.Errorf("vars (-want +got):\n%s", diff)
			}
		})
	}
}

// doubling are templates that each use the next one twice.
func doubling() string {
	text := `{{ template "t0" }}{{ define "t40" }}{{ end }}`
	for i := range 40 {
		text += fmt.Sprintf(`{{ define "t%d" }}{{ template "t%d" }}{{ template "t%d" }}{{ end }}`, i, i+1, i+1)
	}
	return text
}

// bomb is a short file that stands for a long one.
func bomb() string {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		text += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	return text
}

func TestProblems(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		settings  string
		manifests map[string]string
		want      string
	}{
		"no YAML": {manifests: map[string]string{"deploy/d.yaml": "vars:\n  a: [\n"},
			want: "stacks/deploy/d.yaml:2:1: this is no YAML: did not find expected node content"},
		"a misspelt import": {manifests: map[string]string{"catalog/network.yaml": "", "deploy/d.yaml": "vars: { stage: d }\nimport:\n  - catalog/netwrok\n"},
			want: "stacks/deploy/d.yaml:3:5: no manifest below stacks is matched by the import \"catalog/netwrok\": did you mean \"catalog/network\"?"},
		"a circle of imports": {manifests: map[string]string{"a.yaml": "import: [b]", "b.yaml": "import: [a]", "deploy/d.yaml": "import: [a]"},
			want: "stacks/b.yaml:1:10: the manifest imports itself: stacks/a.yaml → stacks/b.yaml → stacks/a.yaml"},
		"a circle of inheritance": {manifests: map[string]string{"deploy/d.yaml": "vars: { stage: d }\ncomponents:\n  terraform:\n    a: { metadata: { inherits: [b] } }\n    b: { metadata: { inherits: [c] } }\n    c: { metadata: { inherits: [b] } }"},
			want: "inherits from itself"},
		"a base that is not there": {manifests: map[string]string{"deploy/d.yaml": "vars: { stage: d }\ncomponents:\n  terraform:\n    defaults: {}\n    a:\n      metadata:\n        inherits: [default]"},
			want: "stacks/deploy/d.yaml:7:9: the component a inherits from default, which the stack deploy/d does not have: did you mean \"defaults\"?"},
		"a circle of locals": {manifests: map[string]string{"deploy/d.yaml": "locals:\n  a: \"{{ .locals.b }}\"\n  b: \"{{ .locals.a }}\"\nvars: { stage: d }"},
			want: "stacks/deploy/d.yaml:2:3: the locals refer to each other in a circle: a → b → a"},
		"no name": {manifests: map[string]string{"deploy/d.yaml": "vars: { environment: d }\ncomponents: { terraform: { c: {} } }"},
			want: "stacks/deploy/d.yaml:1:1: the stack has no name: stacks.name_pattern is \"{stage}\", and vars.stage is not set"},
		"a stack's metadata that is a component's own": {manifests: map[string]string{"deploy/d.yaml": "vars: { stage: d }\nmetadata:\n  name: x\ncomponents: { terraform: { c: {} } }"},
			want: "stacks/deploy/d.yaml:3:3: metadata.name is a component's own"},
		"a component's strategy that there is not": {manifests: map[string]string{"deploy/d.yaml": "vars: { stage: d }\ncomponents:\n  terraform:\n    c: { settings: { list_merge_strategy: prepend } }"},
			want: "stacks/deploy/d.yaml:4:10: settings.list_merge_strategy is \"prepend\""},
		"a source that is none": {manifests: map[string]string{"deploy/d.yaml": "vars: { stage: d }\ncomponents:\n  terraform:\n    c:\n      source: [x]"},
			want: "stacks/deploy/d.yaml:5:7: the section source is not what it is to be"},
		"an empty section": {manifests: map[string]string{"deploy/d.yaml": "vars: { stage: d }\ncomponents:\n  terraform:\n    c:\n      vars:\n"},
			want: "stacks/deploy/d.yaml:5:7: the section vars is to be a map; it is empty here: leave it out, or write {}"},
		"data that is missing": {manifests: map[string]string{"in.yaml": "vars:\n  a: \"{{ .nothing }}\"", "deploy/d.yaml": "import: [{ path: in, context: { x: 1 } }]\nvars: { stage: d }"},
			want: "stacks/in.yaml:2:10: the template cannot be expanded"},
		"no stack": {settings: "", manifests: map[string]string{"other/d.yaml": ""},
			want: "no manifest below stacks is matched by \"deploy/**/*\""},
		"a strategy that there is not": {settings: "settings: { list_merge_strategy: prepend }", manifests: map[string]string{"deploy/d.yaml": ""},
			want: "settings.list_merge_strategy is \"prepend\""},
		"aliases that grow": {manifests: map[string]string{"deploy/d.yaml": bomb()}, want: "stands for more than"},
		"loops in loops": {settings: "templates: { settings: { enabled: true } }", manifests: map[string]string{"deploy/d.yaml": "vars: { stage: d, a: '{{ $l := until 10000 }}{{ range $l }}{{ range $l }}{{ end }}{{ end }}' }\ncomponents: { terraform: { c: {} } }"},
			want: "the templates take more steps than manifests need"},
		"a template that uses itself twice": {settings: "templates: { settings: { enabled: true } }", manifests: map[string]string{"deploy/d.yaml": "vars: { stage: d, a: '{{ define \"x\" }}{{ template \"x\" }}{{ template \"x\" }}{{ end }}{{ template \"x\" }}' }\ncomponents: { terraform: { c: {} } }"},
			want: "cannot be expanded"},
		"templates that double": {settings: "templates: { settings: { enabled: true } }", manifests: map[string]string{"deploy/d.yaml": "vars: { stage: d, a: '" + doubling() + "' }\ncomponents: { terraform: { c: {} } }"},
			want: "the templates take more steps than manifests need"},
		"a template that grows": {settings: "templates: { settings: { enabled: true } }", manifests: map[string]string{"deploy/d.yaml": "vars: { stage: d, a: '{{ until 1000000000 }}' }\ncomponents: { terraform: { c: {} } }"},
			want: "more than a manifest needs"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Resolve(context.Background(), repository(test.settings, test.manifests), Options{})
			var problems config.Problems
			if !errors.As(err, &problems) || !strings.Contains(problems[0].Error(), test.want) {
				t.Errorf("Resolve: %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestUnresolved(t *testing.T) {
	t.Parallel()
	files := repository("templates: { settings: { enabled: true } }", map[string]string{"deploy/d.yaml": `
import: ["https://example.com/stack.yaml"]
vars: { stage: d }
components:
  terraform:
    c:
      vars:
        vpc: !terraform.output vpc id
        list: [!store ssm key]
        component: '{{ (atmos.Component "vpc" .stack).outputs.id }}'
        run: !exec echo hello
    out: { metadata: { component: ../../../x } }`})
	instance := only(t, resolve(t, files), "c")
	want := []Unresolved{
		{"import", "import", "https://example.com/stack.yaml"},
		{"vars.component", "template", `{{ (atmos.Component "vpc" .stack).outputs.id }}`},
		{"vars.list[0]", "!store", "!store ssm key"}, {"vars.run", "!exec", "!exec echo hello"},
		{"vars.vpc", "!terraform.output", "!terraform.output vpc id"},
	}
	if diff := cmp.Diff(want, instance.Unresolved); diff != "" {
		t.Errorf("unresolved (-want +got):\n%s", diff)
	}
	if out := only(t, resolve(t, files), "out"); out.ComponentPath != "../x" || !slices.ContainsFunc(out.Unresolved, func(u Unresolved) bool { return u.Path == "component" }) {
		t.Errorf("%s is in the repository: %v", out.ComponentPath, out.Unresolved)
	}
	if instance.Vars["vpc"] != "!terraform.output vpc id" {
		t.Errorf("vars.vpc is %v", instance.Vars["vpc"])
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	unnamed := "vars: { stage: d }\ncomponents: { terraform: { c: {} } }"
	files := repository("", map[string]string{"deploy/a/b.yaml": unnamed, "deploy/c.yaml": "name: own/name\n" + unnamed})
	files["atmos.yaml"] = strings.Replace(files["atmos.yaml"], ", name_pattern: \"{stage}\"", "", 1)
	var names []string
	for _, instance := range resolve(t, files) {
		names = append(names, instance.Stack+" "+instance.Workspace+" "+instance.VariableFileName())
	}
	want := []string{"deploy/a/b deploy-a-b deploy-a-b-c.terraform.tfvars.json", "own/name own-name own/name-c.terraform.tfvars.json"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	delete(files, "stacks/deploy/c.yaml")
	if _, err := Resolve(t.Context(), files, Options{}); err == nil || !strings.Contains(err.Error(), "neither stacks.name_template nor") {
		t.Errorf("no stack has a name: %v", err)
	}
}

func TestTemplatesInMetadata(t *testing.T) {
	t.Parallel()
	files := repository("templates: { settings: { enabled: true } }", map[string]string{"deploy/d.yaml": `
vars: { stage: d, version: v2 }
components:
  terraform:
    c: { metadata: { component: "net/{{ .vars.version }}", terraform_workspace: "{{ .vars.stage }}/{{ .atmos_component }}" } }`})
	instance := only(t, resolve(t, files), "c")
	if instance.ComponentPath != "components/terraform/net/v2" || instance.Workspace != "d-c" {
		t.Errorf("the directory is %s, the workspace %s", instance.ComponentPath, instance.Workspace)
	}
}

func TestSectionsFromElsewhere(t *testing.T) {
	t.Parallel()
	files := repository("", map[string]string{"deploy/d.yaml": `
vars: { stage: d }
settings: !include https://example.com/settings.yaml
components:
  terraform:
    base: { vars: !include https://example.com/vars.yaml }
    c: { metadata: { inherits: [base] } }`})
	want := []Unresolved{
		{"settings", "!include", "!include https://example.com/settings.yaml"}, {"vars", "!include", "!include https://example.com/vars.yaml"},
	}
	if diff := cmp.Diff(want, only(t, resolve(t, files), "c").Unresolved); diff != "" {
		t.Errorf("unresolved (-want +got):\n%s", diff)
	}
}

func TestGeneratedFiles(t *testing.T) {
	t.Parallel()
	files := repository("", map[string]string{"deploy/d.yaml": `
vars: { stage: d }
terraform:
  backend_type: azurerm
  backend: { azurerm: { container_name: state, key: base }, gcs: { bucket: b } }
components:
  terraform:
    net/a: { metadata: { component: net/v1 }, providers: { aws: { region: eu } } }
    g: { backend_type: gcs }
    cloud: { backend_type: cloud, backend: { cloud: { organization: o, workspaces: { name: "{terraform_workspace}" } } } }`})
	files["atmos.yaml"] = strings.Replace(files["atmos.yaml"], "base_path: components/terraform }", "base_path: components/terraform, auto_generate_backend_file: true }", 1)
	instances := resolve(t, files)
	wants := map[string]string{
		"net/a": `{"terraform":{"backend":{"azurerm":{"container_name":"state","key":"base/net-v1.terraform.tfstate"}}}}`,
		"g":     `{"terraform":{"backend":{"gcs":{"bucket":"b","prefix":"g"}}}}`,
		"cloud": `{"terraform":{"cloud":{"organization":"o","workspaces":{"name":"d"}}}}`,
	}
	for name, want := range wants {
		instance := only(t, instances, name)
		content, err := instance.BackendFile()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(strings.Fields(string(content)), ""); got != want {
			t.Errorf("backend.tf.json of %s is %s", name, got)
		}
	}
	net := only(t, instances, "net/a")
	if name, _, _ := net.VariableFile(); name != "d-net-a.terraform.tfvars.json" || net.Workspace != "d-net-a" {
		t.Errorf("the variable file is %s, the workspace %s", name, net.Workspace)
	}
	if content, _ := net.ProvidersFile(); !strings.Contains(string(content), `"provider"`) {
		t.Errorf("providers_override.tf.json is %s", content)
	}
}

func TestSettingsFromSeveralFiles(t *testing.T) {
	t.Parallel()
	files := memory{
		"atmos.yaml":             "import: [conf/*.yaml]\nstacks: { included_paths: [\"*\"] }\n",
		"conf/a.yaml":            "stacks: { base_path: manifests, name_template: \"{{ .vars.stage }}-a\" }\nbase_path: infra\n",
		"atmos.d/b.yaml":         "stacks: { base_path: never, name_template: never }\nsettings: { list_merge_strategy: append }\n",
		"infra/manifests/s.yaml": "vars: { stage: s }\nterraform: { vars: { l: [1] } }\ncomponents: { terraform: { c: { vars: { l: [2] } } } }",
	}
	instance := only(t, resolve(t, files), "c")
	if instance.Stack != "s-a" || instance.ComponentPath != "infra/components/terraform/c" {
		t.Errorf("the stack is %s, the directory %s", instance.Stack, instance.ComponentPath)
	}
	if diff := cmp.Diff([]any{1, 2}, instance.Vars["l"]); diff != "" {
		t.Error(diff)
	}
}

func TestDependencies(t *testing.T) {
	t.Parallel()
	result, err := resolveDirectory(t, cases+"/p15-depends")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]Dependency{
		"ue1-dev/b": {{Stack: "ue1-dev", Component: "a"}, {Stack: "ue1-prod", Component: "a"}, {File: "f.txt"}},
		"ue1-dev/c": {{Stack: "ue1-dev", Component: "a"}, {Stack: "ue1-prod", Component: "b"}, {File: "x.json"}, {Folder: "src"}},
		"ue1-dev/d": {{Stack: "ue1-dev", Component: "b"}, {File: "x.json"}, {Folder: "src"}},
	}
	found := map[string][]Dependency{}
	for _, instance := range result.Instances {
		if len(instance.DependsOn) > 0 {
			found[instance.Stack+"/"+instance.Component] = instance.DependsOn
		}
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("dependencies (-want +got):\n%s", diff)
	}
}

func TestFunctionsInAtmosYAML(t *testing.T) {
	t.Parallel()
	files := memory{
		"atmos.yaml": `
base_path: !repo-root
components: { terraform: { base_path: !env COMPONENTS modules } }
stacks: { base_path: !env SET, included_paths: ["*"], name_pattern: "{stage}" }
`,
		"here/d.yaml": "vars: { stage: d }\ncomponents: { terraform: { c: {} } }",
	}
	if path := only(t, resolve(t, files), "c").ComponentPath; path != "modules/c" {
		t.Errorf("the component is in %s", path)
	}
}

func TestAtmosYAMLOfAnImage(t *testing.T) {
	t.Parallel()
	files := memory{
		"rootfs/usr/local/etc/atmos/atmos.yaml": `
base_path: /workspace
components: { terraform: { base_path: components/terraform } }
stacks: { base_path: stacks, included_paths: ["*"], name_pattern: "{stage}" }
`,
		"stacks/d.yaml": "vars: { stage: d }\ncomponents: { terraform: { c: {} } }",
	}
	if path := only(t, resolve(t, files), "c").ComponentPath; path != "components/terraform/c" || !HasSettings(files) {
		t.Errorf("the component is in %s", path)
	}
	if HasSettings(memory{"a/atmos.yaml": ""}) {
		t.Error("an atmos.yaml anywhere counts")
	}
}
