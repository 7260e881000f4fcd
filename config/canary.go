package config

import (
	"time"

	"gopkg.in/yaml.v3"
)

// Canary is a staircase: an instance is planned and applied once for each of its steps, with a weight that the code turns
// into a share of the traffic, and has to prove itself before the next. The last step is the whole, without a weight.
type Canary struct {
	// Stacks and Components are patterns of names. An instance is meant where both agree; empty: any.
	Stacks, Components []string
	// Variable of the code that gets the weight, over all other values; empty: only the environment variable TRUNKLINE_WEIGHT
	// does.
	Variable string
	// Steps are weights in percent, each greater than the one before, less than 100.
	Steps []int
	// Verify, Watch and Pause follow each step.
	Verify []Check
	Watch  []Watch
	Pause  time.Duration
	At     Position
}

// canaries reads one staircase, or a list of them.
func (d *decoder) canaries(node *yaml.Node) (canaries []Canary) {
	if resolved(node).Kind != yaml.SequenceNode {
		return []Canary{d.canary(node)}
	}
	d.sequence(node, "canary", func(item *yaml.Node) { canaries = append(canaries, d.canary(item)) })
	return canaries
}

func (d *decoder) canary(node *yaml.Node) (c Canary) {
	c.At = position(node)
	seen := d.mapping(node, "a canary", fields{
		"stacks":     func(n *yaml.Node) { c.Stacks = d.patterns(n, "stacks") },
		"components": func(n *yaml.Node) { c.Components = d.patterns(n, "components") },
		"variable":   func(n *yaml.Node) { c.Variable = d.variableName(n) },
		"steps":      func(n *yaml.Node) { c.Steps = d.weights(n) },
		"verify":     func(n *yaml.Node) { c.Verify = d.stepChecks(n) },
		"watch":      func(n *yaml.Node) { c.Watch = d.watches(n) },
		"pause":      func(n *yaml.Node) { c.Pause = d.duration(n, "pause") },
	})
	d.require(node, seen, "a canary", "steps")
	if !seen["stacks"] && !seen["components"] {
		d.problem(node, "a canary lacks `components` or `stacks`; expected patterns such as api")
	}
	if !seen["verify"] && !seen["watch"] && !seen["pause"] {
		d.problem(node, "a canary lacks `verify`, `watch` or `pause`: nothing would be found out between its steps")
	}
	return c
}

// weights reads the steps. 100 at their end is what follows anyway.
func (d *decoder) weights(node *yaml.Node) (steps []int) {
	d.sequence(node, "steps", func(item *yaml.Node) {
		weight := d.positive(item, "steps")
		if before := len(steps) - 1; weight > 100 || weight > 0 && before >= 0 && weight <= steps[before] {
			d.problem(item, "steps has %d here; expected percentages that grow, such as [1, 5, 10, 50, 100]", weight)
		}
		steps = append(steps, weight)
	})
	if last := len(steps) - 1; last >= 0 && steps[last] == 100 {
		steps = steps[:last]
	}
	if len(steps) == 0 {
		d.problem(node, "steps has none before 100; expected percentages that grow, such as [1, 5, 10, 50, 100]")
	}
	return steps
}

func (d *decoder) variableName(node *yaml.Node) string {
	name := d.text(node, "variable")
	if !variableName.MatchString(name) {
		d.problem(node, "variable is %q; expected the name of a variable of the code, such as weight", name)
	}
	return name
}
