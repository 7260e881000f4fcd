package command

import (
	"regexp"
	"sort"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"
)

// enclosures counts the HTML elements that are open at a place of the comment and that would show a line as folded,
// quoted, struck out or code: Markdown between <blockquote> and </blockquote> is a paragraph to the parser and a
// quote to the reader.
type enclosures struct {
	open map[string]int
	// torn: a tag or an HTML comment was begun and not ended, and swallows what follows.
	torn bool
	// read: everything before this offset has been counted.
	read int
}

// enclosing are the elements that matter, of those that GitHub lets through and those that hide their content.
var enclosing = map[string]bool{
	"blockquote": true, "q": true, "details": true, "summary": true, "pre": true, "code": true, "tt": true,
	"samp": true, "kbd": true, "var": true, "del": true, "s": true, "strike": true, "table": true, "ul": true,
	"ol": true, "dl": true, "div": true, "template": true, "svg": true, "math": true, "sub": true, "sup": true,
	"script": true, "style": true, "textarea": true, "title": true, "noscript": true, "iframe": true, "select": true,
}

var (
	htmlComment = regexp.MustCompile(`(?s)<!--.*?-->`)
	htmlTag     = regexp.MustCompile(`<(/?)([a-zA-Z][a-zA-Z0-9]*)(?:"[^"]*"|'[^']*'|[^"'<>])*>`)
	htmlBegun   = regexp.MustCompile(`<[a-zA-Z/!]`)
)

func (e *enclosures) any() bool {
	for _, count := range e.open {
		if count > 0 {
			return true
		}
	}
	return e.torn
}

// before counts the tags of a block up to an offset of the source.
func (e *enclosures) before(source []byte, block ast.Node, offset int) {
	for _, piece := range htmlIn(block) {
		if piece.Start < e.read || piece.Start >= offset {
			continue
		}
		e.read = piece.Stop
		e.count(string(piece.Value(source)))
	}
}

func (e *enclosures) count(html string) {
	if e.open == nil {
		e.open = map[string]int{}
	}
	html = htmlComment.ReplaceAllString(html, "")
	for _, tag := range htmlTag.FindAllStringSubmatch(html, -1) {
		name := strings.ToLower(tag[2])
		switch {
		case !enclosing[name]:
		case tag[1] == "":
			e.open[name]++
		case e.open[name] > 0:
			e.open[name]--
		}
	}
	if htmlBegun.MatchString(htmlTag.ReplaceAllString(html, "")) {
		e.torn = true
	}
}

// htmlIn are the stretches of HTML in a block, in the order of the source. The lines of one HTML block are one
// stretch, so that a tag over two lines is seen whole.
func htmlIn(block ast.Node) []text.Segment {
	var pieces []text.Segment
	add := func(segments *text.Segments, stop int) {
		if segments.Len() > 0 {
			last := segments.At(segments.Len() - 1)
			pieces = append(pieces, text.NewSegment(segments.At(0).Start, max(last.Stop, stop)))
		}
	}
	// The walk function never fails.
	_ = ast.Walk(block, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch html := node.(type) {
		case *ast.HTMLBlock:
			stop := 0
			if html.HasClosure() {
				stop = html.ClosureLine.Stop
			}
			add(html.Lines(), stop)
		case *ast.RawHTML:
			add(html.Segments, 0)
		}
		return ast.WalkContinue, nil
	})
	sort.Slice(pieces, func(i, j int) bool { return pieces[i].Start < pieces[j].Start })
	return pieces
}
