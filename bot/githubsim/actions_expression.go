package githubsim

import (
	"fmt"
	"strconv"
	"strings"
)

// expression evaluates what stands between ${{ and }}: the contexts that are
// given, literals, the operators and the functions that workflows of any size
// use. What it does not know is an error, as on GitHub.
type expression struct {
	text     string
	at       int
	contexts map[string]any
	// needed is how the jobs fared that this one needs: success, failure,
	// cancelled or skipped each, for the functions about the status.
	needed    []string
	cancelled bool
	// status tells whether one of those functions was called.
	status bool
}

// evaluate evaluates one expression.
func (e *expression) evaluate() (any, error) {
	value, err := e.or()
	if err != nil {
		return nil, err
	}
	if e.space(); e.at < len(e.text) {
		return nil, fmt.Errorf("unexpected %q in the expression %q", e.text[e.at:], e.text)
	}
	return value, nil
}

// interpolate replaces the expressions in a text. A text that is one expression
// keeps its type.
func interpolate(text string, contexts map[string]any) (any, error) {
	var out strings.Builder
	for rest := text; ; {
		before, after, found := strings.Cut(rest, "${{")
		if !found {
			out.WriteString(rest)
			return out.String(), nil
		}
		inner, tail, closed := strings.Cut(after, "}}")
		if !closed {
			return nil, fmt.Errorf("the expression in %q has no end", text)
		}
		value, err := (&expression{text: inner, contexts: contexts}).evaluate()
		if err != nil {
			return nil, err
		}
		if out.Len() == 0 && before == "" && strings.TrimSpace(tail) == "" {
			return value, nil
		}
		out.WriteString(before)
		out.WriteString(textOf(value))
		rest = tail
	}
}

func (e *expression) space() {
	for e.at < len(e.text) && strings.ContainsRune(" \t\r\n", rune(e.text[e.at])) {
		e.at++
	}
}

func (e *expression) take(token string) bool {
	if e.space(); strings.HasPrefix(e.text[e.at:], token) {
		e.at += len(token)
		return true
	}
	return false
}

func (e *expression) or() (any, error) {
	left, err := e.and()
	for err == nil && e.take("||") {
		var right any
		if right, err = e.and(); err == nil && !truth(left) {
			left = right
		}
	}
	return left, err
}

func (e *expression) and() (any, error) {
	left, err := e.comparison()
	for err == nil && e.take("&&") {
		var right any
		if right, err = e.comparison(); err == nil && truth(left) {
			left = right
		}
	}
	return left, err
}

func (e *expression) comparison() (any, error) {
	left, err := e.unary()
	for err == nil {
		var operator string
		for _, candidate := range []string{"==", "!=", "<=", ">=", "<", ">"} {
			if e.take(candidate) {
				operator = candidate
				break
			}
		}
		if operator == "" {
			return left, nil
		}
		var right any
		if right, err = e.unary(); err == nil {
			left = compareValues(operator, left, right)
		}
	}
	return left, err
}

func (e *expression) unary() (any, error) {
	if e.space(); e.at < len(e.text) && e.text[e.at] == '!' && !strings.HasPrefix(e.text[e.at:], "!=") {
		e.at++
		value, err := e.unary()
		return !truth(value), err
	}
	return e.primary()
}

func (e *expression) primary() (any, error) {
	if e.space(); e.at >= len(e.text) {
		return nil, fmt.Errorf("the expression %q ends too early", e.text)
	}
	var value any
	var err error
	switch c := e.text[e.at]; {
	case c == '(':
		e.at++
		if value, err = e.or(); err == nil && !e.take(")") {
			err = fmt.Errorf("a ) is missing in %q", e.text)
		}
	case c == '\'':
		value, err = e.quoted()
	case c >= '0' && c <= '9', c == '-':
		value, err = e.numeral()
	default:
		value, err = e.named()
	}
	if err != nil {
		return nil, err
	}
	return e.members(value)
}

func (e *expression) quoted() (any, error) {
	var out strings.Builder
	for e.at++; e.at < len(e.text); e.at++ {
		if e.text[e.at] != '\'' {
			out.WriteByte(e.text[e.at])
			continue
		}
		if strings.HasPrefix(e.text[e.at:], "''") {
			e.at++
			out.WriteByte('\'')
			continue
		}
		e.at++
		return out.String(), nil
	}
	return nil, fmt.Errorf("a quote is missing in %q", e.text)
}

func (e *expression) numeral() (any, error) {
	begin := e.at
	for e.at < len(e.text) && strings.IndexByte("+-.0123456789abcdefABCDEFxX", e.text[e.at]) >= 0 {
		e.at++
	}
	return strconv.ParseFloat(e.text[begin:e.at], 64)
}

func (e *expression) word() string {
	begin := e.at
	for e.at < len(e.text) && (e.text[e.at] == '_' || e.text[e.at] == '-' && e.at > begin || isAlphanumeric(e.text[e.at])) {
		e.at++
	}
	return e.text[begin:e.at]
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func (e *expression) named() (any, error) {
	name := e.word()
	switch name {
	case "":
		return nil, fmt.Errorf("unexpected %q in the expression %q", e.text[e.at:], e.text)
	case "true", "false":
		return name == "true", nil
	case "null":
		return nil, nil
	}
	if e.take("(") {
		return e.call(name)
	}
	found, known := e.contexts[name]
	if !known {
		return nil, fmt.Errorf("unrecognized named-value: '%s' in the expression %q", name, e.text)
	}
	return found, nil
}

// members follows .name, ['name'] and [0].
func (e *expression) members(value any) (any, error) {
	for {
		switch {
		case e.at < len(e.text) && e.text[e.at] == '.':
			e.at++
			if e.take("*") {
				continue
			}
			value = member(value, e.word())
		case e.take("["):
			key, err := e.or()
			if err != nil {
				return nil, err
			}
			if !e.take("]") {
				return nil, fmt.Errorf("a ] is missing in %q", e.text)
			}
			value = member(value, key)
		default:
			return value, nil
		}
	}
}

// member is a property or an element, nothing where there is none.
func member(value, key any) any {
	switch held := value.(type) {
	case map[string]any:
		for name, found := range held {
			if strings.EqualFold(name, textOf(key)) {
				return found
			}
		}
	case []any:
		if at, ok := key.(float64); ok && at >= 0 && int(at) < len(held) {
			return held[int(at)]
		}
	}
	return nil
}
