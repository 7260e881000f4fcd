package config

import (
	"path"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// FailureWithin is how old a failure may be that is rolled back by itself, where nothing else is said.
const FailureWithin = time.Hour

// OnFailure says what follows where a deployment failed. The zero value: it halts, and waits for people.
type OnFailure struct {
	// Rollback: the environment goes back by itself to the last commit that succeeded there.
	Rollback bool
	// Within is how old the failure may be by then; zero: it halts.
	Within time.Duration
}

// Rollback are the rules by which an environment goes back to an older commit.
type Rollback struct {
	// Approve are rules of which each must be met where a person asks for it. None: who may promote may roll back.
	Approve []ApproveRule
	// Irreversible are patterns of paths: what a commit that changes one of them did cannot be taken back.
	Irreversible []string
	// Stateless are patterns of types of resources that keep nothing, such as terraform_data, or of a type and a name: nothing
	// is lost where going back destroys or replaces them.
	Stateless []string
}

// The words of `on_failure`.
const (
	halt     = "halt"
	rollback = "rollback"
)

// onFailure reads one of the words, or a mapping with one and how old a failure may be.
func (d *decoder) onFailure(node *yaml.Node) (f OnFailure) {
	word := func(n *yaml.Node, what string) {
		f.Rollback = d.oneOf(n, what, d.text(n, what), halt, rollback) == rollback
	}
	if resolved(node).Kind != yaml.MappingNode {
		word(node, "on_failure")
		f.within(FailureWithin)
		return f
	}
	within := FailureWithin
	seen := d.mapping(node, "on_failure", fields{
		"do":     func(n *yaml.Node) { word(n, "do") },
		"within": func(n *yaml.Node) { within = d.duration(n, "within") },
	})
	d.require(node, seen, "on_failure", "do")
	if seen["within"] && seen["do"] && !f.Rollback {
		d.problem(node, "`within` belongs to `do: %s`; where a deployment halts, nothing is awaited", rollback)
	}
	f.within(within)
	return f
}

func (f *OnFailure) within(within time.Duration) {
	if f.Rollback {
		f.Within = within
	}
}

func (d *decoder) rollback(node *yaml.Node) (r Rollback) {
	d.mapping(node, "rollback", fields{
		"approve":      func(n *yaml.Node) { r.Approve = d.approve(n) },
		"irreversible": func(n *yaml.Node) { r.Irreversible = d.globs(n, "irreversible") },
		"stateless":    func(n *yaml.Node) { r.Stateless = d.resources(n) },
	})
	return r
}

// resources reads patterns of types, or of a type and a name.
func (d *decoder) resources(node *yaml.Node) []string {
	patterns := d.texts(node, "stateless")
	for _, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil || pattern == "" || strings.Count(pattern, ".") > 1 || strings.Trim(pattern, "*.") == "" {
			d.problem(node, "stateless has %q; expected types of resources such as terraform_data or aws_ecs_*, or one by its type and name such as null_resource.restart", pattern)
		}
	}
	return patterns
}
