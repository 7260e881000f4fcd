package atmos

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/trunkline/trunkline/config"
)

// functions are the tags that stand for a value to be found later. Until then the value is a string of the tag and its
// arguments, as it may be in the middle of a template.
var functions = map[string]bool{
	"!exec": true, "!secret": true, "!store": true, "!store.get": true, "!template": true, "!terraform.output": true,
	"!terraform.state": true, "!env": true, "!cel": true, "!repo-root": true, "!git.root": true, "!git.sha": true,
	"!git.branch": true, "!git.ref": true, "!git.repository": true, "!git.owner": true, "!git.name": true, "!git.host": true,
	"!git.url": true, "!cwd": true, "!unset": true, "!random": true, "!aws.account_id": true,
	"!aws.caller_identity_arn": true, "!aws.caller_identity_user_id": true, "!aws.region": true,
	"!aws.organization_id": true, "!aws.cloudformation.output": true, "!emulator": true, "!labels": true, "!labels.keys": true,
	"!labels.values": true, "!tags": true, "!version": true, "!starlark": true, "!include": true, "!include.raw": true,
}

// decoder turns nodes into values. Anchors become values that are shared, however often they are referred to.
type decoder struct {
	file string
	// include finds what !include names.
	include func(argument string, raw bool) (any, error)
	shared  map[*yaml.Node]weighed
	active  map[*yaml.Node]bool
	// count is how many values there are with all aliases written out, as they will be some day.
	count int
}

// weighed is a value with the number of values in it.
type weighed struct {
	value any
	count int
}

// maxValues is how many values a file may stand for, with all its aliases written out.
const maxValues = 1_000_000

// decode parses a file whose root is a map, or that is empty.
func (d *decoder) decode(text string) (*document, *config.Problem) {
	root, value, problem := d.parse(text)
	if problem != nil {
		return nil, problem
	}
	values, is := value.(map[string]any)
	if !is && value != nil {
		return nil, atNode(d.file, root, "this file is to be a map of sections, such as vars and components")
	}
	if values == nil {
		values = map[string]any{}
	}
	return &document{values: values, lines: componentLines(root), places: &places{text: text}}, nil
}

// parse parses a file of any value.
func (d *decoder) parse(text string) (*yaml.Node, any, *config.Problem) {
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(text), &node); err != nil {
		return nil, nil, atYAML(d.file, err)
	}
	if len(node.Content) == 0 {
		return nil, nil, nil
	}
	value, problem := d.value(node.Content[0])
	return node.Content[0], value, problem
}

func (d *decoder) value(node *yaml.Node) (any, *config.Problem) {
	if d.count++; d.count > maxValues {
		return nil, atNode(d.file, node, "the file stands for more than %d values", maxValues)
	}
	if strings.HasPrefix(node.Tag, "!") && !strings.HasPrefix(node.Tag, "!!") {
		if value, done, problem := d.tagged(node); done || problem != nil {
			return value, problem
		}
	}
	switch node.Kind {
	case yaml.ScalarNode:
		return d.scalar(node)
	case yaml.MappingNode:
		return d.mapping(node)
	case yaml.SequenceNode:
		list := make([]any, len(node.Content))
		for i, item := range node.Content {
			value, problem := d.value(item)
			if problem != nil {
				return nil, problem
			}
			list[i] = value
		}
		return list, nil
	case yaml.AliasNode:
		return d.alias(node)
	}
	return nil, nil
}

// tagged is the value of a node with one of our tags. With done false it is a value as if it had no tag.
func (d *decoder) tagged(node *yaml.Node) (value any, done bool, problem *config.Problem) {
	tag, argument := strings.TrimSpace(node.Tag), strings.TrimSpace(node.Value)
	plain := *node
	plain.Tag = ""
	switch {
	case tag == "!append" && node.Kind == yaml.SequenceNode:
		value, problem := d.value(&plain)
		list, _ := value.([]any)
		return appended(list), true, problem
	case node.Kind != yaml.ScalarNode:
		value, problem := d.value(&plain)
		return value, true, problem
	case tag == "!include" || tag == "!include.raw":
		if d.include == nil {
			return strings.TrimSpace(tag + " " + argument), true, nil
		}
		value, err := d.include(argument, tag == "!include.raw")
		if err != nil {
			return nil, true, atNode(d.file, node, "%s %s: %s", tag, argument, err)
		}
		return value, true, nil
	case tag == "!literal":
		return literal(node.Value), true, nil
	case functions[tag]:
		return strings.TrimSpace(tag + " " + argument), true, nil
	default:
		return node.Value, true, nil
	}
}

func (d *decoder) scalar(node *yaml.Node) (any, *config.Problem) {
	switch node.Tag {
	case "!!str":
		return node.Value, nil
	case "!!null":
		return nil, nil
	case "!!int":
		if number, err := strconv.Atoi(node.Value); err == nil && !strings.HasPrefix(node.Value, "0") {
			return number, nil
		}
	}
	var value any
	if err := node.Decode(&value); err != nil {
		return nil, atNode(d.file, node, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	return value, nil
}

func (d *decoder) mapping(node *yaml.Node) (any, *config.Problem) {
	values := make(map[string]any, len(node.Content)/2)
	var bases []*yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, content := node.Content[i], node.Content[i+1]
		if key.Tag == "!!merge" {
			bases = append(bases, content)
			continue
		}
		name, problem := d.key(key)
		if problem != nil {
			return nil, problem
		}
		if _, twice := values[name]; twice {
			return nil, atNode(d.file, key, "%q is here twice", name)
		}
		value, problem := d.value(content)
		if problem != nil {
			return nil, problem
		}
		values[name] = value
	}
	for _, base := range bases {
		if problem := d.mergeKey(values, base); problem != nil {
			return nil, problem
		}
	}
	return values, nil
}

// key is a key's text: those that are numbers are names too, whichever way they are written.
func (d *decoder) key(node *yaml.Node) (string, *config.Problem) {
	for node.Kind == yaml.AliasNode && node.Alias != nil {
		node = node.Alias
	}
	if node.Kind != yaml.ScalarNode {
		return "", atNode(d.file, node, "a key is to be a text")
	}
	switch node.Tag {
	case "!!int", "!!float", "!!bool":
		var value any
		if node.Decode(&value) == nil {
			return fmt.Sprint(value), nil
		}
	}
	return node.Value, nil
}

// mergeKey adds what "<<" refers to, where the map does not say otherwise.
func (d *decoder) mergeKey(values map[string]any, base *yaml.Node) *config.Problem {
	value, problem := d.value(base)
	if problem != nil {
		return problem
	}
	bases, is := value.([]any)
	if !is {
		bases = []any{value}
	}
	for _, one := range bases {
		inherited, is := one.(map[string]any)
		if !is {
			return atNode(d.file, base, "<< is to refer to a map")
		}
		for key, value := range inherited {
			if _, there := values[key]; !there {
				values[key] = value
			}
		}
	}
	return nil
}

func (d *decoder) alias(node *yaml.Node) (any, *config.Problem) {
	if known, there := d.shared[node.Alias]; there {
		if d.count += known.count; d.count > maxValues {
			return nil, atNode(d.file, node, "the file stands for more than %d values", maxValues)
		}
		return known.value, nil
	}
	if d.active[node.Alias] {
		return nil, atNode(d.file, node, "the anchor %q contains itself", node.Value)
	}
	if d.active == nil {
		d.active, d.shared = map[*yaml.Node]bool{}, map[*yaml.Node]weighed{}
	}
	d.active[node.Alias] = true
	defer delete(d.active, node.Alias)
	before := d.count
	value, problem := d.value(node.Alias)
	if problem == nil {
		d.shared[node.Alias] = weighed{value, d.count - before}
	}
	return value, problem
}
