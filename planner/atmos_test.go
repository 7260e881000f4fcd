package planner

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
)

// manifests are rules for stack manifests of dev and prod.
func manifests() config.Repository {
	return config.Repository{
		Stacks: config.Stacks{Layout: config.LayoutAtmos, Engine: config.Engine{Kind: config.Terraform}},
		Environments: []config.Environment{
			{Name: "dev", Stacks: []string{"dev-*"}}, {Name: "prod", Stacks: []string{"deploy/prod/*"}},
		},
	}
}

func TestAffectedByManifests(t *testing.T) {
	t.Parallel()
	const catalog = "terraform: { backend_type: s3, backend: { s3: { bucket: b } } }\ncomponents: { terraform: { net: { vars: { size: 1 } } } }"
	stack := func(stage, more string) string {
		return "import: [catalog/net]\nvars: { stage: " + stage + " }\ncomponents: { terraform: { net: { " + more + " } } }"
	}
	base := []string{
		"atmos.yaml", `
stacks: { base_path: stacks, included_paths: ["deploy/**/*"], name_pattern: "{stage}-{environment}" }
components: { terraform: { base_path: components/terraform, auto_generate_backend_file: true } }`,
		"stacks/catalog/net.yaml", catalog, "stacks/deploy/dev/eu.yaml", stack("dev", "vars: { environment: eu }"),
		"stacks/deploy/prod/eu.yaml", stack("prod", "vars: { environment: eu }"),
		"components/terraform/net/main.tf", `module "m" { source = "../../../modules/m" }`, "modules/m/main.tf", "",
		"components/terraform/net-2/main.tf", "",
	}
	tests := map[string]struct {
		change []string
		want   map[string][]string
	}{
		"a variable of the catalog reaches both": {
			change: []string{"stacks/catalog/net.yaml", "terraform: { backend_type: s3, backend: { s3: { bucket: b } } }\ncomponents: { terraform: { net: { vars: { size: 2 } } } }"},
			want:   map[string][]string{"dev-eu/net": {"variable size changed from 1 to 2"}, "prod-eu/net": {"variable size changed from 1 to 2"}},
		},
		"a comment, settings and labels reach none": {
			change: []string{"stacks/catalog/net.yaml", "# a comment\n" + catalog + "\nsettings: { team: a }\nmetadata: { labels: { a: b } }"},
			want:   map[string][]string{},
		},
		"a module reaches both": {
			change: []string{"modules/m/main.tf", "# changed"},
			want:   map[string][]string{"dev-eu/net": {"module modules/m: main.tf changed"}, "prod-eu/net": {"module modules/m: main.tf changed"}},
		},
		"another path for one": {
			change: []string{"stacks/deploy/dev/eu.yaml", stack("dev", "metadata: { component: net-2 }, vars: { environment: eu }, env: { A: b }")},
			want: map[string][]string{"dev-eu/net": {
				`backend.s3.workspace_key_prefix changed from "net" to "net-2"`,
				"component directory moved from components/terraform/net to components/terraform/net-2: main.tf changed",
				`environment variable A added as "b"`, "no longer uses module modules/m",
				"workspace changed from dev-eu to dev-eu-net",
			}},
		},
		"an instance that is disabled is gone": {
			change: []string{"stacks/deploy/dev/eu.yaml", stack("dev", "metadata: { enabled: false }, vars: { environment: eu }")},
			want:   map[string][]string{"dev-eu/net": {"disabled: its stack manifest says metadata.enabled: false"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository := newRepository(t)
			before := repository.snapshot(repository.commit(base...), manifests())
			after := repository.snapshot(repository.commit(test.change...), manifests())
			got := map[string][]string{}
			for _, difference := range affected(t, before, after) {
				got[difference.Instance.Name()] = difference.Reasons
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("affected (-want +got):\n%s", diff)
			}
		})
	}
}
