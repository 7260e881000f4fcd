package engine

import (
	"fmt"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/stack"
)

// StateElsewhere is a [*Failure] where the state of the instance would be kept beside its code, so that it would be lost on
// a host that keeps nothing. It reads the code in Root and starts nothing. What commands keep, nobody knows.
func StateElsewhere(wanted config.Engine, work Work) error {
	if wanted.Kind == config.Command {
		return nil
	}
	reader := terraform{name: string(wanted.Kind)}
	backend, err := reader.findBackend(work.source())
	if err != nil {
		return nil // the engine reads it too, and says what is wrong
	}
	return backend.elsewhere(work.Instance)
}

// elsewhere is a [*Failure] where state would be written into the worktree.
func (b Backend) elsewhere(instance stack.Instance) error {
	if instance.GenerateBackend {
		b = Backend{Kind: instance.BackendType}
		if b.Kind == "local" {
			b.Settings = flatSettings(instance.Backend)
		}
	}
	if !b.inWorktree(instance.Workspace) {
		return nil
	}
	return &Failure{Step: "init", File: instance.Path, Message: fmt.Sprintf("%s has no backend in which its state would stay: it would be written "+
		"beside the code, on a runner that keeps nothing. Declare a backend in %s, such as s3, gcs or azurerm; or plan and apply %s "+
		"with `runner: local`, where Trunkline keeps its state.", instance.Name(), instance.Path, instance.Environment)}
}

// Sound tells whether the plan's digest is the one of its changes.
func (p Plan) Sound() bool { return p.Digest == planDigest(p.Changes, p.Outputs) }
