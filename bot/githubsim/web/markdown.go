package web

import (
	"bytes"
	"html/template"
	"regexp"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown renders what people and Apps write as GitHub does: its dialect, line
// ends kept, a few HTML tags let through and all others taken out.
type markdown struct {
	renderer goldmark.Markdown
	policy   *bluemonday.Policy
}

// repositoryKey carries the address of the repository to the transformer.
var repositoryKey = parser.NewContextKey()

func newMarkdown() *markdown {
	return &markdown{
		renderer: goldmark.New(
			goldmark.WithExtensions(
				extension.Linkify, extension.Strikethrough, extension.TaskList,
				extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignAttribute)),
			),
			goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(references{}, 999))),
			goldmark.WithRendererOptions(
				// HTML passes here, and then only what the policy lets through.
				html.WithUnsafe(), html.WithHardWraps(),
				renderer.WithNodeRenderers(util.Prioritized(differences{}, 100)),
			),
		),
		policy: allowed(),
	}
}

// allowed is what may be in a comment.
func allowed() *bluemonday.Policy {
	policy := bluemonday.NewPolicy()
	policy.AllowElements("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "b", "strong", "i", "em", "del", "sub", "sup",
		"code", "pre", "kbd", "blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "details", "summary")
	policy.AllowAttrs("open").OnElements("details")
	policy.AllowAttrs("start").Matching(bluemonday.Integer).OnElements("ol")
	policy.AllowAttrs("align").Matching(regexp.MustCompile(`^(left|center|right)$`)).OnElements("th", "td")
	policy.AllowAttrs("class").Matching(regexp.MustCompile(`^(added|removed|changed|marked|mention)$`)).OnElements("span")
	policy.AllowAttrs("type").Matching(regexp.MustCompile(`^checkbox$`)).OnElements("input")
	policy.AllowAttrs("checked", "disabled").OnElements("input")
	policy.AllowAttrs("href").OnElements("a")
	policy.AllowURLSchemes("http", "https", "mailto")
	policy.AllowRelativeURLs(true)
	policy.RequireParseableURLs(true)
	policy.RequireNoFollowOnFullyQualifiedLinks(true)
	return policy
}

// render makes HTML of a comment in the repository at the address.
func (m *markdown) render(repository, source string) (template.HTML, error) {
	var out bytes.Buffer
	context := parser.NewContext()
	context.Set(repositoryKey, repository)
	if err := m.renderer.Convert([]byte(source), &out, parser.WithContext(context)); err != nil {
		return "", err
	}
	return template.HTML(m.policy.SanitizeBytes(out.Bytes())), nil //nolint:gosec // just sanitised
}

// reference is a pull request or a person named in a text.
var reference = regexp.MustCompile(`(?:^|[\s(\[,:])(?:(#\d+)|(@[A-Za-z0-9][A-Za-z0-9-]*))`)

// references makes links of #42 and marks @alice.
type references struct{}

func (references) Transform(document *ast.Document, reader text.Reader, context parser.Context) {
	repository, _ := context.Get(repositoryKey).(string)
	var found []*ast.Text
	_ = ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		switch node.Kind() {
		case ast.KindLink, ast.KindAutoLink, ast.KindCodeSpan, ast.KindImage:
			return ast.WalkSkipChildren, nil
		}
		if held, ok := node.(*ast.Text); ok && entering {
			found = append(found, held)
		}
		return ast.WalkContinue, nil
	})
	for _, held := range found {
		resolve(held, reader.Source(), repository)
	}
}

// resolve cuts a text at its references.
func resolve(held *ast.Text, source []byte, repository string) {
	segment := held.Segment
	parent := held.Parent()
	matches := reference.FindAllSubmatchIndex(segment.Value(source), -1)
	for _, match := range matches {
		from, to, number := match[2], match[3], true
		if from < 0 {
			from, to, number = match[4], match[5], false
		}
		name := text.NewSegment(segment.Start+from, segment.Start+to)
		var made ast.Node
		if number {
			link := ast.NewLink()
			link.Destination = []byte(repository + "/pull/" + string(source[name.Start+1:name.Stop]))
			link.AppendChild(link, ast.NewTextSegment(name))
			made = link
		} else {
			mention := ast.NewString([]byte(`<span class="mention">` + string(name.Value(source)) + `</span>`))
			mention.SetCode(true) // the name is letters, digits and hyphens: nothing to escape
			made = mention
		}
		before := ast.NewTextSegment(text.NewSegment(held.Segment.Start, name.Start))
		parent.InsertBefore(parent, held, before)
		parent.InsertBefore(parent, held, made)
		held.Segment = text.NewSegment(name.Stop, segment.Stop)
	}
}

// differences renders blocks of code, those that show a difference with their
// lines marked.
type differences struct{}

func (d differences) RegisterFuncs(register renderer.NodeRendererFuncRegisterer) {
	register.Register(ast.KindFencedCodeBlock, d.render)
}

func (differences) render(w util.BufWriter, source []byte, node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		_, _ = w.WriteString("</code></pre>\n")
		return ast.WalkContinue, nil
	}
	_, _ = w.WriteString("<pre><code>")
	compared := string(node.(*ast.FencedCodeBlock).Language(source)) == "diff"
	for i := range node.Lines().Len() {
		line := node.Lines().At(i)
		value := line.Value(source)
		class := ""
		if compared {
			class = mark(string(value))
		}
		if class != "" {
			_, _ = w.WriteString(`<span class="` + class + `">`)
		}
		_, _ = w.Write(util.EscapeHTML(value))
		if class != "" {
			_, _ = w.WriteString("</span>")
		}
	}
	return ast.WalkContinue, nil
}

// mark says how a line of a difference is shown; empty: like any other.
func mark(line string) string {
	switch {
	case len(line) == 0:
		return ""
	case line[0] == '+':
		return "added"
	case line[0] == '-':
		return "removed"
	case line[0] == '!':
		return "changed"
	case line[0] == '@':
		return "marked"
	}
	return ""
}
