package engine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/planner/stack"
)

// planned plans the instance in a repository, and tells whether init was started for it.
func planned(t *testing.T, engine Engine, work Work) (plan Plan, initialised bool) {
	t.Helper()
	var output strings.Builder
	work.Output = &output
	plan = mustPlan(t, engine, work)
	return plan, strings.Contains(output.String(), " init\n")
}

func TestInitIsSkippedWhereNothingItDependsOnChanged(t *testing.T) {
	t.Parallel()
	const module = "module \"net\" {\n  source = \"../net\"\n}\n"
	const net = "resource \"terraform_data\" \"net\" {\n  input = 1\n}\n"
	for name, test := range map[string]struct {
		// files of the first push and of the next, in pairs of path and content.
		before, after []string
		workspace     string // of the next
		again         bool
	}{
		"nothing changes":          {before: []string{"box/main.tf", module, "net/main.tf", net}, after: []string{"box/main.tf", module, "net/main.tf", net}},
		"a resource changes":       {before: []string{"box/main.tf", net}, after: []string{"box/main.tf", strings.Replace(net, "1", "2", 1)}},
		"a local module changes":   {before: []string{"box/main.tf", module, "net/main.tf", net}, after: []string{"box/main.tf", module, "net/main.tf", net + "output \"id\" {\n  value = terraform_data.net.id\n}\n"}},
		"a module comes":           {before: []string{"box/main.tf", net, "net/main.tf", net}, after: []string{"box/main.tf", net + module, "net/main.tf", net}, again: true},
		"a module's module comes":  {before: []string{"box/main.tf", module, "net/main.tf", net, "low/main.tf", net}, after: []string{"box/main.tf", module, "net/main.tf", net + strings.ReplaceAll(module, "net", "low"), "low/main.tf", net}, again: true},
		"a version is required":    {before: []string{"box/main.tf", net}, after: []string{"box/main.tf", net + "terraform {\n  required_version = \">= 1.0\"\n}\n"}, again: true},
		"the backend changes":      {before: []string{"box/main.tf", net}, after: []string{"box/main.tf", net + "terraform {\n  backend \"local\" {\n    path = \"other.tfstate\"\n  }\n}\n"}, again: true},
		"the code is JSON":         {before: []string{"box/main.tf.json", `{"resource":{"terraform_data":{"a":{"input":1}}}}`}, after: []string{"box/main.tf.json", `{"resource":{"terraform_data":{"a":{"input":2}}}}`}, again: true},
		"a provider is built in":   {before: []string{"box/main.tf", net + "terraform {\n  required_providers {\n    terraform = {\n      source = \"terraform.io/builtin/terraform\"\n    }\n  }\n}\n"}, after: []string{"box/main.tf", net + "terraform {\n  required_providers {\n    terraform = {\n      source = \"terraform.io/builtin/terraform\"\n    }\n  }\n}\n"}},
		"the workspace is another": {before: []string{"box/main.tf", net}, after: []string{"box/main.tf", net}, workspace: "other"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, repository := newTerraform(t, Settings{}), newRepository(t, test.before...)
			work := repository.work(stack.Instance{Environment: "dev", Path: "box"})
			work.Initialised = t.TempDir()
			if _, initialised := planned(t, engine, work); !initialised {
				t.Error("init was not started at first")
			}
			work.Root = repository.anew(test.after...).root
			if test.workspace != "" {
				work.Instance.Workspace = test.workspace
			}
			plan, initialised := planned(t, engine, work)
			if initialised != test.again {
				t.Errorf("init was started: %t", initialised)
			}
			if plan.Empty() {
				t.Error("the plan is empty")
			}
			work.Initialised = ""
			if _, initialised := planned(t, engine, work); !initialised {
				t.Error("init was not started where it has to be")
			}
		})
	}
}

// TestInitOfAnotherInstance has instances profit from the first one's init, and looks where their states go.
func TestInitOfAnotherInstance(t *testing.T) {
	t.Parallel()
	engine := newTerraform(t, Settings{})
	repository := newRepository(t, "dev/box/main.tf", sized, "prod/box/main.tf", sized+"# the same, but for a remark\n")
	shared := t.TempDir()
	for i, instance := range []stack.Instance{
		{Environment: "dev", Path: "dev/box", Variables: map[string]any{"size": 1}},
		{Environment: "prod", Path: "prod/box", Variables: map[string]any{"size": 2}},
		{Environment: "staging", Path: "prod/box", Workspace: "staging", Variables: map[string]any{"size": 3}},
	} {
		work := repository.work(instance)
		work.Initialised = shared
		plan, initialised := planned(t, engine, work)
		if initialised != (i == 0) {
			t.Errorf("%s: init was started: %t", work.Instance.Name(), initialised)
		}
		if err := engine.Apply(t.Context(), work, plan); err != nil {
			t.Fatal(err)
		}
		state := filepath.Join(work.State, "terraform.tfstate")
		if instance.Workspace != "" {
			state = filepath.Join(work.State, "workspaces", instance.Workspace, "terraform.tfstate")
		}
		if _, err := os.Stat(state); err != nil {
			t.Errorf("%s: its state is not where it belongs: %v", work.Instance.Name(), err)
		}
		work.Initialised = ""
		if again := mustPlan(t, engine, work); !again.Empty() {
			t.Errorf("%s: after applying: %+v", work.Instance.Name(), again.Changes)
		}
	}
}

func TestInitThatIsNotThereAnyMore(t *testing.T) {
	t.Parallel()
	engine := newTerraform(t, Settings{})
	repository := newRepository(t, "box/main.tf", "module \"net\" {\n  source = \"../net\"\n}\n", "net/main.tf", "resource \"terraform_data\" \"net\" {}\n")
	work := repository.work(stack.Instance{Environment: "dev", Path: "box"})
	work.Initialised = t.TempDir()
	mustPlan(t, engine, work)
	if err := os.RemoveAll(filepath.Join(work.scratch("data"), "modules")); err != nil {
		t.Fatal(err)
	}
	if plan, initialised := planned(t, engine, work); !initialised || len(plan.Changes) != 1 {
		t.Errorf("init was started: %t; %+v", initialised, plan.Changes)
	}
}

func TestNeeds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		code, lock string
		unsure     string
	}{
		"built in":             {code: `data "terraform_remote_state" "x" {}`},
		"a resource":           {code: `resource "aws_vpc" "x" {}`, unsure: "no .terraform.lock.hcl"},
		"with a lock file":     {code: `resource "aws_vpc" "x" {}`, lock: "provider"},
		"a data source":        {code: `data "aws_vpc" "x" {}`, unsure: "no .terraform.lock.hcl"},
		"in a check":           {code: "check \"c\" {\n  data \"http\" \"x\" {}\n}", unsure: "no .terraform.lock.hcl"},
		"by its argument":      {code: "resource \"terraform_data\" \"x\" {\n  provider = other.west\n}", unsure: "no .terraform.lock.hcl"},
		"required":             {code: "terraform {\n  required_providers {\n    null = { source = \"hashicorp/null\" }\n  }\n}", unsure: "no .terraform.lock.hcl"},
		"configured":           {code: `provider "null" {}`, unsure: "no .terraform.lock.hcl"},
		"a kind of its own":    {code: `ephemeral "vault_token" "x" {}`, unsure: "no .terraform.lock.hcl"},
		"from the registry":    {code: "module \"m\" {\n  source = \"a/b/c\"\n  version = \"1.2.3\"\n}", unsure: "module from elsewhere"},
		"from a variable":      {code: "module \"m\" {\n  source = var.source\n}", unsure: "module from elsewhere"},
		"what cannot be read":  {code: `resource "a`, unsure: "cannot be read"},
		"a module that is not": {code: "module \"m\" {\n  source = \"./none\"\n}", unsure: "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := []string{"main.tf", test.code}
			if test.lock != "" {
				files = append(files, lockName, test.lock)
			}
			_, err := readNeeds(newRepository(t, files...).root)
			if test.unsure == "" && err != nil || test.unsure != "" && (err == nil || !strings.Contains(err.Error(), test.unsure)) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
