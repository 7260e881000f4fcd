package planner

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
)

// The variable file of one environment is nothing to another, also where it lies beside the code that both use.
func TestVariableFilesBesideCode(t *testing.T) {
	t.Parallel()
	base := []string{
		"components/vpc/main.tf", "", "components/vpc/dev.tfvars", "size = 1", "components/vpc/prod.tfvars", "size = 1", "components/vpc/terraform.tfvars", "a = 1",
		"components/api/main.tf", `locals { all = file("${path.module}/prod.tfvars") }`, "components/api/dev.tfvars", "", "components/api/prod.tfvars", "x = 1",
		"components/vpc/notes.txt", "",
	}
	for name, test := range map[string]struct {
		change []string
		want   []string
	}{
		"of prod":                 {[]string{"components/vpc/prod.tfvars", "size = 2"}, []string{"prod/vpc changed: variable file components/vpc/prod.tfvars: size changed from 1 to 2"}},
		"of a new environment":    {[]string{"components/vpc/qa.tfvars", "size = 2"}, []string{"qa/vpc added: new instance"}},
		"of one that is removed":  {[]string{"components/vpc/prod.tfvars", "-"}, []string{"prod/vpc removed: no longer in the configuration"}},
		"that the engine reads":   {[]string{"components/vpc/terraform.tfvars", "a = 2"}, []string{"dev/vpc changed: variable file components/vpc/terraform.tfvars: a changed from 1 to 2", "prod/vpc changed: variable file components/vpc/terraform.tfvars: a changed from 1 to 2"}},
		"that the code reads":     {[]string{"components/api/prod.tfvars", "x = 2"}, []string{"dev/api changed: component directory: prod.tfvars changed", "prod/api changed: component directory: prod.tfvars changed; variable file components/api/prod.tfvars: x changed from 1 to 2"}},
		"besides another file":    {[]string{"components/vpc/prod.tfvars", "size = 2", "components/vpc/notes.txt", "x"}, []string{"dev/vpc changed: component directory: notes.txt changed", "prod/vpc changed: component directory: notes.txt changed; variable file components/vpc/prod.tfvars: size changed from 1 to 2"}},
		"that is given to nobody": {[]string{"components/vpc/test.tfvars", "size = 2"}, []string{"dev/vpc changed: component directory: test.tfvars added", "prod/vpc changed: component directory: test.tfvars added"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository := newRepository(t)
			rules := config.Repository{Environments: []config.Environment{{Name: "dev"}, {Name: "qa"}, {Name: "prod"}},
				Stacks: config.Stacks{Layout: config.LayoutFolders, Path: "components/{component}", Engine: config.Engine{Kind: config.Terraform}}}
			before := repository.snapshot(repository.commit(base...), rules)
			after := repository.snapshot(repository.commit(test.change...), rules)
			if diff := cmp.Diff(test.want, notes(affected(t, before, after))); diff != "" {
				t.Error(diff)
			}
		})
	}
}
