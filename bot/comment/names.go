package comment

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trunkline/trunkline/planner/stack"
)

// Names of what tells instances apart. They stand in comments in the place of the names themselves.
const (
	environmentName = "‹environment›"
	stackName       = "‹stack›"
	workspaceName   = "‹workspace›"
	componentName   = "‹component›"
)

// naming is the names that set an instance apart from others of its component: bucket "acme-dev-logs" of dev is
// bucket "acme-prod-logs" of prod. With them hidden, the two plans are the same. Nothing is lost by that: putting the
// names back gives each plan as it is. The zero naming hides nothing.
type naming struct{ pairs [][2]string }

// commonWords say nothing of an instance, and mean something else in values.
var commonWords = []string{"default", "true", "false", "null"}

func namingOf(instance stack.Instance) naming {
	n := naming{}.and(instance.Environment, environmentName)
	if instance.Stack != instance.Environment {
		n = n.and(strings.TrimPrefix(instance.Stack, instance.Environment+"/"), stackName)
	}
	return n.and(instance.Workspace, workspaceName)
}

// and hides one more name, which is one that is not hidden yet.
func (n naming) and(name, shown string) naming {
	known := slices.ContainsFunc(n.pairs, func(pair [2]string) bool { return pair[0] == name })
	if len(name) < 2 || known || slices.Contains(commonWords, name) || strings.Contains(name, "‹") {
		return n
	}
	// A name that holds another one is taken whole.
	at := slices.IndexFunc(n.pairs, func(pair [2]string) bool { return len(pair[0]) < len(name) })
	if at < 0 {
		at = len(n.pairs)
	}
	return naming{slices.Insert(slices.Clone(n.pairs), at, [2]string{name, shown})}
}

// in tells whether one of the names may be in the text, or what stands for one.
func (n naming) in(s string) bool {
	for _, pair := range n.pairs {
		if strings.Contains(s, pair[0]) {
			return true
		}
	}
	return len(n.pairs) > 0 && strings.Contains(s, "‹")
}

// hide puts what the names stand for in their place, where they are words of their own.
func (n naming) hide(s string) string {
	if len(n.pairs) == 0 {
		return s
	}
	if strings.Contains(s, "‹") {
		s = strings.ReplaceAll(s, "‹", "‹‹") // so that no text looks as if a name had been hidden in it
	}
	for _, pair := range n.pairs {
		if strings.Contains(s, pair[0]) {
			s = replacedWord(s, pair[0], pair[1])
		}
	}
	return s
}

func replacedWord(s, word, by string) string {
	var b strings.Builder
	for from := 0; ; {
		at := strings.Index(s[from:], word)
		if at < 0 {
			b.WriteString(s[from:])
			return b.String()
		}
		at += from
		end := at + len(word)
		before, _ := utf8.DecodeLastRuneInString(s[:at])
		after, _ := utf8.DecodeRuneInString(s[end:])
		b.WriteString(s[from:at])
		if joins(before, at > 0) || joins(after, end < len(s)) || before == '‹' {
			b.WriteString(word)
		} else {
			b.WriteString(by)
		}
		from = end
	}
}

// joins tells whether a character makes one word with its neighbour.
func joins(r rune, there bool) bool { return there && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// explained says what the names in a text that was hidden stand for; nil: there are none in it.
func (n naming) explained(text string) line {
	var parts []line
	for _, one := range []struct {
		shown string
		means literal
	}{{environmentName, "the name of the environment"}, {stackName, "that of the stack"}, {workspaceName, "that of the workspace"}, {componentName, "that of the component"}} {
		if slices.ContainsFunc(n.pairs, func(pair [2]string) bool { return pair[1] == one.shown }) && strings.Contains(text, one.shown) {
			parts = append(parts, say("{} stands for {}", code(one.shown), own(one.means)))
		}
	}
	return list(parts)
}
