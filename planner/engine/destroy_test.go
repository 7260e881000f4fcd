package engine

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/planner/stack/atmos"
)

// What a person is told to type destroys what was deployed, also where Trunkline keeps the state.
func TestDestroyCommandsDestroy(t *testing.T) {
	t.Parallel()
	engine := newTerraform(t, Settings{})
	states := t.TempDir()
	const code = "variable \"size\" {}\nresource \"terraform_data\" \"a\" {\n  input = var.size\n}\n"
	for name, test := range map[string]struct {
		code     string
		instance stack.Instance
	}{
		"kept by us":                   {code: code, instance: stack.Instance{Path: "my components/vpc"}},
		"kept by us, in a workspace":   {code: code, instance: stack.Instance{Path: "vpc", Workspace: "blue"}},
		"at a path":                    {code: code + "terraform {\n  backend \"local\" { path = \"" + states + "/a.tfstate\" }\n}\n", instance: stack.Instance{Path: "vpc"}},
		"in a directory of workspaces": {code: code + "terraform {\n  backend \"local\" { workspace_dir = \"" + states + "\" }\n}\n", instance: stack.Instance{Path: "a/vpc", Workspace: "blue"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.instance.VariableFiles = []string{"config/it's.tfvars"}
			files := []string{filepath.Join(test.instance.Path, "main.tf"), test.code, "config/it's.tfvars", "size = 1"}
			repository := newRepository(t, files...)
			work := repository.work(test.instance)
			mustApply(t, engine, work)
			backend, err := ReadBackend(map[string][]byte{"main.tf": []byte(test.code)}, config.Terraform)
			if err != nil {
				t.Fatal(err)
			}
			commands := DestroyCommands(config.Engine{Kind: config.Terraform}, work.Instance, AddressOf(work.Instance, backend), work.State)
			shell := exec.Command("sh", "-e", "-c", strings.Join(commands, "\n"))
			shell.Dir, shell.Stdin = repository.anew(files...).root, strings.NewReader("yes\n")
			shell.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "CHECKPOINT_DISABLE=1"}
			if said, err := shell.CombinedOutput(); err != nil || !strings.Contains(string(said), "1 destroyed") {
				t.Fatalf("%v\n%s\n%s", err, strings.Join(commands, "\n"), said)
			}
			if plan := mustPlan(t, engine, repository.anew(files...).work(test.instance)); len(plan.Changes) != 1 || plan.Changes[0].Action != Create {
				t.Errorf("afterwards %+v would change", plan.Changes)
			}
		})
	}
}

func TestDestroyCommands(t *testing.T) {
	t.Parallel()
	s3 := Address{Backend: "s3", Settings: map[string]string{"bucket": "acme"}, Workspace: "dev"}
	manifested := stack.Atmos{ManifestPath: "deploy/dev", VariablesName: "dev-vpc.terraform.tfvars.json", DependsOn: []atmos.Dependency{}}
	for name, test := range map[string]struct {
		engine   config.Engine
		instance stack.Instance
		address  Address
		want     []string
	}{
		"a backend of its own": {config.Engine{Kind: config.Tofu}, stack.Instance{Path: "live/dev/vpc", VariableFiles: []string{"live/dev/vpc/a.tfvars", "config/dev.tfvars"}}, s3, []string{
			"cd live/dev/vpc", "tofu init -reconfigure", "tofu workspace select dev", "tofu destroy -var-file=a.tfvars -var-file=../../../config/dev.tfvars"}},
		"variables of the configuration": {config.Engine{Kind: config.Terraform}, stack.Instance{Stack: "dev", Component: "vpc", Path: ".", Variables: map[string]any{"password": "hunter2"}},
			Address{Backend: "http", Workspace: "default"}, []string{"cd .",
				`trunkline stacks --repo "$(git rev-parse --show-toplevel)" --at HEAD --json | jq '.[] | select(.stack == "dev" and .component == "vpc") | .vars' > destroy.tfvars.json`,
				"terraform init -reconfigure", "terraform destroy -var-file=destroy.tfvars.json"}},
		"a workspace of the cloud": {config.Engine{Kind: config.Terraform}, stack.Instance{Path: "vpc"}, Address{Backend: "cloud", Settings: map[string]string{"workspaces.name": "vpc"}, Workspace: "dev"},
			[]string{"cd vpc", "terraform init", "terraform destroy"}},
		"manifests": {config.Engine{Kind: config.Terraform}, stack.Instance{Stack: "dev us", Component: "vpc", Path: "components/vpc", Atmos: manifested}, s3,
			[]string{"atmos terraform destroy vpc -s 'dev us'"}},
		"manifests, kept by us": {config.Engine{Kind: config.Terraform}, stack.Instance{Stack: "dev", Component: "vpc", Path: "components/vpc", Atmos: manifested, Variables: map[string]any{"size": 1}},
			Address{Backend: Ours, Workspace: "dev"}, []string{"atmos terraform generate varfile vpc -s dev", "cd components/vpc", "state=/kept",
				`echo '{"terraform":{"backend":{"local":{}}}}' > trunkline_override.tf.json`,
				`terraform init -reconfigure -backend-config="path=$state/terraform.tfstate" -backend-config="workspace_dir=$state/workspaces"`,
				"terraform workspace select dev", "terraform destroy -var-file=dev-vpc.terraform.tfvars.json"}},
		"commands": {config.Engine{Kind: config.Command, Apply: "kubectl apply -f .\ntrue\n"}, stack.Instance{Environment: "dev", Stack: "dev", Component: "app", Path: "live/app", Workspace: "default"}, Address{},
			[]string{"cd live/app", "export TRUNKLINE_ENVIRONMENT=dev TRUNKLINE_STACK=dev TRUNKLINE_COMPONENT=app TRUNKLINE_WORKSPACE=default",
				"# There is no command for it. This is what deployed it, and what is to be undone by hand:", "# kubectl apply -f .", "# true"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, DestroyCommands(test.engine, test.instance, test.address, "/kept")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
