package planner

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/trunkline/trunkline/planner/engine"
)

// StateMove is one way in which an instance would look for its state elsewhere than before.
type StateMove struct {
	// What names the place: "workspace", "backend", "instance" where the state goes by the instance's name, or a setting
	// of the backend such as "workspace_key_prefix".
	What string
	// From and To are its values before and after; empty: there is none.
	From, To string
	// Keep says what to write so that the state stays where it is; empty: there is no single answer.
	Keep string
}

// Words are one of the move's values as a person reads it.
func (m StateMove) Words(value string) string {
	switch {
	case value == "":
		return "nothing"
	case m.What == "backend" && value == engine.Ours:
		return "kept by Trunkline"
	}
	return value
}

// Moves is what becomes of the state of instances from one commit to another.
type Moves struct {
	// Moved are the instances whose state would be looked for elsewhere, by name. A plan made then would not know of
	// anything that exists, and create all of it once more. Those that declare it are not among them.
	Moved map[string][]StateMove
	// Renamed are the former names of instances that have another name now, by the new one.
	Renamed map[string]string
	// Declare is what to write, and where, to go on deliberately, by the names of Moved.
	Declare map[string]string
	// Declared are the moves of instances that declare them, by name.
	Declared map[string][]StateMove
}

// FindMoves compares where the state of instances was, by name, with where a later commit would look for it.
func FindMoves(was map[string]Whereabouts, now map[string]Resolved) Moves {
	moves := Moves{Moved: map[string][]StateMove{}, Renamed: renames(was, now), Declare: map[string]string{}, Declared: map[string][]StateMove{}}
	for name, instance := range now {
		before, formerName := was[name], moves.Renamed[name]
		if formerName != "" {
			before = was[formerName]
		}
		if !before.Known() {
			continue
		}
		found := stateMoves(before.Address, instance)
		if len(found) == 0 {
			continue
		}
		if declared(found, before.Address, instance.MovedFrom) {
			moves.Declared[name] = found
			continue
		}
		moves.Moved[name], moves.Declare[name] = found, declaration(instance, before.Address)
	}
	return moves
}

// declared tells whether all that moves is named: the whole address, or each value that is another one now.
func declared(moves []StateMove, before engine.Address, from []string) bool {
	if slices.Contains(from, before.String()) {
		return true
	}
	return !slices.ContainsFunc(moves, func(move StateMove) bool { return move.From == "" || !slices.Contains(from, move.From) })
}

// declaration is what to write for the instance to go on deliberately.
func declaration(instance Resolved, before engine.Address) string {
	address := strconv.Quote(before.String())
	if fromManifest(instance) {
		return "settings.trunkline.state_moved_from: " + address
	}
	return fmt.Sprintf("state_moved: [{instance: %s, from: %s}]", strconv.Quote(instance.Instance.Name()), address)
}

func fromManifest(instance Resolved) bool { return instance.Instance.ManifestPath != "" }

// stateMoves says how the place of an instance's state is another one than before.
func stateMoves(before engine.Address, instance Resolved) []StateMove {
	after, atmos := instance.State.Address, fromManifest(instance)
	if (before.Backend == engine.Theirs) != (after.Backend == engine.Theirs) {
		return nil // nobody can tell
	}
	var moves []StateMove
	if before.Workspace != after.Workspace {
		move := StateMove{What: "workspace", From: before.Workspace, To: after.Workspace}
		if atmos {
			move.Keep = "metadata.terraform_workspace: " + before.Workspace
		}
		moves = append(moves, move)
	}
	if before.Backend != after.Backend {
		return append(moves, StateMove{What: "backend", From: before.Backend, To: after.Backend})
	}
	names := maps.Clone(before.Settings)
	if names == nil {
		names = map[string]string{}
	}
	maps.Copy(names, after.Settings)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		from, to := before.Settings[name], after.Settings[name]
		if from == to {
			continue
		}
		move := StateMove{What: name, From: from, To: to}
		switch {
		case from == "" || before.Backend == engine.Ours:
		case atmos && instance.Instance.BackendType == after.Backend:
			move.Keep = fmt.Sprintf("backend.%s.%s: %s", after.Backend, name, from)
		default:
			move.Keep = fmt.Sprintf("%s = %s", name, strconv.Quote(from))
		}
		moves = append(moves, move)
	}
	return moves
}
