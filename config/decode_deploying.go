package config

import (
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"gopkg.in/yaml.v3"
)

// waves reads them in their order.
func (d *decoder) waves(node *yaml.Node) (waves []Wave) {
	first := map[string]int{}
	d.sequence(node, "waves", func(item *yaml.Node) {
		w := d.wave(item)
		if line, again := first[w.Name]; again && w.Name != "" {
			d.problem(item, "a wave named %q is already on line %d; give this one another `name`", w.Name, line)
		}
		first[w.Name] = item.Line
		waves = append(waves, w)
	})
	return waves
}

func (d *decoder) wave(node *yaml.Node) (w Wave) {
	w.At = position(node)
	seen := d.mapping(node, "a wave", fields{
		"name":       func(n *yaml.Node) { w.Name = d.text(n, "name") },
		"stacks":     func(n *yaml.Node) { w.Stacks = d.patterns(n, "stacks") },
		"components": func(n *yaml.Node) { w.Components = d.patterns(n, "components") },
		"pause":      func(n *yaml.Node) { w.Pause = d.duration(n, "pause") },
		"verify":     func(n *yaml.Node) { w.Verify = d.stepChecks(n) },
		"watch":      func(n *yaml.Node) { w.Watch = d.watches(n) },
	})
	if !seen["stacks"] && !seen["components"] {
		d.problem(node, "a wave lacks `stacks` or `components`; expected patterns such as prod/us-*")
	}
	if w.Name == "" {
		w.Name = strings.Join(append(append([]string{}, w.Stacks...), w.Components...), ", ")
	}
	return w
}

// patterns reads a list of names that may have wildcards.
func (d *decoder) patterns(node *yaml.Node, what string) []string {
	patterns := d.texts(node, what)
	for _, pattern := range patterns {
		if pattern == "" || !doublestar.ValidatePattern(pattern) {
			d.problem(node, "%s has %q; expected names or patterns such as prod/us-*", what, pattern)
		}
	}
	return patterns
}

// stepChecks reads checks that run in the midst of a deployment, so that they can have no schedule.
func (d *decoder) stepChecks(node *yaml.Node) (checks []Check) {
	d.sequence(node, "verify", func(item *yaml.Node) {
		check, schedule := d.check(item)
		if !schedule.IsZero() {
			d.problem(item, "a check of a wave runs when the wave is applied; one with `schedule` belongs to the environment's `verify`")
		}
		checks = append(checks, check)
	})
	return checks
}

// hooks reads them in the order in which they run.
func (d *decoder) hooks(node *yaml.Node) (hooks []Hook) {
	first := map[string]int{}
	d.sequence(node, "hooks", func(item *yaml.Node) {
		h := d.hook(item)
		if line, again := first[h.Name]; again {
			d.problem(item, "a hook named %q is already on line %d; give this one another `name`", h.Name, line)
		}
		first[h.Name] = item.Line
		hooks = append(hooks, h)
	})
	return hooks
}

func (d *decoder) hook(node *yaml.Node) (h Hook) {
	h.At = position(node)
	moment := func(is HookMoment) func(*yaml.Node) {
		return func(n *yaml.Node) {
			h.Moment = is
			d.oneOf(n, string(is), d.text(n, string(is)), "deploy")
		}
	}
	seen := d.mapping(node, "a hook", d.withWorkflow(&h.Workflow, fields{
		"name":         func(n *yaml.Node) { h.Name = d.text(n, "name") },
		"before":       moment(BeforeDeploy),
		"after":        moment(AfterDeploy),
		"when":         func(n *yaml.Node) { h.When = d.condition(n, "when") },
		"environments": func(n *yaml.Node) { h.Environments = d.texts(n, "environments") },
		"run":          func(n *yaml.Node) { h.Run = d.text(n, "run") },
		"timeout":      func(n *yaml.Node) { h.Timeout = d.duration(n, "timeout") },
	}))
	d.exactlyOne(node, seen, "a hook", "run", "workflow")
	if seen["before"] == seen["after"] {
		d.problem(node, "a hook needs one of `before: deploy` and `after: deploy`")
	}
	if h.Name == "" {
		h.Name = h.Run + h.Workflow.File
	}
	return h
}
