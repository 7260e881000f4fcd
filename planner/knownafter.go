package planner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/stack"
)

// Foresight is what is known of what runs while a commit is planned. It tells plans that cannot be made yet from those
// that failed.
type Foresight struct {
	// Target is what is planned.
	Target Snapshot
	// Runs are the digests of what runs, by instance. One that is not there was never deployed.
	Runs map[string]string
	// Assumed are those of them that nobody has deployed under Trunkline's eyes: they were taken to run what trunk had when their
	// environment was first seen.
	Assumed map[string]bool

	mu     sync.Mutex
	reader *reader
	places map[stateKey][]string // the instances that have a state, by state
	absent []string              // assumed ones whose state is not there, and which are not to be deployed
}

// Await fills in which instances have to be deployed before a plan that failed can be made, if that, and nothing
// else, is why it failed. Two things have to come together: that the instance reads what another one leaves (as it is
// declared, as its code reads a state, or as its manifest asks for an output), with that other one never deployed or
// without the output so far; and that each of the engine's errors is about what was read.
func (f *Foresight) Await(ctx context.Context, plan *InstancePlan) error {
	var said *engine.Failure
	if !errors.As(plan.Err, &said) || said.Step != "plan" {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.absent = nil
	var after map[string]bool
	var err error
	switch outside := engine.Outside(plan.Instance); {
	case len(outside) > 0:
		after = f.asked(plan.Instance)
	case f.Target.rules.Stacks.Engine.Kind == config.Command:
		after = f.commanded(plan.Instance, said.Message)
	default:
		after, err = f.errors(ctx, plan.Instance, said.Message)
	}
	if err != nil {
		return fmt.Errorf("find out what the plan of %s waits for: %w", plan.Instance.Name(), err)
	}
	plan.After = slices.Sorted(maps.Keys(after))
	if len(plan.After) == 0 && len(f.absent) > 0 {
		further := *said
		further.Message = strings.TrimRight(said.Message, "\n") + "\n\n" + neverDeployed(f.absent)
		plan.Err = &further
	}
	return nil
}

// neverDeployed says what to do where the state is not there of instances that are taken to be deployed.
func neverDeployed(names []string) string {
	return fmt.Sprintf("No state is there of %s, although it counts as deployed, because trunk had it when Trunkline came. If it never was, "+
		"change it in the same pull request (a comment is enough): then it is deployed first.",
		strings.Join(slices.Compact(slices.Sorted(slices.Values(names))), " and "))
}

// lacking tells whether there is such an instance, and it was never deployed.
func (f *Foresight) lacking(name string) bool {
	_, there := f.Target.Instances[name]
	_, runs := f.Runs[name]
	return there && !runs
}

// declared are the instances that are said to be needed, also by those that are needed, and were never deployed: the
// nearest on each way.
func (f *Foresight) declared(instance stack.Instance) map[string]bool {
	names, seen := map[string]bool{}, map[string]bool{}
	for waiting := []string{instance.Name()}; len(waiting) > 0; waiting = waiting[1:] {
		for _, name := range f.Target.Dependencies.Upstream[waiting[0]] {
			switch {
			case seen[name]:
			case f.lacking(name):
				names[name] = true
			default:
				waiting = append(waiting, name)
			}
			seen[name] = true
		}
	}
	return names
}

// asked are the instances whose outputs a manifest asks for, if none of them was deployed and nothing else is asked.
func (f *Foresight) asked(instance stack.Instance) map[string]bool {
	names := map[string]bool{}
	for _, value := range engine.Outside(instance) {
		read := value.Reads(instance.Stack)
		if len(read) == 0 {
			return nil
		}
		for _, one := range read {
			name := f.named(one.Stack, one.Component)
			if !f.lacking(name) {
				return nil
			}
			names[name] = true
		}
	}
	return names
}

// named is the name of an instance whose stack is given by its name or by its manifest.
func (f *Foresight) named(place, component string) string {
	name := place + "/" + component
	if _, there := f.Target.Instances[name]; there {
		return name
	}
	for _, resolved := range f.Target.Instances {
		if resolved.Instance.ManifestPath == place && resolved.Instance.Component == component {
			return resolved.Instance.Name()
		}
	}
	return name
}

// commanded is for commands of the repository's own: all that they say is that they failed. What is declared to be
// needed and is not there is the reason, unless they were stopped or could not even be started.
func (f *Foresight) commanded(instance stack.Instance, message string) map[string]bool {
	for _, other := range []string{"(exit code 126)", "(exit code 127)"} {
		if strings.HasSuffix(message, other) {
			return nil
		}
	}
	if strings.HasPrefix(message, "plan was stopped") {
		return nil
	}
	return f.declared(instance)
}

// errors are the instances that all errors of a message are about; nil where one of them is about anything else.
func (f *Foresight) errors(ctx context.Context, instance stack.Instance, message string) (map[string]bool, error) {
	blocks := errorBlocks(message)
	if len(blocks) == 0 || f.Target.tree == nil {
		return nil, nil
	}
	if err := f.read(ctx); err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, block := range blocks {
		found, err := f.explain(ctx, instance, block)
		if err != nil || len(found) == 0 {
			return nil, err
		}
		maps.Copy(names, found)
	}
	return names, nil
}

// read finds out where the states of all instances are, once.
func (f *Foresight) read(ctx context.Context) (err error) {
	if f.places != nil {
		return nil
	}
	if f.reader, err = newReader(ctx, f.Target.tree); err != nil {
		return err
	}
	f.places, err = f.reader.places(ctx, f.Target)
	return err
}

// places are the instances of a snapshot by their states.
func (r *reader) places(ctx context.Context, snapshot Snapshot) (map[stateKey][]string, error) {
	var directories []string
	for _, resolved := range snapshot.Instances {
		directories = append(directories, resolved.Instance.Path)
	}
	slices.Sort(directories)
	if err := r.readAll(ctx, slices.Compact(directories)); err != nil {
		return nil, err
	}
	places := map[stateKey][]string{}
	for _, name := range slices.Sorted(maps.Keys(snapshot.Instances)) {
		place, known, err := r.place(ctx, snapshot.Instances[name].Instance)
		if err != nil {
			return nil, err
		}
		if key := place.key(); known && key != "" {
			places[key] = append(places[key], name)
		}
	}
	return places, nil
}
