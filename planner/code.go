package planner

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"

	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/stack"
)

// code is what the files of one directory declare, as far as it says where states are and who reads them.
type code struct {
	// variables are the defaults of variables that have one, by name; locals the values of locals.
	variables, locals map[string]hcl.Expression
	modules           map[string]moduleCall
	states            map[string]stateData
	outputs           map[string]bool
	// backend that the code asks for; "cloud" for a cloud block, "" where it says nothing.
	backend  string
	settings hcl.Body
}

// moduleCall is a use of a local module, stateData a data source that reads another state.
type moduleCall struct {
	source    string
	arguments hcl.Attributes
}

type stateData struct{ backend, config, workspace, each hcl.Expression }

// reader reads the code of directories of one commit, each once.
type reader struct {
	tree  *mirror.Tree
	links links
	code  map[string]code
	files map[string][]byte
}

func newReader(ctx context.Context, tree *mirror.Tree) (*reader, error) {
	links, err := readLinks(ctx, tree)
	if err != nil {
		return nil, err
	}
	return &reader{tree: tree, links: links, code: map[string]code{}, files: map[string][]byte{}}, nil
}

// in returns the code of a directory. What cannot be read declares nothing: the engine says why.
func (r *reader) in(ctx context.Context, directory string) (code, error) {
	if read, known := r.code[directory]; known {
		return read, nil
	}
	err := r.readAll(ctx, []string{directory})
	return r.code[directory], err
}

// readAll reads the code of several directories with one git.
func (r *reader) readAll(ctx context.Context, directories []string) error {
	var names []string
	inDirectory := map[string][]string{}
	for _, directory := range directories {
		if _, known := r.code[directory]; known {
			continue
		}
		for _, entry := range r.tree.In(directory) {
			if entry.Kind == mirror.Directory || !stack.IsCode(path.Base(entry.Path)) {
				continue
			}
			if name, inside := r.links.resolve(".", entry.Path); inside && r.tree.HasFile(name) {
				names = append(names, name)
				inDirectory[directory] = append(inDirectory[directory], name)
			}
		}
	}
	slices.Sort(names)
	contents, err := r.tree.ReadAll(ctx, slices.Compact(names))
	if err != nil {
		return fmt.Errorf("read code: %w", err)
	}
	for _, directory := range directories {
		if _, known := r.code[directory]; !known {
			r.code[directory] = readCode(inDirectory[directory], contents)
		}
	}
	return nil
}

var codeSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "terraform"}, {Type: "locals"}, {Type: "variable", LabelNames: []string{"name"}}, {Type: "output", LabelNames: []string{"name"}},
	{Type: "module", LabelNames: []string{"name"}}, {Type: "data", LabelNames: []string{"type", "name"}},
}}

// readCode reads files of one directory; override files come last, as they do for the engine.
func readCode(names []string, contents map[string][]byte) code {
	c := code{variables: map[string]hcl.Expression{}, locals: map[string]hcl.Expression{}, modules: map[string]moduleCall{},
		states: map[string]stateData{}, outputs: map[string]bool{}}
	ordered := slices.Clone(names)
	slices.SortStableFunc(ordered, func(a, b string) int { return overriding(a) - overriding(b) })
	for _, name := range ordered {
		parser := hclparse.NewParser()
		read := parser.ParseHCL
		if strings.HasSuffix(name, ".json") {
			read = parser.ParseJSON
		}
		file, _ := read(contents[name], name)
		if file == nil || file.Body == nil {
			continue
		}
		content, _, _ := file.Body.PartialContent(codeSchema)
		for _, block := range content.Blocks {
			c.declare(block)
		}
	}
	return c
}

func overriding(name string) int {
	base, _, _ := strings.Cut(path.Base(name), ".")
	if base == "override" || strings.HasSuffix(base, "_override") {
		return 1
	}
	return 0
}

func (c *code) declare(block *hcl.Block) {
	switch block.Type {
	case "terraform":
		inner, _, _ := block.Body.PartialContent(&hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{{Type: "backend", LabelNames: []string{"type"}}, {Type: "cloud"}}})
		for _, one := range inner.Blocks {
			c.backend, c.settings = "cloud", one.Body
			if one.Type == "backend" {
				c.backend = one.Labels[0]
			}
		}
	case "locals":
		attributes, _ := block.Body.JustAttributes()
		for name, attribute := range attributes {
			c.locals[name] = attribute.Expr
		}
	case "output":
		c.outputs[block.Labels[0]] = true
	case "variable":
		if attribute := attributesOf(block.Body)["default"]; attribute != nil {
			c.variables[block.Labels[0]] = attribute.Expr
		}
	case "module":
		attributes := attributesOf(block.Body)
		if attributes["source"] != nil {
			source, problems := attributes["source"].Expr.Value(nil)
			if text, is := textValue(source); is && !problems.HasErrors() && (strings.HasPrefix(text, "./") || strings.HasPrefix(text, "../")) {
				c.modules[block.Labels[0]] = moduleCall{source: text, arguments: attributes}
			}
		}
	case "data":
		attributes := attributesOf(block.Body)
		if block.Labels[0] == "terraform_remote_state" && attributes["backend"] != nil {
			read := stateData{backend: attributes["backend"].Expr}
			for name, place := range map[string]*hcl.Expression{"config": &read.config, "workspace": &read.workspace, "for_each": &read.each} {
				if attributes[name] != nil {
					*place = attributes[name].Expr
				}
			}
			c.states[block.Labels[1]] = read
		}
	}
}

// attributesOf are the attributes of a body, whatever blocks it has besides.
func attributesOf(body hcl.Body) hcl.Attributes {
	attributes, _ := body.JustAttributes()
	return attributes
}
