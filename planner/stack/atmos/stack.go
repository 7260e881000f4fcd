package atmos

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// stackOf is a merged manifest whose components are being resolved.
type stackOf struct {
	loader *loader
	file   string
	// path is the manifest's as people write it, name what it calls itself.
	path, name string
	merged     *merged
	// global are the sections that all components start from.
	global sections
	// components are all that the manifest defines.
	components map[string]any
	// outside are the sections that are files from elsewhere.
	outside []outsideSection
	// read are the components' own sections, by name: several components may inherit from one.
	read map[string]*sections
	// names are those that stacks.name_template has made, by what it reads.
	names map[string]string
}

// outsideSection is a section of a component, or of all where it is "".
type outsideSection struct {
	component string
	value     Unresolved
}

// sections of a component, or of what it is merged from.
type sections struct {
	vars, settings, env, metadata, providers, dependencies, locals map[string]any
	backend, remoteState                                           map[string]any
	backendType, remoteStateType, command                          string
	// further are the sections of furtherNames, by name; nil where there are none.
	further map[string]any
	// passed is the metadata that those who inherit from the component get of it.
	passed map[string]any
	// templated and special tell which sections have templates to be expanded, and functions to be called or types of
	// our own to be taken out. A section that is merged of others has what one of them has.
	templated, special marks
}

// marks are sections, as bits in the order of sectionNames; see [mark].
type marks uint16

// sectionNames are the sections that are maps.
var sectionNames = [...]string{"vars", "settings", "env", "metadata", "providers", "dependencies", "locals", "backend", "remote_state_backend"}

// named is the section of that name.
func (s *sections) named(name string) *map[string]any {
	switch name {
	case "vars":
		return &s.vars
	case "settings":
		return &s.settings
	case "env":
		return &s.env
	case "metadata":
		return &s.metadata
	case "providers":
		return &s.providers
	case "dependencies":
		return &s.dependencies
	case "locals":
		return &s.locals
	case "backend":
		return &s.backend
	default:
		return &s.remoteState
	}
}

// mark is the section of that name.
func mark(name string) marks {
	switch i := slices.Index(sectionNames[:], name); {
	case i >= 0:
		return 1 << i
	case name == furtherMark:
		return 1 << len(sectionNames)
	default: // overrides
		return 2 << len(sectionNames)
	}
}

// note notes what a section holds.
func (s *sections) note(name string, values map[string]any, left string) {
	if len(values) == 0 {
		return
	}
	templated, special := holds(values, left)
	if templated {
		s.templated |= mark(name)
	}
	if special {
		s.special |= mark(name)
	}
}

// stack resolves the instances of one manifest.
func (l *loader) stack(ctx context.Context, file string, merged *merged) ([]Instance, *config.Problem) {
	s := &stackOf{
		loader: l, file: file, path: withoutExtension(l.relative(file)), name: textOf(merged.values, "name"), merged: merged,
		read: map[string]*sections{}, names: map[string]string{},
	}
	components, is := merged.values["components"].(map[string]any)
	if !is && merged.values["components"] != nil {
		return nil, s.problem(keys{"components"}, "components is to be a map of component types, such as terraform")
	}
	if s.components, is = components["terraform"].(map[string]any); !is && components["terraform"] != nil {
		return nil, s.problem(keys{"components", "terraform"}, "components.terraform is to be a map of components")
	}
	if len(s.components) == 0 {
		return nil, nil
	}
	if problem := s.globals(); problem != nil {
		return nil, problem
	}
	instances := make([]Instance, 0, len(s.components))
	for _, name := range slices.Sorted(maps.Keys(s.components)) {
		instance, problem := s.instance(name)
		if problem != nil {
			return nil, problem
		}
		if instance != nil {
			instances = append(instances, *instance)
		}
		if ctx.Err() != nil {
			return nil, nil
		}
	}
	return instances, nil
}

// problem is a problem with what is at the path of keys, in whichever manifest says it.
func (s *stackOf) problem(where keys, format string, arguments ...any) *config.Problem {
	keys := where.list()
	for n := len(keys); n > 0; n-- {
		for _, manifest := range slices.Backward(s.merged.documents) {
			if key, _ := manifest.document.find(keys[:n]...); key != nil {
				return atNode(manifest.file, key, format, arguments...)
			}
		}
	}
	return at(Source{File: s.file}, format, arguments...)
}

// globals merges the stack's sections and those of its components' type.
func (s *stackOf) globals() *config.Problem {
	values := s.merged.values
	ofType := section(values, "terraform")
	if ofType == nil && values["terraform"] != nil {
		return s.problem(keys{"terraform"}, "terraform is to be a map of sections, such as vars")
	}
	for _, name := range sectionNames {
		if name == "locals" {
			s.global.locals = s.merged.locals
			s.global.note(name, s.merged.locals, s.loader.settings.templates.left)
			continue
		}
		var layers []map[string]any
		if name == "env" {
			layers = append(layers, s.loader.settings.env)
		}
		if name != "backend" && name != "remote_state_backend" && name != "providers" {
			layer, problem := s.section(values, name, keys{})
			if problem != nil {
				return problem
			}
			if name == "metadata" {
				if problem := s.checkMetadata(layer); problem != nil {
					return problem
				}
			}
			layers = append(layers, layer)
		}
		if name != "metadata" {
			layer, problem := s.section(ofType, name, keys{"terraform"})
			if problem != nil {
				return problem
			}
			layers = append(layers, layer)
		}
		joined := merge(s.loader.settings.lists, layers...)
		*s.global.named(name) = joined
		s.global.note(name, joined, s.loader.settings.templates.left)
	}
	if problem := s.globalFurther(values, ofType); problem != nil {
		return problem
	}
	return s.texts(ofType, keys{"terraform"}, &s.global)
}

// checkMetadata refuses what a stack's metadata must not say for all its components: what tells them from each other.
func (s *stackOf) checkMetadata(metadata map[string]any) *config.Problem {
	for _, name := range slices.Sorted(maps.Keys(metadata)) {
		switch name {
		case "component", "inherits", "type", "name", "terraform_workspace":
			return s.problem(keys{"metadata", name}, "metadata.%s is a component's own: a stack's metadata may have labels, tags, custom, enabled, "+
				"locked and terraform_workspace_pattern", name)
		}
	}
	return nil
}

// section is the map at the key, which may be missing but nothing else.
func (s *stackOf) section(values map[string]any, name string, where keys) (map[string]any, *config.Problem) {
	value, there := values[name]
	if !there {
		return nil, nil
	}
	found, is := value.(map[string]any)
	if text, isText := value.(string); isText && strings.HasPrefix(text, "!include") {
		s.outside = append(s.outside, outsideSection{where[2], Unresolved{Path: name, Function: "!include", Text: text}})
		return nil, nil
	}
	if !is {
		return nil, s.problem(where.and(name), "the section %s is to be a map%s", name, hint(value))
	}
	return found, nil
}

func hint(value any) string {
	if value == nil {
		return "; it is empty here: leave it out, or write {}"
	}
	return ""
}

// texts reads what of a component is no map.
func (s *stackOf) texts(values map[string]any, where keys, into *sections) *config.Problem {
	for name, target := range map[string]*string{
		"backend_type": &into.backendType, "remote_state_backend_type": &into.remoteStateType, "command": &into.command,
	} {
		value, there := values[name]
		text, is := value.(string)
		if there && !is {
			return s.problem(where.and(name), "%s is to be a text", name)
		}
		*target = text
	}
	return nil
}
