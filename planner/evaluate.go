package planner

import (
	"context"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/trunkline/trunkline/planner/stack"
)

// scope is a module with the values that are known in it before any plan.
type scope struct {
	directory string
	code      code
	known     *hcl.EvalContext
}

// root is the scope of the instance's own directory.
func (r *reader) root(ctx context.Context, instance stack.Instance) (scope, error) {
	read, err := r.in(ctx, instance.Path)
	if err != nil {
		return scope{}, err
	}
	given, err := r.variables(ctx, instance)
	if err != nil {
		return scope{}, err
	}
	return newScope(instance.Path, read, given, instance), nil
}

// called is the scope of a local module that another one uses.
func (r *reader) called(ctx context.Context, by scope, call moduleCall, instance stack.Instance) (scope, bool, error) {
	directory, inside := r.links.resolve(by.directory, call.source)
	if !inside {
		return scope{}, false, nil
	}
	read, err := r.in(ctx, directory)
	if err != nil {
		return scope{}, false, err
	}
	given := map[string]cty.Value{}
	for name, attribute := range call.arguments {
		if value, problems := attribute.Expr.Value(by.known); !problems.HasErrors() && value.IsWhollyKnown() {
			given[name] = value
		}
	}
	return newScope(directory, read, given, instance), true, nil
}

// newScope knows the values that variables are given, the defaults of the others, and the locals made of them.
func newScope(directory string, read code, given map[string]cty.Value, instance stack.Instance) scope {
	variables := map[string]cty.Value{}
	for name, expression := range read.variables {
		if value, problems := expression.Value(nil); !problems.HasErrors() {
			variables[name] = value
		}
	}
	for name, value := range given {
		variables[name] = value
	}
	known := &hcl.EvalContext{Functions: pureFunctions(), Variables: map[string]cty.Value{
		"var": cty.ObjectVal(variables), "local": cty.EmptyObjectVal,
		"terraform": cty.ObjectVal(map[string]cty.Value{"workspace": cty.StringVal(instance.Workspace)}),
		// As seen from the instance's directory, where the engine is started.
		"path": cty.ObjectVal(map[string]cty.Value{"module": cty.StringVal(relative(instance.Path, directory)), "root": cty.StringVal("."), "cwd": cty.StringVal(".")}),
	}}
	locals := map[string]cty.Value{}
	for grown := true; grown; { // locals may be made of other locals
		grown = false
		for name, expression := range read.locals {
			if _, there := locals[name]; there {
				continue
			}
			if value, problems := expression.Value(known); !problems.HasErrors() && value.IsWhollyKnown() {
				locals[name], grown = value, true
			}
		}
		known.Variables["local"] = cty.ObjectVal(locals)
	}
	return scope{directory: directory, code: read, known: known}
}

// relative is the path of a directory of the repository as seen from another.
func relative(from, to string) string {
	if from == to {
		return "."
	}
	up := ""
	if from = path.Clean(from); from != "." {
		up = strings.Repeat("../", strings.Count(from, "/")+1)
	}
	return path.Clean(up + to)
}

// variables are the values that the instance's variables are given, where the engine looks for them, the last one
// counting: files that it reads by itself, files that it is told of, and values of the configuration.
func (r *reader) variables(ctx context.Context, instance stack.Instance) (map[string]cty.Value, error) {
	var names, automatic []string
	for _, entry := range r.tree.In(instance.Path) {
		switch base := path.Base(entry.Path); {
		case base == "terraform.tfvars" || base == "terraform.tfvars.json":
			names = append(names, entry.Path)
		case strings.HasSuffix(base, ".auto.tfvars") || strings.HasSuffix(base, ".auto.tfvars.json"):
			automatic = append(automatic, entry.Path)
		}
	}
	names = append(append(names, automatic...), instance.VariableFiles...)
	names = slices.DeleteFunc(names, func(name string) bool { return !r.tree.HasFile(name) })
	unique := slices.Compact(slices.Sorted(slices.Values(names)))
	contents, err := r.tree.ReadAll(ctx, unique)
	if err != nil {
		return nil, err
	}
	given := map[string]cty.Value{}
	for _, name := range names {
		for variable, value := range readVariables(name, contents[name]) {
			given[variable] = value
		}
	}
	for name, value := range instance.Variables {
		if known, is := ctyValue(value); is {
			given[name] = known
		}
	}
	return given, nil
}

// readVariables reads a variable file; nil where it cannot be read.
func readVariables(name string, content []byte) map[string]cty.Value {
	parser := hclparse.NewParser()
	read := parser.ParseHCL
	if strings.HasSuffix(name, ".json") {
		read = parser.ParseJSON
	}
	file, problems := read(content, name)
	if problems.HasErrors() || file == nil {
		return nil
	}
	values := map[string]cty.Value{}
	attributes, problems := file.Body.JustAttributes()
	if problems.HasErrors() {
		return nil
	}
	for variable, attribute := range attributes {
		value, problems := attribute.Expr.Value(nil)
		if problems.HasErrors() {
			return nil
		}
		values[variable] = value
	}
	return values
}

// ctyValue is a value of the configuration as the engine's language has it.
func ctyValue(value any) (cty.Value, bool) {
	text, err := json.Marshal(value)
	if err != nil {
		return cty.NilVal, false
	}
	kind, err := ctyjson.ImpliedType(text)
	if err != nil {
		return cty.NilVal, false
	}
	known, err := ctyjson.Unmarshal(text, kind)
	return known, err == nil
}

// textValue is a value that is a text, or can be one.
func textValue(value cty.Value) (string, bool) {
	if value == cty.NilVal || !value.IsWhollyKnown() || value.IsNull() {
		return "", false
	}
	switch value.Type() {
	case cty.String:
		return value.AsString(), true
	case cty.Number:
		return value.AsBigFloat().Text('f', -1), true
	case cty.Bool:
		if value.True() {
			return "true", true
		}
		return "false", true
	}
	return "", false
}

// pureFunctions are those that names of states are commonly made with.
func pureFunctions() map[string]function.Function {
	return map[string]function.Function{
		"format": stdlib.FormatFunc, "join": stdlib.JoinFunc, "lower": stdlib.LowerFunc, "upper": stdlib.UpperFunc, "replace": stdlib.ReplaceFunc,
		"split": stdlib.SplitFunc, "trimspace": stdlib.TrimSpaceFunc, "trimprefix": stdlib.TrimPrefixFunc, "trimsuffix": stdlib.TrimSuffixFunc,
		"substr": stdlib.SubstrFunc, "element": stdlib.ElementFunc, "concat": stdlib.ConcatFunc, "merge": stdlib.MergeFunc,
		"lookup": stdlib.LookupFunc, "coalesce": stdlib.CoalesceFunc, "compact": stdlib.CompactFunc, "title": stdlib.TitleFunc,
		"formatlist": stdlib.FormatListFunc, "keys": stdlib.KeysFunc, "values": stdlib.ValuesFunc, "contains": stdlib.ContainsFunc,
		"toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)), "tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
		"tomap": stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)), "tostring": stdlib.MakeToFunc(cty.String),
	}
}

// dataNames are the data sources reading states that an expression is made of, also over locals.
func (s scope) dataNames(expression hcl.Expression, seen map[string]bool) (names []string) {
	for _, traversal := range expression.Variables() {
		switch first := traversal.RootName(); {
		case first == "data" && attributeName(traversal, 1) == "terraform_remote_state":
			names = append(names, attributeName(traversal, 2))
		case first == "local" && !seen[attributeName(traversal, 1)]:
			local := attributeName(traversal, 1)
			seen[local] = true
			if inner := s.code.locals[local]; inner != nil {
				names = append(names, s.dataNames(inner, seen)...)
			}
		}
	}
	return names
}

func attributeName(traversal hcl.Traversal, at int) string {
	if at < len(traversal) {
		if step, is := traversal[at].(hcl.TraverseAttr); is {
			return step.Name
		}
	}
	return ""
}
