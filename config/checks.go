package config

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// PullCheckKind says what judges a pull request.
type PullCheckKind string

const (
	// Validate is the engine's own validation of the components that are affected.
	Validate PullCheckKind = "validate"
	// Policy is Rego over the plans and over the resolved instances.
	Policy PullCheckKind = "policy"
	// Scan is a command of the repository.
	Scan PullCheckKind = "run"
)

// PullCheck judges a pull request before it is merged.
type PullCheck struct {
	Kind PullCheckKind
	// Name is unique among the checks; by default what the check is: "validate", the folder or the command.
	Name string
	// Folder of a [Policy] check, from the repository's root, in which the policies are.
	Folder string
	// Run of a [Scan] is a shell command, run at the root of the pull request merged into trunk.
	Run string
	// SARIF says that the Scan reports in SARIF 2.1.0. Otherwise its exit code alone decides.
	SARIF bool
	// Timeout of a Scan, or of judging one plan by policies. Zero: the operator's limit, or a minute for policies.
	Timeout time.Duration
	At      Position
}

func (d *decoder) pullChecks(node *yaml.Node) (checks []PullCheck) {
	first := map[string]int{}
	d.sequence(node, "checks", func(item *yaml.Node) {
		check := d.pullCheck(item)
		if line, again := first[check.Name]; again && check.Name != "" {
			d.problem(item, "a check named %q is already on line %d; give this one another `name`", check.Name, line)
		}
		first[check.Name] = item.Line
		checks = append(checks, check)
	})
	return checks
}

// pullCheck reads the word "validate", or a mapping with one of `policy` and `run`.
func (d *decoder) pullCheck(node *yaml.Node) (c PullCheck) {
	c.At = position(node)
	if resolved(node).Kind == yaml.ScalarNode {
		c.Kind = PullCheckKind(d.oneOf(node, "a check", d.text(node, "a check"), string(Validate)))
		c.Name = string(c.Kind)
		return c
	}
	seen := d.mapping(node, "a check", fields{
		"name":    func(n *yaml.Node) { c.Name = strings.TrimSpace(d.text(n, "name")) },
		"policy":  func(n *yaml.Node) { c.Folder = d.folder(n, "policy") },
		"run":     func(n *yaml.Node) { c.Run = d.text(n, "run") },
		"sarif":   func(n *yaml.Node) { c.SARIF = d.boolean(n, "sarif") },
		"timeout": func(n *yaml.Node) { c.Timeout = d.duration(n, "timeout") },
	})
	switch {
	case seen["policy"] && seen["run"]:
		d.problem(node, "a check has either `policy` or `run`; make two of them")
	case seen["policy"]:
		c.Kind = Policy
		if seen["sarif"] {
			d.problem(node, "`sarif` belongs to a check with `run`")
		}
	case seen["run"]:
		c.Kind = Scan
		if strings.TrimSpace(c.Run) == "" {
			d.problem(node, "`run` is empty; expected a shell command")
		}
	default:
		d.problem(node, "a check lacks `policy` or `run`; the third kind is the single word `validate`")
	}
	if c.Name == "" {
		c.Name = strings.TrimSpace(c.Folder + c.Run)
	}
	return c
}

// folder reads the path of a folder in the repository.
func (d *decoder) folder(node *yaml.Node, what string) string {
	text := d.text(node, what)
	if text == "" {
		return ""
	}
	folder := path.Clean(text)
	if path.IsAbs(folder) || folder == ".." || strings.HasPrefix(folder, "../") || strings.ContainsAny(folder, "\x00\n") {
		d.problem(node, "%s is %q; expected a folder of this repository, such as policies/", what, text)
		return ""
	}
	return folder
}

func (d *decoder) boolean(node *yaml.Node, what string) bool {
	var value bool
	if scalar := resolved(node); scalar.Kind != yaml.ScalarNode || scalar.Tag != "!!bool" || scalar.Decode(&value) != nil {
		d.problem(node, "%s is %s; expected true or false", what, kind(node))
	}
	return value
}

// checkPullChecks finds checks that do not go with the engine.
func checkPullChecks(file string, r Repository) (problems Problems) {
	if r.Stacks.Engine.Kind != Command {
		return nil
	}
	i := slices.IndexFunc(r.Checks, func(check PullCheck) bool { return check.Kind == Validate })
	if i < 0 {
		return nil
	}
	return Problems{{File: file, At: r.Checks[i].At, Message: fmt.Sprintf(
		"`%s` is what terraform and tofu have; an engine of your own validates in a check with `run`", Validate)}}
}
