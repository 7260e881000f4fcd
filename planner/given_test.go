package planner

import (
	"slices"
	"testing"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/stack"
)

func TestWith(t *testing.T) {
	t.Parallel()
	instance := func(path string) Resolved {
		return Resolved{Digest: "d" + path, Instance: stack.Instance{Stack: "dev", Component: path, Path: path}}
	}
	snapshot := Snapshot{Instances: map[string]Resolved{"dev/app": instance("app"), "dev/net": instance("net")},
		declared: map[string][]string{"app": {"size", "api"}}, rules: config.Repository{Stacks: config.Stacks{Engine: config.Engine{Kind: config.Terraform}}}}
	changed := func(from, to map[string]Resolved) (names []string) {
		for name := range from {
			if from[name].Digest != to[name].Digest {
				names = append(names, name)
			}
			if alone := WithoutArtifacts(to[name].Digest); alone != snapshot.Instances[name].Digest {
				t.Errorf("without artifacts %s is %q", name, alone)
			}
		}
		slices.Sort(names)
		return names
	}
	none, one, two := snapshot.With(nil), snapshot.With(map[string]string{"TF_VAR_api": "1"}), snapshot.With(map[string]string{"TF_VAR_api": "2"})
	for what, got := range map[string][]string{"first": changed(none, one), "another": changed(one, two)} {
		if !slices.Equal(got, []string{"dev/app"}) {
			t.Errorf("%s: %v; want the one whose code has the variable", what, got)
		}
	}
	if got := changed(one, snapshot.With(map[string]string{"TF_VAR_api": "1"})); len(got) > 0 {
		t.Errorf("the same again: %v", got)
	}
	if got := changed(none, snapshot.With(map[string]string{"API": "1"})); len(got) != 2 {
		t.Errorf("a variable that any program may read: %v", got)
	}
	snapshot.rules.Stacks.Engine.Kind = config.Command
	if got := changed(none, snapshot.With(map[string]string{"TF_VAR_api": "1"})); len(got) != 2 {
		t.Errorf("an engine of commands: %v", got)
	}
}
