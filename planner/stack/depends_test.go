package stack

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/trunkline/trunkline/config"
)

// on are references on line 30, one column each.
func on(names ...string) (references []config.Reference) {
	for i, name := range names {
		references = append(references, config.Reference{Name: name, At: config.Position{Line: 30, Column: 1 + i}})
	}
	return references
}

func TestDependencies(t *testing.T) {
	t.Parallel()
	list := func(instances ...config.Instance) config.Repository {
		for i := range instances {
			instances[i].Environment, instances[i].Path, instances[i].At = "dev", "x", config.Position{Line: 20 + i, Column: 7}
		}
		return config.Repository{Environments: environments("dev"), Stacks: config.Stacks{Layout: config.LayoutList, Instances: instances}}
	}
	folders := func(dependents ...config.Dependents) config.Repository {
		for i := range dependents {
			dependents[i].At = config.Position{Line: 40 + i, Column: 5}
		}
		return config.Repository{Environments: environments("dev", "prod"), Stacks: config.Stacks{
			Layout: config.LayoutFolders, Path: "{environment}/{component}", DependsOn: dependents, Engine: config.Engine{Kind: config.Terraform}}}
	}
	some := tree("x/main.tf", "dev/vpc/a.tf", "dev/app/a.tf", "dev/dns/a.tf", "prod/vpc/a.tf", "prod/app/a.tf")
	for name, test := range map[string]struct {
		rules    config.Repository
		want     map[string][]string
		problems []string
	}{
		"in a list": {rules: list(config.Instance{Component: "vpc"}, config.Instance{Component: "app", DependsOn: on("vpc")},
			config.Instance{Stack: "dev/eu", Component: "app", DependsOn: on("dev/vpc", "db")}, config.Instance{Stack: "dev/eu", Component: "db"}),
			want: map[string][]string{"dev/app": {"dev/vpc"}, "dev/eu/app": {"dev/eu/db", "dev/vpc"}}},
		"not in the list": {rules: list(config.Instance{Component: "vpc", DependsOn: on("dev/eu/appp", "nothing")}, config.Instance{Stack: "dev/eu", Component: "app"}),
			problems: []string{`.github/trunkline.yml:30:1: there is no instance "dev/eu/appp": did you mean "dev/eu/app"?`,
				`.github/trunkline.yml:30:2: there is no instance "nothing"`}},
		"on itself": {rules: list(config.Instance{Component: "vpc", DependsOn: on("vpc")}), problems: []string{
			".github/trunkline.yml:20:7: instances depend on each other in a circle, so none of them can be the first: dev/vpc depends on dev/vpc. Take one of these dependencies out"}},
		"in a circle": {rules: list(config.Instance{Component: "a", DependsOn: on("b")}, config.Instance{Component: "b", DependsOn: on("c")},
			config.Instance{Component: "c", DependsOn: on("d", "b")}, config.Instance{Component: "d"}), problems: []string{
			".github/trunkline.yml:21:7: instances depend on each other in a circle, so none of them can be the first: dev/b depends on dev/c depends on dev/b. Take one of these dependencies out"}},
		"in folders, where there is one": {rules: folders(config.Dependents{Pattern: "app", On: on("vpc", "dns")}),
			want: map[string][]string{"dev/app": {"dev/dns", "dev/vpc"}, "prod/app": {"prod/vpc"}}},
		"in folders, by patterns": {rules: folders(config.Dependents{Pattern: "prod/*", On: on("dev/dns")}, config.Dependents{Pattern: "*", On: on("vpc")}),
			want: map[string][]string{"dev/app": {"dev/vpc"}, "dev/dns": {"dev/vpc"}, "prod/app": {"dev/dns", "prod/vpc"}, "prod/vpc": {"dev/dns"}}},
		"in folders, on nothing": {rules: folders(config.Dependents{Pattern: "app", On: on("vpcs")}, config.Dependents{Pattern: "api", On: on("vpc")}), problems: []string{
			`.github/trunkline.yml:30:1: app depends on "vpcs", which no stack of it has: did you mean "vpc"?`,
			`.github/trunkline.yml:41:5: there is no component "api": did you mean "app"?`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			instances, problems := resolve(t, some, test.rules)
			var got []string
			for _, problem := range problems {
				got = append(got, problem.Error())
			}
			if diff := cmp.Diff(test.problems, got); diff != "" {
				t.Error(diff)
			}
			if len(problems) > 0 {
				return
			}
			if diff := cmp.Diff(test.want, DependenciesOf(instances).Upstream); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A cycle is one, and there is one where an order cannot be found by taking away what depends on nothing.
func TestCycles(t *testing.T) {
	t.Parallel()
	names := []string{"a", "b", "c", "d", "e"}
	rapid.Check(t, func(t *rapid.T) {
		d := Dependencies{Upstream: map[string][]string{}}
		for _, name := range names {
			d.Upstream[name] = rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID).Draw(t, name)
		}
		left := map[string]bool{}
		for _, name := range names {
			left[name] = true
		}
		for range names {
			for name := range left {
				free := true
				for _, other := range d.Upstream[name] {
					free = free && !left[other]
				}
				if free {
					delete(left, name)
				}
			}
		}
		cycle := d.Cycle(names)
		if (cycle != nil) != (len(left) > 0) {
			t.Fatalf("%v has the cycle %v", d.Upstream, cycle)
		}
		for i := range len(cycle) - 1 {
			if !slices.Contains(d.Upstream[cycle[i]], cycle[i+1]) {
				t.Fatalf("%v has no way %v", d.Upstream, cycle)
			}
		}
		if cycle != nil && cycle[0] != cycle[len(cycle)-1] {
			t.Fatalf("%v is no circle", cycle)
		}
	})
}
