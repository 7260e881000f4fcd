package synthetic_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/planner/stack/atmos"
	"github.com/trunkline/trunkline/planner/stack/atmos/synthetic"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	manifests := 0
	for name := range (synthetic.Size{Environments: 3, Regions: 10, Components: 100}).Files() {
		if strings.HasPrefix(name, "stacks/") {
			manifests++
		}
	}
	if manifests != 147 {
		t.Errorf("3,000 instances are in %d manifests, want 147", manifests)
	}
	size := synthetic.Size{Environments: 4, Regions: 2, Components: 15}
	directory := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		file := filepath.Join(directory, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range size.Files() {
		write(name, text)
	}
	resolved := func() map[string]any {
		t.Helper()
		files, err := atmos.Directory(os.DirFS(directory))
		if err != nil {
			t.Fatal(err)
		}
		result, err := atmos.Resolve(t.Context(), files, atmos.Options{Concrete: true})
		if err != nil {
			t.Fatal(err)
		}
		if len(result.Instances) != size.Instances() {
			t.Errorf("%d instances, want %d", len(result.Instances), size.Instances())
		}
		days := map[string]any{}
		for _, instance := range result.Instances {
			days[instance.Stack+"/"+instance.Component] = instance.Vars["log_retention_days"]
			if _, err := os.Stat(filepath.Join(directory, instance.ComponentPath)); err != nil {
				t.Error(err)
			}
		}
		return days
	}
	before := resolved()
	write(synthetic.Changed())
	changed := 0
	for name, days := range resolved() {
		if days != before[name] {
			changed++
		}
	}
	if want := size.Environments * size.Regions; changed != want {
		t.Errorf("the change is one of %d instances, want %d", changed, want)
	}
}
