package stack

import (
	"context"
	"slices"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/stack/atmos"
)

// atmos takes the instances of stack manifests.
func (r *resolver) atmos(ctx context.Context) error {
	if !r.validStacks() {
		return nil
	}
	for _, environment := range r.rules.Environments {
		if len(environment.Stacks) == 0 {
			r.problem(environment.At, "the environment %s does not say which stacks it has: add stacks, such as [\"%[1]s/*\"]", environment.Name)
		}
	}
	if len(r.problems) > 0 {
		return nil
	}
	result, err := atmos.Resolve(ctx, r.tree, atmos.Options{Concrete: true})
	if err != nil {
		return err
	}
	r.instances, r.places = make([]Instance, 0, len(result.Instances)), make([]config.Position, 0, len(result.Instances))
	for i := range result.Instances {
		found := &result.Instances[i]
		for _, environment := range r.named(found) {
			instance := r.fromAtmos(found)
			instance.Environment = environment.Name
			r.add(instance, environment.At)
		}
	}
	return nil
}

// named are the environments whose patterns match one of the names that people have for the instance.
func (r *resolver) named(instance *atmos.Instance) []config.Environment {
	names := []string{
		instance.Stack, instance.Stack + "/" + instance.Component, instance.ManifestPath, instance.ManifestPath + "/" + instance.Component,
	}
	var found []config.Environment
	for _, environment := range r.rules.Environments {
		if slices.ContainsFunc(environment.Stacks, func(pattern string) bool {
			return slices.ContainsFunc(names, func(name string) bool { return doublestar.MatchUnvalidated(pattern, name) })
		}) {
			found = append(found, environment)
		}
	}
	return found
}

func (r *resolver) fromAtmos(found *atmos.Instance) Instance {
	instance := Instance{
		Stack: found.Stack, Component: found.Component, Path: found.ComponentPath, Workspace: found.Workspace, Variables: found.Vars,
		Atmos: Atmos{
			ManifestPath: found.ManifestPath, VariablesName: found.VariableFileName(), Env: found.Env,
			Settings: found.Settings, Metadata: found.Metadata, BackendType: found.BackendType, Backend: found.Backend,
			GenerateBackend: found.GeneratesBackend(), Providers: found.Providers, Further: found.Further, DependsOn: found.DependsOn,
			Disabled: !found.Enabled, Problem: found.Problem, Locked: found.Locked, Unresolved: found.Unresolved, Sources: found.Sources,
		},
	}
	for _, dependency := range found.DependsOn {
		for _, place := range []string{dependency.File, dependency.Folder} {
			if place != "" && inside(place) {
				instance.Files = append(instance.Files, r.matching(place)...)
			}
		}
	}
	slices.Sort(instance.Files)
	instance.Files = slices.Compact(instance.Files)
	return instance
}
