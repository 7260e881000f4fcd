package bot

import (
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	gotoken "go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const goGitHub = "github.com/google/go-github/v60/github"

// asApp is the purpose of calls that the App makes as itself, with no token and so with no permission.
const asApp purpose = "the App itself"

// source is this package's code without its tests, with types.
type source struct {
	t     *testing.T
	set   *gotoken.FileSet
	files []*ast.File
	info  *types.Info
}

// readSource type-checks the package against the packages that the go command built for this test.
func readSource(t *testing.T) *source {
	t.Helper()
	s := &source{t: t, set: gotoken.NewFileSet(), info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}}}
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(s.set, path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		s.files = append(s.files, file)
	}
	listed, err := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", ".").Output()
	if err != nil {
		t.Fatalf("list the packages: %v", err)
	}
	built := map[string]string{}
	for line := range strings.Lines(string(listed)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		built[path] = file
	}
	open := func(path string) (io.ReadCloser, error) { return os.Open(built[path]) }
	checker := types.Config{Importer: importer.ForCompiler(s.set, "gc", open)}
	if _, err := checker.Check("bot", s.set, s.files, s.info); err != nil {
		t.Fatal(err)
	}
	return s
}

// apiCall is one call of GitHub's API in the code.
type apiCall struct {
	at, method string
	purpose    purpose
}

// calls are all uses of the methods of go-github's services, once for each purpose.
func (s *source) calls() (found []apiCall) {
	for selector, selection := range s.info.Selections {
		service, ok := goGitHubType(selection.Recv())
		if !ok || selection.Kind() != types.MethodVal || !strings.HasSuffix(service, "Service") {
			continue
		}
		at := s.set.Position(selector.Pos()).String()
		field, ok := selector.X.(*ast.SelectorExpr)
		if !ok {
			s.t.Errorf("%s: a service is kept in a variable; call it as client.Service.Method, so that this test understands it", at)
			continue
		}
		method := strings.TrimSuffix(service, "Service") + "." + selector.Sel.Name
		for _, purpose := range s.purposes(field.X) {
			found = append(found, apiCall{at: at, method: method, purpose: purpose})
		}
	}
	return found
}

// asks are the requests without a service of go-github: in each function that sends some, those of the operations that it
// names, once for each purpose of its clients.
func (s *source) asks() (found []apiCall) {
	for _, file := range s.files {
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Body == nil {
				continue
			}
			var purposes []purpose
			operations := map[string]string{}
			ast.Inspect(function.Body, func(node ast.Node) bool {
				switch node := node.(type) {
				case *ast.CallExpr:
					if name, ok := node.Fun.(*ast.Ident); ok && name.Name == "askGitHub" {
						purposes = append(purposes, s.purposes(node.Args[1])...)
					}
				case *ast.Ident:
					if constant, ok := s.info.Uses[node].(*types.Const); ok && strings.HasSuffix(constant.Type().String(), "bot.operation") {
						operations[strings.Trim(constant.Val().ExactString(), `"`)] = s.set.Position(node.Pos()).String()
					}
				}
				return true
			})
			for operation, at := range operations {
				if len(purposes) == 0 {
					s.t.Errorf("%s: an operation is named where none is sent, so this test does not understand by whom", at)
				}
				for _, purpose := range purposes {
					found = append(found, apiCall{at: at, method: operation, purpose: purpose})
				}
			}
		}
	}
	return found
}

// makers are the uses of what makes clients, or requests without a service, by their place.
func (s *source) makers() map[string]string {
	found := map[string]string{}
	for selector, selection := range s.info.Selections {
		name := selector.Sel.Name
		receiver := types.TypeString(selection.Recv(), nil)
		if kind, ok := goGitHubType(selection.Recv()); ok && kind == "Client" && selection.Kind() == types.MethodVal ||
			strings.HasSuffix(receiver, "githubapp.ClientCreator") {
			found[s.set.Position(selector.Pos()).String()] = name
		}
	}
	for name, object := range s.info.Uses {
		if object.Pkg() != nil && object.Pkg().Path() == goGitHub && object.Name() == "NewClient" {
			found[s.set.Position(name.Pos()).String()] = object.Name()
		}
	}
	return found
}

func goGitHubType(t types.Type) (name string, ok bool) {
	if pointer, is := t.(*types.Pointer); is {
		t = pointer.Elem()
	}
	named, is := t.(*types.Named)
	if !is || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != goGitHub {
		return "", false
	}
	return named.Obj().Name(), true
}

// purposes are those that a client may have been made for: what forRepository was told where it was made, here or in
// whoever handed it on.
func (s *source) purposes(client ast.Expr) []purpose {
	name, ok := client.(*ast.Ident)
	object := s.info.Uses[name]
	if !ok || object == nil {
		s.t.Fatalf("%s: this test does not understand where the client comes from", s.set.Position(client.Pos()))
	}
	var found []purpose
	for _, file := range s.files {
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.AssignStmt:
				if len(node.Lhs) > 0 && len(node.Rhs) == 1 && s.is(node.Lhs[0], object) {
					found = append(found, s.made(node.Rhs[0]))
				}
			case *ast.FuncDecl:
				if place := parameter(node, func(name *ast.Ident) bool { return s.info.Defs[name] == object }); place >= 0 {
					found = append(found, s.handed(s.info.Defs[node.Name], place)...)
				}
			}
			return true
		})
	}
	if len(found) == 0 {
		s.t.Fatalf("%s: this test does not understand where %s comes from", s.set.Position(client.Pos()), name.Name)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func (s *source) is(expr ast.Expr, object types.Object) bool {
	name, ok := expr.(*ast.Ident)
	return ok && (s.info.Defs[name] == object || s.info.Uses[name] == object)
}

// made is the purpose that a client is made for by a call.
func (s *source) made(by ast.Expr) purpose {
	if call, ok := by.(*ast.CallExpr); ok {
		if selector, ok := call.Fun.(*ast.SelectorExpr); ok {
			switch selector.Sel.Name {
			case "app":
				return asApp
			case "forRepository":
				if value := s.info.Types[call.Args[2]].Value; value != nil {
					return purpose(constant.StringVal(value))
				}
			}
		}
	}
	s.t.Fatalf("%s: this test does not understand how the client is made", s.set.Position(by.Pos()))
	return ""
}

// handed are the purposes of the clients that a function is called with.
func (s *source) handed(function types.Object, place int) (found []purpose) {
	for _, file := range s.files {
		ast.Inspect(file, func(node ast.Node) bool {
			call, ok := node.(*ast.CallExpr)
			if !ok {
				return true
			}
			name, _ := call.Fun.(*ast.Ident)
			if selector, ok := call.Fun.(*ast.SelectorExpr); ok {
				name = selector.Sel
			}
			if name != nil && s.info.Uses[name] == function {
				found = append(found, s.purposes(call.Args[place])...)
			}
			return true
		})
	}
	return found
}

// parameter is the place of a parameter of a function; -1: it has no such one.
func parameter(function *ast.FuncDecl, is func(*ast.Ident) bool) int {
	place := 0
	for _, field := range function.Type.Params.List {
		for _, name := range field.Names {
			if is(name) {
				return place
			}
			place++
		}
	}
	return -1
}
