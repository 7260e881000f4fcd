package stack

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/trunkline/trunkline/config"
)

// Tree is what a commit holds, as far as finding instances needs to know. All paths are slash-separated, from the
// repository's root.
type Tree interface {
	// Files are the paths of all files, sorted.
	Files() []string
	// HasFile tells whether there is a file at the path, HasDirectory whether there is a directory.
	HasFile(path string) bool
	HasDirectory(path string) bool
	// ReadAll returns the contents of the files by path. All must exist.
	ReadAll(ctx context.Context, names []string) (map[string][]byte, error)
}

// Resolve finds the instances that a commit has under the rules: in the order of the environments, then by name. That
// an environment has none is no problem. The error is [config.Problems] where the rules do not go with the commit, or
// its files are at fault.
//
// # Folders
//
// Each directory that the path's pattern matches and that holds code is a component: *.tf, *.tf.json, *.tofu or
// *.tofu.json right in it, or, for an engine of commands, any file at any depth. The placeholders other than
// {component} name the stack, joined by "/" in their order. Without {component} the component is named by the last
// element of the pattern if that is plain text, and "main" otherwise.
//
// A {component} that is the pattern's last element may stand for several path elements, as in
// "components/{component}" for components/network/vpc, but only where nothing shorter fits: what lies below a
// component is part of it. Directories named "modules", and what lies below them, are no components then.
//
// Where the path has no {environment}, the variable files have it: for "components/{component}" and
// "config/{environment}/{component}.tfvars" there is an instance for each of these files, in a workspace named like
// its stack's environment. Without any patterns of variables they are <path>/{environment}.tfvars and
// <path>/{environment}.tfvars.json. Patterns without {environment} then add files to instances and make none.
//
// Where the path has {environment}, the variable files that exist are given to the instances, and the workspace is
// "default".
//
// An instance belongs to the environment whose patterns match its stack, or its stack and component; an environment
// without patterns has the stacks whose {environment} is its name. What no environment claims is left alone.
//
// Names may have spaces and letters of all alphabets; that of an {environment} may not. A directory whose name cannot be
// used, because it has "..", starts with "-" or has a character that nobody can see, is a problem where an environment
// claims it.
//
// What depends on what is said by the names of components: each instance of one depends on the other's in the same
// stack, if there is one, or on the one that is named in full.
//
// # List
//
// Instances are those listed. Their paths must exist, and so must the instances that they depend on.
//
// # Atmos
//
// Instances are those of the stack manifests, as [atmos.Resolve] finds them. An instance belongs to the environment
// whose patterns match the stack's name or its manifest's path, by itself or with the component. Disabled instances are
// among them.
func Resolve(ctx context.Context, tree Tree, rules config.Repository) ([]Instance, error) {
	r := resolver{tree: tree, rules: rules, references: map[int][]config.Reference{}}
	switch rules.Stacks.Layout {
	case config.LayoutAtmos:
		if err := r.atmos(ctx); err != nil {
			return nil, err
		}
	case config.LayoutFolders:
		r.folders()
	case config.LayoutList:
		r.list()
	default:
		r.problem(rules.Stacks.At, "there is no layout %q: it is %s, %s or %s",
			rules.Stacks.Layout, config.LayoutAtmos, config.LayoutFolders, config.LayoutList)
	}
	r.duplicates()
	if len(r.problems) == 0 {
		r.dependencies()
	}
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	order := map[string]int{}
	for i, environment := range rules.Environments {
		order[environment.Name] = i
	}
	r.environmentVariables()
	slices.SortStableFunc(r.instances, func(a, b Instance) int {
		if order[a.Environment] != order[b.Environment] {
			return order[a.Environment] - order[b.Environment]
		}
		return strings.Compare(a.Name(), b.Name())
	})
	return r.instances, nil
}

// resolver gathers instances and problems.
type resolver struct {
	tree      Tree
	rules     config.Repository
	instances []Instance
	// places are where each instance comes from, for problems.
	places []config.Position
	// references are the names that listed instances depend on, by the index of the instance.
	references map[int][]config.Reference
	problems   config.Problems
}

func (r *resolver) problem(at config.Position, format string, arguments ...any) {
	r.problems = append(r.problems, &config.Problem{File: config.Path, At: at, Message: fmt.Sprintf(format, arguments...)})
}

func (r *resolver) add(instance Instance, at config.Position) {
	if instance.Workspace == "" {
		instance.Workspace = "default"
	}
	r.instances, r.places = append(r.instances, instance), append(r.places, at)
}

// duplicates reports instances of the same name: nobody could tell their state apart.
func (r *resolver) duplicates() {
	first := make(map[string]*Instance, len(r.instances))
	for i := range r.instances {
		instance := &r.instances[i]
		other, there := first[instance.Name()]
		switch {
		case !there:
			first[instance.Name()] = instance
		case other.Environment != instance.Environment:
			r.problem(r.places[i], "the instance %s is claimed by two environments, %s and %s: let the stacks of one of them leave it out",
				instance.Name(), other.Environment, instance.Environment)
		default:
			r.problem(r.places[i], "there are two instances %s, in %s and in %s: give them different stacks or components",
				instance.Name(), other.Path, instance.Path)
		}
	}
}

// claimed are the environments that the stack's component belongs to; value is its {environment}, if it has one.
func (r *resolver) claimed(stack, component, value string) []config.Environment {
	var found []config.Environment
	for _, environment := range r.rules.Environments {
		if len(environment.Stacks) == 0 {
			if value != "" && value == environment.Name {
				found = append(found, environment)
			}
			continue
		}
		if slices.ContainsFunc(environment.Stacks, func(pattern string) bool {
			return doublestar.MatchUnvalidated(pattern, stack) || doublestar.MatchUnvalidated(pattern, stack+"/"+component)
		}) {
			found = append(found, environment)
		}
	}
	return found
}

// list takes the instances that the configuration lists.
func (r *resolver) list() {
	for _, listed := range r.rules.Stacks.Instances {
		instance := Instance{
			Environment: listed.Environment, Stack: listed.Stack, Component: listed.Component, Path: path.Clean(listed.Path),
			Workspace: listed.Workspace, VariableFiles: listed.VariableFiles, Variables: listed.Variables,
		}
		if instance.Stack == "" {
			instance.Stack = listed.Environment
		}
		if instance.Component == "" {
			instance.Component = path.Base(instance.Path)
		}
		if instance.Component == "." {
			instance.Component = "main" // the repository's root has no name of its own
		}
		r.checkListed(&instance, listed)
		r.references[len(r.instances)] = listed.DependsOn
		r.add(instance, listed.At)
	}
}

func (r *resolver) checkListed(instance *Instance, listed config.Instance) {
	if _, there := r.rules.Environment(listed.Environment); !there {
		names := make([]string, len(r.rules.Environments))
		for i, environment := range r.rules.Environments {
			names[i] = environment.Name
		}
		r.problem(listed.At, "there is no environment %q%s", listed.Environment, meant(listed.Environment, names))
	}
	if !inside(instance.Path) || !r.tree.HasDirectory(instance.Path) {
		r.problem(listed.At, "there is no directory %q%s", listed.Path, meant(listed.Path, directories(r.tree)))
	}
	for _, file := range listed.VariableFiles {
		if !inside(file) || !r.tree.HasFile(file) {
			r.problem(listed.At, "there is no variable file %q%s", file, meant(file, r.tree.Files()))
		}
	}
	for _, wanted := range listed.Files {
		files := r.matching(strings.TrimPrefix(wanted, "./"))
		if len(files) == 0 {
			r.problem(listed.At, "no file is matched by %q%s", wanted, meant(wanted, r.tree.Files()))
		}
		instance.Files = append(instance.Files, files...)
	}
	slices.Sort(instance.Files)
	instance.Files = slices.Compact(instance.Files)
}

// matching are the files that a path or a glob means; a directory means all that is in it.
func (r *resolver) matching(wanted string) []string {
	wanted = strings.TrimSuffix(wanted, "/")
	if r.tree.HasFile(wanted) {
		return []string{wanted}
	}
	if r.tree.HasDirectory(wanted) {
		wanted += "/**"
	}
	if !doublestar.ValidatePattern(wanted) {
		return nil
	}
	var files []string
	for _, file := range r.tree.Files() {
		if doublestar.MatchUnvalidated(wanted, file) {
			files = append(files, file)
		}
	}
	return files
}

// inside tells whether a path stays in the repository.
func inside(name string) bool {
	return name != "" && !path.IsAbs(name) && name != ".." && !strings.HasPrefix(path.Clean(name), "../")
}

func directories(tree Tree) []string {
	seen := map[string]bool{}
	var all []string
	for _, file := range tree.Files() {
		for dir := path.Dir(file); dir != "." && !seen[dir]; dir = path.Dir(dir) {
			seen[dir] = true
			all = append(all, dir)
		}
	}
	return all
}
