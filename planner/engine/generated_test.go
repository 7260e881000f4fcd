package engine

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/planner/stack/atmos"
)

// manifested is an instance as a stack manifest makes it.
func manifested(name string, more func(*stack.Instance)) stack.Instance {
	instance := stack.Instance{
		Environment: "dev", Stack: "dev", Component: name, Path: "components/terraform/a", Workspace: "dev-" + name,
		Variables: map[string]any{"x": name, "list": []any{1, "two"}},
		Atmos:     stack.Atmos{VariablesName: "dev-" + name + ".terraform.tfvars.json", Env: map[string]any{"TF_VAR_y": "from env"}},
	}
	if more != nil {
		more(&instance)
	}
	return instance
}

const manifestedCode = `
variable "x" { type = string }
variable "y" { type = string }
variable "list" { type = list(string) }
resource "terraform_data" "a" { input = [var.x, var.y, var.list, terraform.workspace] }
`

func TestInstancesOfManifestsShareADirectory(t *testing.T) {
	t.Parallel()
	engine := newTerraform(t, Settings{})
	repository := newRepository(t, "components/terraform/a/main.tf", manifestedCode, "components/terraform/a/backend.tf.json", `{"terraform": {"backend": {"s3": {}}}}`)
	var work sync.WaitGroup
	for _, name := range []string{"one", "two"} {
		states := t.TempDir()
		work.Go(func() {
			ours := repository.work(manifested(name, func(i *stack.Instance) {
				i.GenerateBackend, i.BackendType = true, "local"
				i.Backend = map[string]any{"path": filepath.Join(states, "state"), "workspace_dir": filepath.Join(states, "workspaces")}
			}))
			plan, err := engine.Plan(t.Context(), ours)
			if err != nil {
				t.Error(err)
				return
			}
			if err := engine.Apply(t.Context(), ours, plan); err != nil {
				t.Error(err)
			}
			state, err := os.ReadFile(filepath.Join(states, "workspaces", "dev-"+name, "terraform.tfstate"))
			if err != nil || !strings.Contains(string(state), "from env") || !strings.Contains(string(state), `"dev-`+name+`"`) {
				t.Errorf("the state of %s: %v\n%s", name, err, state)
			}
		})
	}
	work.Wait()
}

func TestGeneratedFiles(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		instance func(*stack.Instance)
		whole    bool
		want     map[string]string
	}{
		"of the backend only its type, where instances share the directory": {
			instance: func(i *stack.Instance) {
				i.GenerateBackend, i.BackendType, i.Backend = true, "s3", map[string]any{"bucket": "b"}
			},
			want: map[string]string{"backend.tf.json": `{"terraform":{"backend":{"s3":{}}}}`},
		},
		"the whole backend": {
			instance: func(i *stack.Instance) {
				i.GenerateBackend, i.BackendType, i.Backend = true, "s3", map[string]any{"bucket": "b"}
			},
			whole: true, want: map[string]string{"backend.tf.json": `{"terraform":{"backend":{"s3":{"bucket":"b"}}}}`},
		},
		"a cloud block, with the workspace's name in it": {
			instance: func(i *stack.Instance) {
				i.GenerateBackend, i.BackendType = true, "cloud"
				i.Backend = map[string]any{"workspaces": map[string]any{"name": "{terraform_workspace}"}}
			},
			want: map[string]string{"backend.tf.json": `{"terraform":{"cloud":{"workspaces":{"name":"dev-one"}}}}`},
		},
		"no backend where it is not wanted": {
			instance: func(i *stack.Instance) { i.BackendType, i.Backend = "s3", map[string]any{"bucket": "b"} },
			want:     map[string]string{"backend.tf.json": ""},
		},
		"variables and providers": {
			instance: func(i *stack.Instance) { i.Providers = map[string]any{"aws": map[string]any{"region": "eu"}} },
			want: map[string]string{
				"providers_override.tf.json":    `{"provider":{"aws":{"region":"eu"}}}`,
				"dev-one.terraform.tfvars.json": `{"list":[1,"two"],"x":"one"}`,
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository := newRepository(t, "components/terraform/a/main.tf", manifestedCode)
			work := repository.work(manifested("one", test.instance))
			if err := work.generate(&sync.Mutex{}, test.whole); err != nil {
				t.Fatal(err)
			}
			for file, want := range test.want {
				content, err := os.ReadFile(filepath.Join(work.directory(), file))
				if err != nil && want != "" {
					t.Fatal(err)
				}
				var plain any
				if want != "" && json.Unmarshal(content, &plain) != nil {
					t.Fatalf("%s is no JSON: %s", file, content)
				}
				if got := strings.Join(strings.Fields(string(content)), ""); got != want {
					t.Errorf("%s (-want +got):\n%s", file, cmp.Diff(want, got))
				}
			}
		})
	}
}

func TestWhatCannotBePlannedOrApplied(t *testing.T) {
	t.Parallel()
	engine := newTerraform(t, Settings{})
	tests := map[string]struct {
		instance func(*stack.Instance)
		want     string
	}{
		"a value from outside": {func(i *stack.Instance) {
			i.Unresolved = []atmos.Unresolved{{Path: "vars.vpc", Function: "!terraform.output", Text: "!terraform.output vpc id"}}
		}, "plan: values from outside of the repository, which Trunkline does not fetch:\nvars.vpc: !terraform.output vpc id"},
		"a stack whose name is none for a file": {func(i *stack.Instance) { i.VariablesName = "../dev-one.tfvars.json" }, "cannot be generated"},
		"a locked instance":                     {func(i *stack.Instance) { i.Locked = true }, "apply: the instance is locked: its stack manifest says metadata.locked"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository := newRepository(t, "components/terraform/a/main.tf", manifestedCode)
			work := repository.work(manifested("one", test.instance))
			plan, err := engine.Plan(t.Context(), work)
			if err == nil {
				err = engine.Apply(t.Context(), work, plan)
			}
			var said *Failure
			if !errors.As(err, &said) || !strings.Contains(said.Error(), test.want) {
				t.Errorf("%v\nwant %s", err, test.want)
			}
		})
	}
}

func TestBackendsThatDifferAreRefused(t *testing.T) {
	t.Parallel()
	repository := newRepository(t, "components/terraform/a/main.tf", manifestedCode, "components/terraform/a/backend.tf.json", "{}")
	with := func(name, kind string) Work {
		return repository.work(manifested(name, func(i *stack.Instance) { i.GenerateBackend, i.BackendType = true, kind }))
	}
	var turns sync.Mutex
	if err := with("one", "s3").generate(&turns, false); err != nil {
		t.Fatal(err)
	}
	if err := with("two", "s3").generate(&turns, false); err != nil {
		t.Fatal(err)
	}
	if err := with("three", "gcs").generate(&turns, false); err == nil {
		t.Error("two instances of one directory have different files of the same name")
	}
	later := with("three", "gcs")
	later.Commit = strings.Repeat("d", 40)
	if err := later.generate(&turns, false); err != nil {
		t.Errorf("what was generated for an earlier commit stands in the way: %v", err)
	}
}

func TestProvidersKeepInstancesApart(t *testing.T) {
	t.Parallel()
	engine := newTerraform(t, Settings{})
	repository := newRepository(t, "components/terraform/a/main.tf", `
provider "terraform" { alias = "for_one" }
provider "terraform" { alias = "for_two" }
module "m" { source = "../../../modules/m" }
output "x" { value = module.m.x }
variable "x" { type = string }
variable "list" { type = list(any) }
`, "modules/m/main.tf", `output "x" { value = "from the module" }`, "components/terraform/a/templates/t.txt", "t")
	var work sync.WaitGroup
	for _, name := range []string{"one", "two"} {
		ours := repository.work(manifested(name, func(i *stack.Instance) {
			i.Providers = map[string]any{"terraform": []any{map[string]any{"alias": "for_" + name}}}
		}))
		work.Go(func() {
			plan, err := engine.Plan(t.Context(), ours)
			if err != nil {
				t.Error(err)
				return
			}
			if err := engine.Apply(t.Context(), ours, plan); err != nil {
				t.Error(err)
			}
			content, err := os.ReadFile(filepath.Join(ours.directory(), "providers_override.tf.json"))
			if err != nil || !strings.Contains(string(content), "for_"+name) {
				t.Errorf("%v: %s", err, content)
			}
			if _, err := os.Stat(filepath.Join(ours.directory(), "templates", "t.txt")); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(filepath.Join(ours.source(), "providers_override.tf.json")); err == nil {
				t.Error("the component's own directory has the file too")
			}
		})
	}
	work.Wait()
}
