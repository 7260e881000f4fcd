package planner

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/stack"
)

// Whereabouts is where an instance's state is, and what tells that an instance of another name is the same one. It is
// written down when an instance is deployed, so that a later deployment finds out before it plans whether it would look
// for the state elsewhere. The zero Whereabouts: nobody knows.
type Whereabouts struct {
	Environment string         `json:"environment"`
	Address     engine.Address `json:"address"`
	// Path of the component's directory, and Code: its Git tree.
	Path string `json:"path"`
	Code string `json:"code,omitempty"`
	// Variables is a digest of the variables and the contents of the variable files, in which the instance's own name
	// does not count.
	Variables string `json:"variables,omitempty"`
	// Manifest is the path of the stack manifest and the component in it, which stay when the stack gets another name.
	// Empty: there is none, or nobody wrote it down.
	Manifest string `json:"manifest,omitempty"`
}

// Known tells whether anything is known.
func (w Whereabouts) Known() bool { return w.Address.Backend != "" }

// Deployed is where the state of instances is that environments run, by environment, then by name. An environment that
// was never looked at is not there; a zero Whereabouts is of an instance of which nobody knows.
type Deployed map[string]map[string]Whereabouts

// Last is where the state of each instance was last: in the environment itself, or else in another, since an instance
// may go from one to the other.
func (d Deployed) Last(environment string) map[string]Whereabouts {
	was := map[string]Whereabouts{}
	for _, other := range slices.Sorted(maps.Keys(d)) {
		maps.Copy(was, d[other])
	}
	maps.Copy(was, d[environment])
	return was
}

// whereabouts of an instance in the gatherer's commit, with its inputs.
func (g *gatherer) whereabouts(instance stack.Instance, inputs []Input) Whereabouts {
	address := engine.AddressOf(instance, g.code[instance.Path].backend)
	if g.rules.Stacks.Engine.Kind == config.Command {
		address = engine.AddressOfCommand(instance)
	}
	manifest := ""
	if instance.ManifestPath != "" {
		manifest = instance.ManifestPath + ": " + instance.Component
	}
	return Whereabouts{
		Environment: instance.Environment, Address: address, Manifest: manifest,
		Path: instance.Path, Code: g.tree.DirectoryID(instance.Path), Variables: variablesDigest(instance.Component, inputs),
	}
}

// variablesDigest is the digest of what the instance is configured with.
func variablesDigest(component string, inputs []Input) string {
	text := make([]byte, 0, 1<<10)
	for _, input := range inputs {
		switch input.Kind {
		case VariableInput:
			// A renamed instance often has its name in its variables.
			text = append(append(text, input.Name...), '\n')
			text = append(text, strings.ReplaceAll(input.ID, component, "\x00")...)
		case VariableFileInput:
			text = append(text, input.ID...)
		default:
			continue
		}
		text = append(text, '\n')
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// movedFrom is what is declared of where the instance's state was before: in the configuration, or in the settings of
// its stack manifest as settings.trunkline.state_moved_from.
func movedFrom(instance stack.Instance, rules config.Repository) (from []string) {
	for _, move := range rules.StateMoved {
		if move.Instance == instance.Name() {
			from = append(from, move.From...)
		}
	}
	switch declared := trunklineSettings(instance)["state_moved_from"].(type) {
	case string:
		from = append(from, declared)
	case []any:
		for _, one := range declared {
			if text, is := one.(string); is {
				from = append(from, text)
			}
		}
	}
	return from
}

// trunklineSettings are settings.trunkline of the instance's stack manifest, which Atmos itself gives no meaning.
func trunklineSettings(instance stack.Instance) map[string]any {
	settings, _ := instance.Settings["trunkline"].(map[string]any)
	return settings
}
