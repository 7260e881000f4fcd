package planner

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/stack"
)

// DifferenceKind says how an instance differs between two commits.
type DifferenceKind string

// How an instance differs.
const (
	Added   DifferenceKind = "added"
	Changed DifferenceKind = "changed"
	Gone    DifferenceKind = "removed" // from the configuration: what it deployed stays
	// Downstream is the same in both, and depends on an instance that is not; see [config.Stacks].
	Downstream DifferenceKind = "downstream"
)

// Difference is one instance that two commits ask for differently.
type Difference struct {
	// Instance as the later commit has it; for a removed one, as the earlier had it.
	Instance stack.Instance
	Kind     DifferenceKind
	// Reasons for people, such as "module modules/net: main.tf changed".
	Reasons []string
}

// Affected is what differs from one commit to another, in the order of the later one's environments, then by name.
func Affected(from, to Snapshot) []Difference {
	var found []Difference
	for name, after := range to.Instances {
		before, there := from.Instances[name]
		switch {
		case !there:
			found = append(found, Difference{after.Instance, Added, []string{"new instance"}})
		case before.Instance.Environment != after.Instance.Environment:
			found = append(found, Difference{after.Instance, Changed, append(
				[]string{fmt.Sprintf("moved from environment %s to %s", before.Instance.Environment, after.Instance.Environment)},
				reasons(before.Inputs, after.Inputs, from.tree, to.tree)...)})
		case before.Digest != after.Digest:
			found = append(found, Difference{after.Instance, Changed, reasons(before.Inputs, after.Inputs, from.tree, to.tree)})
		}
	}
	for name, before := range from.Instances {
		if _, there := to.Instances[name]; !there {
			found = append(found, Difference{before.Instance, Gone, []string{"removed"}})
		}
	}
	if to.rules.Stacks.Downstream {
		found = withDownstream(found, to)
	}
	rank := func(environment string) int {
		if i := slices.Index(to.Environments, environment); i >= 0 {
			return i
		}
		return len(to.Environments)
	}
	slices.SortFunc(found, func(a, b Difference) int {
		if order := rank(a.Instance.Environment) - rank(b.Instance.Environment); order != 0 {
			return order
		}
		return strings.Compare(a.Instance.Name(), b.Instance.Name())
	})
	return found
}

type inputKey struct {
	kind InputKind
	name string
}

// reasons say which inputs differ.
func reasons(before, after []Input, from, to *mirror.Tree) []string {
	index := func(inputs []Input) map[inputKey]Input {
		all := make(map[inputKey]Input, len(inputs))
		for _, input := range inputs {
			key := inputKey{input.Kind, input.Name}
			if input.Kind == ComponentInput {
				key.name = "" // there is one, wherever it is
			}
			all[key] = input
		}
		return all
	}
	olds, news := index(before), index(after)
	keys := maps.Clone(olds)
	maps.Copy(keys, news)
	var found []string
	for key := range keys {
		earlier, wasThere := olds[key]
		later, isThere := news[key]
		switch {
		case !wasThere:
			found = append(found, subject(later)+" added"+valued(" as ", later))
		case !isThere:
			found = append(found, subject(earlier)+" removed")
		case earlier.ID != later.ID || earlier.Name != later.Name:
			found = append(found, changed(earlier, later, from, to))
		}
	}
	slices.Sort(found)
	return found
}

// subject is what a person calls the input.
func subject(input Input) string {
	switch input.Kind {
	case ComponentInput:
		return "component directory"
	case SectionInput:
		return input.Name
	default:
		return strings.TrimSpace(string(input.Kind) + " " + input.Name)
	}
}

func valued(before string, input Input) string {
	if input.Kind == VariableInput {
		return before + short(input.ID)
	}
	return ""
}

func changed(earlier, later Input, from, to *mirror.Tree) string {
	switch earlier.Kind {
	case ComponentInput:
		if earlier.Name != later.Name {
			return fmt.Sprintf("component directory moved from %s to %s", earlier.Name, later.Name)
		}
		return subject(earlier) + changedFiles(earlier.Name, from, to)
	case ModuleInput, FileInput, VariableFileInput:
		switch {
		case earlier.ID == missing:
			return subject(earlier) + " added"
		case later.ID == missing:
			return subject(earlier) + " removed"
		}
		return subject(earlier) + changedFiles(earlier.Name, from, to)
	case SectionInput, VariableInput, WorkspaceInput, EngineInput, EnvironmentInput, BackendInput:
		return fmt.Sprintf("%s changed from %s to %s", subject(earlier), short(earlier.ID), short(later.ID))
	default:
		return subject(earlier) + " changed"
	}
}

func short(value string) string {
	if len(value) > 60 {
		return strings.ToValidUTF8(value[:60], "") + "…"
	}
	return value
}

// changedFiles says which files in the directory differ: ": main.tf changed, vars.tf added and 3 more".
func changedFiles(directory string, from, to *mirror.Tree) string {
	if from == nil || to == nil || !from.HasDirectory(directory) || !to.HasDirectory(directory) {
		return " changed"
	}
	names := map[string][2]mirror.Entry{}
	for side, tree := range []*mirror.Tree{from, to} {
		for _, entry := range tree.Under(directory) {
			if entry.Kind != mirror.Directory {
				pair := names[entry.Path]
				pair[side] = entry
				names[entry.Path] = pair
			}
		}
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		pair, relative := names[name], strings.TrimPrefix(name, directory+"/")
		switch {
		case pair[0].ID == "":
			found = append(found, relative+" added")
		case pair[1].ID == "":
			found = append(found, relative+" removed")
		case pair[0].ID != pair[1].ID || pair[0].Mode != pair[1].Mode:
			found = append(found, relative+" changed")
		}
	}
	if more := len(found) - 3; more > 0 {
		found = append(found[:3:3], fmt.Sprintf("%d more", more))
		return ": " + strings.Join(found[:3], ", ") + " and " + found[3]
	}
	if len(found) == 0 {
		return " changed"
	}
	return ": " + strings.Join(found, ", ")
}
