package planner

import (
	"fmt"
	"maps"
	"slices"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
)

// Removal is what a person has to know of an instance that leaves the configuration: what it deployed stays, and so
// does its state.
type Removal struct {
	// State is where the state is, in words, such as "s3 bucket=acme key=vpc.tfstate workspace=prod"; empty: nobody knows.
	State string `json:"state"`
	// Kept by Trunkline itself, on its host.
	Kept bool `json:"kept_by_trunkline,omitempty"`
	// TakenBy is the instance that has the same state now: then there is nothing to destroy.
	TakenBy string `json:"taken_by,omitempty"`
	// Commit that still has the instance, and Commands that destroy what it deployed, one a line, for a shell in a clone
	// of the repository. None where the state is taken.
	Commit   string   `json:"commit,omitempty"`
	Commands []string `json:"commands,omitempty"`
}

// RemovalOf says how to destroy what an instance deployed that the later commit does not have. State that
// Trunkline keeps is in the folder named kept, as a shell would write it.
func RemovalOf(from, to Snapshot, name, kept string) *Removal {
	gone := from.Instances[name]
	address := gone.State.Address
	removal := &Removal{}
	if from.rules.Stacks.Engine.Kind != config.Command { // commands keep it where they like
		removal.State, removal.Kept = address.String(), address.Backend == engine.Ours
		if removal.Kept {
			removal.State = "kept by Trunkline, workspace=" + address.Workspace
		}
		if removal.TakenBy = ownerOf(address, to); removal.TakenBy != "" {
			return removal
		}
	}
	removal.Commit = from.Commit
	removal.Commands = append([]string{"git checkout --detach " + from.Commit},
		engine.DestroyCommands(from.rules.Stacks.Engine, gone.Instance, address, kept)...)
	return removal
}

// ownerOf is the instance whose state is at the address; empty: none, or the code does not say enough to tell.
func ownerOf(address engine.Address, snapshot Snapshot) string {
	if len(address.Settings) == 0 {
		return ""
	}
	for _, name := range slices.Sorted(maps.Keys(snapshot.Instances)) {
		if snapshot.Instances[name].State.Address.String() == address.String() {
			return name
		}
	}
	return ""
}

// sayRenamed gives instances that only have another name now that for a reason, and what else differs.
func sayRenamed(found []Difference, from, to Snapshot) {
	was := map[string]Whereabouts{}
	for name, resolved := range from.Instances {
		was[name] = resolved.State
	}
	formerly := renames(was, to.Instances)
	if len(formerly) == 0 {
		return
	}
	now := map[string]string{}
	for name, former := range formerly {
		now[former] = name
	}
	for i, difference := range found {
		name := difference.Instance.Name()
		switch {
		case difference.Kind == Added && formerly[name] != "":
			before := from.Instances[formerly[name]]
			found[i].Reasons = []string{"renamed from " + formerly[name]}
			if before.Instance.Path != difference.Instance.Path {
				found[i].Reasons[0] += fmt.Sprintf(": its directory %s is %s now", before.Instance.Path, difference.Instance.Path)
			}
		case difference.Kind == Gone && now[name] != "":
			found[i].Reasons = []string{"renamed to " + now[name]}
		}
	}
}
