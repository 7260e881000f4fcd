package planner

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/stack"
)

// Snapshot is what one commit asks for: all its instances with the digests of their inputs.
type Snapshot struct {
	// Commit that it is of.
	Commit string
	// Environments of the rules, in their order.
	Environments []string
	// Instances by name.
	Instances map[string]Resolved
	// Disabled are those that are never planned: as a stack manifest says or, in a survey, since they cannot be. They are
	// not among the others.
	Disabled []stack.Instance
	// Dependencies of instances on each other, also on disabled ones.
	Dependencies stack.Dependencies

	tree  *mirror.Tree
	rules config.Repository
	// backends are what the code says about them, by its directory.
	backends map[string]engine.Backend
	// declared are the variables that the code declares, sensitive those that it declares to be, by its directory.
	declared, sensitive map[string][]string
}

// Tree that it was taken of.
func (s Snapshot) Tree() *mirror.Tree { return s.tree }

// Resolved is an instance with what its plan depends on.
type Resolved struct {
	Instance stack.Instance
	// Digest of the inputs: equal digests mean equal plans, as far as live state is the same.
	Digest string
	Inputs []Input
	// State is where its state is, and MovedFrom what is declared of where it was before; see [FindMoves].
	State     Whereabouts
	MovedFrom []string
	// Modules are the versions of the modules that the component's own code uses.
	Modules []Version
}

// TakeSnapshot finds the instances of a commit under the rules, and their digests. The error is [config.Problems]
// where the rules do not go with the commit, or an instance cannot be planned.
func TakeSnapshot(ctx context.Context, tree *mirror.Tree, rules config.Repository) (Snapshot, error) {
	snapshot, err := Survey(ctx, tree, rules)
	if err != nil {
		return Snapshot{}, err
	}
	var problems config.Problems
	for _, instance := range snapshot.Disabled {
		if instance.Problem != nil {
			problems = append(problems, instance.Problem)
		}
	}
	if len(problems) > 0 {
		return Snapshot{}, problems
	}
	return snapshot, nil
}

// Survey is [TakeSnapshot] for those who only look: instances that cannot be planned are among the disabled ones.
func Survey(ctx context.Context, tree *mirror.Tree, rules config.Repository) (Snapshot, error) {
	instances, err := stack.Resolve(ctx, tree, rules)
	if err != nil {
		return Snapshot{}, err
	}
	dependencies := stack.DependenciesOf(instances)
	var disabled []stack.Instance
	instances = slices.DeleteFunc(instances, func(instance stack.Instance) bool {
		never := instance.Disabled || instance.Problem != nil
		if never {
			disabled = append(disabled, instance)
		}
		return never
	})
	gatherer, err := newGatherer(ctx, tree, rules)
	if err != nil {
		return Snapshot{}, fmt.Errorf("take a snapshot of %s: %w", tree.Commit, err)
	}
	gatherer.given = givenFiles(instances)
	if rules.Stacks.Engine.Kind != config.Command {
		var directories []string
		for _, instance := range instances {
			directories = append(directories, instance.Path)
		}
		slices.Sort(directories)
		if err := gatherer.readCode(ctx, slices.Compact(directories)); err != nil {
			return Snapshot{}, fmt.Errorf("take a snapshot of %s: %w", tree.Commit, err)
		}
	}
	snapshot := Snapshot{Commit: tree.Commit, Disabled: disabled, Instances: make(map[string]Resolved, len(instances)),
		Dependencies: dependencies, tree: tree, rules: rules, declared: map[string][]string{}, sensitive: map[string][]string{}, backends: map[string]engine.Backend{}}
	for directory, code := range gatherer.code {
		snapshot.backends[directory] = code.backend
		if len(code.declared) > 0 {
			snapshot.declared[directory] = code.declared
		}
		if len(code.sensitive) > 0 {
			snapshot.sensitive[directory] = code.sensitive
		}
	}
	for _, environment := range rules.Environments {
		snapshot.Environments = append(snapshot.Environments, environment.Name)
	}
	for _, instance := range instances {
		inputs, err := gatherer.inputs(instance)
		if err != nil {
			return Snapshot{}, fmt.Errorf("take a snapshot of %s: %w", tree.Commit, err)
		}
		snapshot.Instances[instance.Name()] = Resolved{
			Instance: instance, Digest: Digest(inputs), Inputs: inputs, State: gatherer.whereabouts(instance, inputs), MovedFrom: movedFrom(instance, rules),
			Modules: gatherer.moduleVersions(instance),
		}
	}
	return snapshot, nil
}

// Digest of inputs. Their order counts only as far as it matters to the engine: inputs of a snapshot have one order.
func Digest(inputs []Input) string {
	text := make([]byte, 0, 4<<10)
	text = append(text, "inputs 1\n"...)
	for _, input := range inputs {
		// Lengths, since names may hold any character.
		for _, part := range [...]string{string(input.Kind), input.Name, input.ID} {
			text = append(strconv.AppendInt(text, int64(len(part)), 10), ' ')
		}
		text = append(append(append(append(text, input.Kind...), input.Name...), input.ID...), '\n')
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Ordered are the instances in the order of environments, then by name.
func (s Snapshot) Ordered() []stack.Instance {
	instances := make([]stack.Instance, 0, len(s.Instances))
	for _, resolved := range s.Instances {
		instances = append(instances, resolved.Instance)
	}
	slices.SortFunc(instances, func(a, b stack.Instance) int {
		if order := slices.Index(s.Environments, a.Environment) - slices.Index(s.Environments, b.Environment); order != 0 {
			return order
		}
		return strings.Compare(a.Name(), b.Name())
	})
	return instances
}

// Digests are the digests of an environment's instances by name: the map that the environment is compared with.
func (s Snapshot) Digests(environment string) map[string]string {
	digests := map[string]string{}
	for name, resolved := range s.Instances {
		if resolved.Instance.Environment == environment {
			digests[name] = resolved.Digest
		}
	}
	return digests
}

// Whereabouts are those of an environment's instances, by name.
func (s Snapshot) Whereabouts(environment string) map[string]Whereabouts {
	all := map[string]Whereabouts{}
	for name, resolved := range s.Instances {
		if resolved.Instance.Environment == environment {
			all[name] = resolved.State
		}
	}
	return all
}
