package condition

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/interpreter"
)

// Threshold is a checked expression that says when what a watch has measured is bad, such as "value > 2 * baseline".
type Threshold struct {
	text    string
	program cel.Program
	uses    map[string]bool
}

// Measured is what a threshold is asked about. A Value or Baseline that is not a number, or is infinite, is unknown.
type Measured struct {
	Value, Baseline float64
	// Status of the HTTP answer, or the exit code of the command; a metric has none.
	Status int
}

// ThresholdNames that an expression can ask for; only what is asked over HTTP or run has a status.
func ThresholdNames(status bool) []string {
	if status {
		return []string{"value", "baseline", "status"}
	}
	return []string{"value", "baseline"}
}

// measuring is made once: see [language]. All names are numbers of one kind, and so are all numbers that people write:
// "value > 2 * baseline" and "status == 503" need no decimal point.
var measuring = sync.OnceValues(func() (map[bool]*cel.Env, error) {
	envs := map[bool]*cel.Env{}
	for _, status := range []bool{false, true} {
		options := []cel.EnvOption{cel.CrossTypeNumericComparisons(true)}
		for _, name := range ThresholdNames(status) {
			options = append(options, cel.Variable(name, cel.DoubleType))
		}
		env, err := cel.NewEnv(options...)
		if err != nil {
			return nil, err
		}
		envs[status] = env
	}
	return envs, nil
})

// CompileThreshold checks an expression, which may ask for `status` if there is one.
func CompileThreshold(text string, status bool) (*Threshold, []Problem) {
	envs, err := measuring()
	if err != nil {
		return nil, []Problem{{Message: err.Error()}}
	}
	env := envs[status]
	parsed, issues := env.Parse(text)
	if problems := fromCEL(issues); len(problems) > 0 {
		return nil, problems
	}
	uses := asNumbers(parsed, ThresholdNames(status))
	checked, issues := env.Check(parsed)
	if problems := fromCEL(issues); len(problems) > 0 {
		return nil, nameUnknown(problems)
	}
	if kind := checked.OutputType(); !kind.IsExactType(types.BoolType) {
		return nil, []Problem{{Message: fmt.Sprintf("it gives %s; expected true or false, such as \"value > 0.01\"", kind)}}
	}
	if len(uses) == 0 {
		return nil, []Problem{{Message: "it asks for nothing that is measured; expected a condition such as \"value > 0.01\""}}
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize, cel.OptPartialEval), cel.CostLimit(costLimit))
	if err != nil {
		return nil, []Problem{{Message: err.Error()}}
	}
	return &Threshold{text: text, program: program, uses: uses}, nil
}

// asNumbers makes every whole number of the expression one with a fraction, and returns which names it asks for.
func asNumbers(parsed *cel.Ast, known []string) map[string]bool {
	uses := map[string]bool{}
	factory := ast.NewExprFactory()
	ast.PostOrderVisit(parsed.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.LiteralKind:
			switch number := e.AsLiteral().(type) {
			case types.Int:
				e.SetKindCase(factory.NewLiteral(e.ID(), types.Double(number)))
			case types.Uint:
				e.SetKindCase(factory.NewLiteral(e.ID(), types.Double(number)))
			}
		case ast.IdentKind:
			if slices.Contains(known, e.AsIdent()) {
				uses[e.AsIdent()] = true
			}
		}
	}))
	return uses
}

// nameUnknown says of a name that does not exist just that.
func nameUnknown(problems []Problem) []Problem {
	for i, problem := range problems {
		if rest, ok := strings.CutPrefix(problem.Message, "undeclared reference to '"); ok {
			problems[i].Name, _, _ = strings.Cut(rest, "'")
			problems[i].Message = "there is no " + problems[i].Name
		}
	}
	return problems
}

// Fails tells whether what was measured is bad. The error is [ErrUnknown] where the answer hangs on something that is
// unknown, or says why there is no answer.
func (t *Threshold) Fails(m Measured) (bool, error) {
	values := map[string]any{"value": m.Value, "baseline": m.Baseline, "status": float64(m.Status)}
	var unknown []*interpreter.AttributePattern
	for _, name := range []string{"value", "baseline"} {
		if number := values[name].(float64); math.IsNaN(number) || math.IsInf(number, 0) {
			unknown = append(unknown, cel.AttributePattern(name))
		}
	}
	activation, err := cel.PartialVars(values, unknown...)
	if err != nil {
		return false, err
	}
	value, _, err := t.program.Eval(activation)
	switch {
	case err != nil:
		return false, fmt.Errorf("%q cannot be evaluated: %w", t.text, err)
	case types.IsUnknown(value):
		return false, ErrUnknown
	}
	return value == types.True, nil
}

// Uses tells whether it asks for a name, such as "baseline".
func (t *Threshold) Uses(name string) bool { return t != nil && t.uses[name] }

// String is the expression; empty where there is none.
func (t *Threshold) String() string {
	if t == nil {
		return ""
	}
	return t.text
}

// Equal tells whether two thresholds are the same expression. Nil is none.
func (t *Threshold) Equal(other *Threshold) bool { return t.String() == other.String() }
