// Package refusaltest keeps refusals where people can review them. All that a package may refuse is written to one file, and
// a refusal in the code that the file has no example of fails the test.
package refusaltest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Book is a file of refusals, and the package that they are of.
type Book struct {
	// File with the refusals, and Source, the package's folder.
	File, Source string
	// Update writes the file anew.
	Update bool

	text strings.Builder
}

// Add writes down what was asked and how it was refused.
func (b *Book) Add(asked, refusal string) {
	fmt.Fprintf(&b.text, "%s\n    %s\n", strings.ReplaceAll(asked, "\n", "⏎"), refusal)
}

// Check compares what was added with the file, and looks for refusals that nothing was added for.
func (b *Book) Check(t *testing.T) {
	t.Helper()
	if b.Update {
		if err := os.WriteFile(b.File, []byte(b.text.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(b.File)
	if err != nil {
		t.Fatalf("%v; -update writes it", err)
	}
	if diff := cmp.Diff(string(want), b.text.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", b.File, diff)
	}
	files, err := filepath.Glob(filepath.Join(b.Source, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no source in %s: %v", b.Source, err)
	}
	found := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for at, fact := range facts(t, file) {
			if found++; !fact.MatchString(b.text.String()) {
				t.Errorf("%s: no example of this refusal in %s; it looks like %s", at, b.File, fact)
			}
		}
	}
	if found == 0 {
		t.Errorf("%s refuses nothing", b.Source)
	}
}

// facts are patterns of what the refusals of a file say, by where they are: of the rule and the fact, as far as they are
// written out there.
func facts(t *testing.T, path string) map[string]*regexp.Regexp {
	t.Helper()
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*regexp.Regexp{}
	ast.Inspect(file, func(node ast.Node) bool {
		literal, ok := node.(*ast.CompositeLit)
		if !ok || !isRefusal(literal.Type) || len(literal.Elts) == 0 {
			return true
		}
		parts := map[string]ast.Expr{}
		for i, element := range literal.Elts {
			if pair, ok := element.(*ast.KeyValueExpr); ok {
				parts[fmt.Sprint(pair.Key)] = pair.Value
			} else {
				parts[[]string{"Rule", "Fact", "Next"}[i]] = element
			}
		}
		text := pattern(parts["Rule"]) + ".*" + pattern(parts["Fact"])
		all[set.Position(literal.Pos()).String()] = regexp.MustCompile(text)
		return true
	})
	return all
}

func isRefusal(expression ast.Expr) bool {
	switch expression := expression.(type) {
	case *ast.Ident:
		return expression.Name == "Refusal"
	case *ast.SelectorExpr:
		return expression.Sel.Name == "Refusal"
	}
	return false
}

var verb = regexp.MustCompile(`%[a-z]`)

// pattern of a text: what is written out stands for itself, everything else for anything in the same line.
func pattern(expression ast.Expr) string {
	switch expression := expression.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(expression.Value)
		if err != nil {
			return ".*"
		}
		var quoted []string
		for _, part := range verb.Split(text, -1) {
			quoted = append(quoted, regexp.QuoteMeta(strings.ReplaceAll(part, "%%", "%")))
		}
		return strings.Join(quoted, ".*")
	case *ast.BinaryExpr:
		return pattern(expression.X) + pattern(expression.Y)
	case *ast.CallExpr:
		if called, ok := expression.Fun.(*ast.SelectorExpr); ok && called.Sel.Name == "Sprintf" {
			return pattern(expression.Args[0])
		}
	}
	return ".*"
}
