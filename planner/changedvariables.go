package planner

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/mirror"
)

// changedVariables are the values in variable files that changed, before and after; nil where a file cannot be read.
type changedVariables struct {
	before, after map[string]map[string]cty.Value
	// automatic are those that lie in a component's directory and are read by the engine by itself, by that directory.
	automatic map[string][]string
}

// readChangedVariables reads the variable files in which changed instances differ, those of each commit with one git.
func readChangedVariables(ctx context.Context, from, to Snapshot, found []Difference) (changedVariables, error) {
	changed := changedVariables{automatic: map[string][]string{}}
	names := map[string]bool{}
	for _, difference := range found {
		if difference.Kind != Changed {
			continue
		}
		name := difference.Instance.Name()
		news := byKey(to.Instances[name].Inputs)
		for key, earlier := range byKey(from.Instances[name].Inputs) {
			later, stays := news[key]
			switch {
			case !stays || earlier.ID == later.ID || earlier.ID == missing || later.ID == missing:
			case key.kind == VariableFileInput:
				names[key.name] = true
			case key.kind == ComponentInput && earlier.Name == later.Name:
				if _, known := changed.automatic[later.Name]; !known {
					changed.automatic[later.Name] = automaticFiles(from, to, later.Name)
				}
				for _, file := range changed.automatic[later.Name] {
					names[file] = true
				}
			}
		}
	}
	if len(names) == 0 || from.tree == nil || to.tree == nil {
		return changed, nil
	}
	var err error
	if changed.before, err = variablesIn(ctx, from.tree, slices.Sorted(maps.Keys(names))); err != nil {
		return changed, err
	}
	changed.after, err = variablesIn(ctx, to.tree, slices.Sorted(maps.Keys(names)))
	return changed, err
}

// automaticFiles are the variable files in a component's directory that the engine reads by itself, and that differ.
func automaticFiles(from, to Snapshot, directory string) (names []string) {
	if from.tree == nil || to.tree == nil || to.rules.Stacks.Engine.Kind == config.Command {
		return nil
	}
	olds := filesUnder(from.tree, directory)
	for name, new := range filesUnder(to.tree, directory) {
		old, was := olds[name]
		if was && automatic(name) && old.ID != new.ID && old.Kind == mirror.File && new.Kind == mirror.File {
			names = append(names, path.Join(directory, name))
		}
	}
	slices.Sort(names)
	return names
}

// automatic tells whether the engine takes variables from a file of this path in the component's directory without being told.
func automatic(name string) bool {
	stem := strings.TrimSuffix(name, ".json")
	return !strings.Contains(name, "/") && (stem == "terraform.tfvars" || strings.HasSuffix(stem, ".auto.tfvars"))
}

// inComponent says what differs in a component's directory: by variable where the engine reads a file by itself, by file else.
func (e explanation) inComponent(earlier, later Input) (found []string) {
	for _, file := range e.files.automatic[later.Name] {
		if e.files.before[file] == nil || e.files.after[file] == nil {
			continue // it cannot be read, so that it is a file like others
		}
		input := Input{Kind: VariableFileInput, Name: file}
		found = append(found, e.variableFile(input, input)...)
		later.Without += "\n" + file
	}
	if len(found) > 0 && len(e.changesIn(earlier, later)) == 0 {
		return found
	}
	return append(e.inDirectories(earlier, later), found...)
}

func variablesIn(ctx context.Context, tree *mirror.Tree, names []string) (map[string]map[string]cty.Value, error) {
	contents, err := tree.ReadAll(ctx, names)
	if err != nil {
		return nil, err
	}
	values := map[string]map[string]cty.Value{}
	for name, content := range contents {
		values[name] = readVariables(name, content)
	}
	return values, nil
}

// variableFile says which variables in a file differ, and how.
func (e explanation) variableFile(earlier, later Input) (found []string) {
	before, after := e.files.before[earlier.Name], e.files.after[later.Name]
	switch {
	case earlier.ID == missing:
		return []string{subject(later) + " added"}
	case later.ID == missing:
		return []string{subject(earlier) + " removed"}
	case before == nil || after == nil:
		return []string{subject(later) + " changed"}
	}
	names := maps.Clone(before)
	maps.Copy(names, after)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		old, was := jsonValue(before, name)
		new, is := jsonValue(after, name)
		shown := func(text string) string {
			return short(e.text(Input{Kind: VariableInput, Name: name, ID: text}))
		}
		switch {
		case !was && !is:
		case !was:
			found = append(found, name+" added as "+shown(new))
		case !is:
			found = append(found, name+" removed (was "+shown(old)+")")
		default:
			found = append(found, valueChanges(name, old, new, e.secret[name])...)
		}
	}
	if len(found) == 0 {
		return []string{subject(later) + " changed, but no value in it"}
	}
	for i := range found {
		found[i] = subject(later) + ": " + found[i]
	}
	if more := len(found) - mostValues; more > 1 {
		found = append(found[:mostValues:mostValues], subject(later)+": and more")
	}
	return found
}

// jsonValue is a variable's value as a JSON text.
func jsonValue(values map[string]cty.Value, name string) (string, bool) {
	value, there := values[name]
	if !there {
		return "", false
	}
	plain, known := plainValue(value)
	return jsonText(plain), known
}
