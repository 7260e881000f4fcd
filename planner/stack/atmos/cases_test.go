package atmos

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
)

// cases is where repositories lie with what Atmos says of them: in expected.json what it describes, in ran.json what
// it runs.
const cases = "../../../testdata/atmos"

func TestCases(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir(cases)
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		t.Run(folder.Name(), func(t *testing.T) {
			t.Parallel()
			directory := filepath.Join(cases, folder.Name())
			expected := readJSON(t, filepath.Join(directory, "expected.json"))
			result, err := resolveDirectory(t, directory)
			if _, refused := expected["error"]; refused {
				var problems config.Problems
				if !errors.As(err, &problems) || len(problems) == 0 || problems[0].At.Line == 0 {
					t.Fatalf("Resolve: %v; want problems with a place: Atmos says %v", err, expected["error"])
				}
				t.Log(err)
				return
			}
			if err != nil {
				t.Fatalf("Resolve: %v", err)
			}
			compareDescribed(t, expected, result)
			compareRan(t, readJSON(t, filepath.Join(directory, "ran.json")), result)
		})
	}
}

func resolveDirectory(t *testing.T, directory string) (Result, error) {
	t.Helper()
	files, err := Directory(os.DirFS(directory))
	if err != nil {
		t.Fatal(err)
	}
	return Resolve(context.Background(), files, Options{})
}

func readJSON(t *testing.T, file string) map[string]any {
	t.Helper()
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var values map[string]any
	if err := json.Unmarshal(content, &values); err != nil {
		t.Fatal(err)
	}
	return values
}

// compareDescribed compares with expected.json, where what is described is what is run.
func compareDescribed(t *testing.T, expected map[string]any, result Result) {
	t.Helper()
	found := map[string]any{}
	for _, instance := range result.Instances {
		stack, _ := found[instance.Stack].(map[string]any)
		if stack == nil {
			stack = map[string]any{"terraform": map[string]any{}}
			found[instance.Stack] = stack
		}
		stack["terraform"].(map[string]any)[instance.Component] = described(instance)
	}
	for _, stack := range expected {
		for _, components := range stack.(map[string]any) {
			for _, one := range components.(map[string]any) {
				delete(one.(map[string]any), "workspace") // it is the stack's, whatever is run
			}
		}
	}
	if diff := cmp.Diff(expected, found); diff != "" {
		t.Errorf("what Atmos describes (-) and we resolve (+):\n%s", diff)
	}
}

// described is the instance as Atmos describes it.
func described(i Instance) any {
	values := map[string]any{
		"atmos_stack": i.Stack, "atmos_stack_file": i.ManifestPath, "command": i.Command, "component": i.Declared,
		"component_path": "components/terraform/" + i.Declared, "vars": i.Vars, "env": i.Env, "settings": i.Settings,
		"metadata": i.Metadata, "overrides": i.Overrides, "providers": i.Providers, "dependencies": i.Dependencies,
		"inheritance": i.Inheritance, "backend_type": i.BackendType, "backend": i.Backend,
		"remote_state_backend_type": i.RemoteStateBackendType, "remote_state_backend": i.RemoteStateBackend,
	}
	text, err := json.Marshal(values)
	if err != nil {
		return err
	}
	var plain map[string]any
	if err := json.Unmarshal(text, &plain); err != nil {
		return err
	}
	for name, value := range plain {
		switch value := value.(type) {
		case nil:
			delete(plain, name)
		case string:
			if value == "" {
				delete(plain, name)
			}
		case map[string]any:
			if len(value) == 0 {
				delete(plain, name)
			}
		}
	}
	return plain
}

// compareRan compares with ran.json, the truth of where state lies.
func compareRan(t *testing.T, ran map[string]any, result Result) {
	t.Helper()
	for stack, components := range ran {
		for name, one := range components.(map[string]any) {
			wanted := one.(map[string]any)
			if wanted["error"] != nil {
				continue // it was not run: disabled, or its variable file has no place
			}
			i := slices.IndexFunc(result.Instances, func(i Instance) bool { return i.Stack == stack && i.Component == name })
			if i < 0 {
				t.Errorf("there is no instance %s of %s", name, stack)
				continue
			}
			instance := result.Instances[i]
			if instance.Abstract || !instance.Enabled {
				t.Errorf("%s of %s is run, but is abstract or disabled here", name, stack)
			}
			file, content, err := instance.VariableFile()
			if err != nil {
				t.Fatal(err)
			}
			var vars map[string]any
			if err := json.Unmarshal(content, &vars); err != nil {
				t.Fatal(err)
			}
			found := map[string]any{"directory": instance.ComponentPath, "vars_file": file, "vars": vars, "exit": 0.0}
			if wanted["workspace"] != nil || instance.Workspace != "default" {
				found["workspace"] = instance.Workspace
			}
			delete(wanted, "calls")
			if diff := cmp.Diff(wanted, found); diff != "" {
				t.Errorf("what Atmos runs of %s in %s (-) and we would (+):\n%s", name, stack, diff)
			}
		}
	}
}

func TestDisabledInstancesAreNotRun(t *testing.T) {
	t.Parallel()
	result, err := resolveDirectory(t, filepath.Join(cases, "p12-flags"))
	if err != nil {
		t.Fatal(err)
	}
	for _, instance := range result.Instances {
		disabled := instance.Component == "a" || instance.Component == "base"
		if instance.Enabled == disabled {
			t.Errorf("%s is enabled: %t", instance.Component, instance.Enabled)
		}
		if locked := strings.Contains("a b base", instance.Component); instance.Locked != locked {
			t.Errorf("%s is locked: %t", instance.Component, instance.Locked)
		}
	}
}
