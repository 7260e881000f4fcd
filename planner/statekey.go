package planner

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/stack"
)

// stateKey says which state is meant: equal keys, the same state. Empty: nobody knows before the engine runs.
type stateKey string

// statePlace is where a state is kept, as it is configured.
type statePlace struct {
	// kind of backend; "local" where the code says nothing.
	kind      string
	settings  map[string]any
	workspace string
	// directory that relative paths start in.
	directory string
}

// key is equal for places that mean the same state.
func (p statePlace) key() stateKey {
	switch p.kind {
	case "":
		return ""
	case "local":
		return p.localKey()
	case "remote", "cloud":
		return cloudKey(p.settings, p.workspace)
	}
	flat := map[string]string{}
	flatten("", p.settings, flat)
	address := engine.AddressOf(stack.Instance{Workspace: p.workspace}, engine.Backend{Kind: p.kind, Settings: flat})
	delete(address.Settings, "region") // the name of a bucket is enough
	return stateKey(address.String())
}

// flatten gives settings in settings names such as "workspaces.name".
func flatten(name string, value any, into map[string]string) {
	if settings, are := value.(map[string]any); are {
		for inner, one := range settings {
			flatten(strings.TrimPrefix(name+"."+inner, "."), one, into)
		}
		return
	}
	if text := settingText(value); text != "" {
		into[name] = text
	}
}

// settingText is a setting as a text.
func settingText(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	}
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}

// localKey is the path of the state's file in the repository or on the host, as the code means it.
func (p statePlace) localKey() stateKey {
	name, is := p.settings["path"].(string)
	if !is || name == "" {
		name = "terraform.tfstate"
	}
	if p.workspace != "" && p.workspace != "default" {
		directory, is := p.settings["workspace_dir"].(string)
		if !is || directory == "" {
			directory = "terraform.tfstate.d"
		}
		name = path.Join(directory, p.workspace, "terraform.tfstate")
	}
	if !path.IsAbs(name) {
		name = path.Join(p.directory, name)
	}
	return stateKey("local " + name)
}

// cloudKey is that of a workspace of HCP Terraform, or what speaks like it.
func cloudKey(settings map[string]any, workspace string) stateKey {
	host := settingText(settings["hostname"])
	if host == "" {
		host = "app.terraform.io"
	}
	workspaces, _ := settings["workspaces"].(map[string]any)
	if list, is := settings["workspaces"].([]any); is && len(list) == 1 {
		workspaces, _ = list[0].(map[string]any)
	}
	name := settingText(workspaces["name"])
	if prefix := settingText(workspaces["prefix"]); name == "" && workspace != "default" {
		name = prefix + workspace
	}
	if name == "" {
		return ""
	}
	return stateKey(fmt.Sprintf("cloud %s/%s/%s", host, settingText(settings["organization"]), name))
}

// place of an instance's own state; false where the code computes it.
func (r *reader) place(ctx context.Context, instance stack.Instance) (statePlace, bool, error) {
	place := statePlace{kind: "local", workspace: instance.Workspace, directory: instance.Path}
	if instance.GenerateBackend {
		place.kind, place.settings = instance.BackendType, instance.Backend
		if place.kind == "" {
			place.kind = "local"
		}
		return place, true, nil
	}
	read, err := r.in(ctx, instance.Path)
	if err != nil || read.backend == "" {
		return place, true, err
	}
	var known bool
	place.kind = read.backend
	place.settings, known = plainSettings(read.settings, nil)
	return place, known, nil
}

// plainSettings are the attributes of a body, and of the blocks workspaces in it.
func plainSettings(body hcl.Body, known *hcl.EvalContext) (map[string]any, bool) {
	settings := map[string]any{}
	content, rest, _ := body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "workspaces"}}})
	for _, block := range content.Blocks {
		inner, plain := plainSettings(block.Body, known)
		if !plain {
			return nil, false
		}
		settings["workspaces"] = inner
	}
	attributes, _ := rest.JustAttributes()
	for name, attribute := range attributes {
		value, problems := attribute.Expr.Value(known)
		plain, is := plainValue(value)
		if problems.HasErrors() || !is {
			return nil, false
		}
		settings[name] = plain
	}
	return settings, true
}

// plainValue is a known value as JSON has it.
func plainValue(value cty.Value) (plain any, known bool) {
	if value == cty.NilVal || !value.IsWhollyKnown() {
		return nil, false
	}
	text, err := ctyjson.Marshal(value, value.Type())
	if err != nil {
		return nil, false
	}
	return plain, json.Unmarshal(text, &plain) == nil
}

// readPlace is the state that a data source reads. Each is the key of its instance where it has several.
func (s scope) readPlace(read stateData, each string, instance stack.Instance) (statePlace, bool) {
	known := s.known
	if read.each != nil {
		known = s.known.NewChild()
		known.Variables = map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal(each), "value": s.eachValue(read.each, each)})}
	}
	backend, problems := read.backend.Value(known)
	kind, is := textValue(backend)
	if problems.HasErrors() || !is {
		return statePlace{}, false
	}
	place := statePlace{kind: kind, settings: map[string]any{}, workspace: "default", directory: instance.Path}
	if read.config != nil {
		value, problems := read.config.Value(known)
		plain, is := plainValue(value)
		settings, isMap := plain.(map[string]any)
		if problems.HasErrors() || !is || !isMap && plain != nil {
			return statePlace{}, false
		}
		maps.Copy(place.settings, settings)
	}
	if read.workspace != nil {
		value, problems := read.workspace.Value(known)
		if place.workspace, is = textValue(value); problems.HasErrors() || !is {
			return statePlace{}, false
		}
	}
	return place, true
}

// eachValue is what for_each has under the key; unknown where that is not known.
func (s scope) eachValue(expression hcl.Expression, key string) cty.Value {
	all, problems := expression.Value(s.known)
	if problems.HasErrors() || !all.IsWhollyKnown() || all.IsNull() || !all.CanIterateElements() {
		return cty.DynamicVal
	}
	for name, value := range all.Elements() {
		if text, is := textValue(name); is && text == key {
			return value
		}
	}
	return cty.DynamicVal
}
