package atmos

import (
	"maps"
	"slices"
)

// resolveDependencies finds out which instances are meant by dependencies: they may name a stack, or some of the
// variables that make its name.
func (g *gathered) resolveDependencies(settings settings) {
	for i := range g.instances {
		instance := &g.instances[i]
		for _, entry := range entries(instance.Dependencies["components"]) {
			instance.depend(settings, entry)
		}
		for _, entry := range entries(instance.Settings["depends_on"]) {
			instance.depend(settings, entry)
		}
		for _, file := range texts(instance.Dependencies["files"]) {
			instance.DependsOn = append(instance.DependsOn, Dependency{File: file})
		}
		for _, folder := range texts(instance.Dependencies["folders"]) {
			instance.DependsOn = append(instance.DependsOn, Dependency{Folder: folder})
		}
	}
}

// entries are the maps of a list, or of a map by its keys.
func entries(value any) []map[string]any {
	var found []map[string]any
	add := func(value any) {
		switch value := value.(type) {
		case map[string]any:
			found = append(found, value)
		case string:
			found = append(found, map[string]any{"component": value})
		}
	}
	switch value := value.(type) {
	case []any:
		for _, one := range value {
			add(one)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			add(value[key])
		}
	}
	return found
}

// depend adds what an entry means.
func (i *Instance) depend(settings settings, entry map[string]any) {
	place := firstOf(textOf(entry, "path"), textOf(entry, textOf(entry, "kind")))
	switch {
	case textOf(entry, "kind") == "file" && place != "":
		i.DependsOn = append(i.DependsOn, Dependency{File: place})
		return
	case textOf(entry, "kind") == "folder" && place != "":
		i.DependsOn = append(i.DependsOn, Dependency{Folder: place})
		return
	}
	if file := textOf(entry, "file"); file != "" {
		i.DependsOn = append(i.DependsOn, Dependency{File: file})
	}
	if folder := textOf(entry, "folder"); folder != "" {
		i.DependsOn = append(i.DependsOn, Dependency{Folder: folder})
	}
	component := firstOf(textOf(entry, "component"), textOf(entry, "name"))
	if component == "" {
		return
	}
	i.DependsOn = append(i.DependsOn, Dependency{Stack: i.stackMeant(settings, entry), Component: component})
}

// stackMeant is the stack that a dependency is in: the one that it names, or the instance's own with the entry's
// variables in place of its own.
func (i *Instance) stackMeant(settings settings, entry map[string]any) string {
	if stack := textOf(entry, "stack"); stack != "" {
		return stack
	}
	vars := maps.Clone(i.Vars)
	changed := false
	for _, name := range contextTokens() {
		if value := textOf(entry, name); value != "" {
			vars[name], changed = value, true
		}
	}
	if !changed {
		return i.Stack
	}
	if settings.template != "" {
		data := map[string]any{
			"vars": vars, "settings": i.Settings, "env": i.Env, "metadata": i.Metadata, "component": i.Declared,
			"atmos_component": i.Component, "backend": i.Backend, "backend_type": i.BackendType,
		}
		if name, err := newTemplates(settings.templates, nil).name(settings.template, data); err == nil {
			return name
		}
	} else if name, err := patternName(settings.pattern, vars); err == nil {
		return name
	}
	return i.Stack
}
