package atmos

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestManifestsThatDisagree(t *testing.T) {
	t.Parallel()
	instances := resolve(t, repository("", map[string]string{
		"deploy/1.yaml": "vars: { stage: d }\ncomponents: { terraform: { c: { vars: { a: 1 } }, same: {} } }",
		"deploy/2.yaml": "vars: { stage: d }\ncomponents: { terraform: { c: { vars: { a: 2 } }, same: {} } }",
	}))
	contested := only(t, instances, "c")
	want := "stacks/deploy/2.yaml:2:1: the instance c of the stack d is defined by the manifests deploy/1 and deploy/2, which disagree"
	if contested.Problem == nil || contested.Problem.Error() != want || contested.Vars["a"] != 2 {
		t.Errorf("a is %v, the problem %v; want what the later manifest says, and: %s", contested.Vars["a"], contested.Problem, want)
	}
	if same := only(t, instances, "same"); same.Problem != nil {
		t.Errorf("manifests that agree: %v", same.Problem)
	}
}

func TestAnythingWinsOverAnything(t *testing.T) {
	t.Parallel()
	instances := resolve(t, repository("", map[string]string{
		"a.yaml": "vars: { null: [1], text: [1], map: [1], number: [1], none: [1], list: { k: 1 }, deep: { l: [1], k: 1 } }",
		"deploy/d.yaml": "import: [a]\nvars: { stage: d, null: null, text: x, map: { k: 1 }, number: 0, none: {}, list: [2], deep: { l: off } }\n" +
			"components: { terraform: { c: {} } }",
	}))
	want := map[string]any{
		"stage": "d", "null": nil, "text": "x", "map": map[string]any{"k": 1}, "number": 0, "none": map[string]any{}, "list": []any{2},
		"deep": map[string]any{"l": "off", "k": 1},
	}
	if diff := cmp.Diff(want, only(t, instances, "c").Vars); diff != "" {
		t.Error(diff)
	}
}

func TestBasesAreOneBeforeTheyAreMergedOverTheStack(t *testing.T) {
	t.Parallel()
	instances := resolve(t, repository("", map[string]string{"deploy/d.yaml": `
vars: { stage: d, m: { stack: 1 } }
components:
  terraform:
    one: { metadata: { type: abstract }, vars: { m: { one: 1 } } }
    none: { metadata: { type: abstract }, vars: { m: null } }
    two: { metadata: { type: abstract }, vars: { m: { two: 1 } } }
    c: { metadata: { inherits: [one, none, two] } }`}))
	want := map[string]any{"stack": 1, "two": 1}
	if diff := cmp.Diff(want, only(t, instances, "c").Vars["m"]); diff != "" {
		t.Error(diff)
	}
}

func TestListsOfAComponent(t *testing.T) {
	t.Parallel()
	instances := resolve(t, repository("", map[string]string{"deploy/d.yaml": `
vars: { stage: d, l: [stack] }
components:
  terraform:
    one: { metadata: { type: abstract }, vars: { l: [one] } }
    two: { metadata: { type: abstract }, settings: { list_merge_strategy: append }, vars: { l: [two] } }
    replaces: { metadata: { inherits: [one] }, vars: { l: [own] } }
    appends: { metadata: { inherits: [one] }, settings: { list_merge_strategy: append }, vars: { l: [own] } }
    inherits: { metadata: { inherits: [one, two] }, vars: { l: [own] } }
    merges: { metadata: { inherits: [one, two] }, settings: { list_merge_strategy: merge }, vars: { l: [own] } }
    not: { metadata: { inherits: [two] }, settings: { list_merge_strategy: replace }, vars: { l: [own] } }`}))
	for component, want := range map[string][]any{
		"replaces": {"own"}, "appends": {"stack", "one", "own"}, "inherits": {"stack", "one", "two", "own"}, "merges": {"stack"}, "not": {"own"},
	} {
		if diff := cmp.Diff(any(want), only(t, instances, component).Vars["l"]); diff != "" {
			t.Errorf("%s:\n%s", component, diff)
		}
	}
}

func TestImportsOfFilesOfAnyName(t *testing.T) {
	t.Parallel()
	files := repository("", map[string]string{
		"catalog/defaults.tmpl": "vars: { tmpl: \"{{ .n }}\" }",
		"catalog/x.conf":        "vars: { conf: 1 }",
		"catalog/y.YAML":        "vars: { upper: 1 }",
		"globbed/a.conf":        "vars: { a: 1 }",
		"globbed/b.conf":        "vars: { b: 1 }",
		"deploy/d.yaml": `
import:
  - { path: catalog/defaults.tmpl, context: { n: t } }
  - catalog/x.conf
  - catalog/y.YAML
  - globbed/*.conf
  - ../common/beside
  - ../../common/more
vars: { stage: d }
components: { terraform: { c: {} } }`,
	})
	files["common/beside.yaml"] = "vars: { beside: 1 }"
	files["common/more.yaml"] = "vars: { more: 1 }"
	want := map[string]any{"stage": "d", "tmpl": "t", "conf": 1, "upper": 1, "a": 1, "b": 1, "more": 1}
	// A path that begins with ".." is as seen from the manifest.
	files["stacks/common/beside.yaml"] = "vars: { within: 1 }"
	want["within"] = 1
	if diff := cmp.Diff(want, only(t, resolve(t, files), "c").Vars); diff != "" {
		t.Error(diff)
	}
}

func TestLabels(t *testing.T) {
	t.Parallel()
	instances := resolve(t, repository("", map[string]string{"deploy/d.yaml": `
vars: { stage: d, all: !labels , one: !labels team, missing: !labels none, otherwise: !labels none "the default", names: !labels.keys , values: !labels.values , tags: !tags }
metadata: { labels: { org: acme, team: shared }, tags: [t], custom: { a: 1 }, locked: true }
components:
  terraform:
    c: { metadata: { labels: { team: network } } }
    open: { metadata: { locked: false, labels: {}, tags: [] } }`}))
	vars := only(t, instances, "c").Vars
	delete(vars, "stage")
	want := map[string]any{
		"all": map[string]any{"org": "acme", "team": "network"}, "one": "network", "missing": nil, "otherwise": "the default",
		"names": []any{"org", "team"}, "values": []any{"acme", "network"}, "tags": []any{"t"},
	}
	if diff := cmp.Diff(want, vars); diff != "" {
		t.Error(diff)
	}
	if c := only(t, instances, "c"); !c.Locked || dig(c.Metadata, "custom", "a") != 1 {
		t.Errorf("what the stack's metadata says does not reach its components: %v", c.Metadata)
	}
	if only(t, instances, "open").Locked {
		t.Error("a component's own metadata does not win over the stack's")
	}
}

func TestKeysThatAreNoTexts(t *testing.T) {
	t.Parallel()
	instances := resolve(t, repository("", map[string]string{
		"a.yaml":        "vars: { m: { 1: { a: 1 }, 0x10: a, 2.5: a, true: a, \"2\": a, ~: a } }",
		"deploy/d.yaml": "import: [a]\nvars: { stage: d, m: { \"1\": { b: 1 }, 16: b } }\ncomponents: { terraform: { c: {} } }",
	}))
	want := map[string]any{"1": map[string]any{"a": 1, "b": 1}, "16": "b", "2.5": "a", "true": "a", "2": "a", "~": "a"}
	if diff := cmp.Diff(any(want), only(t, instances, "c").Vars["m"]); diff != "" {
		t.Error(diff)
	}
}

func TestSourceAndGeneratedFiles(t *testing.T) {
	t.Parallel()
	manifests := map[string]string{"deploy/d.yaml": `
vars: { stage: d }
generate: { root.tf: { locals: { a: 1 } } }
terraform:
  source: { version: 1.0.0 }
  required_version: ">= 1.5"
components:
  terraform:
    base: { metadata: { type: abstract }, source: github.com/acme/modules//vpc, generate: { "context.tf": "# {{ .vars.stage }}" } }
    c: { metadata: { inherits: [base] }, source: { version: 1.2.0 }, provision: { workdir: { enabled: true } } }
    plain: {}`}
	templated := "templates: { settings: { enabled: true } }\n"
	c := only(t, resolve(t, repository(templated, manifests)), "c")
	want := map[string]any{
		"source": map[string]any{"uri": "github.com/acme/modules//vpc", "version": "1.2.0"}, "required_version": ">= 1.5",
		"provision": map[string]any{"workdir": map[string]any{"enabled": true}},
	}
	if diff := cmp.Diff(want, c.Further); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Unresolved{{Path: "source", Function: "source", Text: "github.com/acme/modules//vpc at 1.2.0"}}, c.Unresolved); diff != "" {
		t.Error(diff)
	}
	files := repository(templated, manifests)
	files["atmos.yaml"] = strings.Replace(files["atmos.yaml"], "base_path: components/terraform", "base_path: components/terraform, auto_generate_files: true", 1)
	c = only(t, resolve(t, files), "c")
	generated := map[string]any{"root.tf": map[string]any{"locals": map[string]any{"a": 1}}, "context.tf": "# d"}
	if diff := cmp.Diff(any(generated), c.Further["generate"]); diff != "" {
		t.Error(diff)
	}
	if !slices.ContainsFunc(c.Unresolved, func(one Unresolved) bool { return one.Function == "generate" && one.Text == "context.tf, root.tf" }) {
		t.Errorf("files that nobody generates are not named: %v", c.Unresolved)
	}
}

func TestLocalsOfComponents(t *testing.T) {
	t.Parallel()
	instances := resolve(t, repository("templates: { settings: { enabled: true } }\n", map[string]string{"deploy/d.yaml": `
locals: { namespace: acme, prefix: "{{ .locals.namespace }}-{{ .vars.stage }}" }
terraform: { locals: { bucket: "{{ .locals.prefix }}-state" } }
vars: { stage: d }
components:
  terraform:
    base: { metadata: { type: abstract }, locals: { kind: standard, name: "{{ .locals.prefix }}-{{ .locals.kind }}" } }
    c:
      metadata: { inherits: [base] }
      locals: { kind: special, full: "{{ .locals.name }}-full" }
      vars: { full: "{{ .locals.full }}", bucket: "{{ .locals.bucket }}" }`}))
	want := map[string]any{"stage": "d", "full": "acme-d-special-full", "bucket": "acme-d-state"}
	if diff := cmp.Diff(want, only(t, instances, "c").Vars); diff != "" {
		t.Error(diff)
	}
}
