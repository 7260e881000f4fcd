package comment

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/stack"
)

var record = flag.Bool("record", false, "plan the situations anew with the real terraform")

const situationsFolder = "../../testdata/situations"

// recording is a situation as it is written down: what the code and the variables of each instance are on trunk and
// after the merge, and the plans that terraform made of that.
type recording struct {
	name, about string
	// code by path, before and after; variables by instance, such as prod/us-east-1/vpc.
	codeBefore, codeAfter           map[string]string
	variablesBefore, variablesAfter map[string]map[string]any
}

func readRecording(t testing.TB, name string) recording {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join(situationsFolder, name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	r := recording{name: name, about: strings.TrimSpace(string(archive.Comment)),
		codeBefore: map[string]string{}, codeAfter: map[string]string{}, variablesBefore: map[string]map[string]any{}, variablesAfter: map[string]map[string]any{}}
	for _, file := range archive.Files {
		path, changed := strings.CutPrefix(file.Name, "change: ")
		if strings.HasPrefix(path, "components/") {
			if r.codeAfter[path] = string(file.Data); !changed {
				r.codeBefore[path] = string(file.Data)
			}
			continue
		}
		var variables map[string]any
		if err := json.Unmarshal(file.Data, &variables); err != nil {
			t.Fatalf("%s: %s: %v", name, file.Name, err)
		}
		if r.variablesAfter[path] = variables; !changed {
			r.variablesBefore[path] = variables
		}
	}
	if *record {
		r.plan(t)
	}
	return r
}

// instances that the change affects, in order of environments and names.
func (r recording) instances() (all []stack.Instance) {
	for _, name := range slices.Sorted(maps.Keys(r.variablesAfter)) {
		parts := strings.Split(name, "/")
		component := parts[len(parts)-1]
		instance := stack.Instance{Environment: parts[0], Stack: strings.Join(parts[:len(parts)-1], "/"), Component: component,
			Path: "components/" + component, Workspace: "default", Variables: r.variablesAfter[name]}
		if len(r.reasons(instance)) > 0 {
			all = append(all, instance)
		}
	}
	order := []string{"dev", "qa", "staging", "prod"}
	slices.SortStableFunc(all, func(a, b stack.Instance) int {
		return slices.Index(order, a.Environment) - slices.Index(order, b.Environment)
	})
	return all
}

// reasons why an instance is affected, in the planner's words.
func (r recording) reasons(instance stack.Instance) (reasons []string) {
	before, there := r.variablesBefore[instance.Name()]
	if !there {
		return []string{"new in the configuration"}
	}
	for _, path := range slices.Sorted(maps.Keys(r.codeAfter)) {
		file, ours := strings.CutPrefix(path, instance.Path+"/")
		switch was, had := r.codeBefore[path]; {
		case ours && !had:
			reasons = append(reasons, "component directory: "+file+" added")
		case ours && was != r.codeAfter[path]:
			reasons = append(reasons, "component directory: "+file+" changed")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(instance.Variables)) {
		if is := instance.Variables[name]; !reflect.DeepEqual(before[name], is) && name != "password" {
			reasons = append(reasons, fmt.Sprintf("variable %s changed from %s to %s", name, encoded(before[name], ""), encoded(is, "")))
		}
	}
	return reasons
}

// file of an instance's recorded plan.
func (r recording) file(instance stack.Instance) string {
	return filepath.Join(situationsFolder, "plans", r.name, strings.ReplaceAll(instance.Name(), "/", "-")+".json")
}

// plan has terraform apply what is on trunk and plan what comes after it, for each instance.
func (r recording) plan(t testing.TB) {
	settings := engine.Settings{}
	terraform, err := engine.New(config.Engine{Kind: config.Terraform}, settings)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(situationsFolder, "plans", r.name)); err != nil {
		t.Fatal(err)
	}
	for _, instance := range r.instances() {
		root := t.TempDir()
		work := engine.Work{Instance: instance, Root: root, Scratch: t.TempDir(), State: t.TempDir(), Env: map[string]string{"PATH": os.Getenv("PATH")}}
		if variables, there := r.variablesBefore[instance.Name()]; there {
			write(t, root, r.codeBefore)
			work.Instance.Variables = variables
			plan, err := terraform.Plan(t.Context(), work)
			if err != nil {
				t.Fatal(err)
			}
			if err := terraform.Apply(t.Context(), work, plan); err != nil {
				t.Log(err) // what was left broken is broken on purpose
			}
			if err := os.RemoveAll(root); err != nil {
				t.Fatal(err)
			}
		}
		write(t, root, r.codeAfter)
		work.Instance.Variables = instance.Variables
		said, err := planned1(t, terraform, work)
		if err != nil {
			t.Fatal(err)
		}
		file := r.file(instance)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, said, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// planned1 is the plan as terraform prints it, or how it failed.
func planned1(t testing.TB, terraform engine.Engine, work engine.Work) ([]byte, error) {
	plan, err := terraform.Plan(t.Context(), work)
	if failure, failed := err.(*engine.Failure); failed {
		return json.MarshalIndent(failure, "", "  ")
	}
	if err != nil {
		return nil, err
	}
	show := exec.CommandContext(t.Context(), "terraform", "show", "-json", plan.File)
	show.Dir = filepath.Join(work.Root, work.Instance.Path)
	show.Env = append(os.Environ(), "TF_DATA_DIR="+filepath.Join(work.Scratch, "data"))
	return show.Output()
}

func write(t testing.TB, root string, files map[string]string) {
	for path, content := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// preview of the recording: its plans, read as the engine reads them.
func (r recording) preview(t testing.TB) planner.Preview {
	t.Helper()
	p := preview()
	for _, instance := range r.instances() {
		p.Instances = append(p.Instances, r.instance(t, instance, func(text string) string { return text }))
		if !slices.Contains(p.Environments, instance.Environment) {
			p.Environments = slices.Insert(slices.Clone(p.Environments), 1, instance.Environment)
		}
	}
	return p
}

func (r recording) instance(t testing.TB, instance stack.Instance, edit func(string) string) planner.InstancePreview {
	t.Helper()
	text, err := os.ReadFile(r.file(instance))
	if err != nil {
		t.Fatalf("%v; -record makes the plans", err)
	}
	one := planner.InstancePreview{Instance: instance, Reasons: r.reasons(instance), Outcome: planner.Planned}
	var failure engine.Failure
	if err := json.Unmarshal(text, &failure); err == nil && failure.Step != "" {
		one.Outcome, one.Failure, one.FailureFile, one.FailureLine = planner.Failed, failure.Message, failure.File, failure.Line
		return one
	}
	if one.Plan, err = (engine.Settings{}).Read(strings.NewReader(edit(string(text))), engine.Work{Instance: instance}); err != nil {
		t.Fatalf("%s: %v", r.file(instance), err)
	}
	return one
}
