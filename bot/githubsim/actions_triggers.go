package githubsim

import (
	"fmt"
	"path"
	"strings"

	"gopkg.in/yaml.v3"
)

// triggers are the events that start a workflow, each with its conditions.
type triggers map[string]yaml.Node

// UnmarshalYAML reads an event, a list of them or a map with their conditions.
func (t *triggers) UnmarshalYAML(node *yaml.Node) error {
	*t = triggers{}
	switch node.Kind {
	case yaml.ScalarNode:
		(*t)[node.Value] = yaml.Node{}
	case yaml.SequenceNode:
		for _, one := range node.Content {
			(*t)[one.Value] = yaml.Node{}
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			(*t)[node.Content[i].Value] = *node.Content[i+1]
		}
	default:
		return fmt.Errorf("line %d: on is an event, a list or a map of events", node.Line)
	}
	return nil
}

// inputDefinition is one input of a workflow that people or workflows start.
type inputDefinition struct {
	Description string   `yaml:"description"`
	Required    bool     `yaml:"required"`
	Default     any      `yaml:"default"`
	Type        string   `yaml:"type"`
	Options     []string `yaml:"options"`
}

// inputsOf are the inputs of workflow_dispatch or workflow_call.
func (t triggers) inputsOf(event string) (ordered[inputDefinition], error) {
	var read struct {
		Inputs ordered[inputDefinition] `yaml:"inputs"`
	}
	node := t[event]
	if node.Kind != yaml.MappingNode {
		return read.Inputs, nil
	}
	return read.Inputs, node.Decode(&read)
}

// pushConditions say which pushes start a workflow.
type pushConditions struct {
	Branches       texts `yaml:"branches"`
	BranchesIgnore texts `yaml:"branches-ignore"`
	Paths          texts `yaml:"paths"`
	PathsIgnore    texts `yaml:"paths-ignore"`
	Tags           texts `yaml:"tags"`
	TagsIgnore     texts `yaml:"tags-ignore"`
}

// onPush reports whether a push of these files to the branch starts the
// workflow.
func (t triggers) onPush(branch string, changed []string) (bool, error) {
	node, asked := t["push"]
	if !asked {
		return false, nil
	}
	var when pushConditions
	if node.Kind == yaml.MappingNode {
		if err := node.Decode(&when); err != nil {
			return false, err
		}
	}
	switch {
	case len(when.Branches) == 0 && len(when.BranchesIgnore) == 0 && len(when.Tags)+len(when.TagsIgnore) > 0:
		return false, nil // for tags alone
	case len(when.Branches) > 0 && !matchesAny(when.Branches, branch):
		return false, nil
	case len(when.BranchesIgnore) > 0 && matchesAny(when.BranchesIgnore, branch):
		return false, nil
	}
	if len(when.Paths) > 0 {
		return anyOf(changed, func(file string) bool { return matchesAny(when.Paths, file) }), nil
	}
	if len(when.PathsIgnore) > 0 {
		return anyOf(changed, func(file string) bool { return !matchesAny(when.PathsIgnore, file) }), nil
	}
	return true, nil
}

func anyOf(all []string, fits func(string) bool) bool {
	for _, one := range all {
		if fits(one) {
			return true
		}
	}
	return false
}

// matchesAny applies the patterns in order; one that begins with ! takes away.
func matchesAny(patterns []string, name string) bool {
	found := false
	for _, pattern := range patterns {
		if without, negative := strings.CutPrefix(pattern, "!"); negative {
			found = found && !matchesPattern(without, name)
			continue
		}
		found = found || matchesPattern(pattern, name)
	}
	return found
}

// matchesPattern knows * within a name, ** across names and ?.
func matchesPattern(pattern, name string) bool {
	if head, tail, doubled := strings.Cut(pattern, "**"); doubled {
		if !strings.HasPrefix(name, head) || strings.ContainsAny(head, "*?[") {
			return false
		}
		rest, tail := name[len(head):], strings.TrimPrefix(tail, "/")
		for at := 0; at <= len(rest); at++ {
			if tail == "" || matchesPattern(tail, rest[at:]) {
				return true
			}
		}
		return false
	}
	fits, err := path.Match(pattern, name)
	return err == nil && fits
}
