package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/planner/stack/atmos"
)

// backendName and providersName are the files that are generated beside the code of an instance whose stack manifest
// asks for them. Atmos gives them these names too, so that what ignores them need not be told.
const (
	backendName   = "backend.tf.json"
	providersName = "providers_override.tf.json"
)

// generate writes what the instance's manifest has generated beside the code.
//
// Instances of one directory are planned at the same time, so what lies there must be the same for all of them. It is,
// for the variables, since the file's name is the instance's. Unless the whole is wanted, of the backend only the type
// is written, and its configuration is given to init; see [Work.backendConfiguration]. What differs all the same is
// written into a copy of the directory that is the instance's own; see [Work.apart]. Where neither helps it is refused.
func (w Work) generate(turns *sync.Mutex, whole bool) error {
	turns.Lock()
	defer turns.Unlock()
	if w.apart() {
		if err := w.copySource(); err != nil {
			return fmt.Errorf("copy %s for %s: %w", w.Instance.Path, w.Instance.Name(), err)
		}
	}
	if w.Instance.VariablesName != "" {
		if err := w.beside(w.Instance.VariablesName, w.Instance.Variables, true); err != nil {
			return err
		}
	}
	if w.Instance.GenerateBackend {
		kind, settings := w.Instance.BackendType, w.Instance.Backend
		if !whole && kind != "cloud" {
			settings = map[string]any{}
		}
		block := map[string]any{"backend": map[string]any{kind: settings}}
		if kind == "cloud" {
			block = map[string]any{"cloud": withWorkspace(settings, w.Instance.Workspace)}
		}
		// A file of that name in the repository is one that was generated before: it gives way.
		if err := w.beside(backendName, map[string]any{"terraform": block}, w.committed(backendName)); err != nil {
			return err
		}
	}
	if len(w.Instance.Providers) == 0 {
		return nil
	}
	return w.beside(providersName, map[string]any{"provider": w.Instance.Providers}, w.committed(providersName))
}

// apart tells whether the instance needs a directory of its own: it has files that are named the same as those of other
// instances of its component, and say something else.
func (w Work) apart() bool {
	return w.Instance.Path != "." && (len(w.Instance.Providers) > 0 || w.Instance.GenerateBackend && w.Instance.BackendType == "cloud")
}

// copySource makes the instance's own copy of the component's directory. It lies beside it, so that paths out of it
// lead where they led.
func (w Work) copySource() error {
	if err := os.RemoveAll(w.directory()); err != nil {
		return err
	}
	return os.CopyFS(w.directory(), os.DirFS(w.source()))
}

// withWorkspace puts the workspace where the settings ask for it.
func withWorkspace(value any, workspace string) any {
	switch value := value.(type) {
	case string:
		return strings.ReplaceAll(value, "{terraform_workspace}", workspace)
	case map[string]any:
		changed := maps.Clone(value)
		for name, inner := range changed {
			changed[name] = withWorkspace(inner, workspace)
		}
		return changed
	}
	return value
}

// ownMark is laid beside generated files and names the commit, to tell them from those of the repository and of a
// commit that the directory held before.
const ownMark = ".trunkline-generated-"

// committed tells whether a file of that name is none that was generated for another instance of this commit.
func (w Work) committed(name string) bool {
	if w.apart() {
		return true
	}
	commit, err := os.ReadFile(filepath.Join(w.directory(), ownMark+name))
	return err != nil || string(commit) != w.Commit
}

// beside writes a file into the component's directory, in one step. One that is there must be the same, unless it may
// be replaced.
func (w Work) beside(name string, value any, replace bool) error {
	if !filepath.IsLocal(name) || strings.ContainsAny(name, `/\`) {
		return &Failure{Step: "plan", Message: fmt.Sprintf(
			"the file %q cannot be generated: the stack %s has a name that is none for a file", name, w.Instance.Stack)}
	}
	var content bytes.Buffer
	encoder := json.NewEncoder(&content)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if value == nil {
		value = map[string]any{}
	}
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("generate %s for %s: %w", name, w.Instance.Name(), err)
	}
	path := filepath.Join(w.directory(), name)
	before, err := os.ReadFile(path)
	switch {
	case err == nil && bytes.Equal(before, content.Bytes()):
		return nil
	case err == nil && !replace:
		return &Failure{Step: "plan", Message: fmt.Sprintf(
			"%s would have to be another one for %s than for another instance of %s: they cannot share a directory at the same time",
			name, w.Instance.Name(), w.Instance.Path)}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("generate %s for %s: %w", name, w.Instance.Name(), err)
	}
	if err := writeInOneStep(path, content.Bytes()); err != nil {
		return fmt.Errorf("generate %s for %s: %w", name, w.Instance.Name(), err)
	}
	if name == w.Instance.VariablesName {
		return nil
	}
	return writeInOneStep(filepath.Join(w.directory(), ownMark+name), []byte(w.Commit))
}

// writeInOneStep writes a file that nobody reads half of.
func writeInOneStep(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".trunkline-*")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err := errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return os.Rename(file.Name(), path)
}

// backendConfiguration is the argument that gives init the instance's own configuration of the generated backend. A
// cloud block takes none.
func (w Work) backendConfiguration() ([]string, error) {
	if kind := w.Instance.BackendType; !w.Instance.GenerateBackend || kind == "cloud" || len(w.Instance.Backend) == 0 {
		return nil, nil
	}
	content, err := json.Marshal(w.Instance.Backend)
	if err != nil {
		return nil, fmt.Errorf("write the backend's configuration of %s: %w", w.Instance.Name(), err)
	}
	// The name's end tells the engine that it is JSON.
	path := w.scratch("backend.tfbackend.json")
	if err := os.MkdirAll(w.Scratch, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of %s: %w", w.Instance.Name(), err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		return nil, fmt.Errorf("write the backend's configuration of %s: %w", w.Instance.Name(), err)
	}
	return []string{"-backend-config=" + path}, nil
}

// Outside are the values of an instance that Trunkline does not know and a plan depends on: as long as there are some,
// it is not planned.
func Outside(instance stack.Instance) (values []atmos.Unresolved) {
	for _, value := range instance.Unresolved {
		section, _, _ := strings.Cut(value.Path, ".")
		switch section {
		case "settings", "metadata", "dependencies", "overrides", "remote_state_backend":
			continue // no plan depends on it
		}
		values = append(values, value)
	}
	return values
}

// resolved is a [*Failure] where the instance has values that Trunkline does not know.
func (w Work) resolved() error {
	var lines []string
	for _, value := range Outside(w.Instance) {
		lines = append(lines, value.Path+": "+value.Text)
	}
	if len(lines) == 0 {
		return nil
	}
	return &Failure{Step: "plan", Message: "values from outside of the repository, which Trunkline does not fetch:\n" + strings.Join(lines, "\n")}
}

// unlocked is a [*Failure] where the instance may not be changed.
func (w Work) unlocked() error {
	if !w.Instance.Locked {
		return nil
	}
	return &Failure{Step: "apply", Message: "the instance is locked: its stack manifest says metadata.locked"}
}

// manifestEnv are the variables that the instance's manifest sets, without those that belong to us or would change what
// program runs.
func (w Work) manifestEnv() map[string]string {
	env := w.Instance.Environ()
	maps.DeleteFunc(env, func(name, value string) bool {
		for _, ours := range []string{"TF_CLI_", "TF_DATA_DIR", "TF_WORKSPACE", "TF_IN_AUTOMATION", "TF_INPUT", "LD_", "DYLD_", "GIT_", "TRUNKLINE_"} {
			if strings.HasPrefix(name, ours) {
				return true
			}
		}
		return name == "" || name == "PATH" || name == "HOME" || name == "TMPDIR" || strings.ContainsAny(name, "=\x00") || strings.Contains(value, "\x00")
	})
	return env
}
