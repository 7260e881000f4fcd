package planner

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
)

// What depends on an affected instance is listed where the configuration asks for it, with the way that leads there.
func TestDownstream(t *testing.T) {
	t.Parallel()
	base := []string{
		"environments/dev/vpc/main.tf", "", "environments/dev/cluster/main.tf", "", "environments/dev/app/main.tf", "",
		"environments/dev/dns/main.tf", "", "environments/prod/vpc/main.tf", "", "environments/prod/app/main.tf", "",
	}
	on := func(names ...string) (references []config.Reference) {
		for _, name := range names {
			references = append(references, config.Reference{Name: name})
		}
		return references
	}
	rules := folders("dev", "prod")
	rules.Stacks.Downstream = true
	rules.Stacks.DependsOn = []config.Dependents{
		{Pattern: "cluster", On: on("vpc")}, {Pattern: "app", On: on("cluster", "prod/vpc")}, {Pattern: "prod/*", On: on("dev/dns", "vpc")},
	}
	for name, test := range map[string]struct {
		change []string
		want   []string
	}{
		"nothing that others depend on": {[]string{"environments/prod/app/main.tf", "#"}, []string{"prod/app changed: component directory: main.tf changed"}},
		"through others": {[]string{"environments/dev/vpc/main.tf", "#"}, []string{
			"dev/app downstream: downstream of `dev/vpc` through `dev/cluster`",
			"dev/cluster downstream: downstream of `dev/vpc`",
			"dev/vpc changed: component directory: main.tf changed"}},
		"in another environment": {[]string{"environments/prod/vpc/main.tf", "#"}, []string{
			"dev/app downstream: downstream of `prod/vpc`",
			"prod/app downstream: downstream of `prod/vpc`",
			"prod/vpc changed: component directory: main.tf changed"}},
		"one that is changed too": {[]string{"environments/dev/vpc/main.tf", "#", "environments/dev/cluster/main.tf", "#"}, []string{
			"dev/app downstream: downstream of `dev/cluster`; downstream of `dev/vpc` through `dev/cluster`",
			"dev/cluster changed: component directory: main.tf changed; downstream of `dev/vpc`",
			"dev/vpc changed: component directory: main.tf changed"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository := newRepository(t)
			before, after := repository.commit(base...), repository.commit(test.change...)
			if diff := cmp.Diff(test.want, notes(affected(t, repository.snapshot(before, rules), repository.snapshot(after, rules)))); diff != "" {
				t.Error(diff)
			}
			silent := rules
			silent.Stacks.Downstream = false
			for _, difference := range affected(t, repository.snapshot(before, silent), repository.snapshot(after, silent)) {
				if difference.Kind == Downstream || len(difference.Reasons) > 1 {
					t.Errorf("nobody asked for %v", difference)
				}
			}
			repository.git("revert", "--no-edit", "HEAD")
			if found := affected(t, repository.snapshot(before, rules), repository.snapshot(repository.commit(), rules)); len(found) > 0 {
				t.Errorf("after a revert: %v", notes(found))
			}
		})
	}
}

func TestDownstreamOfManifests(t *testing.T) {
	t.Parallel()
	stack := func(stage, components string) string {
		return "vars: { stage: " + stage + ", environment: eu }\ncomponents: { terraform: { " + components + " } }"
	}
	const app = "app: { dependencies: { components: [ { component: cluster } ] } }"
	const cluster = "cluster: { settings: { depends_on: { 1: { component: vpc }, 2: { component: dns, stage: prod } } } }"
	base := []string{
		"atmos.yaml", `
stacks: { base_path: stacks, included_paths: ["deploy/**/*"], name_pattern: "{stage}-{environment}" }
components: { terraform: { base_path: components/terraform } }`,
		"stacks/deploy/dev/eu.yaml", stack("dev", "vpc: { vars: { size: 1 } }, "+cluster+", "+app),
		"stacks/deploy/prod/eu.yaml", stack("prod", "dns: {}, vpc: {}"),
		"components/terraform/vpc/main.tf", "", "components/terraform/cluster/main.tf", "", "components/terraform/app/main.tf", "",
		"components/terraform/dns/main.tf", "",
	}
	rules := manifests()
	rules.Stacks.Downstream = true
	for name, test := range map[string]struct {
		change         []string
		want, warnings []string
	}{
		"a variable": {change: []string{"stacks/deploy/dev/eu.yaml", stack("dev", "vpc: { vars: { size: 2 } }, "+cluster+", "+app)}, want: []string{
			"dev-eu/app downstream: downstream of `dev-eu/vpc` through `dev-eu/cluster`",
			"dev-eu/cluster downstream: downstream of `dev-eu/vpc`",
			"dev-eu/vpc changed: variable size changed from 1 to 2"}},
		"another stack": {change: []string{"components/terraform/dns/main.tf", "#"}, want: []string{
			"dev-eu/app downstream: downstream of `prod-eu/dns` through `dev-eu/cluster`",
			"dev-eu/cluster downstream: downstream of `prod-eu/dns`",
			"prod-eu/dns changed: component directory: main.tf changed"}},
		"one that is new": {
			change: []string{"stacks/deploy/dev/eu.yaml", stack("dev", "vpc: { vars: { size: 1 } }, "+cluster+", "+app+", db: { metadata: { component: vpc } }, api: { dependencies: { components: [ { name: db } ] } }"), "components/terraform/api/main.tf", ""},
			want: []string{
				"dev-eu/api added: new instance; downstream of `dev-eu/db`, which is new",
				"dev-eu/db added: new instance"}},
		"one that is gone": {
			change: []string{"stacks/deploy/dev/eu.yaml", stack("dev", "vpc: { metadata: { enabled: false } }, "+cluster+", "+app)},
			want: []string{
				"dev-eu/app downstream: downstream of `dev-eu/vpc`, which is removed, through `dev-eu/cluster`",
				"dev-eu/cluster downstream: downstream of `dev-eu/vpc`, which is removed",
				"dev-eu/vpc removed: disabled: its stack manifest says metadata.enabled: false"}},
		"one that there is not": {
			change:   []string{"stacks/deploy/dev/eu.yaml", stack("dev", "vpc: { vars: { size: 1 } }, "+cluster+", "+app+", api: { metadata: { component: app }, dependencies: { components: [ { name: vpcc } ] } }")},
			want:     []string{"dev-eu/api added: new instance"},
			warnings: []string{"`dev-eu/api` depends on `dev-eu/vpcc`, which is no instance of any environment: did you mean `dev-eu/vpc`?"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repository := newRepository(t)
			before, after := repository.snapshot(repository.commit(base...), rules), repository.snapshot(repository.commit(test.change...), rules)
			differences := affected(t, before, after)
			if diff := cmp.Diff(test.want, notes(differences)); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(test.warnings, Dangling(before, after, differences)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestManifestsInACircle(t *testing.T) {
	t.Parallel()
	repository := newRepository(t)
	sha := repository.commit("atmos.yaml", `
stacks: { base_path: stacks, included_paths: ["**/*"], name_pattern: "{stage}-{environment}" }
components: { terraform: { base_path: components/terraform } }`,
		"stacks/dev.yaml", `
vars: { stage: dev, environment: eu }
components:
  terraform:
    a: { dependencies: { components: [ { name: b } ] } }
    b: { settings: { depends_on: { 1: { component: c } } } }
    c: { settings: { depends_on: { 1: { component: b } } } }`,
		"components/terraform/a/main.tf", "", "components/terraform/b/main.tf", "", "components/terraform/c/main.tf", "")
	rules := manifests()
	repository.snapshot(sha, rules) // Atmos takes it, so it is a problem only for who asks for what is downstream
	rules.Stacks.Downstream = true
	tree, err := repository.mirror.Tree(t.Context(), sha)
	if err != nil {
		t.Fatal(err)
	}
	_, err = TakeSnapshot(t.Context(), tree, rules)
	want := "stacks/dev.yaml:6:1: instances depend on each other in a circle, so none of them can be the first: dev-eu/b depends on dev-eu/c depends on dev-eu/b. Take one of these dependencies out"
	if err == nil || err.Error() != want {
		t.Errorf("error is %v; want %s", err, want)
	}
}
