package condition

import (
	"reflect"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// changed("pipelines/**") asks whether the range changes a path that the pattern matches. It stands for
// range.paths.exists(p, …), so that what asks for it asks for range.paths.
var changed = cel.GlobalMacro("changed", 1, func(factory cel.MacroExprFactory, _ ast.Expr, arguments []ast.Expr) (ast.Expr, *common.Error) {
	pattern := arguments[0]
	if pattern.Kind() == ast.LiteralKind {
		if text, is := pattern.AsLiteral().Value().(string); is && !doublestar.ValidatePattern(text) {
			return nil, factory.NewError(pattern.ID(), "it is no pattern of paths; expected one such as \"pipelines/**\"")
		}
	}
	return factory.NewCall(matchesPathName, factory.NewSelect(factory.NewIdent("range"), "paths"), pattern), nil
})

// matchesPathName cannot be written in an expression.
const matchesPathName = "@matches_path"

var stringsType = reflect.TypeFor[[]string]()

var matchesPath = cel.Function(matchesPathName, cel.Overload("matches_path_list_string",
	[]*cel.Type{cel.ListType(cel.StringType), cel.StringType}, cel.BoolType, cel.BinaryBinding(func(paths, pattern ref.Val) ref.Val {
		list, err := paths.ConvertToNative(stringsType)
		if err != nil {
			return types.WrapErr(err)
		}
		for _, path := range list.([]string) {
			if doublestar.MatchUnvalidated(string(pattern.(types.String)), path) {
				return types.True
			}
		}
		return types.False
	})))
