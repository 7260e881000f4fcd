package stack

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/stack/atmos"
)

// Dependencies say, for each instance by name, on which it depends.
type Dependencies struct {
	// Upstream are the names of those that there are, in their order.
	Upstream map[string][]string
	// Missing are the names of those that there are not.
	Missing map[string][]string
}

// DependenciesOf finds the instances that the given ones depend on. A stack may be named by its manifest too.
func DependenciesOf(instances []Instance) Dependencies {
	found := Dependencies{Upstream: map[string][]string{}, Missing: map[string][]string{}}
	var names map[string]string // all names that people have for an instance, and its own
	for _, instance := range instances {
		for _, dependency := range instance.DependsOn {
			if dependency.Component == "" {
				continue
			}
			if names == nil {
				names = allNames(instances)
			}
			wanted, known := dependency.Stack+"/"+dependency.Component, found.Missing
			if name, there := names[wanted]; there {
				wanted, known = name, found.Upstream
			}
			known[instance.Name()] = append(known[instance.Name()], wanted)
		}
	}
	for _, known := range []map[string][]string{found.Upstream, found.Missing} {
		for name, others := range known {
			slices.Sort(others)
			known[name] = slices.Compact(others)
		}
	}
	return found
}

func allNames(instances []Instance) map[string]string {
	names := make(map[string]string, 2*len(instances))
	for _, instance := range instances {
		if instance.ManifestPath != "" {
			names[instance.ManifestPath+"/"+instance.Component] = instance.Name()
		}
	}
	for _, instance := range instances {
		names[instance.Name()] = instance.Name()
	}
	return names
}

// Cycle is a way from an instance over what it depends on back to itself, the first such instance at both ends; nil:
// there is none. It looks at the instances in the order of the names.
func (d Dependencies) Cycle(names []string) []string {
	const under, done = 1, 2
	state := map[string]int{}
	var way []string
	var visit func(string) []string
	visit = func(name string) []string {
		switch state[name] {
		case done:
			return nil
		case under:
			return append(slices.Clone(way[slices.Index(way, name):]), name)
		}
		state[name] = under
		way = append(way, name)
		for _, other := range d.Upstream[name] {
			if cycle := visit(other); cycle != nil {
				return cycle
			}
		}
		way = way[:len(way)-1]
		state[name] = done
		return nil
	}
	for _, name := range names {
		if cycle := visit(name); cycle != nil {
			return cycle
		}
	}
	return nil
}

// dependencies finds the instances that others depend on where the configuration says so, and cycles.
func (r *resolver) dependencies() {
	index := make(map[string]int, len(r.instances))
	names := make([]string, len(r.instances))
	for i, instance := range r.instances {
		index[instance.Name()], names[i] = i, instance.Name()
	}
	for i := range r.instances {
		for _, reference := range r.references[i] {
			if !r.depend(i, reference, index) {
				r.problem(reference.At, "there is no instance %q%s", reference.Name, r.nearInstance(reference.Name, r.instances[i].Stack, names))
			}
		}
	}
	for _, dependents := range r.rules.Stacks.DependsOn {
		r.byComponent(dependents, index, names)
	}
	if r.rules.Stacks.Layout == config.LayoutAtmos && !r.rules.Stacks.Downstream {
		return // nobody asks for it
	}
	if cycle := DependenciesOf(r.instances).Cycle(names); cycle != nil {
		r.circle(cycle, index[cycle[0]])
	}
}

// byComponent has the instances of some components depend on others, as far as their stacks have these.
func (r *resolver) byComponent(dependents config.Dependents, index map[string]int, names []string) {
	matched := false
	found := map[string]bool{}
	for i, instance := range r.instances {
		if !doublestar.MatchUnvalidated(dependents.Pattern, instance.Component) && !doublestar.MatchUnvalidated(dependents.Pattern, instance.Name()) {
			continue
		}
		matched = true
		for _, reference := range dependents.On {
			if dependents.Pattern != instance.Component && (reference.Name == instance.Component || reference.Name == instance.Name()) {
				found[reference.Name] = true // a pattern means all the others
				continue
			}
			found[reference.Name] = r.depend(i, reference, index) || found[reference.Name]
		}
	}
	if !matched {
		var components []string
		for _, instance := range r.instances {
			components = append(components, instance.Component)
		}
		r.problem(dependents.At, "there is no component %q%s", dependents.Pattern, meant(dependents.Pattern, components))
		return
	}
	for _, reference := range dependents.On {
		if !found[reference.Name] {
			r.problem(reference.At, "%s depends on %q, which no stack of it has%s", dependents.Pattern, reference.Name, r.nearInstance(reference.Name, "", names))
		}
	}
}

// depend notes that an instance depends on what is named: a component of its own stack, or an instance in full. It
// tells whether there is such an instance.
func (r *resolver) depend(i int, reference config.Reference, index map[string]int) bool {
	instance := &r.instances[i]
	for _, name := range []string{instance.Stack + "/" + reference.Name, reference.Name} {
		if at, there := index[name]; there {
			other := r.instances[at]
			instance.DependsOn = append(instance.DependsOn, atmos.Dependency{Stack: other.Stack, Component: other.Component})
			return true
		}
	}
	return false
}

// nearInstance is ": did you mean …?" for the name of an instance, with or without its stack.
func (r *resolver) nearInstance(name, stack string, names []string) string {
	var candidates []string
	for _, instance := range r.instances {
		if stack == "" || instance.Stack == stack {
			candidates = append(candidates, instance.Component)
		}
	}
	if near := meant(name, candidates); near != "" {
		return near
	}
	return meant(name, names)
}

// circle reports instances that depend on each other, where the first of them is declared.
func (r *resolver) circle(cycle []string, first int) {
	problem := &config.Problem{File: config.Path, At: r.places[first], Message: fmt.Sprintf(
		"instances depend on each other in a circle, so none of them can be the first: %s. Take one of these dependencies out",
		strings.Join(cycle, " depends on "))}
	if instance := r.instances[first]; len(instance.Sources) > 0 {
		last := instance.Sources[len(instance.Sources)-1]
		problem.File, problem.At = last.File, config.Position{Line: last.Line, Column: 1}
	}
	r.problems = append(r.problems, problem)
}
