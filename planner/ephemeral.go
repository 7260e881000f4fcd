package planner

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/stack"
)

// Ephemeral is what a pull request has of its own for a while: instances of a permanent environment once more, under
// other names, in other workspaces, with other variables. Nothing of a permanent instance is theirs.
type Ephemeral struct {
	// Environment is its name.
	Environment string
	// Instances by their names, which no permanent instance has. Of their inputs only what was resolved counts.
	Instances map[string]Resolved
	// Upstream are those of them that each depends on.
	Upstream map[string][]string
}

// NotApart is why something cannot be deployed for a pull request, or destroyed: it could touch what stays, or nobody can
// tell.
type NotApart struct {
	// Instance of the ephemeral environment; empty: it is about all.
	Instance string
	// Why is a sentence or several, with what to do.
	Why string
}

// Error is for whoever asked for it.
func (n *NotApart) Error() string {
	if n.Instance == "" {
		return n.Why
	}
	return n.Instance + ": " + n.Why
}

// ephemeralWorkspace is what every backend takes.
var ephemeralWorkspace = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,89}$`)

// Ephemeral are the instances that pull request number has of its own at the snapshot's commit, as the template of the
// snapshot's rules says. The error is [*NotApart] where they could not be told from each other or from what stays.
func (s Snapshot) Ephemeral(number int) (Ephemeral, error) {
	template := s.rules.Preview
	e := Ephemeral{Environment: config.PreviewEnvironment(number), Instances: map[string]Resolved{}, Upstream: map[string][]string{}}
	own := map[string]string{} // names there, by the names here
	for name, resolved := range s.Instances {
		if resolved.Instance.Environment != template.From || !template.Has(resolved.Instance.Stack, resolved.Instance.Component) {
			continue
		}
		instance := s.ephemeral(resolved.Instance, number)
		if backend := s.backends[instance.Path]; len(backend.Computed) > 0 {
			return e, &NotApart{instance.Name(), fmt.Sprintf("Its backend computes %s, so that nobody can tell where its state would be. Write plain values there.", strings.Join(backend.Computed, ", "))}
		}
		resolved.Instance, resolved.MovedFrom = instance, nil
		resolved.State = s.place(resolved.State, instance)
		e.Instances[instance.Name()], own[name] = resolved, instance.Name()
	}
	if len(e.Instances) == 0 {
		return e, &NotApart{Why: fmt.Sprintf("There is nothing to deploy: %s has none of the components that `preview` names.", template.From)}
	}
	for name, ours := range own {
		e.Upstream[ours] = s.upstreamAmong(name, own)
	}
	if cycle := (stack.Dependencies{Upstream: e.Upstream}).Cycle(slices.Sorted(maps.Keys(e.Instances))); cycle != nil {
		return e, &NotApart{cycle[0], "These depend on each other, so none can be the first: " + strings.Join(cycle, " -> ") + ". Take one of the dependencies away."}
	}
	return e, e.apart()
}

// upstreamAmong are those that an instance depends on, also by way of others that are not among them, by their other names.
func (s Snapshot) upstreamAmong(name string, own map[string]string) (upstream []string) {
	seen := map[string]bool{name: true}
	for waiting := slices.Clone(s.Dependencies.Upstream[name]); len(waiting) > 0; waiting = waiting[1:] {
		next := waiting[0]
		if seen[next] {
			continue
		}
		seen[next] = true
		if other, among := own[next]; among {
			upstream = append(upstream, other)
		} else {
			waiting = append(waiting, s.Dependencies.Upstream[next]...)
		}
	}
	slices.Sort(upstream)
	return upstream
}

// ephemeral is the instance with what is its own.
func (s Snapshot) ephemeral(instance stack.Instance, number int) stack.Instance {
	of := config.PreviewOf{Number: number, SHA: s.Commit, Stack: instance.Stack, Component: instance.Component, Workspace: instance.Workspace}
	if of.Workspace == "" {
		of.Workspace = "default"
	}
	instance.Environment = config.PreviewEnvironment(number)
	instance.Stack = instance.Environment + "/" + instance.Stack
	instance.Workspace = s.rules.Preview.WorkspaceOf(of)
	instance.Variables = s.rules.Preview.VariablesOf(of, instance.Variables)
	return instance
}

// place is where the state of an instance of the snapshot is that was changed.
func (s Snapshot) place(was Whereabouts, instance stack.Instance) Whereabouts {
	was.Environment = instance.Environment
	was.Address = engine.AddressOf(instance, s.backends[instance.Path])
	if s.rules.Stacks.Engine.Kind == config.Command {
		was.Address = engine.AddressOfCommand(instance)
	}
	return was
}

// apart finds instances that could not be told from each other.
func (e Ephemeral) apart() error {
	places := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(e.Instances)) {
		instance := e.Instances[name]
		address := instance.State.Address
		if !ephemeralWorkspace.MatchString(address.Workspace) {
			return &NotApart{name, fmt.Sprintf("Its workspace would be %q, which no backend takes: at most 90 letters, digits, dots, hyphens and _. Change `workspace` of `preview`.", address.Workspace)}
		}
		place, apart := address.Place()
		if !apart {
			return &NotApart{name, fmt.Sprintf("Its state would be at `%s`, and that backend does not keep workspaces apart. Leave the component out of `preview`, or give it another backend.", address)}
		}
		if address.Backend == engine.Theirs {
			place += " " + name // its commands know it by its name, too
		}
		if other := places[place]; other != "" {
			return &NotApart{name, fmt.Sprintf("Its state would be that of %s: `%s`. Add {stack} or {component} to `workspace` of `preview`.", other, address)}
		}
		places[place] = name
	}
	return nil
}

// Taken is where something has its state that an ephemeral environment must not touch.
type Taken struct {
	// Whose it is, for people.
	Whose string
	// Name of the instance, and where its state is.
	Name string
	engine.Address
	// Elsewhere: it is of another repository, so that names and what Trunkline keeps are others.
	Elsewhere bool
}

// ApartFrom is a [*NotApart] where an instance has its state where another one has it, or could be taken for it.
func (e Ephemeral) ApartFrom(all []Taken) error {
	for _, name := range slices.Sorted(maps.Keys(e.Instances)) {
		address := e.Instances[name].State.Address
		for _, taken := range all {
			if touches(name, address, taken) {
				return &NotApart{name, fmt.Sprintf("Its state would be at `%s`, and %s has its state at `%s`: they could be taken for one. Change `workspace` of `preview`.", address, taken.Whose, taken.Address)}
			}
		}
	}
	return nil
}

// touches tells whether an instance at an address could touch what is taken.
func touches(name string, address engine.Address, taken Taken) bool {
	kept := func(a engine.Address) bool { return a.Backend == engine.Ours || a.Backend == engine.Theirs }
	if taken.Elsewhere && (kept(address) || kept(taken.Address)) {
		return false
	}
	// A workspace of the same name would be nothing but a setting of the backend away, which is in code that nobody has reviewed.
	if !taken.Elsewhere && (name == taken.Name || address.Workspace == taken.Workspace) {
		return true
	}
	place, _ := address.Place()
	other, _ := taken.Address.Place()
	return place == other
}

// TakenBy are the places of a snapshot's instances, which stay.
func (s Snapshot) TakenBy() (all []Taken) {
	for _, name := range slices.Sorted(maps.Keys(s.Instances)) {
		all = append(all, Taken{Whose: name, Name: name, Address: s.Instances[name].State.Address})
	}
	return all
}

// Imports are the addresses of what a plan would take over although it exists. An ephemeral environment must not: it
// would be destroyed with it.
func Imports(plan engine.Plan) (addresses []string) {
	for _, change := range plan.Changes {
		if change.Action == engine.Import || change.ImportID != "" {
			addresses = append(addresses, change.Address)
		}
	}
	return addresses
}
