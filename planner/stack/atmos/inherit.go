package atmos

import (
	"maps"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// inheritance are the bases of a component, in the order in which they are merged.
type inheritance struct {
	stack *stackOf
	bases []*sections
	// chain of their names, the one that was merged last first.
	chain []string
	// final is the first base that was merged: the component that "component:" leads to in the end.
	final  string
	active map[[2]string]bool
}

// component returns what the manifest says of a component.
func (s *stackOf) component(name string) (map[string]any, *config.Problem) {
	component, is := s.components[name].(map[string]any)
	if !is {
		return nil, s.problem(inComponent(name), "the component %s is to be a map of sections, such as vars%s", name, hint(s.components[name]))
	}
	return component, nil
}

// keys are a path in a manifest. An array, since there are as many as sections and hardly any is needed.
type keys [5]string

func inComponent(name string, inner ...string) keys {
	path := keys{"components", "terraform", name}
	copy(path[3:], inner)
	return path
}

// list is the path up to the first key that is empty.
func (k keys) list() []string {
	if end := slices.Index(k[:], ""); end >= 0 {
		return k[:end]
	}
	return k[:]
}

// and is the path with one more key.
func (k keys) and(key string) keys {
	if end := slices.Index(k[:], ""); end >= 0 {
		k[end] = key
	}
	return k
}

// own are the sections that the component itself has. They are not to be changed.
func (s *stackOf) own(name string, component map[string]any) (*sections, *config.Problem) {
	if known := s.read[name]; known != nil {
		return known, nil
	}
	own := &sections{}
	for _, section := range sectionNames {
		found, problem := s.section(component, section, inComponent(name))
		if problem != nil {
			return nil, problem
		}
		*own.named(section) = found
		own.note(section, found, s.loader.settings.templates.left)
	}
	var problem *config.Problem
	if own.further, problem = s.furtherOf(component, inComponent(name)); problem != nil {
		return nil, problem
	}
	own.note(furtherMark, own.further, s.loader.settings.templates.left)
	own.passed = inheritable(own.metadata)
	s.read[name] = own
	return own, s.texts(component, inComponent(name), own)
}

// inherits are the bases that the component's metadata names.
func (s *stackOf) inherits(name string, metadata map[string]any) ([]string, *config.Problem) {
	value, there := metadata["inherits"]
	if !there {
		return nil, nil
	}
	list, is := plainList(value)
	names := texts(value)
	if !is || len(names) != len(list) {
		return nil, s.problem(inComponent(name, "metadata", "inherits"), "metadata.inherits is to be a list of components")
	}
	for _, base := range names {
		if _, there := s.components[base]; !there {
			return nil, s.problem(inComponent(name, "metadata", "inherits"), "the component %s inherits from %s, which the stack %s does not have%s",
				name, base, s.path, nearestName(base, s.components))
		}
	}
	return names, nil
}

// add merges a base with its own bases before it.
func (i *inheritance) add(component, base string) *config.Problem {
	if component == base {
		return nil
	}
	s := i.stack
	pair := [2]string{component, base}
	if i.active[pair] {
		return s.problem(inComponent(component, "metadata", "inherits"), "the component %s inherits from itself, by way of %s", component, base)
	}
	if i.active == nil {
		i.active = map[[2]string]bool{}
	}
	i.active[pair] = true
	defer delete(i.active, pair)
	if _, defined := s.components[base]; !defined {
		if s.loader.hasDirectory(path.Join(s.loader.settings.components, base)) {
			return nil
		}
		return s.problem(inComponent(component, "component"), "the component %s is based on %s, which is neither in the stack %s nor a directory%s",
			component, base, s.path, nearestName(base, s.components))
	}
	values, problem := s.component(base)
	if problem != nil {
		return problem
	}
	own, problem := s.own(base, values)
	if problem != nil {
		return problem
	}
	if next, is := values["component"].(string); is && textOf(own.metadata, "type") != "abstract" {
		if problem := i.add(base, next); problem != nil {
			return problem
		}
	}
	names, problem := s.inherits(base, own.metadata)
	if problem != nil {
		return problem
	}
	for _, name := range names {
		if problem := i.add(component, name); problem != nil {
			return problem
		}
	}
	if i.final == "" {
		i.final = base
	}
	i.bases = append(i.bases, own)
	if at := slices.Index(i.chain, base); at >= 0 {
		i.chain = slices.Delete(i.chain, at, at+1)
	}
	i.chain = slices.Insert(i.chain, 0, base)
	return nil
}

// inheritable is metadata without what is a component's own.
func inheritable(metadata map[string]any) map[string]any {
	if _, has := metadata["inherits"]; !has && metadata["type"] == nil {
		return metadata
	}
	kept := maps.Clone(metadata)
	delete(kept, "inherits")
	delete(kept, "type")
	return kept
}

func (l *loader) hasDirectory(directory string) bool {
	files, prefix := l.files.Files(), directory+"/"
	at := sort.SearchStrings(files, prefix)
	return at < len(files) && strings.HasPrefix(files[at], prefix)
}

// nearestName is ": did you mean …?" with the nearest of the keys, or nothing where none is near.
func nearestName(wanted string, names map[string]any) string {
	best, distance := "", len(wanted)/3+2
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if far := edits(wanted, name); far < distance {
			best, distance = name, far
		}
	}
	if best == "" {
		return ""
	}
	return ": did you mean \"" + best + "\"?"
}
