package comment

import (
	"fmt"
	"strings"
)

// literal is text of our own, in which the marks of Markdown count. Only constants of this package become one without
// a conversion that stands out: that keeps outside text out of the places where nothing is escaped.
type literal string

// span is a piece of a line.
type span struct {
	kind spanKind
	text string
	// inner of a strong span and of a link.
	inner line
}

type spanKind int

const (
	spanOwn    spanKind = iota // our own words
	spanText                   // text from outside
	spanCode                   // text from outside, shown as code
	spanPull                   // a reference to a pull request of the repository
	spanStrong                 // inner, in bold
	spanLink                   // inner, linked to the address in text
)

// line is what stands in one line: a paragraph, a table cell, a list item or a summary. It is written as Markdown or,
// inside of a summary, as HTML.
type line []span

func own(s literal) line     { return line{{kind: spanOwn, text: string(s)}} }
func text(s string) line     { return line{{kind: spanText, text: s}} }
func code(s string) line     { return line{{kind: spanCode, text: s}} }
func commit(sha string) line { return code(Short(sha)) }
func pull(number int) line   { return line{{kind: spanPull, text: fmt.Sprintf("#%d", number)}} }
func strong(l line) line     { return line{{kind: spanStrong, inner: l}} }

// number in the middle of a sentence.
func number(n int) line { return line{{kind: spanOwn, text: fmt.Sprint(n)}} }

// link leads to an address that we made ourselves. Without a usable address only the words are shown.
func link(words line, address string) line {
	if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
		return words
	}
	if strings.ContainsAny(address, " <>\n\r\t\"\\`|") {
		return words
	}
	return line{{kind: spanLink, text: address, inner: words}}
}

// say is a sentence of ours with other lines in the places marked {}.
func say(format literal, parts ...line) line {
	var l line
	for i, piece := range strings.Split(string(format), "{}") {
		if i > 0 && i <= len(parts) {
			l = append(l, parts[i-1]...)
		}
		if piece != "" {
			l = append(l, span{kind: spanOwn, text: piece})
		}
	}
	return l
}

// prose is outside text in which words between single backticks are shown as code, as refusals and reasons have them.
func prose(s string) line {
	var l line
	for {
		before, rest, opened := strings.Cut(s, "`")
		quoted, after, closed := strings.Cut(rest, "`")
		if !opened || !closed || strings.TrimSpace(quoted) == "" {
			if s != "" || l == nil {
				l = append(l, span{kind: spanText, text: s})
			}
			return spaced(l)
		}
		if before != "" {
			l = append(l, span{kind: spanText, text: before})
		}
		l = append(l, span{kind: spanCode, text: quoted})
		s = after
		if s == "" {
			return spaced(l)
		}
	}
}

// spaced keeps the spaces around code: outside text loses its own at both ends.
func spaced(l line) line {
	var out line
	for i, s := range l {
		if s.kind == spanText && i > 0 && strings.HasPrefix(s.text, " ") {
			out = append(out, span{kind: spanOwn, text: " "})
		}
		if s.kind != spanText || strings.TrimSpace(s.text) != "" || len(l) == 1 {
			out = append(out, s)
		}
		if s.kind == spanText && i < len(l)-1 && strings.HasSuffix(s.text, " ") && strings.TrimSpace(s.text) != "" {
			out = append(out, span{kind: spanOwn, text: " "})
		}
	}
	return out
}

// join puts lines one after the other, with words of ours between them.
func join(lines []line, between literal) line {
	var l line
	for i, part := range lines {
		if i > 0 && between != "" {
			l = append(l, span{kind: spanOwn, text: string(between)})
		}
		l = append(l, part...)
	}
	return l
}

// list is "a, b and c".
func list(lines []line) line {
	if len(lines) < 2 {
		return join(lines, "")
	}
	last := len(lines) - 1
	return say("{} and {}", join(lines[:last], ", "), lines[last])
}

// listAtMost is [list] with the rest counted where there are more than n.
func listAtMost(lines []line, n int) line {
	return list(atMost(lines, n))
}

// atMost keeps the first n lines and counts the rest.
func atMost(lines []line, n int) []line {
	if len(lines) <= n+1 {
		return lines
	}
	return append(append([]line{}, lines[:n]...), say("{} more", number(len(lines)-n)))
}

// count is "1 plan" or "3 plans".
func count(n int, one, many literal) line {
	if n == 1 {
		return say("1 {}", own(one))
	}
	return say("{} {}", number(n), own(many))
}

// each makes a line of every element.
func each[T any](all []T, show func(T) line) []line {
	lines := make([]line, len(all))
	for i, one := range all {
		lines[i] = show(one)
	}
	return lines
}

// markdown writes the line for a paragraph, or for a table cell where bars end the cell.
func (l line) markdown(inTable bool) string {
	var b strings.Builder
	for _, s := range l {
		switch s.kind {
		case spanOwn, spanPull:
			b.WriteString(s.text)
		case spanText:
			b.WriteString(escaped(s.text))
		case spanCode:
			b.WriteString(codeSpan(codeText(s.text), inTable))
		case spanStrong:
			b.WriteString("**" + s.inner.markdown(inTable) + "**")
		case spanLink:
			b.WriteString("[" + s.inner.markdown(inTable) + "](<" + s.text + ">)")
		}
	}
	return b.String()
}

// codeSpan wraps text in more backticks than it holds in a row.
func codeSpan(s string, inTable bool) string {
	if inTable {
		// A bar ends a cell even in code, unless a backslash stands before it; two in a row are read in two ways.
		s = strings.ReplaceAll(s, `\|`, `\`+breaker+`|`)
		s = strings.ReplaceAll(s, "|", `\|`)
	}
	ticks := strings.Repeat("`", longestRun(s, '`')+1)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") {
		s = " " + s + " "
	}
	return ticks + s + ticks
}

// html writes the line for the inside of an HTML element.
func (l line) html() string {
	var b strings.Builder
	for _, s := range l {
		switch s.kind {
		case spanOwn:
			b.WriteString(entities(s.text))
		case spanPull:
			b.WriteString(s.text)
		case spanText:
			b.WriteString(escapedHTML(s.text))
		case spanCode:
			b.WriteString("<code>" + entities(codeText(s.text)) + "</code>")
		case spanStrong:
			b.WriteString("<b>" + s.inner.html() + "</b>")
		case spanLink:
			b.WriteString(`<a href="` + entities(s.text) + `">` + s.inner.html() + "</a>")
		}
	}
	return b.String()
}

// marks are those of Markdown in our own words.
var marks = strings.NewReplacer("**", "", `\`, "")

// plain writes the line for places that show no Markdown: titles and descriptions.
func (l line) plain() string {
	var b strings.Builder
	for _, s := range l {
		switch s.kind {
		case spanOwn:
			b.WriteString(marks.Replace(s.text))
		case spanPull:
			b.WriteString(s.text)
		case spanText, spanCode:
			b.WriteString(oneLine(s.text))
		default:
			b.WriteString(s.inner.plain())
		}
	}
	return b.String()
}

// longestRun is the most times a byte stands in a row.
func longestRun(s string, c byte) int {
	most, run := 0, 0
	for i := range len(s) {
		if s[i] != c {
			run = 0
			continue
		}
		run++
		most = max(most, run)
	}
	return most
}
