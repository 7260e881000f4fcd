package planner

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/jsontext"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/stack"
)

// InputKind says what an input is.
type InputKind string

// What an instance's plan depends on, besides live state.
const (
	// ComponentInput is the component's directory; ID is its Git tree.
	ComponentInput InputKind = "component"
	// ModuleInput is a local module outside of the component's directory; ID is its Git tree.
	ModuleInput InputKind = "module"
	// VariableFileInput is a variable file, VariableFilesInput the order of several.
	VariableFileInput  InputKind = "variable file"
	VariableFilesInput InputKind = "order of variable files"
	// FileInput is a file or a directory that the code reads, links to, or is listed with.
	FileInput InputKind = "file"
	// VariableInput is a variable of the configuration; ID is its value as JSON.
	VariableInput InputKind = "variable"
	// EnvInput is a variable of the engine's processes that the configuration sets, BackendInput where the state is kept
	// and ProviderInput a provider's configuration, as JSON; they come from stack manifests.
	EnvInput InputKind = "environment variable"
	// SecretInput is a secret of the environment; ID is the operator's name for it. Nobody here knows its value.
	SecretInput   InputKind = "secret"
	BackendInput  InputKind = "backend"
	ProviderInput InputKind = "provider"
	// SectionInput is another section of a stack manifest that determines what is run, such as source, as JSON.
	SectionInput InputKind = "section"
	// ArtifactInput is an artifact of the commit; Name is the variable that it is given in, ID what it is.
	ArtifactInput InputKind = "artifact"
	// WorkspaceInput, EnvironmentInput and EngineInput are what their names say.
	WorkspaceInput   InputKind = "workspace"
	EnvironmentInput InputKind = "environment"
	EngineInput      InputKind = "engine"
	// PlanCommandInput and ApplyCommandInput are the commands of an engine of commands.
	PlanCommandInput  InputKind = "plan command"
	ApplyCommandInput InputKind = "apply command"
)

// Input is one thing that an instance's plan depends on. Kind and Name tell which, ID changes with it.
type Input struct {
	Kind     InputKind
	Name, ID string
	// Via names the local modules through which the component comes to it, the one that it uses itself first; empty: it
	// comes to it directly. That explains, and is no part of the digest.
	Via string
	// Without are the files of a directory that are no part of it, one a line. That explains, too.
	Without string
}

// missing is the ID of a path that is not there. Should it come to be, that is a change.
const missing = "missing"

// gatherer finds the inputs of the instances of one commit.
type gatherer struct {
	tree  *mirror.Tree
	rules config.Repository
	links links
	code  map[string]references // by directory
	given map[string][]string   // see givenFiles
}

func newGatherer(ctx context.Context, tree *mirror.Tree, rules config.Repository) (*gatherer, error) {
	links, err := readLinks(ctx, tree)
	if err != nil {
		return nil, err
	}
	return &gatherer{tree: tree, rules: rules, links: links, code: map[string]references{}}, nil
}

// inputs lists what the instance depends on, in an order that is always the same.
func (g *gatherer) inputs(instance stack.Instance) ([]Input, error) {
	inputs, err := configured(instance, g.rules.Stacks.Engine)
	if err != nil {
		return nil, err
	}
	environment, _ := g.rules.Environment(instance.Environment)
	for _, secret := range environment.Secrets {
		inputs = append(inputs, Input{Kind: SecretInput, Name: secret.Name, ID: secret.From})
	}
	covered := &coverage{gatherer: g}
	covered.inputs = append(covered.inputs, g.component(instance))
	for _, file := range instance.Files {
		covered.add(FileInput, file)
	}
	if g.rules.Stacks.Engine.Kind == config.Command {
		for _, word := range commandWords(g.rules.Stacks.Engine) {
			covered.addIfThere(instance.Path, word)
		}
	} else {
		g.follow(instance, covered)
	}
	covered.addLinks()
	for _, file := range instance.VariableFiles {
		inputs = append(inputs, Input{Kind: VariableFileInput, Name: file, ID: g.id(file)})
	}
	if len(instance.VariableFiles) > 1 {
		inputs = append(inputs, Input{Kind: VariableFilesInput, ID: strings.Join(instance.VariableFiles, " ")})
	}
	slices.SortFunc(covered.inputs, func(a, b Input) int {
		return strings.Compare(string(a.Kind)+"\x00"+a.Name, string(b.Kind)+"\x00"+b.Name)
	})
	return append(inputs, covered.inputs...), nil
}

// configured are the inputs that the configuration alone determines.
func configured(instance stack.Instance, engine config.Engine) ([]Input, error) {
	inputs := make([]Input, 0, 8+len(instance.Variables)+len(instance.Env)+len(instance.Providers))
	inputs = append(inputs, Input{Kind: EngineInput, ID: string(engine.Kind)}, Input{Kind: WorkspaceInput, ID: instance.Workspace})
	if engine.Kind == config.Command {
		inputs = append(inputs, Input{Kind: EnvironmentInput, ID: instance.Environment},
			Input{Kind: PlanCommandInput, ID: engine.Plan}, Input{Kind: ApplyCommandInput, ID: engine.Apply})
	}
	for _, name := range slices.Sorted(maps.Keys(instance.Variables)) {
		value, err := jsontext.Text(instance.Variables[name])
		if err != nil {
			return nil, fmt.Errorf("variable %s of %s: %w", name, instance.Name(), err)
		}
		inputs = append(inputs, Input{Kind: VariableInput, Name: name, ID: value})
	}
	return manifested(inputs, instance)
}

// manifested adds what only stack manifests say.
func manifested(inputs []Input, instance stack.Instance) ([]Input, error) {
	env := instance.Environ()
	for _, name := range slices.Sorted(maps.Keys(env)) {
		inputs = append(inputs, Input{Kind: EnvInput, Name: name, ID: env[name]})
	}
	add := func(kind InputKind, name string, value any) error {
		text, err := jsontext.Text(value)
		if err != nil {
			return fmt.Errorf("%s %s of %s: %w", kind, name, instance.Name(), err)
		}
		inputs = append(inputs, Input{Kind: kind, Name: name, ID: text})
		return nil
	}
	if instance.GenerateBackend {
		if err := add(BackendInput, "", map[string]any{instance.BackendType: instance.Backend}); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(instance.Providers)) {
		if err := add(ProviderInput, name, instance.Providers[name]); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(instance.Further)) {
		if err := add(SectionInput, name, instance.Further[name]); err != nil {
			return nil, err
		}
	}
	return inputs, nil
}

// follow adds what the component's code refers to, and what that refers to, as far as it is in the repository.
func (g *gatherer) follow(instance stack.Instance, covered *coverage) {
	via := map[string]string{instance.Path: ""} // of the modules in each directory, and of what they read
	for waiting := []string{instance.Path}; len(waiting) > 0; waiting = waiting[1:] {
		directory := waiting[0]
		code := g.code[directory]
		for _, module := range code.modules {
			found, inside := g.links.resolve(directory, module)
			if _, seen := via[found]; !inside || seen {
				continue
			}
			covered.addVia(ModuleInput, found, via[directory])
			via[found] = strings.TrimPrefix(via[directory]+" and "+found, " and ")
			waiting = append(waiting, found)
		}
		for _, file := range code.files {
			base, name := file.in(directory, instance)
			if found, inside := g.links.resolve(base, name); inside {
				covered.addVia(FileInput, found, via[directory])
			}
		}
	}
}

// id of what is at the path, with its mode.
func (g *gatherer) id(name string) string {
	entry, found := g.tree.Entry(name)
	switch {
	case !found:
		return missing
	case entry.Kind == mirror.File && entry.Mode == "100755":
		return entry.ID + " executable"
	default:
		return entry.ID
	}
}

// coverage gathers paths as inputs, leaving out those that lie in a directory that is one already.
type coverage struct {
	gatherer *gatherer
	inputs   []Input
}

func (c *coverage) add(kind InputKind, name string) { c.addVia(kind, name, "") }

func (c *coverage) addVia(kind InputKind, name, via string) {
	for _, input := range c.inputs {
		if input.Name == name || input.Name == "." || strings.HasPrefix(name, input.Name+"/") {
			return
		}
	}
	c.inputs = append(c.inputs, Input{Kind: kind, Name: name, ID: c.gatherer.id(name), Via: via})
}

// addIfThere adds the path that a word of a command names, if it names one. The component's own directory counts as
// a whole already; what lies above it is not taken as a whole.
func (c *coverage) addIfThere(directory, word string) {
	found, inside := c.gatherer.links.resolve(directory, word)
	if inside && found != "." && !strings.HasPrefix(directory, found+"/") && c.gatherer.id(found) != missing {
		c.add(FileInput, found)
	}
}

// addLinks adds what links in the directories so far lead to, and what links in there lead to.
func (c *coverage) addLinks() {
	for i := 0; i < len(c.inputs); i++ {
		for _, link := range c.gatherer.links.under(c.inputs[i].Name) {
			if found, inside := c.gatherer.links.resolve(".", link); inside {
				c.add(FileInput, found)
			}
		}
	}
}

// commandWords are the words of the commands that may be paths.
func commandWords(engine config.Engine) []string {
	words := strings.FieldsFunc(engine.Plan+" "+engine.Apply, func(char rune) bool {
		return strings.ContainsRune(" \t\n;|&<>()'\"=$`", char)
	})
	return slices.DeleteFunc(words, func(word string) bool { return strings.HasPrefix(word, "-") || strings.HasPrefix(word, "/") })
}
