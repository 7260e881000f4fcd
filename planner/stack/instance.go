// Package stack finds out which instances a commit has: what is put where, with what configuration.
//
// See [Resolve] for how folders and lists become instances.
package stack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/stack/atmos"
)

// Instance is one component in one stack, with resolved configuration: the unit that is planned and applied.
type Instance struct {
	// Environment that the instance moves with.
	Environment string
	// Stack names the place, such as "prod/us-east-1".
	Stack string
	// Component names what is put there.
	Component string
	// Path of the component's directory from the repository's root, slash-separated.
	Path string
	// Workspace of the engine; "default" where none is meant.
	Workspace string
	// VariableFiles are paths from the repository's root, in the order in which they are given to the engine.
	VariableFiles []string
	// Variables are given to the engine over those of the files.
	Variables map[string]any
	// Files are further paths of the repository that the instance depends on, globs resolved.
	Files []string
	Atmos
}

// Atmos is what only instances of the layout atmos have. Its maps are shared and not to be changed.
type Atmos struct {
	// ManifestPath of the stack, below the stacks' folder and without its extension: its other name.
	ManifestPath string
	// VariablesName is the name of the file, in the component's directory, that the variables are written to. Empty: it
	// is not for anybody to see.
	VariablesName string
	// Env are variables for the engine's processes, as they are written; see [Instance.Environ].
	Env map[string]any
	// Settings and Metadata are for people and tools; no plan depends on them.
	Settings, Metadata map[string]any
	// BackendType, such as "s3", and its configuration. With GenerateBackend they are written beside the code, which
	// says nothing of them itself.
	BackendType     string
	Backend         map[string]any
	GenerateBackend bool
	// Providers are configurations of providers that are written beside the code.
	Providers map[string]any
	// Further are sections that determine what is run and that Trunkline leaves to others, such as source, by name.
	Further map[string]any
	// DependsOn are what the manifest says that the instance depends on.
	DependsOn []atmos.Dependency
	// Disabled instances are never planned, Locked ones are planned and never applied.
	Disabled, Locked bool
	// Problem is why the instance cannot be planned, though all others can. Nil mostly.
	Problem *config.Problem
	// Unresolved are values that only the world outside of the repository has.
	Unresolved []atmos.Unresolved
	// Sources are the places in manifests that define it.
	Sources []atmos.Source
}

// Name identifies the instance within its repository: "stack/component".
func (i Instance) Name() string { return i.Stack + "/" + i.Component }

// Environ are the variables of Env as a process has them: texts. Those that are null are not set.
func (i Instance) Environ() map[string]string {
	plain := make(map[string]string, len(i.Env))
	for name, value := range i.Env {
		switch value := value.(type) {
		case nil:
		case string:
			plain[name] = value
		case map[string]any, []any:
			if text, err := json.Marshal(value); err == nil {
				plain[name] = string(text)
			}
		default:
			plain[name] = fmt.Sprint(value)
		}
	}
	return plain
}

// Folder is a name for folders and files of the instance: it can be read, has no "/", and is the instance's alone.
// State lies under it, so it never changes for a name.
func (i Instance) Folder() string {
	readable := strings.Map(func(char rune) rune {
		if char >= 'a' && char <= 'z' || char >= 'A' && char <= 'Z' || char >= '0' && char <= '9' || char == '-' || char == '_' {
			return char
		}
		return '-'
	}, i.Name())
	sum := sha256.Sum256([]byte(i.Name()))
	return readable[:min(len(readable), 80)] + "-" + hex.EncodeToString(sum[:4])
}
