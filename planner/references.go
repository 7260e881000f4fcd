package planner

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/stack"
)

// references are what the code in one directory refers to in the repository.
type references struct {
	// modules are the local sources, such as "../../modules/net".
	modules []string
	files   []fileReference
	// versions of the modules.
	versions []Version
	// backend is where the code says that state is kept.
	backend engine.Backend
	// declared are the variables that there are, sensitive those that are declared to be.
	declared, sensitive []string
}

// fileReference is a path that the code reads, with marks in it for what differs from instance to instance.
type fileReference string

// Marks that stand in paths for what terraform calls path.module, path.root, path.cwd and terraform.workspace. They
// cannot be part of a path.
const (
	moduleMark    = "\x01"
	rootMark      = "\x02"
	workspaceMark = "\x03"
)

// in is the reference's directory and path for an instance, where it stands in the directory's code.
func (f fileReference) in(directory string, instance stack.Instance) (base, name string) {
	name = strings.ReplaceAll(string(f), workspaceMark, instance.Workspace)
	if rest, relative := strings.CutPrefix(name, moduleMark); relative {
		return directory, "./" + rest
	}
	// Anything else is as seen from where the engine is started: the component's directory.
	return instance.Path, "./" + strings.TrimPrefix(name, rootMark)
}

// readCode reads the code of the directories and of the local modules they use, all of one depth with one git.
func (g *gatherer) readCode(ctx context.Context, directories []string) error {
	for waiting := directories; len(waiting) > 0; {
		var files []string
		inDirectory := map[string][]string{}
		names := map[string]map[string]string{} // in the directory, of the files that links lead to
		for _, directory := range waiting {
			g.code[directory], names[directory] = references{}, map[string]string{}
			for _, entry := range g.tree.In(directory) {
				if !stack.IsCode(path.Base(entry.Path)) || entry.Kind == mirror.Directory {
					continue
				}
				if name, inside := g.links.resolve(".", entry.Path); inside && g.tree.HasFile(name) {
					files = append(files, name)
					inDirectory[directory] = append(inDirectory[directory], name)
					names[directory][path.Base(entry.Path)] = name
				}
			}
		}
		slices.Sort(files)
		contents, err := g.tree.ReadAll(ctx, slices.Compact(files))
		if err != nil {
			return fmt.Errorf("read the code of components: %w", err)
		}
		var next []string
		for _, directory := range waiting {
			found := findReferences(inDirectory[directory], contents)
			found.backend = g.backend(names[directory], contents)
			found.versions = append(found.versions, g.localVersions(directory, found.modules)...)
			g.code[directory] = found
			for _, module := range found.modules {
				name, inside := g.links.resolve(directory, module)
				if _, read := g.code[name]; inside && !read && !slices.Contains(next, name) {
					next = append(next, name)
				}
			}
		}
		waiting = next
	}
	return nil
}

// backend is what the directory's code, in files by the names that they have there, says about where its state is kept.
func (g *gatherer) backend(names map[string]string, contents map[string][]byte) engine.Backend {
	code := make(map[string][]byte, len(names))
	for name, file := range names {
		code[name] = contents[file]
	}
	// What cannot be read is for the engine to tell.
	backend, _ := engine.ReadBackend(code, g.rules.Stacks.Engine.Kind)
	return backend
}

// findReferences reads the files of one directory. What cannot be read refers to nothing: the engine will say why.
func findReferences(files []string, contents map[string][]byte) references {
	var found references
	var bodies []*hclsyntax.Body
	for _, name := range files {
		parser := hclparse.NewParser()
		read := parser.ParseHCL
		if strings.HasSuffix(name, ".json") {
			read = parser.ParseJSON
		}
		file, _ := read(contents[name], name)
		if file == nil || file.Body == nil {
			continue
		}
		local, remote := moduleCalls(file.Body)
		found.modules, found.versions = append(found.modules, local...), append(found.versions, remote...)
		declared, sensitive := declaredVariables(file.Body)
		found.declared, found.sensitive = append(found.declared, declared...), append(found.sensitive, sensitive...)
		if body, is := file.Body.(*hclsyntax.Body); is {
			bodies = append(bodies, body)
		}
	}
	known := knownValues(bodies)
	for _, body := range bodies {
		// It never reports anything.
		_ = hclsyntax.VisitAll(body, func(node hclsyntax.Node) hcl.Diagnostics {
			if call, is := node.(*hclsyntax.FunctionCallExpr); is {
				if reference, reads := readFile(call, known); reads {
					found.files = append(found.files, reference)
				}
			}
			return nil
		})
	}
	return found
}

// moduleCalls are the sources of local modules, and what is known of the others.
func moduleCalls(body hcl.Body) (local []string, remote []Version) {
	content, _, _ := body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "module", LabelNames: []string{"name"}}}})
	for _, block := range content.Blocks {
		attributes, _, _ := block.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "source"}, {Name: "version"}}})
		source, version := plainAttribute(attributes.Attributes["source"]), plainAttribute(attributes.Attributes["version"])
		switch {
		case source == "":
		case strings.HasPrefix(source, "./") || strings.HasPrefix(source, "../"):
			local = append(local, source)
		default:
			remote = append(remote, remoteVersion(source, version))
		}
	}
	return local, remote
}

// plainAttribute is the attribute's value if it is a plain text.
func plainAttribute(attribute *hcl.Attribute) string {
	if attribute == nil {
		return ""
	}
	value, problems := attribute.Expr.Value(nil)
	if problems.HasErrors() || value.Type() != cty.String || value.IsNull() || !value.IsKnown() {
		return ""
	}
	return value.AsString()
}

// declaredVariables are the names of those that there are, and of those that are declared to be sensitive.
func declaredVariables(body hcl.Body) (all, sensitive []string) {
	content, _, _ := body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "variable", LabelNames: []string{"name"}}}})
	for _, block := range content.Blocks {
		all = append(all, block.Labels[0])
		attributes, _, _ := block.Body.PartialContent(&hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: "sensitive"}}})
		if attribute := attributes.Attributes["sensitive"]; attribute != nil {
			if value, problems := attribute.Expr.Value(nil); problems.HasErrors() || !value.IsKnown() || value.IsNull() || value.Type() != cty.Bool || value.True() {
				sensitive = append(sensitive, block.Labels[0])
			}
		}
	}
	return all, sensitive
}

// knownValues are the values that are known before any plan: paths, the workspace, and locals made of them.
func knownValues(bodies []*hclsyntax.Body) *hcl.EvalContext {
	text := cty.StringVal
	known := &hcl.EvalContext{Variables: map[string]cty.Value{
		"path":      cty.ObjectVal(map[string]cty.Value{"module": text(moduleMark), "root": text(rootMark), "cwd": text(rootMark)}),
		"terraform": cty.ObjectVal(map[string]cty.Value{"workspace": text(workspaceMark)}),
	}}
	locals := map[string]cty.Value{}
	for grown := true; grown; { // locals may be made of locals that stand further down
		grown = false
		for _, body := range bodies {
			for _, block := range body.Blocks {
				if block.Type != "locals" {
					continue
				}
				for name, attribute := range block.Body.Attributes {
					if _, there := locals[name]; there {
						continue
					}
					if value, problems := attribute.Expr.Value(known); !problems.HasErrors() && value.IsWhollyKnown() {
						locals[name], grown = value, true
					}
				}
			}
		}
		known.Variables["local"] = cty.ObjectVal(locals)
	}
	return known
}

// readers are the functions that read the file or directory that their first argument names.
var readers = []string{
	"file", "filebase64", "filemd5", "filesha1", "filesha256", "filesha512", "filebase64sha256", "filebase64sha512",
	"fileexists", "templatefile", "fileset",
}

// readFile is the path that the call reads. Where only its beginning is known before a plan, it is the directory
// that everything with this beginning is in.
func readFile(call *hclsyntax.FunctionCallExpr, known *hcl.EvalContext) (fileReference, bool) {
	if !slices.Contains(readers, call.Name) || len(call.Args) == 0 {
		return "", false
	}
	argument := call.Args[0]
	if text, is := evaluated(argument, known); is {
		return fileReference(text), text != ""
	}
	template, is := argument.(*hclsyntax.TemplateExpr)
	if !is {
		return "", false
	}
	beginning := ""
	for _, part := range template.Parts {
		text, is := evaluated(part, known)
		if !is {
			break
		}
		beginning += text
	}
	directory, _, found := cutLast(beginning, "/")
	return fileReference(directory), found && directory != ""
}

func cutLast(text, separator string) (before, after string, found bool) {
	if i := strings.LastIndex(text, separator); i >= 0 {
		return text[:i], text[i+len(separator):], true
	}
	return text, "", false
}

func evaluated(expression hclsyntax.Expression, known *hcl.EvalContext) (string, bool) {
	value, problems := expression.Value(known)
	if problems.HasErrors() || !value.IsWhollyKnown() || value.IsNull() || value.Type() != cty.String {
		return "", false
	}
	return value.AsString(), true
}
