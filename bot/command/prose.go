package command

import (
	"bytes"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// typedLine is a line that starts with a slash and that a reader of the comment sees as plain prose.
type typedLine struct {
	number int // from 1
	text   string
}

// prose finds the lines that start with a slash and are prose: in a paragraph at the top of the comment, outside of
// inline code, emphasis, links and HTML. Markdown decides what is prose, the source decides where a line starts:
// leading spaces or an escaped slash make it no command.
func prose(body string) []typedLine {
	if !strings.HasPrefix(body, "/") && !strings.Contains(body, "\n/") {
		return nil
	}
	source := []byte(body)
	markdown := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote))
	document := markdown.Parser().Parse(text.NewReader(source))

	var lines []typedLine
	var open enclosures
	for block := document.FirstChild(); block != nil; block = block.NextSibling() {
		plain := block.Kind() == ast.KindParagraph || block.Kind() == ast.KindHeading
		for _, start := range slashes(source, block, plain) {
			// HTML that came before the line may still be open: it quotes the line as a Markdown quote would.
			if open.before(source, block, start); open.any() {
				continue
			}
			lines = append(lines, typedLine{1 + bytes.Count(source[:start], []byte("\n")), lineAt(source, start)})
		}
		open.before(source, block, len(source))
	}
	return lines
}

// slashes are the offsets in a plain block at which a line of the source starts with a slash that is plain text.
func slashes(source []byte, block ast.Node, plain bool) []int {
	if !plain {
		return nil
	}
	var starts []int
	for child := block.FirstChild(); child != nil; child = child.NextSibling() {
		// Only direct children: the text of emphasis, links and code hangs one level lower.
		words, ok := child.(*ast.Text)
		if !ok {
			continue
		}
		for at := words.Segment.Start; at < words.Segment.Stop; at++ {
			if source[at] == '/' && (at == 0 || source[at-1] == '\n') {
				starts = append(starts, at)
			}
		}
	}
	return starts
}

func lineAt(source []byte, start int) string {
	line := source[start:]
	if end := bytes.IndexByte(line, '\n'); end >= 0 {
		line = line[:end]
	}
	return strings.TrimRight(string(line), " \t")
}
