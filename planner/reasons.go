package planner

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/stack"
)

// explain fills in why instances changed. It reads the variable files that did, and nothing else.
func explain(ctx context.Context, from, to Snapshot, found []Difference) error {
	files, err := readChangedVariables(ctx, from, to, found)
	if err != nil {
		return err
	}
	for i, difference := range found {
		if difference.Kind != Changed {
			continue
		}
		before, after := from.Instances[difference.Instance.Name()], to.Instances[difference.Instance.Name()]
		e := explanation{from: from.tree, to: to.tree, files: files, instance: after.Instance, secret: map[string]bool{}}
		for _, name := range append(slices.Clone(from.sensitive[before.Instance.Path]), to.sensitive[after.Instance.Path]...) {
			e.secret[name] = true
		}
		if before.Instance.Environment != after.Instance.Environment {
			found[i].Reasons = []string{fmt.Sprintf("moved from environment %s to %s", before.Instance.Environment, after.Instance.Environment)}
		}
		found[i].Reasons = append(found[i].Reasons, e.reasons(before.Inputs, after.Inputs)...)
	}
	return nil
}

// explanation is of one instance.
type explanation struct {
	// from and to are the trees of the two commits; nil where there are none.
	from, to *mirror.Tree
	// files are the variable files that changed.
	files    changedVariables
	instance stack.Instance
	// secret are the variables that the code declares to be sensitive.
	secret map[string]bool
}

type inputKey struct {
	kind InputKind
	name string
}

func byKey(inputs []Input) map[inputKey]Input {
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

// reasons say which inputs differ, and how.
func (e explanation) reasons(before, after []Input) []string {
	olds, news := byKey(before), byKey(after)
	found := e.moved(olds, news)
	keys := maps.Clone(olds)
	maps.Copy(keys, news)
	for key := range keys {
		earlier, wasThere := olds[key]
		later, isThere := news[key]
		switch {
		case !wasThere:
			if !comesWith(later, olds, news) {
				found = append(found, e.added(later))
			}
		case !isThere:
			if !comesWith(earlier, news, olds) {
				found = append(found, e.removed(earlier))
			}
		case earlier.ID != later.ID || earlier.Name != later.Name:
			found = append(found, e.changed(earlier, later)...)
		}
	}
	slices.Sort(found)
	return found
}

// comesWith tells whether an input is there because of a module that only one side has, so that it needs no words.
func comesWith(input Input, without, with map[inputKey]Input) bool {
	first, _, _ := strings.Cut(input.Via, " and ")
	key := inputKey{ModuleInput, first}
	_, had := without[key]
	_, has := with[key]
	return first != "" && has && !had
}

// moved takes those out that are the same under another path, one for one, and says so.
func (e explanation) moved(olds, news map[inputKey]Input) (found []string) {
	for _, kind := range []InputKind{ModuleInput, FileInput, VariableFileInput} {
		left, came := map[string][]inputKey{}, map[string][]inputKey{}
		for key, input := range olds {
			if _, stays := news[key]; key.kind == kind && !stays && input.ID != missing {
				left[input.ID] = append(left[input.ID], key)
			}
		}
		for key, input := range news {
			if _, was := olds[key]; key.kind == kind && !was && input.ID != missing {
				came[input.ID] = append(came[input.ID], key)
			}
		}
		for id, old := range left {
			if new := came[id]; len(old) == 1 && len(new) == 1 {
				found = append(found, fmt.Sprintf("%s moved from %s to %s, with the same content", kind, old[0].name, new[0].name))
				delete(olds, old[0])
				delete(news, new[0])
			}
		}
	}
	return found
}

// subject is what a person calls the input.
func subject(input Input) string {
	name := strings.TrimSpace(string(input.Kind) + " " + input.Name)
	switch input.Kind {
	case ComponentInput:
		name = "component directory"
	case SectionInput:
		name = input.Name
	}
	if input.Via != "" {
		name += " (through " + input.Via + ")"
	}
	return name
}

func (e explanation) added(input Input) string {
	switch input.Kind {
	case VariableInput, EnvInput, BackendInput, ProviderInput, SectionInput:
		return subject(input) + " added as " + short(e.text(input))
	case ModuleInput:
		if e.from != nil && e.from.HasDirectory(input.Name) {
			return "now uses " + subject(input)
		}
	case FileInput, VariableFileInput:
		if e.from != nil && there(e.from, input.Name) {
			return "now depends on " + subject(input)
		}
	case VariableFilesInput:
		return "several variable files"
	}
	return subject(input) + " added"
}

func (e explanation) removed(input Input) string {
	switch input.Kind {
	case VariableInput, EnvInput, BackendInput, ProviderInput, SectionInput:
		return subject(input) + " removed (was " + short(e.text(input)) + ")"
	case ModuleInput:
		if e.to != nil && e.to.HasDirectory(input.Name) {
			return "no longer uses " + subject(input)
		}
	case FileInput, VariableFileInput:
		if e.to != nil && there(e.to, input.Name) {
			return "no longer depends on " + subject(input)
		}
	case VariableFilesInput:
		return "no longer several variable files"
	}
	return subject(input) + " removed"
}

func there(tree *mirror.Tree, name string) bool {
	_, found := tree.Entry(name)
	return found
}

// text is the value of an input, without what is secret in it.
func (e explanation) text(input Input) string {
	var value any
	if input.Kind == EnvInput || parseValue(input.ID, &value) != nil {
		value = input.ID
	}
	name := input.Name
	if input.Kind == BackendInput || input.Kind == ProviderInput {
		name = ""
	}
	if e.secret[strings.TrimPrefix(name, "TF_VAR_")] {
		return hidden
	}
	return valueText(name, value)
}

func (e explanation) changed(earlier, later Input) []string {
	switch earlier.Kind {
	case ComponentInput:
		if earlier.Name != later.Name {
			return []string{fmt.Sprintf("component directory moved from %s to %s%s", earlier.Name, later.Name, e.between(earlier, later))}
		}
		return e.inComponent(earlier, later)
	case ModuleInput, FileInput:
		switch {
		case earlier.ID == missing:
			return []string{subject(later) + " added"}
		case later.ID == missing:
			return []string{subject(earlier) + " removed"}
		}
		return e.inDirectories(earlier, later)
	case VariableFileInput:
		return e.variableFile(earlier, later)
	case VariableInput, EnvInput:
		return valueChanges(subject(earlier), earlier.ID, later.ID, e.secret[strings.TrimPrefix(earlier.Name, "TF_VAR_")])
	case BackendInput, ProviderInput, SectionInput:
		return valueChanges(subject(earlier), earlier.ID, later.ID, false)
	case VariableFilesInput:
		return []string{fmt.Sprintf("order of variable files changed to %s", later.ID)}
	case PlanCommandInput, ApplyCommandInput:
		from, to := shortPair(strconv.Quote(strings.TrimSpace(earlier.ID)), strconv.Quote(strings.TrimSpace(later.ID)))
		return []string{fmt.Sprintf("%s changed from %s to %s", subject(earlier), from, to)}
	case SecretInput:
		return []string{fmt.Sprintf("%s is the operator's %s, was %s", subject(earlier), later.ID, earlier.ID)}
	default:
		return []string{fmt.Sprintf("%s changed from %s to %s", subject(earlier), earlier.ID, later.ID)}
	}
}
