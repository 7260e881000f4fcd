package atmos

import (
	"path"
	"reflect"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// resolution is a component that becomes an instance.
type resolution struct {
	stack     *stackOf
	name      string
	own       *sections
	bases     inheritance
	overrides map[string]any
	// all are the merged sections.
	all      sections
	declared string
	instance Instance
}

// instance resolves one component of the stack. It is nil for one that is to be left out.
func (s *stackOf) instance(name string) (*Instance, *config.Problem) {
	component, problem := s.component(name)
	if problem != nil {
		return nil, problem
	}
	r := &resolution{stack: s, name: name, bases: inheritance{stack: s}}
	if r.own, problem = s.own(name, component); problem != nil {
		return nil, problem
	}
	if r.overrides, problem = s.section(component, "overrides", inComponent(name)); problem != nil {
		return nil, problem
	}
	if problem := r.inherit(component); problem != nil {
		return nil, problem
	}
	if s.loader.options.Concrete && r.own.metadata["type"] == "abstract" {
		return nil, nil
	}
	for _, step := range []func() *config.Problem{r.merge, r.identify, r.expand} {
		if problem := step(); problem != nil {
			return nil, problem
		}
	}
	r.instance.Unresolved = append(r.instance.Unresolved, r.unknownFurther()...)
	slices.SortFunc(r.instance.Unresolved, func(a, b Unresolved) int { return strings.Compare(a.Path+a.Text, b.Path+b.Text) })
	r.instance.Unresolved = slices.Compact(r.instance.Unresolved)
	return &r.instance, nil
}

// inherit finds the bases: by "component:", then by metadata.inherits.
func (r *resolution) inherit(component map[string]any) *config.Problem {
	r.declared = r.name
	if value, there := component["component"]; there {
		base, is := value.(string)
		if !is {
			return r.stack.problem(inComponent(r.name, "component"), "component is to be the name of a component")
		}
		if problem := r.bases.add(r.name, base); problem != nil {
			return problem
		}
		if r.bases.final != "" {
			r.declared = r.bases.final
		}
	}
	if value, there := r.own.metadata["component"]; there {
		base, is := value.(string)
		if !is {
			return r.stack.problem(inComponent(r.name, "metadata", "component"), "metadata.component is to be the name of a component")
		}
		r.declared = base
	}
	names, problem := r.stack.inherits(r.name, r.own.metadata)
	if problem != nil {
		return problem
	}
	for _, name := range names {
		if problem := r.bases.add(r.name, name); problem != nil {
			return problem
		}
	}
	return nil
}

// merge merges the sections of all levels.
func (r *resolution) merge() *config.Problem {
	s := r.stack
	r.all.note("overrides", r.overrides, s.loader.settings.templates.left)
	lists, problem := r.lists()
	if problem != nil {
		return problem
	}
	bases := make([]map[string]any, 0, len(r.bases.bases))
	for _, name := range sectionNames {
		bases = bases[:0]
		for _, base := range r.bases.bases {
			switch {
			case name != "metadata":
				bases = append(bases, *base.named(name))
			case s.loader.settings.inherit:
				bases = append(bases, base.passed)
			}
		}
		var over map[string]any
		switch name {
		case "vars", "settings", "env", "providers":
			if over, problem = s.section(r.overrides, name, inComponent(r.name, "overrides")); problem != nil {
				return problem
			}
			r.all.note(name, over, s.loader.settings.templates.left)
		}
		// The bases are one before they are merged over what is the stack's: null in one of them hides what the ones
		// before it say, not what the stack says.
		*r.all.named(name) = merge(lists, *s.global.named(name), merge(lists, bases...), *r.own.named(name), over)
	}
	r.all.templated |= s.global.templated | r.own.templated
	r.all.special |= s.global.special | r.own.special
	for _, base := range r.bases.bases {
		r.all.templated |= base.templated
		r.all.special |= base.special
	}
	base := &sections{}
	if last := len(r.bases.bases) - 1; last >= 0 {
		base = r.bases.bases[last]
	}
	r.all.command = firstOf(textOf(r.overrides, "command"), r.own.command, base.command, s.global.command, s.loader.settings.command)
	r.all.backendType = firstOf(r.own.backendType, base.backendType, s.global.backendType)
	r.all.remoteStateType = firstOf(r.own.remoteStateType, base.remoteStateType, s.global.remoteStateType, r.all.backendType)
	if problem := r.mergeFurther(lists); problem != nil {
		return problem
	}
	if len(s.loader.settings.github) > 0 {
		r.all.settings = merge(lists, map[string]any{"integrations": map[string]any{"github": s.loader.settings.github}}, r.all.settings)
		r.all.note("settings", r.all.settings, s.loader.settings.templates.left)
	}
	return r.mergeBackends()
}

// lists is how the component's lists are merged: settings.list_merge_strategy of the component, of its bases, of the
// stack, or of atmos.yaml.
func (r *resolution) lists() (lists, *config.Problem) {
	found := r.stack.loader.settings.lists
	layers := []map[string]any{r.stack.global.settings}
	for _, base := range r.bases.bases {
		layers = append(layers, base.settings)
	}
	for _, layer := range append(layers, r.own.settings, section(r.overrides, "settings")) {
		if text := textOf(layer, "list_merge_strategy"); text != "" {
			found = lists(text)
		}
	}
	if !found.known() {
		return "", r.stack.problem(inComponent(r.name, "settings"), "settings.list_merge_strategy is %q: it is replace, append or merge", found)
	}
	return found, nil
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// identify finds stack, directory and workspace.
func (r *resolution) identify() *config.Problem {
	s := r.stack
	r.instance = Instance{
		ManifestPath: s.path, Component: r.name, Declared: r.declared, Command: r.all.command, Inheritance: r.bases.chain,
		Sources: r.sources(), backendFile: s.loader.settings.backendFile,
		byPath: s.name == "" && s.loader.settings.template == "" && s.loader.settings.pattern == "",
	}
	stack, err := r.stackName()
	if err != nil {
		return s.problem(keys{"vars"}, "the stack has no name: %s", err)
	}
	r.instance.Stack = stack
	return r.place()
}

// place finds directory and workspace, and what else metadata says.
func (r *resolution) place() *config.Problem {
	metadata := r.all.metadata
	r.instance.Abstract = metadata["type"] == "abstract"
	r.instance.Enabled, r.instance.Locked = truth(metadata["enabled"], true), truth(metadata["locked"], false)
	component := r.declared
	if inherited := textOf(metadata, "component"); inherited != "" {
		component = inherited
	}
	r.instance.ComponentPath = path.Join(r.stack.loader.settings.components, component)
	r.instance.prefix = filePrefix(r.name, component)
	workspace, err := r.workspace(component)
	if err != nil {
		return r.stack.problem(inComponent(r.name, "metadata"), "the workspace of %s has no name: %s", r.name, err)
	}
	r.instance.Workspace = workspace
	return nil
}

// sources are where the component is defined, its bases' places first.
func (r *resolution) sources() []Source {
	found := r.stack.merged.sources
	if len(r.bases.chain) == 0 {
		return found[r.name]
	}
	var sources []Source
	for _, base := range slices.Backward(r.bases.chain) {
		sources = append(sources, found[base]...)
	}
	return append(sources, found[r.name]...)
}

// places are where the instance's sections are kept, by name, in the order in which they are expanded.
func (r *resolution) places() [10]place {
	return [...]place{
		{"metadata", &r.all.metadata}, {"vars", &r.all.vars}, {"settings", &r.all.settings}, {"env", &r.all.env},
		{"providers", &r.all.providers}, {"dependencies", &r.all.dependencies}, {"overrides", &r.overrides},
		{"backend", &r.all.backend}, {"remote_state_backend", &r.all.remoteState}, {furtherMark, &r.all.further},
	}
}

// place is a section of an instance.
type place struct {
	name   string
	values *map[string]any
}

// expand expands the templates that are left, and calls functions.
func (r *resolution) expand() *config.Problem {
	r.instance.Unresolved = append(r.instance.Unresolved, r.stack.merged.unresolved...)
	for _, section := range r.stack.outside {
		if section.component == "" || section.component == r.name || slices.Contains(r.bases.chain, section.component) {
			r.instance.Unresolved = append(r.instance.Unresolved, section.value)
		}
	}
	if problem := r.expandTemplates(); problem != nil {
		return problem
	}
	if strings.HasPrefix(r.instance.ComponentPath+"/", "../") {
		r.instance.Unresolved = append(r.instance.Unresolved, Unresolved{
			Path: "component", Function: "component", Text: r.instance.ComponentPath + " is not in the repository",
		})
	}
	caller := caller{loader: r.stack.loader, directory: r.instance.ComponentPath, env: r.all.env}
	for _, section := range r.places() {
		if r.all.special&mark(section.name) != 0 {
			*section.values = caller.section(*section.values, section.name)
		}
		caller.metadata = r.all.metadata // the first of them
	}
	r.instance.Unresolved = append(r.instance.Unresolved, caller.unresolved...)
	i := &r.instance
	i.Vars, i.Env, i.Settings, i.Metadata = r.all.vars, r.all.env, r.all.settings, r.all.metadata
	i.Providers, i.Overrides, i.Dependencies = r.all.providers, r.overrides, r.all.dependencies
	i.BackendType, i.Backend, i.Further = r.all.backendType, r.all.backend, r.all.further
	i.RemoteStateBackendType, i.RemoteStateBackend = r.all.remoteStateType, r.all.remoteState
	return nil
}

// expandTemplates expands what templates are left in the sections.
func (r *resolution) expandTemplates() *config.Problem {
	if !r.stack.loader.settings.templates.enabled || r.all.templated == 0 {
		return nil
	}
	expansion := expansion{templates: r.stack.loader.templates, data: r.data()}
	r.expandLocals(expansion.data)
	for _, section := range r.places() {
		if r.all.templated&mark(section.name) == 0 {
			continue
		}
		if expanded, is := expansion.value(*section.values, section.name).(map[string]any); is {
			*section.values = expanded
		}
	}
	if expansion.err != nil {
		return r.stack.problem(inComponent(r.name), "a template of %s cannot be expanded: %s", r.name, strings.TrimPrefix(expansion.err.Error(), "template: "))
	}
	r.instance.Unresolved = append(r.instance.Unresolved, expansion.unresolved...)
	r.all.special |= r.all.templated // a template may make the call of a function
	return r.place()
}

// same tells whether two manifests mean the same by an instance.
func (i *Instance) same(other Instance) bool {
	return i.ComponentPath == other.ComponentPath && i.Workspace == other.Workspace && i.BackendType == other.BackendType &&
		reflect.DeepEqual([]any{i.Vars, i.Env, i.Settings, i.Metadata, i.Backend, i.Providers, i.Dependencies},
			[]any{other.Vars, other.Env, other.Settings, other.Metadata, other.Backend, other.Providers, other.Dependencies})
}
