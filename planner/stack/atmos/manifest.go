package atmos

import (
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// merge is load without the memory.
func (l *loader) merge(wanted request) (*merged, *config.Problem) {
	if strings.TrimSpace(l.contents[wanted.file]) == "" {
		return &merged{}, nil
	}
	document, data, problem := l.expand(wanted)
	if problem != nil {
		return nil, problem
	}
	manifest := &manifestMerge{loader: l, file: wanted.file, document: document, imported: wanted.imported}
	if manifest.inline, problem = manifest.overrides(wanted.inline); problem != nil {
		return nil, problem
	}
	imports, problem := l.imports(wanted.file, document)
	if problem != nil {
		return nil, problem
	}
	for _, one := range imports {
		if problem := manifest.include(one, wanted, data); problem != nil {
			return nil, problem
		}
	}
	return manifest.finish(), nil
}

// manifestMerge is a manifest that is being merged.
type manifestMerge struct {
	loader           *loader
	file             string
	document         *document
	inline, imported map[string]any
	layers           []map[string]any
	result           merged
}

// overrides of the manifest itself, under those of what imports it.
func (m *manifestMerge) overrides(outer map[string]any) (map[string]any, *config.Problem) {
	var layers []map[string]any
	for _, keys := range [][]string{{"overrides"}, {"terraform", "overrides"}} {
		value := dig(m.document.values, keys...)
		if len(keys) == 2 && m.document.values["terraform"] != nil && section(m.document.values, "terraform") == nil {
			return nil, atNode(m.file, m.document.nearest("terraform"), "terraform is to be a map")
		}
		layer, is := value.(map[string]any)
		if !is && value != nil {
			return nil, atNode(m.file, m.document.nearest(keys...), "overrides is to be a map of sections, such as vars")
		}
		layers = append(layers, layer)
	}
	return merge(m.loader.settings.lists, append(layers, outer)...), nil
}

// include merges one import, which may be several files.
func (m *manifestMerge) include(one manifestImport, wanted request, data map[string]any) *config.Problem {
	if one.remote {
		m.result.unresolved = append(m.result.unresolved, Unresolved{Path: "import", Function: "import", Text: one.path})
		return nil
	}
	context := merge(m.loader.settings.lists, one.context, data)
	for _, file := range one.files {
		if active := m.loader.active; slices.Contains(active, file) {
			chain := append(slices.Clone(active[slices.Index(active, file):]), file)
			return atNode(m.file, m.document.item(one.number, "import"), "the manifest imports itself: %s", strings.Join(chain, " → "))
		}
		found, problem := m.loader.load(request{
			file: file, context: context, given: wanted.given || len(one.context) > 0, inline: m.inline, imported: m.imported, asIs: one.asIs,
			ignoreMissing: one.ignoreMissing || m.loader.settings.templates.ignoreMissing,
		})
		if problem != nil {
			return problem
		}
		m.imported = merge(m.loader.settings.lists, m.imported, found.imported, found.inline)
		m.layers = append(m.layers, found.values)
		m.result.documents = append(m.result.documents, found.documents...)
		m.result.unresolved = append(m.result.unresolved, found.unresolved...)
		m.sources(found.sources)
	}
	return nil
}

func (m *manifestMerge) sources(found map[string][]Source) {
	if m.result.sources == nil {
		m.result.sources = make(map[string][]Source, len(found))
	}
	for name, sources := range found {
		before := m.result.sources[name]
		m.result.sources[name] = append(before[:len(before):len(before)], sources...)
	}
}

// finish merges the manifest's own values over its imports.
func (m *manifestMerge) finish() *merged {
	m.layers = append(m.layers, m.overridden())
	own := section(section(m.document.values, "components"), "terraform")
	lines := make(map[string][]Source, len(own))
	for name := range own {
		if line, there := m.document.lines[name]; there {
			lines[name] = []Source{{File: m.file, Line: line}}
		}
	}
	m.sources(lines)
	m.result.values = merge(m.loader.settings.lists, m.layers...)
	m.result.locals = section(m.document.values, "locals")
	m.result.inline, m.result.imported = m.inline, m.imported
	m.result.documents = append(m.result.documents, &parsedManifest{file: m.file, document: m.document})
	return &m.result
}

// overridden are the manifest's own values, with the overrides that reach its components.
func (m *manifestMerge) overridden() map[string]any {
	overrides := merge(m.loader.settings.lists, m.imported, m.inline)
	components := section(m.document.values, "components")
	defined := section(components, "terraform")
	if len(overrides) == 0 || len(defined) == 0 {
		return m.document.values
	}
	reached := make(map[string]any, len(defined))
	for name, value := range defined {
		if component, is := value.(map[string]any); is {
			value = with(component, "overrides", overrides)
		}
		reached[name] = value
	}
	return with(m.document.values, "components", with(components, "terraform", reached))
}

// with is the map with another value at the key.
func with(values map[string]any, key string, value any) map[string]any {
	changed := make(map[string]any, len(values)+1)
	for name, before := range values {
		changed[name] = before
	}
	changed[key] = value
	return changed
}
