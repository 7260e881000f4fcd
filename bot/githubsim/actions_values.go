package githubsim

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// call calls a function with what stands between its parentheses.
func (e *expression) call(name string) (any, error) {
	var given []any
	for !e.take(")") {
		value, err := e.or()
		if err != nil {
			return nil, err
		}
		given = append(given, value)
		e.take(",")
		if e.space(); e.at >= len(e.text) {
			return nil, fmt.Errorf("a ) is missing in %q", e.text)
		}
	}
	has := func(result string) bool { return slices.Contains(e.needed, result) }
	switch strings.ToLower(name) {
	case "always":
		e.status = true
		return true, nil
	case "success":
		e.status = true
		return !e.cancelled && !has("failure") && !has("cancelled") && !has("skipped"), nil
	case "failure":
		e.status = true
		return !e.cancelled && has("failure"), nil
	case "cancelled":
		e.status = true
		return e.cancelled, nil
	}
	return builtin(name, given)
}

// builtin are the functions on values.
func builtin(name string, given []any) (any, error) {
	for len(given) < 2 {
		given = append(given, nil)
	}
	text := func(i int) string {
		if i < len(given) {
			return textOf(given[i])
		}
		return ""
	}
	switch strings.ToLower(name) {
	case "fromjson":
		var value any
		if err := json.Unmarshal([]byte(text(0)), &value); err != nil {
			return nil, fmt.Errorf("error parsing fromJson: %w", err)
		}
		return value, nil
	case "tojson":
		written, err := json.MarshalIndent(given[0], "", "  ")
		return string(written), err
	case "contains":
		if list, ok := given[0].([]any); ok {
			return slices.ContainsFunc(list, func(one any) bool { return truth(compareValues("==", one, given[1])) }), nil
		}
		return strings.Contains(strings.ToLower(text(0)), strings.ToLower(text(1))), nil
	case "startswith":
		return strings.HasPrefix(strings.ToLower(text(0)), strings.ToLower(text(1))), nil
	case "endswith":
		return strings.HasSuffix(strings.ToLower(text(0)), strings.ToLower(text(1))), nil
	case "format":
		out := text(0)
		for i := range given[1:] {
			out = strings.ReplaceAll(out, "{"+strconv.Itoa(i)+"}", text(i+1))
		}
		return out, nil
	case "join":
		list, _ := given[0].([]any)
		parts := make([]string, len(list))
		for i, one := range list {
			parts[i] = textOf(one)
		}
		separator := ","
		if given[1] != nil {
			separator = text(1)
		}
		return strings.Join(parts, separator), nil
	}
	return nil, fmt.Errorf("unrecognized function: '%s'", name)
}

// truth is what a value counts as in a condition.
func truth(value any) bool {
	switch held := value.(type) {
	case nil:
		return false
	case bool:
		return held
	case string:
		return held != ""
	case float64:
		return held != 0 && !math.IsNaN(held)
	}
	return true
}

// textOf is what a value is in a text.
func textOf(value any) string {
	switch held := value.(type) {
	case nil:
		return ""
	case string:
		return held
	case bool:
		return strconv.FormatBool(held)
	case float64:
		return strconv.FormatFloat(held, 'f', -1, 64)
	case int:
		return strconv.Itoa(held)
	case int64:
		return strconv.FormatInt(held, 10)
	case []any:
		return "Array"
	}
	return "Object"
}

func compareValues(operator string, left, right any) any {
	a, isText := left.(string)
	b, areTexts := right.(string)
	if isText && areTexts {
		return ordering(operator, strings.Compare(strings.ToLower(a), strings.ToLower(b)))
	}
	x, y := numeric(left), numeric(right)
	switch {
	case math.IsNaN(x) || math.IsNaN(y):
		return operator == "!="
	case x < y:
		return ordering(operator, -1)
	case x > y:
		return ordering(operator, 1)
	}
	return ordering(operator, 0)
}

func ordering(operator string, order int) bool {
	switch operator {
	case "==":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// numeric is what a value counts as beside one of another type.
func numeric(value any) float64 {
	switch held := value.(type) {
	case nil:
		return 0
	case bool:
		if held {
			return 1
		}
		return 0
	case float64:
		return held
	case int:
		return float64(held)
	case string:
		if strings.TrimSpace(held) == "" {
			return 0
		}
		if found, err := strconv.ParseFloat(strings.TrimSpace(held), 64); err == nil {
			return found
		}
	}
	return math.NaN()
}
