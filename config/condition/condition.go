// Package condition is what a repository writes under `auto_if`: an expression in CEL, the Common Expression Language,
// over the plan, the range and the time of a promotion. It always ends, reaches nothing outside, and is checked when
// the configuration is read: unknown names and wrong types are errors of the file, with their place in the expression.
package condition

import (
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/interpreter"
)

// costLimit bounds one evaluation, in units of cel-go: about as many steps. Reading a name costs one.
const costLimit = 100_000

// Condition is a checked expression.
type Condition struct {
	text    string
	program cel.Program
	uses    map[string]bool
}

// Problem is what is wrong with an expression. Line and Column count from 1 in its text; 0: the whole.
type Problem struct {
	Line, Column int
	Message      string
	// Name that does not exist, where that is the problem; else empty. See [Names].
	Name string
}

// language is made once: it takes longer than compiling, and nothing changes it.
var language = sync.OnceValues(func() (*cel.Env, error) {
	options := []cel.EnvOption{cel.DefaultUTCTimeZone(true), cel.Macros(append(cel.StandardMacros, changed)...), matchesPath}
	for _, name := range declared {
		options = append(options, cel.Variable(name.name, name.kind))
	}
	return cel.NewEnv(options...)
})

// Compile checks an expression.
func Compile(text string) (*Condition, []Problem) {
	env, err := language()
	if err != nil {
		return nil, []Problem{{Message: err.Error()}}
	}
	parsed, issues := env.Parse(text)
	if problems := fromCEL(issues); len(problems) > 0 {
		return nil, problems
	}
	uses, problems := namesIn(parsed)
	if len(problems) > 0 {
		return nil, problems
	}
	checked, issues := env.Check(parsed)
	if problems := fromCEL(issues); len(problems) > 0 {
		return nil, problems
	}
	if kind := checked.OutputType(); !kind.IsExactType(types.BoolType) {
		return nil, []Problem{{Message: fmt.Sprintf("it gives %s; expected true or false, such as \"plan.destroys == 0\"", kind)}}
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize, cel.OptPartialEval), cel.CostLimit(costLimit))
	if err != nil {
		return nil, []Problem{{Message: err.Error()}}
	}
	return &Condition{text: text, program: program, uses: uses}, nil
}

// ErrUnknown says that the plan is needed for an answer, and is not there yet.
var ErrUnknown = errors.New("the plan is needed")

// Holds evaluates the condition. The error is [ErrUnknown], or says why there is no answer, such as a division by zero.
func (c *Condition) Holds(facts Facts) (bool, error) {
	values := facts.values()
	var unknown []*interpreter.AttributePattern
	if facts.Plan == nil {
		for _, name := range declared {
			if name.ofPlan() {
				unknown = append(unknown, cel.AttributePattern(name.name))
			}
		}
	}
	activation, err := cel.PartialVars(values, unknown...)
	if err != nil {
		return false, err
	}
	value, _, err := c.program.Eval(activation)
	switch {
	case err != nil:
		return false, fmt.Errorf("%q cannot be evaluated: %w", c.text, err)
	case types.IsUnknown(value):
		return false, ErrUnknown
	}
	return value == types.True, nil
}

// Uses tells whether it asks for a name, such as "range.paths": what it does not ask for need not be found out.
func (c *Condition) Uses(name string) bool { return c.uses[name] }

// UsesTime tells whether the answer may change by the clock alone.
func (c *Condition) UsesTime() bool {
	for name := range c.uses {
		if name == "range.age" || strings.HasPrefix(name, "time.") {
			return true
		}
	}
	return false
}

// Explain names what the condition asks for, with the values that it got: "plan.destroys is 2, range.commits is 5". Lists
// and times are left out.
func (c *Condition) Explain(facts Facts) string {
	values := facts.values()
	var parts []string
	for _, name := range declared {
		switch value := values[name.name].(type) {
		case int, string:
			if c.uses[name.name] && (facts.Plan != nil || !name.ofPlan()) {
				parts = append(parts, fmt.Sprintf("%s is %v", name.name, value))
			}
		}
	}
	if len(parts) == 0 {
		return "it is false"
	}
	return strings.Join(parts, ", ")
}

// String is the expression.
func (c *Condition) String() string { return c.text }

// Equal tells whether two conditions are the same expression. Nil is none.
func (c *Condition) Equal(other *Condition) bool {
	if c == nil || other == nil {
		return c == other
	}
	return c.text == other.text
}

func fromCEL(issues *cel.Issues) (problems []Problem) {
	if issues == nil {
		return nil
	}
	for _, err := range issues.Errors() {
		problems = append(problems, Problem{Line: err.Location.Line(), Column: err.Location.Column() + 1, Message: err.Message})
	}
	return problems
}
