package promote

import (
	"path"
	"slices"
	"strings"
)

// stateless tells whether all rules that count say of a resource that it keeps nothing, so that nothing is lost with it.
func (c *considered) stateless(address string) bool {
	kind, name := resourceIn(address)
	for _, rules := range c.versions {
		if !slices.ContainsFunc(rules.Rollback.Stateless, func(pattern string) bool {
			what := kind
			if strings.Contains(pattern, ".") {
				what = kind + "." + name
			}
			matches, err := path.Match(pattern, what)
			return matches && err == nil
		}) {
			return false
		}
	}
	return len(c.versions) > 0
}

// resourceIn is the type and the name in an address such as `module.a["b.c"].aws_instance.web[0]`; empty where it has none.
// Keys may hold any text.
func resourceIn(address string) (kind, name string) {
	var words []string
	var word strings.Builder
	quoted, escaped, depth := false, false, 0
	for _, char := range address {
		switch {
		case escaped:
			escaped = false
		case quoted && char == '\\':
			escaped = true
		case char == '"':
			quoted = !quoted
		case quoted:
		case char == '[':
			depth++
		case char == ']':
			depth--
		case depth > 0:
		case char == '.':
			words = append(words, word.String())
			word.Reset()
		default:
			word.WriteRune(char)
		}
	}
	words = append(words, word.String())
	if quoted || depth != 0 || len(words) < 2 {
		return "", ""
	}
	return words[len(words)-2], words[len(words)-1]
}
