package engine

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/stack"
)

func TestWithoutSensitive(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ value, before, after, want string }{
		"nothing":             {`{"a": 1.50, "b": [1]}`, `false`, `{"b": [false]}`, `{"a": 1.50, "b": [1]}`},
		"the whole":           {`{"a": 1}`, `true`, `{}`, `null`},
		"one attribute":       {`{"a": 1, "b": "x"}`, `{}`, `{"b": true}`, `{"a": 1, "b": null}`},
		"sensitive before":    {`{"a": 1, "b": "x"}`, `{"b": true}`, `{}`, `{"a": 1, "b": null}`},
		"within":              {`{"a": [{"b": 1, "c": 2}, {"b": 3, "c": 4}]}`, `{}`, `{"a": [{}, {"b": true}]}`, `{"a": [{"b": 1, "c": 2}, {"b": null, "c": 4}]}`},
		"mark of other shape": {`{"a": "text"}`, `{}`, `{"a": {"b": true}}`, `{"a": null}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			read := func(text string) (value any) {
				decoder := json.NewDecoder(strings.NewReader(text))
				decoder.UseNumber()
				if err := decoder.Decode(&value); err != nil {
					t.Fatal(err)
				}
				return value
			}
			if diff := cmp.Diff(read(test.want), withoutSensitive(read(test.value), read(test.before), read(test.after))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// readDocument is what policies would see of the plan.
func readDocument(t *testing.T, path string) (document struct {
	Text      string `json:"text"`
	Resources []struct {
		Address string `json:"address"`
		Change  struct {
			Actions         []string `json:"actions"`
			Before, After   any
			AfterSensitive  any `json:"after_sensitive"`
			GeneratedConfig any `json:"generated_config"`
		} `json:"change"`
	} `json:"resource_changes"`
	Outputs map[string]struct {
		Actions []string `json:"actions"`
		After   any      `json:"after"`
	} `json:"output_changes"`
}) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return document
}

func TestDocument(t *testing.T) {
	t.Parallel()
	r := newRepository(t, "vpc/main.tf", `
resource "terraform_data" "a" { input = { name = "x", secret = sensitive("hush") } }
output "secret" {
  value     = sensitive("hush")
  sensitive = true
}
output "name" { value = "<x>" }
`)
	engine := newTerraform(t, Settings{})
	work := r.work(stack.Instance{Environment: "dev", Path: "vpc"})
	work.Document = true
	plan, err := engine.Plan(t.Context(), work)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(plan.Document); err != nil || strings.Contains(string(text), "hush") {
		t.Errorf("a sensitive value is in it, or %v:\n%s", err, text)
	}
	document := readDocument(t, plan.Document)
	if len(document.Resources) != 1 || document.Resources[0].Address != "terraform_data.a" || document.Resources[0].Change.Actions[0] != "create" {
		t.Errorf("resources are %+v", document.Resources)
	}
	if diff := cmp.Diff(map[string]any{"name": "x", "secret": nil}, document.Resources[0].Change.After.(map[string]any)["input"]); diff != "" {
		t.Error(diff)
	}
	if document.Outputs["name"].After != "<x>" || document.Outputs["secret"].After != nil || len(document.Outputs) != 2 {
		t.Errorf("outputs are %+v", document.Outputs)
	}
	if err := engine.Apply(t.Context(), work, plan); err != nil {
		t.Fatal(err)
	}
	again, err := engine.Plan(t.Context(), work)
	if err != nil || !again.Empty() {
		t.Fatalf("%v: %+v", err, again)
	}
	document = readDocument(t, again.Document)
	if len(document.Resources) != 1 || document.Resources[0].Change.Actions[0] != "no-op" {
		t.Errorf("what stays as it is: %+v", document.Resources)
	}
	work.Document = false
	if plain, err := engine.Plan(t.Context(), work); err != nil || plain.Document != "" || plain.Digest != again.Digest {
		t.Errorf("%v: %+v", err, plain)
	}
}

func TestDocumentOfCommands(t *testing.T) {
	t.Parallel()
	engine, err := New(config.Engine{Kind: config.Command, Plan: "cat content", Apply: "true"}, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	work := newRepository(t, "site/content", "<p>\n").work(stack.Instance{Environment: "dev", Path: "site"})
	work.Document = true
	plan, err := engine.Plan(t.Context(), work)
	if err != nil {
		t.Fatal(err)
	}
	if document := readDocument(t, plan.Document); document.Text != "<p>" || document.Resources == nil || document.Outputs == nil {
		t.Errorf("it is %+v", document)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	r := newRepository(t,
		"good/main.tf", `module "x" { source = "../modules/x" }`,
		"modules/x/main.tf", `output "x" { value = 1 }`,
		"bad/main.tf", "output \"a\" {\n  value = terraform_data.missing.id\n}\nmodule \"x\" { source = \"../modules/y\" }\n",
		"modules/y/main.tf", "\noutput \"b\" { value = var.missing }\n",
		"broken/main.tf", "output \"a\" {\n",
		"remote/main.tf", `terraform {
  backend "s3" {}
}
module "x" { source = "../modules/x" }
resource "terraform_data" "a" { input = path.nothing }
`,
		"lost/main.tf", `module "x" { source = "../modules/lost" }`)
	engine := newTerraform(t, Settings{})
	for path, want := range map[string][]Diagnostic{
		"good": nil,
		"bad": {
			{Message: "Reference to undeclared resource: A managed resource \"terraform_data\" \"missing\" has not been declared in the root module.", File: "bad/main.tf", Line: 2, EndLine: 2},
			{Message: "Reference to undeclared input variable: An input variable with the name \"missing\" has not been declared. This variable can be declared with a variable \"missing\" {} block.", File: "modules/y/main.tf", Line: 2, EndLine: 2},
		},
		"broken": {{Message: "Unclosed configuration block: There is no closing brace for this block before the end of the file. This may be caused by incorrect brace nesting elsewhere in this file.", File: "broken/main.tf", Line: 1, EndLine: 1},
			{Message: "Missing required argument: The argument \"value\" is required, but no definition was found.", File: "broken/main.tf", Line: 1, EndLine: 1}},
		"remote": {{Message: "Invalid \"path\" attribute: The \"path\" object does not have an attribute named \"nothing\".", File: "remote/main.tf", Line: 5, EndLine: 5}},
	} {
		for _, planned := range []bool{false, true} {
			work := r.work(stack.Instance{Environment: "dev", Path: path})
			if planned {
				_, _ = engine.Plan(t.Context(), work) // how it ends does not matter
			}
			found, err := engine.(Validator).Validate(t.Context(), work)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if diff := cmp.Diff(want, found, cmpopts.SortSlices(func(a, b Diagnostic) bool { return a.File+a.Message < b.File+b.Message })); diff != "" {
				t.Errorf("%s, planned before: %t: %s", path, planned, diff)
			}
		}
	}
	found, err := engine.(Validator).Validate(t.Context(), r.work(stack.Instance{Environment: "dev", Path: "lost"}))
	if err != nil || len(found) != 1 || !strings.Contains(found[0].Message, "modules/lost") {
		t.Errorf("a module that is not there: %+v, %v", found, err)
	}
}
