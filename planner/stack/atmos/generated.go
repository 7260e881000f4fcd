package atmos

import (
	"encoding/json"
	"fmt"
	"strings"
)

// VariableFileName is the name of the file of variables, in the component's directory.
func (i *Instance) VariableFileName() string {
	stack := i.Stack
	if i.byPath {
		stack = strings.ReplaceAll(stack, "/", "-")
	}
	return stack + "-" + i.prefix + ".terraform.tfvars.json"
}

// GeneratesBackend tells whether a file for the backend is generated beside the component's code.
func (i *Instance) GeneratesBackend() bool { return i.backendFile && i.BackendType != "" }

// VariableFile is the file of variables that the instance is run with: its name, in the component's directory, and its
// content.
func (i *Instance) VariableFile() (name string, content []byte, err error) {
	content, err = indented(i.Vars)
	return i.VariableFileName(), content, err
}

// BackendFile is the content of backend.tf.json, which is generated beside the component's code. Nil where the
// repository does not want it generated, or has no backend.
func (i *Instance) BackendFile() ([]byte, error) {
	if !i.GeneratesBackend() {
		return nil, nil
	}
	block := map[string]any{"backend": map[string]any{i.BackendType: i.Backend}}
	if i.BackendType == "cloud" {
		block = map[string]any{"cloud": i.Backend}
	}
	content, err := indented(map[string]any{"terraform": block})
	if i.BackendType == "cloud" {
		content = []byte(strings.ReplaceAll(string(content), "{terraform_workspace}", i.Workspace))
	}
	return content, err
}

// ProvidersFile is the content of providers_override.tf.json. Nil where the instance configures no providers.
func (i *Instance) ProvidersFile() ([]byte, error) {
	if len(i.Providers) == 0 {
		return nil, nil
	}
	return indented(map[string]any{"provider": i.Providers})
}

func indented(value any) ([]byte, error) {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("write a generated file: %w", err)
	}
	return []byte(text.String()), nil
}
