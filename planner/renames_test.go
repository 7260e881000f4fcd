package planner

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
)

func TestRenames(t *testing.T) {
	t.Parallel()
	const code = `variable "size" {}`
	stacks := func(names ...string) string {
		text := "vars: { stage: dev, environment: eu }\ncomponents: { terraform: {"
		for _, name := range names {
			text += name + ", "
		}
		return text + "} }"
	}
	atmos := []string{
		"atmos.yaml", `
stacks: { base_path: stacks, included_paths: ["deploy/**/*"], name_pattern: "{stage}-{environment}" }
components: { terraform: { base_path: components/terraform } }`,
		"components/terraform/net/main.tf", code, "components/terraform/app/main.tf", code,
		"stacks/deploy/dev/eu.yaml", stacks("net: { vars: { size: 1, name: net } }"),
	}
	perVariables := folders("dev", "prod")
	perVariables.Stacks.Path, perVariables.Stacks.Variables = "components/{component}", []string{"config/{environment}/{component}.tfvars"}
	plain := []string{"environments/dev/net/main.tf", code, "environments/dev/net/terraform.tfvars", "size = 1", "environments/prod/net/main.tf", code}
	for name, test := range map[string]struct {
		rules        config.Repository
		base, change []string
		want         map[string]string
		moved        []string
	}{
		"in the manifest, with its name among its variables": {manifests(), atmos,
			[]string{"stacks/deploy/dev/eu.yaml", stacks("network: { metadata: { component: net }, vars: { size: 1, name: network } }")},
			map[string]string{"dev-eu/network": "dev-eu/net"}, []string{"dev-eu/network"}},
		"to what has other variables": {manifests(), atmos,
			[]string{"stacks/deploy/dev/eu.yaml", stacks("network: { metadata: { component: net }, vars: { size: 2, name: network } }")}, map[string]string{}, nil},
		"to another component": {manifests(), atmos,
			[]string{"stacks/deploy/dev/eu.yaml", stacks("app: { vars: { size: 1, name: app, more: true } }")}, map[string]string{}, nil},
		"of the stack, by the variables in its manifest": {manifests(), append([]string{"stacks/deploy/dev/us.yaml", "vars: { stage: dev, environment: us }\ncomponents: { terraform: { net: {} } }"}, atmos...),
			[]string{"stacks/deploy/dev/eu.yaml", strings.ReplaceAll(stacks("net: { vars: { size: 2, name: net } }"), "environment: eu", "environment: europe")},
			map[string]string{"dev-europe/net": "dev-eu/net"}, []string{"dev-europe/net"}},
		"in doubt": {manifests(), atmos,
			[]string{"stacks/deploy/dev/eu.yaml", stacks("a1: { metadata: { component: net }, vars: { size: 1, name: a1 } }", "b1: { metadata: { component: net }, vars: { size: 1, name: b1 } }")},
			map[string]string{}, nil},
		"a directory": {folders("dev", "prod"), plain,
			[]string{"environments/dev/net/main.tf", "-", "environments/dev/net/terraform.tfvars", "-",
				"environments/dev/network/main.tf", code, "environments/dev/network/terraform.tfvars", "size = 1"},
			map[string]string{"dev/network": "dev/net"}, []string{"dev/network"}},
		"a directory with its state elsewhere": {folders("dev", "prod"),
			append([]string{"environments/dev/net/backend.tf", "terraform {\n" + `backend "s3" { bucket = "b" }` + "\n}"}, plain...),
			[]string{"environments/dev/net/main.tf", "-", "environments/dev/net/terraform.tfvars", "-", "environments/dev/net/backend.tf", "-",
				"environments/dev/network/main.tf", code, "environments/dev/network/terraform.tfvars", "size = 1",
				"environments/dev/network/backend.tf", "terraform {\n" + `backend "s3" { bucket = "b" }` + "\n}"},
			map[string]string{"dev/network": "dev/net"}, nil},
		"to another version in its name": {perVariables, []string{"components/vpc/v1/main.tf", "# 1", "components/vpc/v2/main.tf", "# 2", "config/dev/vpc/v1.tfvars", "a = 1", "config/prod/vpc/v1.tfvars", ""},
			[]string{"config/dev/vpc/v1.tfvars", "-", "config/dev/vpc/v2.tfvars", "a = 2"}, map[string]string{"dev/vpc/v2": "dev/vpc/v1"}, []string{"dev/vpc/v2"}},
		"for commands": {func() config.Repository {
			rules := folders("dev", "prod")
			rules.Stacks.Engine = config.Engine{Kind: config.Command, Plan: "true", Apply: "true"}
			return rules
		}(), plain, []string{"environments/dev/net/main.tf", "-", "environments/dev/net/terraform.tfvars", "-",
			"environments/dev/network/main.tf", code, "environments/dev/network/terraform.tfvars", "size = 1"}, map[string]string{}, nil},
		"to another environment": {folders("dev", "prod"), plain,
			[]string{"environments/dev/net/main.tf", "-", "environments/dev/net/terraform.tfvars", "-", "environments/prod/network/main.tf", code}, map[string]string{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository := newRepository(t)
			before := repository.snapshot(repository.commit(test.base...), test.rules)
			after := repository.snapshot(repository.commit(test.change...), test.rules)
			was := map[string]Whereabouts{}
			for name, resolved := range before.Instances {
				was[name] = resolved.State
			}
			moves := FindMoves(was, after.Instances)
			if diff := cmp.Diff(test.want, moves.Renamed); diff != "" {
				t.Error(diff)
			}
			var moved []string
			for name := range moves.Moved {
				moved = append(moved, name)
			}
			if diff := cmp.Diff(test.moved, moved); diff != "" {
				t.Error(diff)
			}
		})
	}
}
