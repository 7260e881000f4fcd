package promote

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/config"
	"pgregory.net/rapid"
)

func TestWavesOf(t *testing.T) {
	t.Parallel()
	rules := config.Environment{Waves: []config.Wave{
		{Name: "canary", Stacks: []string{"prod/eu-*"}, Components: []string{"web"}}, {Name: "nothing", Stacks: []string{"prod/mars"}},
		{Name: "europe", Stacks: []string{"prod/eu-*"}}, {Name: "data", Components: []string{"database"}},
	}}
	instance := func(stack, component string) Placed { return Placed{stack + "/" + component, stack, component} }
	got := map[string][]string{}
	var order []string
	for _, wave := range WavesOf(rules, []Placed{instance("prod/us-1", "web"), instance("prod/us-1", "database"), instance("prod/eu-2", "web"),
		instance("prod/eu-1", "database"), instance("prod/eu-1", "web")}) {
		got[wave.Rules.Name], order = wave.Instances, append(order, wave.Rules.Name)
	}
	want := map[string][]string{"canary": {"prod/eu-1/web", "prod/eu-2/web"}, "europe": {"prod/eu-1/database"}, "data": {"prod/us-1/database"},
		"": {"prod/us-1/web"}}
	if diff := cmp.Diff(want, got); diff != "" || !slices.Equal(order, []string{"canary", "europe", "data", ""}) {
		t.Errorf("%v:\n%s", order, diff)
	}
}

// Whatever depends on whatever: among any of the instances, one comes after all of them that it reaches.
func TestOrderOf(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all := []string{"a", "b", "c", "d", "e", "f", "g"}
		upstream := map[string][]string{}
		for i, name := range all {
			for _, other := range all[:i] { // no cycles
				if rapid.IntRange(0, 2).Draw(t, name+" on "+other) == 0 {
					upstream[name] = append(upstream[name], other)
				}
			}
		}
		var names []string
		for _, name := range all {
			if rapid.Bool().Draw(t, name) {
				names = append(names, name)
			}
		}
		order := OrderOf(names, upstream)
		for _, name := range names {
			for _, other := range names {
				if reaches(upstream, name, other) != (name != other && reaches(order, name, other)) {
					t.Fatalf("%s after %s: all say %v, the order among %v is %v", name, other, upstream, names, order)
				}
			}
		}
	})
}

func reaches(edges map[string][]string, from, to string) bool {
	return slices.ContainsFunc(edges[from], func(next string) bool { return next == to || reaches(edges, next, to) })
}
