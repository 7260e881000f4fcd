package atmos

import (
	"maps"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// furtherNames are sections that few components have: where the component's code comes from, and what is written beside
// it. They are merged like the others.
var furtherNames = [...]string{"source", "provision", "generate", "required_providers", "required_version"}

// furtherOf are the sections of that kind that the values have; nil mostly.
func (s *stackOf) furtherOf(values map[string]any, where keys) (map[string]any, *config.Problem) {
	var found map[string]any
	for _, name := range furtherNames {
		value, there := values[name]
		if !there {
			continue
		}
		if text, is := value.(string); is && name == "source" {
			value = map[string]any{}
			if text != "" {
				value = map[string]any{"uri": text}
			}
		}
		_, isMap := value.(map[string]any)
		_, isText := value.(string)
		if name == "required_version" && !isText || name != "required_version" && !isMap {
			return nil, s.problem(where.and(name), "the section %s is not what it is to be: a text for required_version, and a map else", name)
		}
		if found == nil {
			found = map[string]any{}
		}
		found[name] = value
	}
	return found, nil
}

// globalFurther are those of the stack, under those of the components' type.
func (s *stackOf) globalFurther(values, ofType map[string]any) *config.Problem {
	var stack map[string]any
	if generate := section(values, "generate"); generate != nil {
		stack = map[string]any{"generate": generate}
	}
	further, problem := s.furtherOf(ofType, keys{"terraform"})
	if problem != nil {
		return problem
	}
	if stack != nil || further != nil {
		s.global.further = merge(s.loader.settings.lists, stack, further)
		s.global.note(furtherMark, s.global.further, s.loader.settings.templates.left)
	}
	return nil
}

// furtherMark is the mark of all these sections together.
const furtherMark = "further"

// mergeFurther merges them.
func (r *resolution) mergeFurther(lists lists) *config.Problem {
	var bases []map[string]any
	for _, base := range r.bases.bases {
		if base.further != nil {
			bases = append(bases, base.further)
		}
	}
	over, problem := r.stack.furtherOf(r.overrides, inComponent(r.name, "overrides"))
	if problem != nil {
		return problem
	}
	if r.stack.global.further == nil && bases == nil && r.own.further == nil && over == nil {
		return nil
	}
	r.all.further = merge(lists, r.stack.global.further, merge(lists, bases...), r.own.further, over)
	r.all.note(furtherMark, over, r.stack.loader.settings.templates.left)
	if !r.stack.loader.settings.generates { // it is generated when somebody asks for it
		r.all.further = maps.Clone(r.all.further)
		delete(r.all.further, "generate")
	}
	return nil
}

// unknownFurther are what of these sections comes from elsewhere.
func (r *resolution) unknownFurther() []Unresolved {
	var found []Unresolved
	source := section(r.all.further, "source")
	if text := textOf(source, "uri"); text != "" {
		if version := textOf(source, "version"); version != "" {
			text += " at " + version
		}
		found = append(found, Unresolved{Path: "source", Function: "source", Text: text})
	}
	if generate := section(r.all.further, "generate"); len(generate) > 0 {
		names := strings.Join(slices.Sorted(maps.Keys(generate)), ", ")
		found = append(found, Unresolved{Path: "generate", Function: "generate", Text: names})
	}
	return found
}
