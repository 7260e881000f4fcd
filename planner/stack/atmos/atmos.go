// Package atmos resolves repositories that are laid out for Atmos: from atmos.yaml and stack manifests to instances.
//
// # From manifests to instances
//
// atmos.yaml says where stacks and components lie and how stacks are named. A stack is a manifest below the stacks'
// folder that the included paths match and the excluded ones do not; all other manifests are only imported.
//
// A manifest is merged from its imports, depth first and in order, and then from what it says itself: later wins, maps
// key by key, lists as settings.list_merge_strategy says. From the merged manifest each component becomes an instance
// of the stack. Its sections are merged from, lowest first: the stack's (vars), the type's (terraform.vars), the bases'
// in the order of metadata.inherits, its own, and the overrides of the files that define or import it. What is then
// left of Go templates is expanded with the instance itself as data, and after that YAML functions are called.
//
// # Nothing is fetched
//
// Resolving reads files of the repository and nothing else. A value that only a cloud, a store, a state or a process
// knows stays what is written in the manifest, and the instance lists it as [Unresolved]. So does an import from
// elsewhere.
//
// # What is described and what is run
//
// Atmos describes an instance and runs it by different rules where metadata.component is inherited, and where the
// instance's name differs from its component's. An [Instance] is what is run, since that decides where state lives.
package atmos

import (
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/trunkline/trunkline/config"
)

// Files are the files of a repository, of a commit or on disk.
type Files interface {
	// Files are the paths of all files from the repository's root, slash-separated and sorted.
	Files() []string
	// ReadAll returns the contents of the files by path. All must exist.
	ReadAll(ctx context.Context, names []string) (map[string][]byte, error)
}

// Options for resolving.
type Options struct {
	// Env are the variables that !env finds. Nil: none are set. What the program's own environment has is no part of
	// a commit.
	Env map[string]string
	// Concrete leaves out the instances that are only inherited from. They are most of what catalogs have.
	Concrete bool
}

// Result is what a repository's manifests say.
type Result struct {
	// Instances of all stacks, disabled ones too, and abstract ones unless they are left out, by stack and then by
	// component.
	Instances []Instance
}

// Source is a place in a manifest.
type Source struct {
	File string
	Line int
}

// Unresolved is a value that resolving does not know, since it lies outside of the repository.
type Unresolved struct {
	// Path of the value in the instance, such as "vars.vpc_id"; "import" for a manifest from elsewhere.
	Path string
	// Function that would know, such as "!terraform.output"; "import" or "template".
	Function string
	// Text as it is written.
	Text string
}

// Dependency is what an instance is said to depend on: another instance, a file or a folder.
type Dependency struct {
	Stack     string `json:"stack,omitempty"`
	Component string `json:"component,omitempty"`
	// File and Folder are from the repository's root, as written.
	File   string `json:"file,omitempty"`
	Folder string `json:"folder,omitempty"`
}

// Instance is one component of one stack.
//
// Its maps are shared with other instances and are not to be changed.
type Instance struct {
	// Stack is the logical name, ManifestPath the manifest's path below the stacks' folder without its extension:
	// people write both.
	Stack, ManifestPath string
	// Component is the instance's name.
	Component string
	// ComponentPath is the directory that it is run in, from the repository's root.
	ComponentPath string
	// Declared is the component that the instance itself names, before metadata is inherited. Key prefixes of backends
	// follow it; the directory follows the inherited one.
	Declared string
	// Workspace that is selected; "default" where the backend has none.
	Workspace string

	Vars, Env, Settings, Metadata, Providers, Overrides, Dependencies map[string]any

	// BackendType such as "s3"; "" where none is given. Backend is its configuration, with the key prefix.
	BackendType string
	Backend     map[string]any
	// RemoteStateBackendType and RemoteStateBackend are what others read the state through.
	RemoteStateBackendType string
	RemoteStateBackend     map[string]any

	// Further are sections that few have, and that determine what is run: source, provision, generate, required_providers
	// and required_version, by name. Nil mostly.
	Further map[string]any

	// Command that runs the component, "terraform" unless told otherwise.
	Command string
	// Inheritance lists the bases, the nearest last.
	Inheritance []string
	DependsOn   []Dependency
	// Abstract instances are only inherited from. Those that are not Enabled are never run, Locked ones never changed.
	Abstract, Enabled, Locked bool
	// Sources are the places that define the component, in the order in which they were merged.
	Sources []Source
	// Unresolved values, by path.
	Unresolved []Unresolved
	// Problem is why the instance cannot be run, though all others can: two manifests define it and disagree. What is
	// here is what the later one says then. Nil mostly.
	Problem *config.Problem

	backendFile bool // Atmos would generate it
	prefix      string
	byPath      bool // the stack is named by its manifest's path alone
}

// Resolve finds the instances of a repository. The error is [config.Problems] where its files are at fault.
func Resolve(ctx context.Context, files Files, options Options) (Result, error) {
	settings, err := readSettings(ctx, files, options)
	if err != nil {
		return Result{}, err
	}
	loader, err := newLoader(ctx, files, settings, options)
	if err != nil {
		return Result{}, err
	}
	manifests, err := loader.stacks()
	if err != nil {
		return Result{}, err
	}
	resolved, err := loader.resolve(ctx, manifests)
	if err != nil {
		return Result{}, err
	}
	count := 0
	for _, one := range resolved {
		count += len(one.instances)
	}
	gathered := gathered{byName: make(map[instanceName]int, count), instances: make([]Instance, 0, count)}
	for i := range resolved {
		one := &resolved[i]
		if one.problem != nil {
			gathered.problem(one.problem)
		}
		gathered.add(one.instances)
		one.instances = nil
	}
	gathered.named(settings)
	if len(gathered.problems) > 0 {
		return Result{}, gathered.problems
	}
	gathered.resolveDependencies(settings)
	slices.SortFunc(gathered.instances, func(a, b Instance) int {
		if order := strings.Compare(a.Stack, b.Stack); order != 0 {
			return order
		}
		return strings.Compare(a.Component, b.Component)
	})
	return Result{Instances: gathered.instances}, nil
}

// resolved is what became of one manifest.
type resolved struct {
	instances []Instance
	problem   *config.Problem
}

// resolve resolves the stacks: their manifests one after the other, since they share imports, and then the instances of
// several manifests at a time.
func (l *loader) resolve(ctx context.Context, manifests []string) ([]resolved, error) {
	l.parseAll()
	all := make([]resolved, len(manifests))
	merged := make([]*merged, len(manifests))
	for i, file := range manifests {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		merged[i], all[i].problem = l.load(request{file: file, ignoreMissing: l.settings.templates.ignoreMissing})
	}
	inParallel(len(manifests), func(i int) {
		if all[i].problem == nil && ctx.Err() == nil {
			all[i].instances, all[i].problem = l.stack(ctx, manifests[i], merged[i])
		}
	})
	return all, ctx.Err()
}

// inParallel calls do for 0 to n-1, as many at a time as there are processors.
func inParallel(n int, do func(int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	workers.Wait()
}

// instanceName is what tells instances from each other.
type instanceName struct{ stack, component string }

// gathered are the instances and problems of all manifests so far.
type gathered struct {
	instances []Instance
	byName    map[instanceName]int
	problems  config.Problems
}

// add takes the instances of a manifest. Two manifests may have the same instance; the later one is kept then, with a
// problem if they disagree about it.
func (g *gathered) add(instances []Instance) {
	for _, instance := range instances {
		name := instanceName{instance.Stack, instance.Component}
		i, there := g.byName[name]
		if !there {
			g.byName[name] = len(g.instances)
			g.instances = append(g.instances, instance)
			continue
		}
		if other := g.instances[i]; !instance.Abstract && !instance.same(other) {
			instance.Problem = at(instance.source(), "the instance %s of the stack %s is defined by the manifests %s and %s, which disagree",
				instance.Component, instance.Stack, other.ManifestPath, instance.ManifestPath)
		}
		g.instances[i] = instance
	}
}

// named makes sure that stacks have names: atmos.yaml says how to make them, or manifests name themselves.
func (g *gathered) named(settings settings) {
	if len(g.instances) > 0 && !slices.ContainsFunc(g.instances, func(instance Instance) bool { return !instance.byPath }) {
		g.problem(atNode(settings.file, nil, "there is neither stacks.name_template nor stacks.name_pattern, and no manifest has a name of its own: "+
			"say how stacks are named, such as name_template: \"{{ .vars.stage }}\""))
	}
}

// problem notes a problem once: many stacks may import the file that is at fault.
func (g *gathered) problem(problem *config.Problem) {
	if !slices.ContainsFunc(g.problems, func(other *config.Problem) bool { return *other == *problem }) {
		g.problems = append(g.problems, problem)
	}
}

func (i *Instance) source() Source {
	if len(i.Sources) == 0 {
		return Source{File: i.ManifestPath}
	}
	return i.Sources[len(i.Sources)-1]
}
