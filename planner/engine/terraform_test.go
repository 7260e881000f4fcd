package engine

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/stack"
)

// repository is a worktree with a place for state, for one test.
type repository struct {
	t     *testing.T
	root  string
	state string
}

// newRepository writes files, in pairs of path and content.
func newRepository(t *testing.T, files ...string) *repository {
	t.Helper()
	r := &repository{t: t, root: t.TempDir(), state: t.TempDir()}
	r.write(files...)
	return r
}

func (r *repository) write(files ...string) {
	r.t.Helper()
	for pair := range slices.Chunk(files, 2) {
		path := filepath.Join(r.root, pair[0])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(pair[1]), 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
}

// anew is the same repository in another worktree, which has only what is tracked, with the same state.
func (r *repository) anew(files ...string) *repository {
	r.t.Helper()
	other := &repository{t: r.t, root: r.t.TempDir(), state: r.state}
	other.write(files...)
	return other
}

func (r *repository) work(instance stack.Instance) Work {
	if instance.Component == "" {
		instance.Component = filepath.Base(instance.Path)
	}
	if instance.Stack == "" {
		instance.Stack = instance.Environment
	}
	if instance.Workspace == "" {
		instance.Workspace = "default"
	}
	return Work{
		Instance: instance, Commit: strings.Repeat("c", 40), Root: r.root, Scratch: filepath.Join(r.t.TempDir(), "scratch"),
		State: filepath.Join(r.state, instance.Folder()), Lock: true,
	}
}

func newTerraform(t *testing.T, settings Settings) Engine {
	t.Helper()
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("terraform is not on the PATH")
	}
	engine, err := New(config.Engine{Kind: config.Terraform}, settings)
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

func mustPlan(t *testing.T, engine Engine, work Work) Plan {
	t.Helper()
	plan, err := engine.Plan(t.Context(), work)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func mustApply(t *testing.T, engine Engine, work Work) {
	t.Helper()
	if err := engine.Apply(t.Context(), work, mustPlan(t, engine, work)); err != nil {
		t.Fatal(err)
	}
}

// withoutDigests compares plans as people see them.
var withoutDigests = cmp.Options{cmpopts.IgnoreFields(Change{}, "Digest"), cmpopts.EquateEmpty()}

const sized = `
variable "size" {}
variable "password" {
  default   = "hunter2hunter2"
  sensitive = true
}
resource "terraform_data" "box" {
  input            = { size = var.size, password = var.password, "a/b" = ["x"] }
  triggers_replace = var.size > 5
}
output "size" { value = var.size }
`

func TestTerraformPlansAndApplies(t *testing.T) {
	t.Parallel()
	engine, repository := newTerraform(t, Settings{}), newRepository(t, "box/main.tf", sized, "small.tfvars", "size = 1\n")
	work := repository.work(stack.Instance{Environment: "dev", Path: "box", VariableFiles: []string{"small.tfvars"}})
	plan := mustPlan(t, engine, work)
	want := []Change{{Address: "terraform_data.box", Action: Create, Attributes: []Attribute{
		{Path: "id", Unknown: true},
		{Path: `input["a/b"]`, After: `["x"]`},
		{Path: "input.password", Sensitive: true},
		{Path: "input.size", After: "1"},
		{Path: "output", Unknown: true},
		{Path: "triggers_replace", After: "false"},
	}}}
	if diff := cmp.Diff(want, plan.Changes, withoutDigests); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Change{{Address: "size", Action: Create, Attributes: []Attribute{{After: "1"}}}}, plan.Outputs, withoutDigests); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(plan.Text, "# terraform_data.box will be created") || strings.Contains(plan.Text, "hunter2") || strings.Contains(plan.Text, "Saved the plan") {
		t.Errorf("the text is\n%s", plan.Text)
	}
	if err := engine.Apply(t.Context(), work, plan); err != nil {
		t.Fatal(err)
	}

	// Another worktree, another scratch: the state is still there.
	repository = repository.anew("box/main.tf", sized, "small.tfvars", "size = 1\n")
	again := mustPlan(t, engine, repository.work(work.Instance))
	if !again.Empty() || again.Digest == plan.Digest || again.Digest != planDigest(nil, nil) {
		t.Errorf("after applying: %+v", again)
	}

	// A variable of the configuration goes over those of the files.
	grown := work.Instance
	grown.Variables = map[string]any{"size": 7, "password": "${other}"}
	plan = mustPlan(t, engine, repository.work(grown))
	if len(plan.Changes) != 1 || plan.Changes[0].Action != Replace {
		t.Fatalf("growing: %+v", plan.Changes)
	}
	wantReplace := Attribute{Path: "triggers_replace", Before: "false", After: "true", ForcesReplacement: true}
	if !slices.Contains(plan.Changes[0].Attributes, wantReplace) {
		t.Errorf("%+v is not in %+v", wantReplace, plan.Changes[0].Attributes)
	}
	if _, err := os.Stat(filepath.Join(work.Scratch, "plan.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the plan's JSON stays: %v", err)
	}
}

func TestTerraformDigests(t *testing.T) {
	t.Parallel()
	engine, keyed := newTerraform(t, Settings{}), newTerraform(t, Settings{Key: []byte("key")})
	work := func(size int, password string) Work {
		return newRepository(t, "box/main.tf", sized).work(stack.Instance{
			Environment: "dev", Path: "box", Variables: map[string]any{"size": size, "password": password}})
	}
	first, second := mustPlan(t, engine, work(1, "a")), mustPlan(t, engine, work(1, "a"))
	if first.Digest != second.Digest || first.Changes[0].Digest != second.Changes[0].Digest {
		t.Error("the same changes in two places have two digests")
	}
	if other := mustPlan(t, engine, work(2, "a")); other.Digest == first.Digest {
		t.Error("two changes have one digest")
	}
	if other := mustPlan(t, engine, work(1, "b")); other.Digest != first.Digest {
		t.Error("a sensitive value shows in the digest without a key")
	}
	if mustPlan(t, keyed, work(1, "a")).Digest == mustPlan(t, keyed, work(1, "b")).Digest {
		t.Error("with a key, a sensitive value does not count")
	}
	if !Among(first.Changes, []string{"x", second.Changes[0].Digest}) || Among(first.Changes, []string{"x"}) || !Among(nil, nil) {
		t.Error("Among is wrong")
	}
}

func TestTerraformMovesImportsForgets(t *testing.T) {
	t.Parallel()
	engine, repository := newTerraform(t, Settings{}), newRepository(t, "box/main.tf", `
resource "terraform_data" "a" { input = 1 }
resource "terraform_data" "b" { input = 1 }
resource "terraform_data" "c" {
  count = 2
  input = 1
}`)
	work := repository.work(stack.Instance{Environment: "dev", Path: "box"})
	mustApply(t, engine, work)
	repository = repository.anew("box/main.tf", `
moved {
  from = terraform_data.a
  to   = terraform_data.z
}
resource "terraform_data" "z" { input = 1 }
removed {
  from = terraform_data.b
  lifecycle { destroy = false }
}
resource "terraform_data" "c" {
  count = 1
  input = 1
}
import {
  to = terraform_data.i
  id = "known"
}
resource "terraform_data" "i" {}
`)
	work = repository.work(work.Instance)
	plan := mustPlan(t, engine, work)
	want := []Change{
		{Address: "terraform_data.b", Action: Forget, Reason: "delete_because_no_resource_config"},
		{Address: "terraform_data.c[1]", Action: Destroy, Reason: "delete_because_count_index"},
		{Address: "terraform_data.i", Action: Import, ImportID: "known"},
		{Address: "terraform_data.z", PreviousAddress: "terraform_data.a", Action: Move},
	}
	if diff := cmp.Diff(want, plan.Changes, withoutDigests); diff != "" {
		t.Error(diff)
	}
	if err := engine.Apply(t.Context(), work, plan); err != nil {
		t.Fatal(err)
	}
	if again := mustPlan(t, engine, work); !again.Empty() {
		t.Errorf("after applying: %+v", again)
	}
}

// Two environments of one directory, at the same time, keep out of each other's way.
func TestTerraformSharesADirectory(t *testing.T) {
	t.Parallel()
	code := `resource "terraform_data" "where" { input = terraform.workspace }` + "\n"
	for name, more := range map[string]string{
		"no backend":           "",
		"local without a path": "terraform {\n  backend \"local\" {}\n}\n",
		"local with a path":    "terraform {\n  backend \"local\" {\n    path = \"state/some.tfstate\"\n  }\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, repository := newTerraform(t, Settings{}), newRepository(t, "box/main.tf", more+code)
			var all sync.WaitGroup
			environments := []string{"dev", "staging", "prod", "default"}
			for _, environment := range environments {
				work := repository.work(stack.Instance{Environment: environment, Path: "box", Workspace: environment})
				all.Go(func() {
					plan, err := engine.Plan(context.Background(), work)
					if err != nil {
						t.Error(err)
						return
					}
					want := Attribute{Path: "input", After: `"` + environment + `"`}
					if len(plan.Changes) != 1 || !slices.Contains(plan.Changes[0].Attributes, want) {
						t.Errorf("%s: %+v", environment, plan.Changes)
					}
					if err := engine.Apply(context.Background(), work, plan); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			repository = repository.anew("box/main.tf", more+code)
			for _, environment := range environments {
				work := repository.work(stack.Instance{Environment: environment, Path: "box", Workspace: environment})
				if plan := mustPlan(t, engine, work); !plan.Empty() {
					t.Errorf("%s is not applied: %+v", environment, plan)
				}
			}
		})
	}
}

func TestTerraformLeavesOtherStateAlone(t *testing.T) {
	t.Parallel()
	engine, state := newTerraform(t, Settings{}), t.TempDir()
	code := `terraform {
  backend "local" {
    path          = "` + state + `/some.tfstate"
    workspace_dir = "` + state + `/spaces"
  }
}
resource "terraform_data" "where" { input = terraform.workspace }
`
	repository := newRepository(t, "box/main.tf", code)
	// More than one workspace: the engine then refuses one that is not there, and it has to be made.
	for _, workspace := range []string{"dev", "staging", "prod", "default"} {
		mustApply(t, engine, repository.work(stack.Instance{Environment: workspace, Path: "box", Workspace: workspace}))
	}
	for _, name := range []string{"some.tfstate", "spaces/dev/terraform.tfstate", "spaces/staging/terraform.tfstate", "spaces/prod/terraform.tfstate"} {
		content, err := os.ReadFile(filepath.Join(state, name))
		if err != nil || !bytes.Contains(content, []byte("terraform_data")) {
			t.Errorf("%s: %v\n%s", name, err, content)
		}
	}
	if _, err := os.Stat(filepath.Join(repository.root, "box", overrideName)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is an override: %v", err)
	}
}

func TestTerraformFailures(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files   []string
		step    string
		message string
		file    string
		line    int
	}{
		"an error in the code": {[]string{"box/main.tf", "resource \"terraform_data\" \"a\" {\n  input = var.none\n}\n"},
			"plan", "Error: Reference to undeclared input variable", "box/main.tf", 2},
		"an error in the syntax":  {[]string{"box/main.tf", "resource {\n"}, "init", "Error: ", "box/main.tf", 1},
		"a backend that is none":  {[]string{"box/main.tf", "terraform {\n  backend \"nowhere\" {}\n}\n"}, "init", "Error: Unsupported backend type", "box/main.tf", 2},
		"a variable that is none": {[]string{"box/main.tf", "variable \"size\" {}\n"}, "plan", "Error: No value for required variable", "box/main.tf", 1},
		"a file of our name":      {[]string{"box/main.tf", "", "box/" + overrideName, "{}"}, "", "the repository has a file trunkline_override.tf.json of its own", "", 0},
		"an error in a module": {[]string{"box/main.tf", "module \"m\" { source = \"../lib/m\" }\n", "lib/m/a.tf", "output \"x\" {\n  value = var.none\n}\n"},
			"plan", "Error: Reference to undeclared input variable", "lib/m/a.tf", 2},
		"an error in a variable file": {[]string{"box/main.tf", "variable \"size\" {}\n", "vars", "size = [\n"}, "plan", "on vars line 2", "vars", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, repository := newTerraform(t, Settings{}), newRepository(t, test.files...)
			instance := stack.Instance{Environment: "dev", Path: "box"}
			if slices.Contains(test.files, "vars") {
				instance.VariableFiles = []string{"vars"}
			}
			_, err := engine.Plan(t.Context(), repository.work(instance))
			if err == nil || !strings.Contains(err.Error(), test.message) {
				t.Fatalf("error is %v", err)
			}
			var failure *Failure
			if !errors.As(err, &failure) {
				failure = &Failure{}
			}
			if failure.Step != test.step || failure.File != test.file || failure.Line != test.line || strings.ContainsAny(failure.Message, "╷│╵\x1b") {
				t.Errorf("failure is %#v", failure)
			}
		})
	}
}

func TestTerraformApplyFailsHalfway(t *testing.T) {
	t.Parallel()
	code := `
resource "terraform_data" "first" { input = 1 }
resource "terraform_data" "second" {
  input = terraform_data.first.input
  provisioner "local-exec" { command = "test -e $GO || { echo not yet ghp_16C7e42F292c6912E7710c838347Ae178B4a >&2; exit 1; }" }
}
`
	engine, repository := newTerraform(t, Settings{}), newRepository(t, "box/main.tf", code)
	work := repository.work(stack.Instance{Environment: "dev", Path: "box"})
	signal := filepath.Join(repository.root, "go")
	work.Env = map[string]string{"GO": signal}
	plan := mustPlan(t, engine, work)
	err := engine.Apply(t.Context(), work, plan)
	var failure *Failure
	if !errors.As(err, &failure) || failure.Step != "apply" || !strings.Contains(failure.Message, "not yet") || strings.Contains(failure.Message, "ghp_") {
		t.Fatalf("error is %v", err)
	}
	if err := os.WriteFile(signal, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	rest := mustPlan(t, engine, work)
	if len(rest.Changes) != 1 || rest.Changes[0].Address != "terraform_data.second" {
		t.Fatalf("left are %+v", rest.Changes)
	}
	if err := engine.Apply(t.Context(), work, rest); err != nil {
		t.Fatal(err)
	}
	if again := mustPlan(t, engine, work); !again.Empty() {
		t.Errorf("after applying: %+v", again)
	}
}

func TestTerraformCancel(t *testing.T) {
	t.Parallel()
	engine, repository := newTerraform(t, Settings{}), newRepository(t, "box/main.tf", `
resource "terraform_data" "slow" {
  provisioner "local-exec" { command = "echo x > $STARTED; sleep 600" }
}`)
	work := repository.work(stack.Instance{Environment: "dev", Path: "box"})
	started := filepath.Join(repository.root, "started")
	if err := os.WriteFile(started, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	work.Env = map[string]string{"STARTED": started}
	plan := mustPlan(t, engine, work)
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			<-tick.C
			if content, _ := os.ReadFile(started); len(content) > 0 {
				cancel(errors.New("the host stops"))
			}
		}
	}()
	err := engine.Apply(ctx, work, plan)
	var failure *Failure
	if err == nil || errors.As(err, &failure) || !strings.Contains(err.Error(), "the host stops") {
		t.Errorf("error is %v", err)
	}
}

func TestNoSuchEngine(t *testing.T) {
	t.Parallel()
	for want, engine := range map[string]config.Engine{
		"the engine no-such-program is not on the PATH of this host": {Kind: config.Tofu},
		"an engine of commands needs both":                           {Kind: config.Command, Plan: "true"},
		`there is no engine "pulumi"`:                                {Kind: "pulumi"},
	} {
		if _, err := New(engine, Settings{Program: "no-such-program"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
}
