package planner

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
)

// said is a following in a few lines: "dev: network/v2 (folder version), begins".
func said(all []Following) []string {
	var lines []string
	for _, following := range all {
		line := following.Component
		if following.Diverges {
			line += " diverges"
		}
		for _, declared := range following.Declared {
			line += fmt.Sprintf(" {%s %s %s %s %t}", declared.Environment, declared.Reason, declared.Owner, declared.Until, declared.Overdue)
		}
		lines = append(lines, line)
		for _, follow := range following.Follows {
			line := "  " + follow.Environment + ": " + follow.Name
			if follow.Kind != TrunkVersion {
				line += " (" + string(follow.Kind) + ")"
			}
			if len(follow.Stacks) > 0 {
				line += " by " + strings.Join(follow.Stacks, ",")
			}
			if follow.Change != FollowStays {
				line += ", " + string(follow.Change)
			}
			lines = append(lines, line)
		}
	}
	return lines
}

// inAtmos is a repository with a manifest for each environment and these components' folders.
func inAtmos(folders []string, manifests map[string]string) []string {
	files := []string{"atmos.yaml", `
stacks: { base_path: stacks, included_paths: ["deploy/**/*"], name_template: "{{.vars.stage}}-us" }
components: { terraform: { base_path: components/terraform } }`}
	for _, folder := range folders {
		files = append(files, "components/terraform/"+folder+"/main.tf", "# "+folder)
	}
	for _, environment := range slices.Sorted(maps.Keys(manifests)) {
		files = append(files, "stacks/deploy/"+environment+"/us.yaml", "vars: { stage: "+environment+" }\ncomponents: { terraform: { "+manifests[environment]+" } }")
	}
	return files
}

func TestFollowings(t *testing.T) {
	t.Parallel()
	atmos := config.Repository{
		Stacks:       config.Stacks{Layout: config.LayoutAtmos, Engine: config.Engine{Kind: config.Terraform}},
		Environments: []config.Environment{{Name: "dev", Stacks: []string{"dev-us"}}, {Name: "staging", Stacks: []string{"staging-us"}}, {Name: "prod", Stacks: []string{"prod-us"}}},
	}
	listed := func(paths map[string]string) config.Repository {
		rules := atmos
		rules.Stacks = config.Stacks{Layout: config.LayoutList, Engine: config.Engine{Kind: config.Terraform}}
		for _, environment := range slices.Sorted(maps.Keys(paths)) {
			rules.Stacks.Instances = append(rules.Stacks.Instances, config.Instance{Environment: environment, Path: paths[environment]})
		}
		return rules
	}
	perVariables := folders("dev", "prod")
	perVariables.Stacks.Path, perVariables.Stacks.Variables = "components/{component}", []string{"config/{environment}/{component}.tfvars"}
	for name, test := range map[string]struct {
		rules, after config.Repository
		base, change []string
		want         []string
	}{
		"an environment goes on to another folder": {rules: atmos,
			base:   inAtmos([]string{"db/v1", "db/v2"}, map[string]string{"dev": "db: { metadata: { component: db/v2 } }", "staging": "db: { metadata: { component: db/v1 } }", "prod": "db: { metadata: { component: db/v1 } }"}),
			change: inAtmos(nil, map[string]string{"staging": "db: { metadata: { component: db/v2 } }"}),
			want: []string{"db diverges", "  dev: db/v2 (folder version)", "  staging: db/v1 (folder version), ends", "  staging: db/v2 (folder version), begins",
				"  prod: db/v1 (folder version)"}},
		"declared, and in the preview": {rules: atmos,
			base: inAtmos([]string{"db/v1", "db/v2", "other"}, map[string]string{"dev": "db: { metadata: { component: db/v2 } }, other: {}",
				"prod": "other: {}, db: { metadata: { component: db/v1 }, settings: { trunkline: { diverge: { reason: PostgreSQL 13 to 15, owner: acme/data, until: 2026-06-30 } } } }"}),
			change: []string{"components/terraform/db/v2/main.tf", "# changed"},
			want:   []string{"db diverges {prod PostgreSQL 13 to 15 acme/data 2026-06-30 true}", "  dev: db/v2 (folder version)", "  prod: db/v1 (folder version)"}},
		"not in the preview": {rules: atmos,
			base: inAtmos([]string{"db/v1", "db/v2", "other"}, map[string]string{"dev": "db: { metadata: { component: db/v2 } }, other: {}",
				"prod": "other: {}, db: { metadata: { component: db/v1 } }"}),
			change: []string{"components/terraform/other/main.tf", "# changed"}},
		"the same everywhere": {rules: atmos,
			base:   inAtmos([]string{"db/v2"}, map[string]string{"dev": "db: { metadata: { component: db/v2 } }", "prod": "db: { metadata: { component: db/v2 } }"}),
			change: []string{"components/terraform/db/v2/main.tf", "# changed"}},
		"together again": {rules: atmos,
			base:   inAtmos([]string{"db/v1", "db/v2"}, map[string]string{"dev": "db: { metadata: { component: db/v2 } }", "prod": "db: { metadata: { component: db/v1 } }"}),
			change: inAtmos(nil, map[string]string{"prod": "db: { metadata: { component: db/v2 } }"}),
			want:   []string{"db", "  dev: db/v2 (folder version)", "  prod: db/v1 (folder version), ends", "  prod: db/v2 (folder version), begins"}},
		"a track before the name": {rules: atmos,
			base:   inAtmos([]string{"alpha/cache", "prod/cache"}, map[string]string{"dev": "cache: { metadata: { component: alpha/cache } }", "prod": "cache: { metadata: { component: prod/cache } }"}),
			change: []string{"components/terraform/alpha/cache/main.tf", "# changed"},
			want:   []string{"cache diverges", "  dev: alpha/cache (release track)", "  prod: prod/cache (release track)"}},
		"channels": {rules: atmos,
			base:   inAtmos([]string{"channels/dev/vpc", "channels/prod/vpc"}, map[string]string{"dev": "vpc: { metadata: { component: channels/dev/vpc } }", "prod": "vpc: { metadata: { component: channels/prod/vpc } }"}),
			change: []string{"components/terraform/channels/dev/vpc/main.tf", "# changed"},
			want:   []string{"vpc diverges", "  dev: channels/dev/vpc (channel)", "  prod: channels/prod/vpc (channel)"}},
		"a hotfix under another name": {rules: atmos,
			base:   inAtmos([]string{"vpc", "vpc-hotfix"}, map[string]string{"dev": "vpc: {}", "prod": "vpc: {}"}),
			change: inAtmos(nil, map[string]string{"prod": "vpc: {}, critical-fix: { metadata: { component: vpc-hotfix } }"}),
			want:   []string{"vpc diverges", "  dev: vpc", "  prod: vpc by prod-us/vpc", "  prod: vpc-hotfix (hotfix) by prod-us/critical-fix, begins"}},
		"paths without labels": {rules: atmos,
			base:   inAtmos([]string{"rds/standard", "rds/aurora", "vpc"}, map[string]string{"dev": "rds: { metadata: { component: rds/aurora } }", "prod": "rds: { metadata: { component: rds/standard } }, vpc: {}"}),
			change: []string{"components/terraform/rds/aurora/main.tf", "# changed"},
			want:   []string{"rds diverges", "  dev: rds/aurora", "  prod: rds/standard"}},
		"a pin in the middle of a list": {rules: listed(map[string]string{"dev": "live/vpc-v2.0.0", "prod": "live/vpc-v1.2.3"}),
			base:   []string{"live/vpc-v1.2.3/main.tf", "", "live/vpc-v2.0.0/main.tf", ""},
			change: []string{"live/vpc-v2.0.0/main.tf", "# changed"},
			want:   []string{"vpc diverges", "  dev: vpc-v2.0.0 (pinned)", "  prod: vpc-v1.2.3 (pinned)"}},
		"a list of versions": {rules: listed(map[string]string{"dev": "live/vpc/v2", "prod": "live/vpc/v1"}),
			base:   []string{"live/vpc/v1/main.tf", "", "live/vpc/v2/main.tf", ""},
			change: []string{"live/vpc/v2/main.tf", "# changed"},
			want:   []string{"vpc diverges", "  dev: vpc/v2 (folder version)", "  prod: vpc/v1 (folder version)"}},
		"a list with a directory for each environment": {rules: listed(map[string]string{"dev": "live/dev/vpc", "prod": "live/prod/vpc"}),
			base:   []string{"live/dev/vpc/main.tf", "", "live/prod/vpc/main.tf", ""},
			change: []string{"live/dev/vpc/main.tf", "# changed"}},
		"folders with a directory for each environment": {rules: folders("dev", "prod"),
			base:   []string{"environments/dev/vpc/main.tf", "", "environments/prod/vpc/main.tf", ""},
			change: []string{"environments/dev/vpc/main.tf", "# changed"}},
		"folders whose code names versions": {rules: folders("dev", "prod"),
			base: []string{"environments/dev/vpc/main.tf", `module "vpc" { source = "../../../modules/vpc/v2" }`, "environments/prod/vpc/main.tf", `module "vpc" { source = "../../../modules/vpc/v1" }`,
				"modules/vpc/v1/main.tf", "", "modules/vpc/v2/main.tf", ""},
			change: []string{"modules/vpc/v1/main.tf", "# changed"},
			want:   []string{"modules/vpc diverges", "  dev: modules/vpc/v2 (folder version)", "  prod: modules/vpc/v1 (folder version)"}},
		"modules from elsewhere": {rules: folders("dev", "prod"),
			base:   []string{"environments/dev/vpc/main.tf", "module \"vpc\" {\n  source = \"acme/vpc/aws\"\n  version = \"5.0.0\"\n}", "environments/prod/vpc/main.tf", "module \"vpc\" {\n  source = \"acme/vpc/aws\"\n  version = \"5.0.0\"\n}"},
			change: []string{"environments/dev/vpc/main.tf", "module \"vpc\" {\n  source = \"acme/vpc/aws\"\n  version = \"5.1.0\"\n}"},
			want:   []string{"acme/vpc/aws diverges", "  dev: acme/vpc/aws 5.0.0 (module version), ends", "  dev: acme/vpc/aws 5.1.0 (module version), begins", "  prod: acme/vpc/aws 5.0.0 (module version)"}},
		"folders with variables for each": {rules: perVariables,
			base:   []string{"components/vpc/v1/main.tf", "", "components/vpc/v2/main.tf", "", "config/dev/vpc/v1.tfvars", "", "config/prod/vpc/v1.tfvars", ""},
			change: []string{"config/dev/vpc/v1.tfvars", "-", "config/dev/vpc/v2.tfvars", ""},
			want:   []string{"vpc diverges", "  dev: vpc/v1 (folder version), ends", "  dev: vpc/v2 (folder version), begins", "  prod: vpc/v1 (folder version)"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if test.after.Stacks.Layout == "" {
				test.after = test.rules
			}
			repository := newRepository(t)
			before := repository.snapshot(repository.commit(test.base...), test.rules)
			after := repository.snapshot(repository.commit(test.change...), test.after)
			var previewed []InstancePreview
			for _, difference := range affected(t, before, after) {
				previewed = append(previewed, InstancePreview{Instance: difference.Instance})
			}
			now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
			if diff := cmp.Diff(test.want, said(Followings(before, after, previewed, now))); diff != "" {
				t.Errorf("followings (-want +got):\n%s", diff)
			}
		})
	}
}

// The samples of the pattern, with everything in the preview.
func TestFollowingsOfSamples(t *testing.T) {
	t.Parallel()
	for sample, want := range map[string][]string{
		"s01-basic": nil, "s08-parity": nil,
		"s02-experiment":      {"network diverges", "  dev: network-experiment (experiment)", "  prod: network"},
		"s04-folder-versions": {"database diverges", "  dev: database/v2 (folder version)", "  staging: database/v2 (folder version)", "  prod: database/v1 (folder version)"},
		"s05-release-tracks": {"cache diverges", "  dev: alpha/cache (release track)", "  staging: beta/cache (release track)", "  prod: prod/cache (release track)",
			"network diverges", "  dev: network/alpha (release track)", "  staging: network/beta (release track)", "  prod: network/prod (release track)"},
		"s06-strict-pin": {"network diverges", "  dev: network/v2.0.0 (pinned)", "  prod: network/v1.12.3 (pinned)"},
	} {
		t.Run(sample, func(t *testing.T) {
			t.Parallel()
			repository := newRepository(t)
			if err := os.CopyFS(repository.dir, os.DirFS(filepath.Join("..", "testdata", "atmos", sample))); err != nil {
				t.Fatal(err)
			}
			rules := config.Repository{Stacks: config.Stacks{Layout: config.LayoutAtmos, Engine: config.Engine{Kind: config.Terraform}}}
			for _, name := range []string{"dev", "staging", "prod"} {
				rules.Environments = append(rules.Environments, config.Environment{Name: name, Stacks: []string{name + "/*", name + "-*"}})
			}
			snapshot := repository.snapshot(repository.commit(), rules)
			var previewed []InstancePreview
			for _, instance := range snapshot.Ordered() {
				previewed = append(previewed, InstancePreview{Instance: instance})
			}
			if diff := cmp.Diff(want, said(Followings(snapshot, snapshot, previewed, time.Time{}))); diff != "" {
				t.Errorf("followings (-want +got):\n%s", diff)
			}
		})
	}
}
