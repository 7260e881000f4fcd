package planner

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
)

// A plan is known after others exactly where each of its errors is about what these do not have yet.
func TestKnownAfter(t *testing.T) {
	t.Parallel()
	const missing = "Error: Unable to find remote state\n\n  with data.terraform_remote_state.up,\n  on main.tf line 1, in data \"terraform_remote_state\" \"up\":\n   1: data \"terraform_remote_state\" \"up\" {\n\nNo stored state was found for the given workspace in the given backend."
	const inModule = "Error: Unable to find remote state\n\n  with module.net[0].data.terraform_remote_state.each[\"vpc\"],\n  on ../../../modules/net/main.tf line 1, in data \"terraform_remote_state\" \"each\":\n\nNo stored state was found."
	lacks := func(output string) string {
		return "Error: Unsupported attribute\n\n  on main.tf line 4, in resource \"terraform_data\" \"x\":\n   4: input = data.terraform_remote_state.up.outputs." + output +
			"\n    ├────────────────\n    │ data.terraform_remote_state.up.outputs is object with 1 attribute \"other\"\n\nThis object does not have an attribute named \"" + output + "\"."
	}
	overLocal := "Error: Unsupported attribute\n\n  on main.tf line 9, in resource \"terraform_data\" \"z\":\n   9: input = local.net.id\n    │ local.net is object with no attributes\n\nThis object does not have an attribute named \"id\"."
	const invalid = "Error: Unsupported argument\n\n  on main.tf line 7, in resource \"terraform_data\" \"x\":\n   7:   nonsense = 1\n\nAn argument named \"nonsense\" is not expected here."
	const world = "Error: no matching EC2 VPC found\n\n  with data.aws_vpc.main,\n  on main.tf line 3, in data \"aws_vpc\" \"main\":\n   3: data \"aws_vpc\" \"main\" {"
	const denied = "Error: reading EC2 VPC\n\n  with data.aws_vpc.main,\n  on main.tf line 3, in data \"aws_vpc\" \"main\":\n\nUnauthorizedOperation: You are not authorized"
	app := func(config string) string {
		return `data "terraform_remote_state" "up" {
  backend = "s3"
  ` + config + `
}
locals { net = data.terraform_remote_state.up.outputs }`
	}
	const named = `config = { bucket = "acme", key = "${var.stage}/vpc.tfstate", region = "eu-1" }`
	const vpc = `terraform {
  backend "s3" {
    bucket = "acme"
    key    = "dev/vpc.tfstate"
    region = "eu-2"
  }
}
output "id" { value = 1 }`
	for name, test := range map[string]struct {
		app, message string
		declared     []string
		runs         []string // instances that were deployed; those of an older digest end in "!"
		want         []string
		assumed      bool
		hint         string
	}{
		"its state is not there":                         {app: app(named), message: missing, want: []string{"dev/vpc"}},
		"it was deployed, and is not there all the same": {app: app(named), message: missing, runs: []string{"dev/vpc"}},
		"it was deployed, and is about to change":        {app: app(named), message: missing, runs: []string{"dev/vpc!"}},
		"it was assumed, and is about to change":         {app: app(named), message: missing, runs: []string{"dev/vpc!"}, assumed: true, want: []string{"dev/vpc"}},
		"it was assumed, and nobody will deploy it": {app: app(named), message: missing, runs: []string{"dev/vpc"}, assumed: true,
			hint: "\n\nNo state is there of dev/vpc, although it counts as deployed, because trunk had it when Trunkline came. If it never was, change it in the same pull request (a comment is enough): then it is deployed first."},
		"an output of one that was assumed":          {app: app(named), message: lacks("idd"), runs: []string{"dev/vpc!"}, assumed: true},
		"an output that will be there":               {app: app(named), message: lacks("id"), runs: []string{"dev/vpc!"}, want: []string{"dev/vpc"}},
		"an output that will be there, over a local": {app: app(named), message: overLocal, runs: []string{"dev/vpc!"}, want: []string{"dev/vpc"}},
		"an output that should be there":             {app: app(named), message: lacks("id"), runs: []string{"dev/vpc"}},
		"an output that nobody makes":                {app: app(named), message: lacks("idd"), runs: []string{"dev/vpc!"}},
		"an output of one that is not there":         {app: app(named), message: lacks("id"), want: []string{"dev/vpc"}},
		"another reason":                             {app: app(named), message: invalid, declared: []string{"vpc"}},
		"another reason besides":                     {app: app(named), message: missing + "\n\n" + invalid, declared: []string{"vpc"}},
		"the state of nobody":                        {app: app(`config = { bucket = "acme", key = "other.tfstate" }`), message: missing},
		"the state of nobody, and declared":          {app: app(`config = { bucket = "acme", key = "other.tfstate" }`), message: missing, declared: []string{"vpc"}, want: []string{"dev/vpc"}},
		"the state of somebody else":                 {app: app(`config = { bucket = "acme", key = "prod/vpc.tfstate" }`), message: missing, declared: []string{"vpc"}, runs: []string{"prod/vpc"}},
		"another workspace":                          {app: app(named + "\n  workspace = \"blue\""), message: missing},
		"in a module, by key": {app: `module "net" {
  source = "../../../modules/net"
  bucket = "acme"
}`, message: inModule, want: []string{"dev/vpc"}},
		"what it asks the world for":        {app: "", message: world, declared: []string{"vpc"}, want: []string{"dev/vpc"}},
		"what it may not ask the world for": {app: "", message: denied, declared: []string{"vpc"}},
		"what nobody is said to make":       {app: "", message: world},
		"what somebody has made":            {app: "", message: world, declared: []string{"vpc"}, runs: []string{"dev/vpc"}},
		"several":                           {app: app(named), message: missing + "\n\n" + world, declared: []string{"vpc", "dns"}, runs: []string{}, want: []string{"dev/dns", "dev/vpc"}},
		"not the words of terraform":        {app: app(named), message: "plan was stopped: it took too long", declared: []string{"vpc"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository, rules := newRepository(t), folders("dev", "prod")
			for _, declared := range test.declared {
				rules.Stacks.DependsOn = append(rules.Stacks.DependsOn, config.Dependents{Pattern: "app", On: []config.Reference{{Name: declared}}})
			}
			target := repository.snapshot(repository.commit(
				"environments/dev/app/main.tf", `variable "stage" { default = "qa" }`+"\n"+test.app, "environments/dev/app/a.auto.tfvars", `stage = "dev"`,
				"environments/dev/vpc/main.tf", vpc, "environments/dev/dns/main.tf", "", "environments/prod/vpc/main.tf",
				"terraform {\n  backend \"s3\" {}\n}", "environments/prod/vpc/z_override.tf.json", `{"terraform": {"backend": {"s3": {"bucket": "acme", "key": "prod/vpc.tfstate"}}}}`,
				"modules/net/main.tf", `
variable "bucket" {}
data "terraform_remote_state" "each" {
  for_each = { vpc = "dev/vpc" }
  backend  = "s3"
  config   = { bucket = var.bucket, key = format("%s.tfstate", each.value) }
}`), rules)
			deployed := &Foresight{Target: target, Runs: map[string]string{}}
			for _, name := range test.runs {
				deployed.Runs[name] = target.Instances[name].Digest
				if older := name[len(name)-1] == '!'; older {
					delete(deployed.Runs, name)
					deployed.Runs[name[:len(name)-1]] = "older"
				}
				deployed.Assumed = map[string]bool{"dev/vpc": test.assumed}
			}
			plan := InstancePlan{Instance: target.Instances["dev/app"].Instance, Err: &engine.Failure{Step: "plan", Message: test.message}}
			if err := deployed.Await(t.Context(), &plan); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, plan.After); diff != "" {
				t.Error(diff)
			}
			want := Failed
			if len(test.want) > 0 {
				want = KnownAfter
			}
			if outcome, said := plan.Outcome(); outcome != want || said != test.message+test.hint {
				t.Errorf("outcome is %s: %s", outcome, said)
			}
		})
	}
}

func TestKnownAfterOnlyPlans(t *testing.T) {
	t.Parallel()
	for _, failure := range []error{nil, errors.New("no room"), &engine.Failure{Step: "init", Message: "Error: x\n\n  with data.a.b,\n\nnot found"}} {
		plan := InstancePlan{Err: failure}
		if err := (&Foresight{}).Await(t.Context(), &plan); err != nil || plan.After != nil {
			t.Errorf("%v waits for %v, %v", failure, plan.After, err)
		}
	}
}

// What manifests ask of others is known after these, unless they ask for anything else too.
func TestKnownAfterOutputsOfManifests(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"{ id: !terraform.output vpc id }":                                                {"dev-eu/vpc"},
		"{ id: !terraform.state vpc prod-eu id }":                                         {"prod-eu/vpc"},
		"{ id: !terraform.output vpc deploy/prod/eu id }":                                 {"prod-eu/vpc"},
		"{ id: !terraform.output 'vpc \".subnets[0]\"', zone: !terraform.output dns id }": {"dev-eu/dns", "dev-eu/vpc"},
		"{ id: !terraform.output nothing id }":                                            nil,
		"{ id: !terraform.output deployed id }":                                           nil,
		"{ id: !terraform.output vpc id, token: !store vault vpc token }":                 nil,
	} {
		repository := newRepository(t)
		target := repository.snapshot(repository.commit("atmos.yaml", `
stacks: { base_path: stacks, included_paths: ["deploy/**/*"], name_pattern: "{stage}-{environment}" }
components: { terraform: { base_path: components/terraform } }`,
			"stacks/deploy/dev/eu.yaml", "vars: { stage: dev, environment: eu }\ncomponents: { terraform: { vpc: {}, dns: { metadata: { component: vpc } }, "+
				"deployed: { metadata: { component: vpc } }, app: { metadata: { component: vpc }, vars: "+text+" } } }",
			"stacks/deploy/prod/eu.yaml", "vars: { stage: prod, environment: eu }\ncomponents: { terraform: { vpc: {} } }",
			"components/terraform/vpc/main.tf", ""), manifests())
		deployed := &Foresight{Target: target, Runs: map[string]string{"dev-eu/deployed": "any"}}
		plan := InstancePlan{Instance: target.Instances["dev-eu/app"].Instance, Err: &engine.Failure{Step: "plan", Message: "values from outside"}}
		if err := deployed.Await(t.Context(), &plan); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, plan.After); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestKnownAfterCommands(t *testing.T) {
	t.Parallel()
	repository, rules := newRepository(t), folders("dev")
	rules.Stacks.Engine = config.Engine{Kind: config.Command, Plan: "a", Apply: "b"}
	for component, on := range map[string]string{"app": "dns", "dns": "vpc"} {
		rules.Stacks.DependsOn = append(rules.Stacks.DependsOn, config.Dependents{Pattern: component, On: []config.Reference{{Name: on}}})
	}
	target := repository.snapshot(repository.commit("environments/dev/app/x", "", "environments/dev/vpc/x", "", "environments/dev/dns/x", ""), rules)
	for _, test := range []struct {
		message string
		runs    map[string]string
		want    []string
	}{
		{"there is no network\n(exit code 1)", nil, []string{"dev/dns"}},
		{"there is no network\n(exit code 1)", map[string]string{"dev/dns": "x"}, []string{"dev/vpc"}}, // dns waits for it too
		{"there is no network\n(exit code 1)", map[string]string{"dev/dns": "x", "dev/vpc": "x"}, nil},
		{"sh: a: not found\n(exit code 127)", nil, nil},
		{"plan was stopped: it took longer than 1s\n", nil, nil},
	} {
		deployed := &Foresight{Target: target, Runs: test.runs}
		plan := InstancePlan{Instance: target.Instances["dev/app"].Instance, Err: &engine.Failure{Step: "plan", Message: test.message}}
		if err := deployed.Await(t.Context(), &plan); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, plan.After); diff != "" {
			t.Errorf("%+v: %s", test, diff)
		}
	}
}
