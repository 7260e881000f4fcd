package comment

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// breaker is a zero-width space. It stands where GitHub would otherwise see a mention, a reference or an address.
const breaker = "\u200b"

// terminalSequence is what engines print to colour a terminal.
var terminalSequence = regexp.MustCompile("\x1b(\\[[0-9;?]*[ -/]*[@-~]|\\][^\x07\x1b]*(\x07|\x1b\\\\)?|[@-Z\\\\-_])")

// oneLine makes outside text fit for the middle of a line: runs of white space become one space, and characters that
// cannot be seen are left out. Text of which nothing is left becomes "(none)", so that it still takes its place.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(visible(s, false)), " ")
	if s == "" {
		return "(none)"
	}
	return s
}

// manyLines makes outside text fit for a fence: line ends become newlines, trailing empty lines go, and characters
// that cannot be seen are spelled out, since a reviewer wants to know of them.
func manyLines(s string) string {
	return strings.Trim(visible(lineEnds.Replace(s), true), "\n")
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n")

// visible drops terminal sequences and every control and format character except tab and newline: among the latter
// are those that reverse the direction of text. Spell shows format characters as their code points instead.
func visible(s string, spell bool) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if strings.Contains(s, "\x1b") {
		s = terminalSequence.ReplaceAllString(s, "")
	}
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !hidden(r):
			b.WriteRune(r)
		case spell && !unicode.Is(unicode.Cc, r):
			fmt.Fprintf(&b, "<U+%04X>", r)
		}
	}
	return b.String()
}

// hidden tells whether a character has no picture of its own and would change how its neighbours are read.
func hidden(r rune) bool {
	if r == '\n' || r == '\t' {
		return false
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || r == '\u034f' || r == '\u115f' ||
		r == '\u1160' || r == '\u3164' || r == '\uffa0'
}

var (
	emoji     = regexp.MustCompile(`:([a-zA-Z0-9_+-])`)
	issueWord = regexp.MustCompile(`(?i)\b(gh-)([0-9])`)
	address   = regexp.MustCompile(`(?i)(://|www\.|mailto:|xmpp:)`)
)

// harmless breaks what GitHub would turn into a mention, a reference, a link or a picture after the Markdown is
// rendered. Escaping cannot do that, since it is undone by then.
func harmless(s string) string {
	s = emoji.ReplaceAllString(s, ":"+breaker+"$1")
	s = issueWord.ReplaceAllString(s, "$1"+breaker+"$2")
	s = address.ReplaceAllStringFunc(s, func(found string) string {
		return found[:1] + breaker + found[1:]
	})
	return broken.Replace(s)
}

var broken = strings.NewReplacer("@", "@"+breaker, "#", "#"+breaker)

// escaped is outside text as Markdown that renders as nothing but that text, in a paragraph, a list or a table.
func escaped(s string) string {
	s = harmless(oneLine(s))
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '|':
			b.WriteString("&#124;")
			continue
		case strings.ContainsRune("\\`*_[]<>~$&", r),
			i == 0 && strings.ContainsRune("-+=:", r),
			(r == '.' || r == ')') && onlyDigits(s[:i]):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func onlyDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// escapedHTML is outside text inside of HTML, where Markdown is not read.
func escapedHTML(s string) string {
	return entities(harmless(oneLine(s)))
}

func entities(s string) string { return html.EscapeString(s) }

// codeText is outside text for a code span: on one line, with hidden characters spelled out.
func codeText(s string) string {
	if s = strings.Join(strings.Fields(visible(s, true)), " "); s == "" {
		return "(none)"
	}
	return s
}

// shortened cuts text to at most n characters, in the middle, where an address or a path says least.
func shortened(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	runes := []rune(s)
	head := (n - 1) / 2
	return string(runes[:head]) + "…" + string(runes[len(runes)-(n-1-head):])
}
