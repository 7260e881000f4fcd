package atmos

import (
	"sync"

	"gopkg.in/yaml.v3"
)

// document is a parsed file.
type document struct {
	values map[string]any
	// lines of the components, by name.
	lines  map[string]int
	places *places
}

// places are where in a file its values are. They take more memory than the values and only problems need them, so the
// file is read once more then.
type places struct {
	text  string
	parse sync.Once
	root  *yaml.Node
}

// node is the file's root; nil where the file is empty.
func (p *places) node() *yaml.Node {
	p.parse.Do(func() {
		var file yaml.Node
		if yaml.Unmarshal([]byte(p.text), &file) == nil && len(file.Content) > 0 {
			p.root = file.Content[0]
		}
	})
	return p.root
}

// with is the document with other values.
func (d *document) with(values map[string]any) *document {
	return &document{values: values, lines: d.lines, places: d.places}
}

// componentLines are the lines in which components begin, by name.
func componentLines(root *yaml.Node) map[string]int {
	_, node := find(root, "components", "terraform")
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	lines := make(map[string]int, len(node.Content)/2)
	for i := 0; i+1 < len(node.Content); i += 2 {
		lines[node.Content[i].Value] = node.Content[i].Line
	}
	return lines
}

// find is the key at the path of keys, and its value. Both are nil where there is none.
func (d *document) find(path ...string) (key, value *yaml.Node) {
	return find(d.places.node(), path...)
}

func find(value *yaml.Node, path ...string) (key, found *yaml.Node) {
	for _, name := range path {
		for value != nil && value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		if value == nil || value.Kind != yaml.MappingNode {
			return nil, nil
		}
		content := value.Content
		key, value = nil, nil
		for i := 0; i+1 < len(content); i += 2 {
			if content[i].Value == name {
				key, value = content[i], content[i+1]
			}
		}
		if key == nil {
			return nil, nil
		}
	}
	return key, value
}

// item is the item of a list at the path of keys; the list where it has no such item.
func (d *document) item(i int, path ...string) *yaml.Node {
	_, list := d.find(path...)
	if list != nil && list.Kind == yaml.SequenceNode && i < len(list.Content) {
		return list.Content[i]
	}
	return list
}

// nearest is the innermost key of the path that is there, for a problem's place.
func (d *document) nearest(path ...string) *yaml.Node {
	for ; len(path) > 0; path = path[:len(path)-1] {
		if key, _ := d.find(path...); key != nil {
			return key
		}
	}
	return d.places.node()
}
