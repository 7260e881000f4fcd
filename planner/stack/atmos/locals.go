package atmos

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// expand reads a manifest and expands its templates, where it is told to. It returns the data for templates too, which
// goes on to the manifest's imports.
//
// Templates are expanded here if the manifest is imported with data, is named a template, or has locals. Locals are of
// the file alone. Where no import gave data, and a template needs more than the files have themselves, templates wait
// for the instance.
func (l *loader) expand(wanted request) (*document, map[string]any, *config.Problem) {
	text := l.contents[wanted.file]
	data := maps.Clone(wanted.context)
	delete(data, "locals")
	isTemplate := strings.HasSuffix(wanted.file, ".tmpl")
	var own map[string]any // sections that are expanded with the locals
	if !wanted.asIs {
		raw := l.parse(wanted.file, text)
		if raw.problem != nil && !isTemplate {
			return nil, nil, raw.problem
		}
		if raw.problem == nil {
			var problem *config.Problem
			if own, problem = l.locals(wanted.file, raw.document, data); problem != nil {
				return nil, nil, problem
			}
			if data == nil && own != nil {
				data = map[string]any{}
			}
			maps.Copy(data, own)
		}
	}
	expanded := text
	if !wanted.asIs && (isTemplate || len(data) > 0) && strings.Contains(text, "{{") {
		found, err := l.templates.file(l.relative(wanted.file), text, data, wanted.ignoreMissing)
		switch {
		case err == nil:
			expanded = found
		case (wanted.given || isTemplate) && !isOutside(err):
			return nil, nil, atTemplate(wanted.file, err)
		}
	}
	parsed := l.parse(wanted.file, expanded)
	if parsed.problem != nil {
		return nil, nil, parsed.problem
	}
	document := parsed.document
	if len(own) > 0 {
		values := maps.Clone(document.values)
		for name, value := range own {
			if section, is := value.(map[string]any); is && len(section) > 0 {
				values[name] = value
			}
		}
		document = document.with(values)
	}
	return document, data, nil
}

// locals are the manifest's resolved locals and, expanded with them, its settings, vars and env. Nil where it has no
// locals.
func (l *loader) locals(file string, raw *document, data map[string]any) (map[string]any, *config.Problem) {
	global, has := raw.values["locals"]
	special, hasToo := section(raw.values, "terraform")["locals"]
	if !has && !hasToo {
		return nil, nil
	}
	globals, _ := global.(map[string]any)
	specials, _ := special.(map[string]any)
	unresolved := merge(l.settings.lists, globals, specials)
	resolver := localsResolver{loader: l, file: file, raw: raw, unresolved: unresolved, resolved: map[string]any{}}
	resolver.data = map[string]any{"locals": resolver.resolved}
	maps.Copy(resolver.data, data)
	for _, name := range []string{"settings", "vars", "env"} {
		if found := section(raw.values, name); found != nil {
			resolver.data[name] = found
		}
	}
	resolver.data["locals"] = resolver.resolved
	for _, name := range slices.Sorted(maps.Keys(unresolved)) {
		if problem := resolver.resolve(name, nil); problem != nil {
			return nil, problem
		}
	}
	own := map[string]any{"locals": resolver.resolved}
	known := map[string]any{}
	maps.Copy(known, data)
	known["locals"] = resolver.resolved
	for _, name := range []string{"settings", "vars", "env"} {
		found := section(raw.values, name)
		if found == nil {
			continue
		}
		expanded, err := l.templates.strict(found, known)
		if err != nil {
			expanded = found // it waits for the instance
		}
		own[name], known[name] = expanded, expanded
	}
	return own, nil
}

// localsResolver resolves locals that refer to each other.
type localsResolver struct {
	loader     *loader
	file       string
	raw        *document
	unresolved map[string]any
	resolved   map[string]any
	data       map[string]any
}

var localReference = regexp.MustCompile(`\.locals\.([A-Za-z0-9_]+)`)

func (r *localsResolver) resolve(name string, chain []string) *config.Problem {
	if _, done := r.resolved[name]; done {
		return nil
	}
	if slices.Contains(chain, name) {
		return atNode(r.file, r.raw.nearest("locals", name), "the locals refer to each other in a circle: %s", strings.Join(append(chain, name), " → "))
	}
	value := r.unresolved[name]
	for _, text := range templatesIn(value) {
		for _, found := range localReference.FindAllStringSubmatch(text, -1) {
			if _, there := r.unresolved[found[1]]; !there {
				continue
			}
			if problem := r.resolve(found[1], append(chain[:len(chain):len(chain)], name)); problem != nil {
				return problem
			}
		}
	}
	expanded, err := r.loader.templates.strictValue(value, r.data, asText)
	switch {
	case err != nil && isOutside(err):
		expanded = value
	case err != nil:
		return atNode(r.file, r.raw.nearest("locals", name), "locals.%s cannot be expanded: %s", name, strings.TrimPrefix(err.Error(), "template: "))
	}
	called := caller{loader: r.loader}
	r.resolved[name] = called.value(expanded, "locals."+name)
	return nil
}

// templatesIn are all strings in a value that have a template.
func templatesIn(value any) []string {
	switch value := value.(type) {
	case string:
		if strings.Contains(value, "{{") {
			return []string{value}
		}
	case map[string]any:
		var found []string
		for _, one := range value {
			found = append(found, templatesIn(one)...)
		}
		return found
	case []any:
		var found []string
		for _, one := range value {
			found = append(found, templatesIn(one)...)
		}
		return found
	}
	return nil
}

// expandLocals expands the locals of the instance, which may refer to each other, in the data for its templates.
func (r *resolution) expandLocals(data map[string]any) {
	if r.all.templated&mark("locals") == 0 {
		return
	}
	for range 10 { // a longer chain than anybody writes
		expansion := expansion{templates: r.stack.loader.templates, data: data}
		expanded, is := expansion.value(data["locals"], "locals").(map[string]any)
		if !is || expansion.err != nil || identical(data["locals"], expanded) {
			return
		}
		data["locals"] = expanded
	}
}

// asText leaves what is expanded a text: locals are texts, whatever they look like.
func asText(_, expanded string) any { return expanded }
