package atmos

import (
	"maps"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// mergeBackends picks the configuration of the backend's type, and gives it its key prefix.
func (r *resolution) mergeBackends() *config.Problem {
	backend, problem := r.ofType("backend", r.all.backend, r.all.backendType)
	if problem != nil {
		return problem
	}
	r.all.backend = r.keyed(backend)
	both := merge(r.stack.loader.settings.lists, map[string]any{r.all.backendType: r.all.backend}, r.all.remoteState)
	for _, marks := range []*marks{&r.all.templated, &r.all.special} {
		if *marks&mark("backend") != 0 {
			*marks |= mark("remote_state_backend")
		}
	}
	r.all.remoteState, problem = r.ofType("remote_state_backend", both, r.all.remoteStateType)
	return problem
}

func (r *resolution) ofType(section string, values map[string]any, kind string) (map[string]any, *config.Problem) {
	value, there := values[kind]
	if !there {
		return map[string]any{}, nil
	}
	found, is := value.(map[string]any)
	if !is {
		return nil, r.stack.problem(inComponent(r.name, section, kind), "%s.%s is to be a map of settings%s", section, kind, hint(value))
	}
	return found, nil
}

// keyed is the backend's configuration with what keeps the state of components apart, where it is not set: by
// metadata.name, else by the component that the instance itself names.
func (r *resolution) keyed(backend map[string]any) map[string]any {
	name := textOf(r.all.metadata, "name")
	if name == "" {
		name = r.declared
	}
	name = strings.ReplaceAll(name, "/", "-")
	set := func(key, value string) map[string]any {
		changed := maps.Clone(backend)
		changed[key] = value
		return changed
	}
	switch r.all.backendType {
	case "s3":
		if textOf(backend, "workspace_key_prefix") == "" {
			return set("workspace_key_prefix", name)
		}
	case "gcs":
		if textOf(backend, "prefix") == "" {
			return set("prefix", name)
		}
	case "azurerm":
		global := textOf(r.stack.global.backend, "azurerm", "key")
		key := textOf(backend, "key")
		if textOf(r.own.backend, "azurerm", "key") != "" || key != "" && key != global {
			return backend
		}
		key = name + ".terraform.tfstate"
		if global != "" {
			key = global + "/" + key
		}
		return set("key", key)
	}
	return backend
}
