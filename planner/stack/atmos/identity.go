package atmos

import (
	"fmt"
	"path"
	"strings"
)

// stackName is the logical name of the stack: what the manifest calls itself, or what stacks.name_template or
// stacks.name_pattern make of the instance's variables. Where there is neither it is the manifest's path, as long as some
// other manifest calls itself something; see [gathered.named].
func (r *resolution) stackName() (string, error) {
	settings := &r.stack.loader.settings
	switch {
	case r.stack.name != "":
		return r.stack.name, nil
	case settings.template != "":
		name, err := r.cachedName(settings.template)
		if err == nil && (name == "" || strings.ContainsAny(name, "\n\x00")) {
			err = fmt.Errorf("stacks.name_template makes %q of it", name)
		}
		return name, err
	case settings.pattern != "":
		return patternName(settings.pattern, r.all.vars)
	default:
		return r.stack.path, nil
	}
}

// contextTokens are the variables that name stacks.
func contextTokens() []string { return []string{"namespace", "tenant", "environment", "stage"} }

// patternName is the pattern with the variables' values. Parts that are no placeholders are left out.
func patternName(pattern string, vars map[string]any) (string, error) {
	var parts []string
	for part := range strings.SplitSeq(pattern, "-") {
		for _, token := range contextTokens() {
			if part != "{"+token+"}" {
				continue
			}
			value, _ := vars[token].(string)
			if value == "" {
				return "", fmt.Errorf("stacks.name_pattern is %q, and vars.%s is not set", pattern, token)
			}
			parts = append(parts, value)
		}
	}
	return strings.Join(parts, "-"), nil
}

// workspace is the engine's workspace for the instance of the component.
func (r *resolution) workspace(component string) (string, error) {
	if !r.stack.loader.settings.workspaces || r.all.backendType == "http" {
		return "default", nil
	}
	metadata, name := r.all.metadata, r.instance.Stack
	explicit := textOf(metadata, "terraform_workspace")
	pattern, template := textOf(metadata, "terraform_workspace_pattern"), textOf(metadata, "terraform_workspace_template")
	base := component
	if component == r.name {
		base = ""
	}
	switch {
	case explicit != "":
		name = explicit
	case template != "":
		expanded, err := r.stack.loader.templates.name(template, r.data())
		if err != nil {
			return "", err
		}
		name = expanded
	case pattern != "":
		name = r.tokens(base).Replace(pattern)
	case base != "":
		name += "-" + r.name
	}
	return strings.ReplaceAll(name, "/", "-"), nil
}

// tokens replaces the placeholders of metadata.terraform_workspace_pattern.
func (r *resolution) tokens(base string) *strings.Replacer {
	pairs := []string{"{component}", r.name, "{base-component}", base, "{component-path}", r.instance.ComponentPath}
	for _, name := range append(contextTokens(), "region") {
		pairs = append(pairs, "{"+name+"}", textOf(r.all.vars, name))
	}
	var attributes []string
	list, _ := plainList(r.all.vars["attributes"])
	for _, one := range list {
		attributes = append(attributes, fmt.Sprint(one))
	}
	return strings.NewReplacer(append(pairs, "{attributes}", strings.Join(attributes, "-"))...)
}

// filePrefix is the middle of the names of generated files: the component's folder, if it is in one, and the last
// element of the instance's name.
func filePrefix(instance, component string) string {
	folder := path.Dir(component)
	if folder == "." {
		return path.Base(instance)
	}
	return strings.ReplaceAll(folder, "/", "-") + "-" + path.Base(instance)
}

// data is what templates of the instance see.
func (r *resolution) data() map[string]any {
	s := r.stack
	locals := merge(replaceLists, r.all.locals)
	data := map[string]any{
		"vars": r.all.vars, "settings": r.all.settings, "env": r.all.env, "metadata": r.all.metadata,
		"providers": r.all.providers, "overrides": r.overrides, "backend": r.all.backend, "backend_type": r.all.backendType,
		"dependencies": r.all.dependencies, "locals": locals, "component": r.declared, "command": r.all.command,
		"atmos_component": r.name, "atmos_stack": r.instance.Stack, "stack": r.instance.Stack, "workspace": r.instance.Workspace,
		"atmos_stack_file": s.path, "atmos_manifest": s.path,
		"component_info": map[string]any{"component_path": r.instance.ComponentPath, "component_type": "terraform"},
		"auth":           map[string]any{}, "hooks": map[string]any{},
	}
	if r.all.special == 0 {
		return data
	}
	return plainData(data)
}
