package atmos

import (
	"fmt"
	"strings"
	"text/template/parse"
)

// cachedName is stacks.name_template for the instance. Most templates read a few variables: those of a stack that have
// the same have the same name.
func (r *resolution) cachedName(text string) (string, error) {
	templates := r.stack.loader.templates
	key, known := r.readBy(templates.reads(text))
	if name, there := r.stack.names[key]; known && there {
		return name, nil
	}
	name, err := templates.name(text, r.data())
	if known && err == nil {
		r.stack.names[key] = name
	}
	return name, err
}

// readBy is the values at the paths as a text; false where there are no paths, or other values there than plain ones.
func (r *resolution) readBy(paths [][]string) (string, bool) {
	var key strings.Builder
	for _, path := range paths {
		var value any
		switch path[0] {
		case "vars":
			value = r.all.vars
		case "settings":
			value = r.all.settings
		case "env":
			value = r.all.env
		default:
			return "", false
		}
		for _, name := range path[1:] {
			values, is := value.(map[string]any)
			found, there := values[name]
			if !is || !there {
				return "", false
			}
			value = found
		}
		switch value := value.(type) {
		case string, int, bool, float64:
			fmt.Fprintf(&key, "%T %#v\x00", value, value)
		default:
			return "", false
		}
	}
	return key.String(), len(paths) > 0
}

// reads are the paths of the data that a template reads; none where it may read more.
func (t *templates) reads(text string) [][]string {
	key := nameKey(text, t.settings.ignoreMissing)
	parsed := t.parse(key)
	t.parsing.Lock()
	defer t.parsing.Unlock()
	if parsed.err == nil && !parsed.analysed {
		parsed.analysed = true
		if paths, known := pathsIn(parsed.template.Root); known {
			parsed.reads = paths
		}
	}
	return parsed.reads
}

// pathsIn are the paths such as .vars.stage in a part of a template; false where it reads in other ways too.
func pathsIn(node parse.Node) (paths [][]string, known bool) {
	var inner []parse.Node
	switch node := node.(type) {
	case *parse.ListNode:
		if node != nil {
			inner = node.Nodes
		}
	case *parse.TextNode, *parse.CommentNode, *parse.StringNode, *parse.NumberNode, *parse.BoolNode, *parse.NilNode, *parse.IdentifierNode:
	case *parse.FieldNode:
		return [][]string{node.Ident}, true
	case *parse.ActionNode:
		inner = []parse.Node{node.Pipe}
	case *parse.IfNode:
		inner = []parse.Node{node.Pipe, node.List, node.ElseList}
	case *parse.PipeNode:
		for _, command := range node.Cmds {
			inner = append(inner, command)
		}
	case *parse.CommandNode:
		inner = node.Args
	case *parse.VariableNode:
		if node.Ident[0] == "$" && len(node.Ident) > 1 {
			return [][]string{node.Ident[1:]}, true
		}
		return nil, node.Ident[0] != "$"
	default: // with, range, template: "." is another there
		return nil, false
	}
	for _, one := range inner {
		found, known := pathsIn(one)
		if !known {
			return nil, false
		}
		paths = append(paths, found...)
	}
	return paths, true
}
