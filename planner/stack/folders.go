package stack

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/trunkline/trunkline/config"
)

// place is a component's directory, with what its path says.
type place struct {
	path   string
	values bindings
}

// folders finds instances by the pattern of their path.
func (r *resolver) folders() {
	at := r.rules.Stacks.At
	where, err := parsePattern(r.rules.Stacks.Path, false)
	if err != nil {
		r.problem(at, "%s", err)
		return
	}
	if where.deep() && r.rules.Stacks.Engine.Kind != config.Command {
		// It was read once already without this, so it can be read.
		where, _ = parsePattern(r.rules.Stacks.Path, true)
	}
	variables, ok := r.variablePatterns(where)
	if !ok || !r.validStacks() {
		return
	}
	places := r.components(where)
	if where.has(perStack) || r.namedByPath(where) {
		for _, place := range places {
			r.instance(where, place, variables, nil)
		}
		return
	}
	r.perVariables(where, places, variables)
}

// namedByPath tells whether a path without {environment} names stacks that the environments' patterns can claim.
func (r *resolver) namedByPath(where pattern) bool {
	named := slices.ContainsFunc(where.names, func(name string) bool { return name != component })
	named = named && !slices.ContainsFunc(r.rules.Stacks.Variables, func(text string) bool { return strings.Contains(text, "{environment}") })
	return named && !slices.ContainsFunc(r.rules.Environments, func(e config.Environment) bool { return len(e.Stacks) == 0 })
}

func (r *resolver) variablePatterns(where pattern) ([]pattern, bool) {
	texts := r.rules.Stacks.Variables
	if len(texts) == 0 && !where.has(perStack) {
		texts = []string{where.text + "/{environment}.tfvars", where.text + "/{environment}.tfvars.json"}
	}
	var patterns []pattern
	for _, text := range texts {
		one, err := parsePattern(text, r.rules.Stacks.Engine.Kind != config.Command && where.deep())
		if err != nil {
			r.problem(r.rules.Stacks.At, "variables: %s", err)
			return nil, false
		}
		patterns = append(patterns, one)
	}
	return patterns, true
}

func (r *resolver) validStacks() bool {
	valid := true
	for _, environment := range r.rules.Environments {
		for _, stack := range environment.Stacks {
			if !doublestar.ValidatePattern(stack) {
				valid = false
				r.problem(environment.At, "%q in the stacks of %s is no pattern: it has a bracket or a brace without its counterpart",
					stack, environment.Name)
			}
		}
	}
	return valid
}

// components are the components' directories.
func (r *resolver) components(where pattern) []place {
	var found []place
	taken := map[string]bool{}
	for _, dir := range r.codeDirectories() {
		values, matches := where.bind(dir)
		if !matches || strings.Contains(values[component], "/") && moduleFolder(values[component]) || below(dir, taken) {
			continue
		}
		taken[dir] = true
		found = append(found, place{dir, values})
	}
	return found
}

// moduleFolder tells whether a name of several elements leads into a folder of modules.
func moduleFolder(name string) bool { return slices.Contains(strings.Split(name, "/"), "modules") }

func below(dir string, taken map[string]bool) bool {
	for up := path.Dir(dir); up != "."; up = path.Dir(up) {
		if taken[up] {
			return true
		}
	}
	return false
}

// codeDirectories are the directories that hold something for the engine, shorter paths first.
func (r *resolver) codeDirectories() []string {
	seen := map[string]bool{}
	for _, file := range r.tree.Files() {
		dir := path.Dir(file)
		if r.rules.Stacks.Engine.Kind != config.Command {
			if IsCode(path.Base(file)) {
				seen[dir] = true
			}
			continue
		}
		for ; dir != "." && !seen[dir]; dir = path.Dir(dir) {
			seen[dir] = true
		}
	}
	dirs := make([]string, 0, len(seen))
	for dir := range seen {
		dirs = append(dirs, dir)
	}
	slices.SortFunc(dirs, func(a, b string) int {
		if depth := strings.Count(a, "/") - strings.Count(b, "/"); depth != 0 {
			return depth
		}
		return strings.Compare(a, b)
	})
	return dirs
}

// IsCode tells whether terraform or OpenTofu read a file of that name as configuration.
func IsCode(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") {
		return false
	}
	return slices.ContainsFunc([]string{".tf", ".tf.json", ".tofu", ".tofu.json"},
		func(suffix string) bool { return strings.HasSuffix(name, suffix) })
}

// instance adds the component's instances with these values, one for each environment that claims it; more than one
// is a problem, found later.
func (r *resolver) instance(where pattern, place place, variables []pattern, order []string) {
	instance := Instance{Component: componentName(where, place.values), Path: place.path}
	if order == nil {
		order = where.names
	}
	var stack []string
	for _, name := range order {
		if name != component {
			stack = append(stack, place.values[name])
		}
	}
	instance.Stack = strings.Join(stack, "/")
	if !where.has(perStack) {
		instance.Workspace = place.values[perStack]
	}
	claimed := r.claimed(instance.Stack, instance.Component, place.values[perStack])
	if len(claimed) > 0 && !r.usable(place) {
		return
	}
	for _, environment := range claimed {
		instance := instance
		instance.Environment = environment.Name
		if instance.Stack == "" {
			instance.Stack = environment.Name
		}
		for _, one := range variables {
			if file, complete := one.expand(place.values); complete && r.tree.HasFile(file) {
				instance.VariableFiles = append(instance.VariableFiles, file)
			}
		}
		r.add(instance, environment.At)
	}
}

// usable tells whether an instance may have the names that the place's path gives it. One that may not is a problem:
// left out silently, it would look as if nothing had to be done there.
func (r *resolver) usable(place place) bool {
	for _, name := range slices.Sorted(maps.Keys(place.values)) {
		if why := unusable(place.values[name]); why != "" {
			r.unusable(place.path, fmt.Sprintf("the {%s} %q %s", name, place.values[name], why))
			return false
		}
	}
	return true
}

// unusable reports a directory, once.
func (r *resolver) unusable(dir, why string) {
	message := fmt.Sprintf("the directory %q cannot be used: %s. Give it another name", dir, why)
	if !slices.ContainsFunc(r.problems, func(p *config.Problem) bool { return p.Message == message }) {
		r.problem(r.rules.Stacks.At, "%s", message)
	}
}

func componentName(where pattern, values bindings) string {
	if name := values[component]; name != "" {
		return name
	}
	if last := path.Base(where.text); !strings.Contains(last, "{") {
		return last
	}
	return "main"
}

// perVariables adds an instance for each component and each stack that a variable file names.
func (r *resolver) perVariables(where pattern, places []place, variables []pattern) {
	order := slices.Clone(where.names)
	for _, one := range variables {
		for _, name := range one.names {
			if !slices.Contains(order, name) {
				order = append(order, name)
			}
		}
	}
	// {environment} comes first: the stack "prod/us-east-1", not "us-east-1/prod".
	if i := slices.Index(order, perStack); i >= 0 {
		order = slices.Insert(slices.Delete(order, i, i+1), 0, perStack)
	}
	byComponent := map[string][]place{}
	for _, one := range places {
		byComponent[one.values[component]] = append(byComponent[one.values[component]], one)
	}
	seen := map[string]bool{}
	for _, file := range r.tree.Files() {
		for _, one := range variables {
			values, matches := one.bind(file)
			if !matches || values[perStack] == "" {
				continue
			}
			candidates := places
			if name, named := values[component]; named {
				candidates = byComponent[name]
			}
			for _, candidate := range candidates {
				joined, agree := candidate.values.join(values)
				complete := agree && !slices.ContainsFunc(order, func(name string) bool { return joined[name] == "" })
				key := candidate.path + "\x00" + stackKey(joined, order)
				if complete && !seen[key] {
					seen[key] = true
					r.instance(where, place{candidate.path, joined}, variables, order)
				}
			}
		}
	}
}

func stackKey(values bindings, order []string) string {
	var key strings.Builder
	for _, name := range order {
		key.WriteString(values[name] + "\x00")
	}
	return key.String()
}
