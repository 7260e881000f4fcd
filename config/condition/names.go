package condition

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
)

// name is something that expressions can ask for.
type name struct {
	name string
	kind *cel.Type
}

// declared are all names, in the order in which documentation has them. Their meaning is that of [Facts].
var declared = []name{
	{"plan.instances", cel.IntType},
	{"plan.creates", cel.IntType},
	{"plan.updates", cel.IntType},
	{"plan.replaces", cel.IntType},
	{"plan.destroys", cel.IntType},
	{"plan.changes", cel.IntType},
	{"plan.components", cel.ListType(cel.StringType)},
	{"plan.stacks", cel.ListType(cel.StringType)},
	{"range.commits", cel.IntType},
	{"range.pulls", cel.IntType},
	{"range.authors", cel.ListType(cel.StringType)},
	{"range.paths", cel.ListType(cel.StringType)},
	{"range.age", cel.DurationType},
	{"time.now", cel.TimestampType},
	{"time.hour", cel.IntType},
	{"time.minute", cel.IntType},
	{"time.day", cel.StringType},
	{"time.date", cel.StringType},
}

func (n name) ofPlan() bool { return strings.HasPrefix(n.name, "plan.") }

// Names that an expression can ask for, such as "plan.destroys".
func Names() []string {
	names := make([]string, len(declared))
	for i, name := range declared {
		names[i] = name.name
	}
	return names
}

// namesIn finds the names that an expression asks for, and those that do not exist. CEL itself would only say that
// "plan" is not declared.
func namesIn(parsed *cel.Ast) (uses map[string]bool, problems []Problem) {
	native := parsed.NativeRep()
	uses = map[string]bool{}
	roots := []string{"plan", "range", "time"}
	whole := map[int64]bool{}
	ast.PreOrderVisit(native.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		asked, begin := "", e.ID()
		switch e.Kind() {
		case ast.SelectKind:
			operand := e.AsSelect().Operand()
			if operand.Kind() != ast.IdentKind || !slices.Contains(roots, operand.AsIdent()) {
				return
			}
			whole[operand.ID()] = true
			asked, begin = operand.AsIdent()+"."+e.AsSelect().FieldName(), operand.ID()
		case ast.IdentKind:
			if !slices.Contains(roots, e.AsIdent()) || whole[e.ID()] {
				return
			}
			asked = e.AsIdent()
		default:
			return
		}
		if slices.Contains(Names(), asked) {
			uses[asked] = true
			return
		}
		place := native.SourceInfo().GetStartLocation(begin)
		problems = append(problems, Problem{Line: place.Line(), Column: place.Column() + 1, Message: fmt.Sprintf("there is no %s", asked), Name: asked})
	}))
	return uses, problems
}
