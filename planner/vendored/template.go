package vendored

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// maxExpanded is how long a path or an address can become, in bytes.
const maxExpanded = 8 << 10

var (
	action = regexp.MustCompile(`\{\{-?(.*?)-?\}\}`)
	word   = regexp.MustCompile("^(?:\\.[A-Za-z]+|[A-Za-z]+|\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`|\\|)")
)

// expand fills in a template such as "components/terraform/{{.Component}}/{{ .Version | trimPrefix "v" }}". Manifests use
// no more of Go's templates than fields and a few functions; loops and variables are not read, since they come from
// people who are not trusted with our time.
func expand(text string, data map[string]string) (string, error) {
	var problem error
	expanded := action.ReplaceAllStringFunc(text, func(found string) string {
		value, err := evaluate(action.FindStringSubmatch(found)[1], data)
		if err != nil && problem == nil {
			problem = fmt.Errorf("%s: %w", found, err)
		}
		return value
	})
	switch {
	case problem != nil:
		return "", problem
	case strings.Contains(expanded, "{{"):
		return "", fmt.Errorf("its braces do not belong together")
	case len(expanded) > maxExpanded:
		return "", errTooLong
	}
	return expanded, nil
}

// evaluate runs a pipeline: each stage is a field, a text, or a function with arguments, of which the stage before is the
// last.
func evaluate(pipeline string, data map[string]string) (string, error) {
	stage, value, piped := []string{}, "", false
	finish := func() (err error) {
		if piped {
			stage = append(stage, quoted(value))
		}
		value, err = call(stage, data)
		stage, piped = stage[:0], true
		return err
	}
	for rest := strings.TrimSpace(pipeline); rest != ""; rest = strings.TrimSpace(rest) {
		next := word.FindString(rest)
		if next == "" {
			return "", fmt.Errorf("%q is more than a field with functions", strings.TrimSpace(pipeline))
		}
		rest = rest[len(next):]
		if next != "|" {
			stage = append(stage, next)
			continue
		}
		if err := finish(); err != nil {
			return "", err
		}
	}
	err := finish()
	return value, err
}

// quoted is a text as a word.
func quoted(text string) string { return strconv.Quote(text) }

var errTooLong = fmt.Errorf("it makes a text of more than %d bytes", maxExpanded)

// call evaluates one stage.
func call(words []string, data map[string]string) (string, error) {
	if len(words) == 0 {
		return "", fmt.Errorf("a part of it is empty")
	}
	var arguments []string
	for _, one := range words[1:] {
		argument, err := literal(one, data)
		if err != nil {
			return "", err
		}
		arguments = append(arguments, argument)
	}
	if first := words[0]; first[0] == '.' || first[0] == '"' || first[0] == '`' {
		if len(arguments) > 0 {
			return "", fmt.Errorf("%s is no function", first)
		}
		return literal(first, data)
	}
	function, known := functions[words[0]]
	if !known || len(arguments) != function.arguments {
		return "", fmt.Errorf("the function %s with %d arguments is not known", words[0], len(arguments))
	}
	result := function.do(arguments)
	if len(result) > maxExpanded {
		return "", errTooLong
	}
	return result, nil
}

// literal is a field or a text.
func literal(one string, data map[string]string) (string, error) {
	if field, is := strings.CutPrefix(one, "."); is {
		value, known := data[field]
		if !known {
			return "", fmt.Errorf("there is no field .%s; there are .Component, .Version and .Source", field)
		}
		return value, nil
	}
	text, err := strconv.Unquote(one)
	if err != nil {
		return "", fmt.Errorf("%s is no text", one)
	}
	return text, nil
}

// functions are those that make a path of a version. The text that they work on comes last.
var functions = map[string]struct {
	arguments int
	do        func([]string) string
}{
	"trimPrefix": {2, func(a []string) string { return strings.TrimPrefix(a[1], a[0]) }},
	"trimSuffix": {2, func(a []string) string { return strings.TrimSuffix(a[1], a[0]) }},
	"trimAll":    {2, func(a []string) string { return strings.Trim(a[1], a[0]) }},
	"replace":    {3, func(a []string) string { return strings.Replace(a[2], a[0], a[1], maxExpanded/(len(a[1])+1)) }},
	"default": {2, func(a []string) string {
		if a[1] == "" {
			return a[0]
		}
		return a[1]
	}},
	"lower": {1, func(a []string) string { return strings.ToLower(a[0]) }},
	"upper": {1, func(a []string) string { return strings.ToUpper(a[0]) }},
	"trim":  {1, func(a []string) string { return strings.TrimSpace(a[0]) }},
}
