package stack

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// pattern is a path with placeholders, such as "environments/{environment}/{component}".
//
// A placeholder stands for a part of one path element that does not start with "."; not every such name can be used,
// see [unusable]. An {environment} is stricter, because it becomes the name of a workspace: it starts with a letter, a
// digit or "_" and goes on with these, ".", "-", "+", "@" or "=". Where a placeholder stands twice it has one value.
// Only a {component} that is an element by itself may be told to stand for several elements; see [pattern.deep].
type pattern struct {
	text  string
	names []string // of the placeholders, each once, in order
	match *regexp.Regexp
	// groups are the placeholders of the expression's groups; a name may be there more than once.
	groups []string
}

// bindings are the values of placeholders.
type bindings map[string]string

var placeholder = regexp.MustCompile(`\{([^{}/]*)\}`)

var validPlaceholder = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

const (
	value       = `[^/.][^/]*`
	strictValue = `[A-Za-z0-9_][A-Za-z0-9_.+@=-]*`
	component   = "component"
	perStack    = "environment"
)

// parsePattern reads a pattern. With deep, {component} may stand for several path elements.
func parsePattern(text string, deep bool) (pattern, error) {
	clean := strings.TrimPrefix(text, "./")
	if clean == "" || strings.HasPrefix(clean, "/") || strings.HasSuffix(clean, "/") ||
		slices.ContainsFunc(strings.Split(clean, "/"), func(part string) bool { return part == "" || part == "." || part == ".." }) {
		return pattern{}, fmt.Errorf("the path %q is no path from the repository's root, such as environments/{environment}/{component}", text)
	}
	result := pattern{text: clean}
	expression, rest := strings.Builder{}, 0
	for _, at := range placeholder.FindAllStringSubmatchIndex(clean, -1) {
		name := clean[at[2]:at[3]]
		if !validPlaceholder.MatchString(name) {
			return pattern{}, fmt.Errorf("the placeholder {%s} in %q is no name of small letters, digits and _", name, text)
		}
		expression.WriteString(regexp.QuoteMeta(clean[rest:at[0]]))
		group := value
		switch {
		case name == perStack:
			group = strictValue
		case name == component && deep:
			group = value + `(?:/` + value + `)*`
		}
		expression.WriteString("(" + group + "?)")
		result.groups = append(result.groups, name)
		if !slices.Contains(result.names, name) {
			result.names = append(result.names, name)
		}
		rest = at[1]
	}
	if left := placeholder.ReplaceAllString(clean, ""); strings.ContainsAny(left, "{}") {
		return pattern{}, fmt.Errorf("the braces in %q do not belong together", text)
	}
	expression.WriteString(regexp.QuoteMeta(clean[rest:]))
	compiled, err := regexp.Compile("^" + expression.String() + "$")
	if err != nil {
		return pattern{}, fmt.Errorf("the path %q cannot be used: %w", text, err)
	}
	result.match = compiled
	return result, nil
}

// has tells whether the pattern has the placeholder.
func (p pattern) has(name string) bool { return slices.Contains(p.names, name) }

// deep tells whether {component} may stand for several path elements here: it is the last element, by itself.
func (p pattern) deep() bool {
	return strings.HasSuffix(p.text, "/{component}") || p.text == "{component}"
}

// bind matches the path and returns the values of the placeholders.
func (p pattern) bind(path string) (bindings, bool) {
	groups := p.match.FindStringSubmatch(path)
	if groups == nil {
		return nil, false
	}
	values := bindings{}
	for i, name := range p.groups {
		if before, there := values[name]; there && before != groups[i+1] {
			return nil, false
		}
		values[name] = groups[i+1]
	}
	return values, true
}

// unusable says why a name from the tree cannot name an instance or a part of one; empty: it can. Spaces and letters of
// all alphabets can: names are given to engines as single arguments, and lie in folders that [Instance.Folder] names.
func unusable(name string) string {
	for _, element := range strings.Split(name, "/") {
		switch {
		case strings.HasPrefix(element, "-"):
			return `starts with "-", as options do`
		case strings.Contains(element, ".."):
			return `has ".." in it`
		}
	}
	if !utf8.ValidString(name) || strings.ContainsFunc(name, func(char rune) bool { return !unicode.IsGraphic(char) }) {
		return "has a character that nobody can see"
	}
	return ""
}

// expand puts the values into the pattern. All placeholders must have one.
func (p pattern) expand(values bindings) (string, bool) {
	complete := true
	path := placeholder.ReplaceAllStringFunc(p.text, func(found string) string {
		value, there := values[found[1:len(found)-1]]
		complete = complete && there
		return value
	})
	return path, complete
}

// join is both bindings in one, where they do not disagree.
func (b bindings) join(other bindings) (bindings, bool) {
	joined := maps.Clone(b)
	for name, value := range other {
		if before, there := joined[name]; there && before != value {
			return nil, false
		}
		joined[name] = value
	}
	return joined, true
}
