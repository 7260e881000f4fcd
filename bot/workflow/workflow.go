// Package workflow reads what Trunkline has to know of a GitHub Actions workflow before it dispatches it. What the keys mean is
// GitHub's: https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
package workflow

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/trunkline/trunkline/config"
)

// maxSize of a workflow that is read, in bytes; GitHub takes less.
const maxSize = 1 << 20

// File is what counts of a workflow for those who dispatch it.
type File struct {
	// RunName is what its runs are called; empty: GitHub chooses.
	RunName string
	// Dispatched tells whether it can be dispatched at all; Inputs are those that it declares then, sorted.
	Dispatched bool
	Inputs     []string
	// Required are those of them that have to be given: they are required and have no default.
	Required []string
}

// Parse reads a workflow. The error is for the person who wrote it.
func Parse(text []byte) (f File, err error) {
	if len(text) > maxSize {
		return f, fmt.Errorf("it is larger than %d bytes", maxSize)
	}
	var document struct {
		RunName string    `yaml:"run-name"`
		On      yaml.Node `yaml:"on"`
	}
	if err := yaml.Unmarshal(text, &document); err != nil {
		return f, fmt.Errorf("it is not YAML of a workflow: %w", err)
	}
	f.RunName = document.RunName
	on := &document.On
	if on.Kind == yaml.AliasNode {
		on = on.Alias
	}
	switch on.Kind {
	case yaml.ScalarNode:
		f.Dispatched = on.Value == event
	case yaml.SequenceNode:
		f.Dispatched = slices.ContainsFunc(on.Content, func(n *yaml.Node) bool { return n.Value == event })
	case yaml.MappingNode:
		return f, f.readTriggers(on)
	}
	return f, nil
}

const event = "workflow_dispatch"

func (f *File) readTriggers(on *yaml.Node) error {
	var triggers map[string]yaml.Node
	if err := on.Decode(&triggers); err != nil {
		return fmt.Errorf("its `on` cannot be read: %w", err)
	}
	var dispatch yaml.Node
	if dispatch, f.Dispatched = triggers[event]; !f.Dispatched {
		return nil
	}
	var details struct {
		Inputs map[string]struct {
			Required bool      `yaml:"required"`
			Default  yaml.Node `yaml:"default"`
		} `yaml:"inputs"`
	}
	if err := dispatch.Decode(&details); err != nil {
		return fmt.Errorf("its `on.%s` cannot be read: %w", event, err)
	}
	for name, input := range details.Inputs {
		f.Inputs = append(f.Inputs, name)
		if input.Required && input.Default.IsZero() {
			f.Required = append(f.Required, name)
		}
	}
	slices.Sort(f.Inputs)
	slices.Sort(f.Required)
	return nil
}

// Missing says what a workflow needs to be dispatched with the inputs of that names, and found again; nil: nothing.
func (f File) Missing(own []string) error {
	correlation := "${{ inputs." + config.InputCorrelation + " }}"
	var problems []string
	if !f.Dispatched {
		return errors.New("it has no `on: workflow_dispatch` with the inputs `" + config.InputCommit + "` and `" + config.InputCorrelation + "`")
	}
	for _, name := range append([]string{config.InputCommit, config.InputCorrelation}, own...) {
		if !slices.Contains(f.Inputs, name) {
			problems = append(problems, "it does not declare the input `"+name+"`")
		}
	}
	if slices.Contains(f.Inputs, config.InputCorrelation) && !strings.Contains(strings.ReplaceAll(f.RunName, " ", ""), strings.ReplaceAll(correlation, " ", "")) {
		problems = append(problems, "its `run-name` does not hold `"+correlation+"`, by which its run is found again")
	}
	for _, name := range f.Required {
		if !slices.Contains(config.WorkflowInputs(), name) && !slices.Contains(own, name) {
			problems = append(problems, "it requires the input `"+name+"`, which nobody gives: add it to `inputs`")
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return errors.New(strings.Join(problems, "; "))
}

// Given are those of the inputs that the workflow declares: GitHub refuses others.
func (f File) Given(inputs map[string]string) map[string]string {
	given := map[string]string{}
	for name, value := range inputs {
		if slices.Contains(f.Inputs, name) {
			given[name] = value
		}
	}
	return given
}
