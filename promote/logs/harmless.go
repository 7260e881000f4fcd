package logs

import (
	"regexp"
	"strings"
	"unicode"
)

// escapes move a terminal's cursor, colour its text or change its title.
var escapes = regexp.MustCompile(`\x1b(\[[0-9;:?<=>]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b\n]*(\x07|\x1b\\)?|[ -/]*[0-~])`)

// Harmless is text without what a terminal takes for an order, and without marks that turn the direction of reading. Ends
// of lines and tabs stay.
func Harmless(text string) string {
	text = strings.ToValidUTF8(escapes.ReplaceAllString(text, ""), "\uFFFD")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c:
			return -1
		}
		return r
	}, text)
}

// oneLine is the first line of a text, of a length that fits beside others.
func oneLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(Harmless(text)), "\n")
	if runes := []rune(line); len(runes) > 300 {
		line = string(runes[:300]) + "…"
	}
	return line
}
