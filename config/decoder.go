package config

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// decoder walks YAML nodes, because only they know where in the file they are, and collects problems.
type decoder struct {
	file     string
	problems Problems
	// zone in which times are meant where the decoder is; nil: UTC.
	zone *time.Location
	// prometheus is asked where a watch says nothing else.
	prometheus prometheus
}

// fields are the keys of a mapping with what reads each.
type fields map[string]func(*yaml.Node)

func position(node *yaml.Node) Position { return Position{Line: node.Line, Column: node.Column} }

// resolved follows aliases. yaml.v3 itself refuses documents whose aliases expand without measure.
func resolved(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	return node
}

func (d *decoder) problem(node *yaml.Node, format string, args ...any) {
	problem := &Problem{File: d.file, Message: fmt.Sprintf(format, args...)}
	if node != nil {
		problem.At = position(node)
	}
	d.problems = append(d.problems, problem)
}

// mapping reads a mapping's known keys and says which were there. Keys of later are known to the format but not
// to this version: silently ignoring a gate would be worse than refusing the file.
func (d *decoder) mapping(node *yaml.Node, what string, known fields, later ...string) map[string]bool {
	seen := map[string]bool{}
	content := resolved(node)
	if content.Kind != yaml.MappingNode {
		d.problem(node, "%s is %s; expected keys such as %s", what, kind(node), strings.Join(names(known), ", "))
		return seen
	}
	d.duplicates(content)
	for i := 0; i+1 < len(content.Content); i += 2 {
		key, value := content.Content[i], content.Content[i+1]
		read, ok := known[key.Value]
		switch {
		case ok:
			seen[key.Value] = true
			read(value)
		case key.Tag == "!!merge":
			d.problem(key, "merge keys (<<) are not read in %s; write the keys out", what)
		case slices.Contains(later, key.Value):
			d.problem(key, "`%s` is not supported by this version yet; take it out, or nothing would enforce it", key.Value)
		default:
			d.problem(key, "unknown key %q in %s; expected one of %s%s", key.Value, what,
				strings.Join(names(known), ", "), didYouMean(key.Value, append(names(known), later...)))
		}
	}
	return seen
}

func (d *decoder) duplicates(node *yaml.Node) {
	first := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if line, ok := first[key.Value]; ok {
			d.problem(key, "%q stands here again; it is already on line %d", key.Value, line)
		}
		first[key.Value] = key.Line
	}
}

func (d *decoder) require(node *yaml.Node, seen map[string]bool, what string, keys ...string) {
	for _, key := range keys {
		if !seen[key] {
			d.problem(node, "%s lacks `%s`", what, key)
		}
	}
}

func (d *decoder) sequence(node *yaml.Node, what string, each func(*yaml.Node)) {
	if resolved(node).Kind != yaml.SequenceNode {
		d.problem(node, "%s is %s; expected a list", what, kind(node))
		return
	}
	for _, item := range resolved(node).Content {
		each(item)
	}
}

func (d *decoder) text(node *yaml.Node, what string) string {
	scalar := resolved(node)
	if scalar.Kind != yaml.ScalarNode || scalar.Tag == "!!null" {
		d.problem(node, "%s is %s; expected text", what, kind(node))
		return ""
	}
	return scalar.Value
}

// texts reads a list of texts; a single text is a list of one.
func (d *decoder) texts(node *yaml.Node, what string) []string {
	if resolved(node).Kind == yaml.ScalarNode {
		return []string{d.text(node, what)}
	}
	texts := []string{}
	d.sequence(node, what, func(item *yaml.Node) { texts = append(texts, d.text(item, what)) })
	return texts
}

// references reads a list of names; a single one is a list of one.
func (d *decoder) references(node *yaml.Node, what string) (all []Reference) {
	add := func(item *yaml.Node) {
		if name := strings.Trim(d.text(item, what), "/"); name != "" {
			all = append(all, Reference{Name: name, At: position(item)})
		}
	}
	if resolved(node).Kind == yaml.ScalarNode {
		add(node)
		return all
	}
	d.sequence(node, what, add)
	return all
}

func (d *decoder) integer(node *yaml.Node, what string) int {
	text := d.text(node, what)
	number, err := strconv.Atoi(text)
	if err != nil && text != "" {
		d.problem(node, "%s is %q; expected a whole number", what, text)
	}
	return number
}

func (d *decoder) positive(node *yaml.Node, what string) int {
	number := d.integer(node, what)
	if number < 1 {
		d.problem(node, "%s is %d; expected 1 or more", what, number)
	}
	return number
}

func (d *decoder) duration(node *yaml.Node, what string) time.Duration {
	text := d.text(node, what)
	duration, err := parseDuration(text)
	if text != "" && (err != nil || duration <= 0) {
		d.problem(node, "%s is %q; expected a time such as 90s, 30m, 2h or 5d", what, text)
	}
	return duration
}

// parseDuration reads Go's durations, and whole days and weeks: of 24 hours and of seven days.
func parseDuration(text string) (time.Duration, error) {
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			// More days than this overflow, and mean nothing.
			count, err := strconv.ParseUint(number, 10, 13)
			return time.Duration(count) * unit, err
		}
	}
	return time.ParseDuration(text)
}

func (d *decoder) oneOf(node *yaml.Node, what, text string, allowed ...string) string {
	if text != "" && !slices.Contains(allowed, text) {
		d.problem(node, "%s is %q; expected %s%s", what, text, strings.Join(allowed, " or "), didYouMean(text, allowed))
		return ""
	}
	return text
}

func kind(node *yaml.Node) string {
	switch node = resolved(node); {
	case node.Tag == "!!null":
		return "empty"
	case node.Kind == yaml.MappingNode:
		return "a mapping"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	default:
		return strconv.Quote(node.Value)
	}
}

func names(known fields) []string {
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
