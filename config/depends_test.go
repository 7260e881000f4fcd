package config

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParseDependencies(t *testing.T) {
	t.Parallel()
	folders, err := Parse(Path, []byte("version: 1\nstacks:\n  layout: folders\n  path: \"{environment}/{component}\"\n  downstream: true\n"+
		"  depends_on:\n    app: [network, prod/dns]\n    \"prod/**\": base\nenvironments: {dev: }\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Dependents{
		{Pattern: "app", On: []Reference{{Name: "network", At: Position{7, 11}}, {Name: "prod/dns", At: Position{7, 20}}}, At: Position{7, 5}},
		{Pattern: "prod/**", On: []Reference{{Name: "base", At: Position{8, 16}}}, At: Position{8, 5}},
	}
	if diff := cmp.Diff(want, folders.Stacks.DependsOn); diff != "" || !folders.Stacks.Downstream {
		t.Errorf("downstream is %v\n%s", folders.Stacks.Downstream, diff)
	}
	list, err := Parse(Path, []byte("version: 1\nstacks: {layout: list, instances: [{environment: dev, path: app, depends_on: network}, {environment: dev, path: network}]}\nenvironments: {dev: }\n"))
	if err != nil {
		t.Fatal(err)
	}
	instances := []Instance{{Environment: "dev", Path: "app", DependsOn: []Reference{{Name: "network"}}}, {Environment: "dev", Path: "network"}}
	if diff := cmp.Diff(instances, list.Stacks.Instances, cmpopts.IgnoreTypes(Position{})); diff != "" || list.Stacks.Downstream {
		t.Errorf("downstream is %v\n%s", list.Stacks.Downstream, diff)
	}
}

func TestDependencyProblems(t *testing.T) {
	t.Parallel()
	for stacks, want := range map[string]string{
		"{layout: atmos, downstream: often}":                                     `.github/trunkline.yml:2:37: downstream is "often"; expected true or false`,
		"{layout: atmos, depends_on: {a: [b]}}":                                  ".github/trunkline.yml:2:9: `depends_on` of stacks belongs to layout folders; in layout list each instance has its own `depends_on`, in layout atmos the stack manifests say it",
		"{layout: folders, path: '{component}', depends_on: [a]}":                ".github/trunkline.yml:2:60: depends_on is a list; expected components with what each depends on, such as `app: [network, database]`",
		"{layout: folders, path: '{component}', depends_on: {'[': [a]}}":         `.github/trunkline.yml:2:61: "[" names no component: it is no name and no pattern`,
		"{layout: folders, path: '{component}', depends_on: {a: {b: c}}}":        ".github/trunkline.yml:2:64: depends_on of a is a mapping; expected a list",
		"{layout: list, instances: [{environment: dev, path: a, dependson: b}]}": ".github/trunkline.yml:2:64: unknown key \"dependson\" in an instance; expected one of component, depends_on, environment, files, path, stack, variable_files, variables, workspace; did you mean depends_on?",
	} {
		_, err := Parse(Path, []byte("version: 1\nstacks: "+stacks+"\nenvironments: {dev: }\n"))
		var problems Problems
		if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Error() != want {
			t.Errorf("%s: %v\nwant %s", stacks, err, want)
		}
	}
}
