package config

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// MaxSize of a configuration file in bytes.
const MaxSize = 256 << 10

// environmentName is what GitHub, paths, refs and concurrency groups all take without escaping.
var environmentName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Parse reads a repository's configuration. The error, if any, is [Problems], with file as the name of the file.
func Parse(file string, text []byte) (Repository, error) {
	d := &decoder{file: file}
	if len(text) > MaxSize {
		d.problem(nil, "the file has %d bytes; at most %d are read", len(text), MaxSize)
		return Repository{}, d.problems
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		d.syntax(err)
		return Repository{}, d.problems
	}
	if len(document.Content) == 0 {
		d.problem(nil, "the file is empty; the smallest configuration has `version: 1`, `stacks` and `environments`")
		return Repository{}, d.problems
	}
	repository := d.repository(document.Content[0])
	if len(d.problems) == 0 {
		d.problems = check(file, repository)
	}
	if len(d.problems) > 0 {
		return Repository{}, d.problems
	}
	return repository, nil
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// syntax turns yaml.v3's error text, which names a line, into a problem at that line.
func (d *decoder) syntax(err error) {
	var typed *yaml.TypeError
	message := err.Error()
	if errors.As(err, &typed) && len(typed.Errors) > 0 {
		message = "yaml: " + typed.Errors[0]
	}
	problem := &Problem{File: d.file, Message: "this is not YAML: " + message}
	if match := yamlLine.FindStringSubmatch(message); match != nil {
		problem.Message = "this is not YAML: " + match[2]
		if line, err := strconv.Atoi(match[1]); err == nil {
			problem.At = Position{Line: line, Column: 1}
		}
	}
	d.problems = append(d.problems, problem)
}

func (d *decoder) repository(node *yaml.Node) (r Repository) {
	d.zone, d.prometheus = d.inZone(node, nil), d.prometheusAhead(node)
	seen := d.mapping(node, "the configuration", fields{
		"version":      func(n *yaml.Node) { r.Version = d.integer(n, "version") },
		"stacks":       func(n *yaml.Node) { r.Stacks = d.stacks(n) },
		"environments": func(n *yaml.Node) { r.Environments = d.environments(n) },
		"checks":       func(n *yaml.Node) { r.Checks = d.pullChecks(n) },
		"state_moved": func(n *yaml.Node) {
			d.sequence(n, "state_moved", func(item *yaml.Node) { r.StateMoved = append(r.StateMoved, d.stateMove(item)) })
		},
		"zone": func(n *yaml.Node) { r.Zone = d.location(n) },
		"freezes": func(n *yaml.Node) {
			d.sequence(n, "freezes", func(item *yaml.Node) { r.Freezes = append(r.Freezes, d.freeze(item)) })
		},
		"diverge": func(n *yaml.Node) {
			d.sequence(n, "diverge", func(item *yaml.Node) { r.Diverge = append(r.Diverge, d.divergence(item)) })
		},
		"artifacts":  func(n *yaml.Node) { r.Artifacts = d.artifacts(n) },
		"migrations": func(n *yaml.Node) { r.Migrations = d.migrations(n) },
		"hooks":      func(n *yaml.Node) { r.Hooks = d.hooks(n) },
		"preview":    func(n *yaml.Node) { r.Preview = d.preview(n) },
		"runner":     func(n *yaml.Node) { r.Runner = d.runner(n) },
		"prometheus": func(n *yaml.Node) { d.readPrometheus(n) },

		"github_environments": func(n *yaml.Node) { r.GitHubEnvironments = d.keeping(n) },
	}, "trunk")
	d.require(node, seen, "the configuration", "version", "stacks", "environments")
	if seen["version"] && r.Version != 1 {
		d.problem(node, "version is %d; this Trunkline reads version 1", r.Version)
	}
	return r
}

func (d *decoder) stacks(node *yaml.Node) (s Stacks) {
	s.At = position(node)
	s.Engine = Engine{Kind: Terraform, At: s.At}
	seen := d.mapping(node, "stacks", fields{
		"layout":     func(n *yaml.Node) { s.Layout = d.layout(n) },
		"path":       func(n *yaml.Node) { s.Path = strings.Trim(d.text(n, "path"), "/") },
		"variables":  func(n *yaml.Node) { s.Variables = d.texts(n, "variables") },
		"engine":     func(n *yaml.Node) { s.Engine = d.engine(n) },
		"parallel":   func(n *yaml.Node) { s.Parallel = d.positive(n, "parallel") },
		"timeout":    func(n *yaml.Node) { s.Timeout = d.duration(n, "timeout") },
		"downstream": func(n *yaml.Node) { s.Downstream = d.boolean(n, "downstream") },
		"depends_on": func(n *yaml.Node) { s.DependsOn = d.dependents(n) },
		"instances": func(n *yaml.Node) {
			d.sequence(n, "instances", func(item *yaml.Node) { s.Instances = append(s.Instances, d.instance(item)) })
		},
	})
	d.require(node, seen, "stacks", "layout")
	if seen["depends_on"] && seen["layout"] && s.Layout != LayoutFolders {
		d.problem(node, "`depends_on` of stacks belongs to layout folders; in layout list each instance has its own `depends_on`, in layout atmos the stack manifests say it")
	}
	switch {
	case s.Layout == LayoutFolders && seen["layout"] && !seen["path"]:
		d.problem(node, "layout folders needs `path`, such as `environments/{environment}/{component}`")
	case s.Layout == LayoutFolders && seen["instances"]:
		d.problem(node, "`instances` belongs to layout list; layout folders finds instances by `path`")
	case s.Layout == LayoutAtmos && (seen["path"] || seen["variables"] || seen["instances"]):
		d.problem(node, "`path`, `variables` and `instances` belong to other layouts; layout atmos finds instances in the stack manifests")
	case s.Layout == LayoutList && !seen["instances"]:
		d.problem(node, "layout list needs `instances`")
	case s.Layout == LayoutList && (seen["path"] || seen["variables"]):
		d.problem(node, "`path` and `variables` belong to layout folders; in layout list each instance has its own `path` and `variable_files`")
	}
	return s
}

func (d *decoder) layout(node *yaml.Node) Layout {
	text := d.text(node, "layout")
	return Layout(d.oneOf(node, "layout", text, string(LayoutAtmos), string(LayoutFolders), string(LayoutList)))
}

func (d *decoder) engine(node *yaml.Node) (e Engine) {
	e.At = position(node)
	if resolved(node).Kind == yaml.ScalarNode {
		e.Kind = EngineKind(d.oneOf(node, "engine", d.text(node, "engine"), string(Terraform), string(Tofu)))
		return e
	}
	e.Kind = Command
	seen := d.mapping(node, "engine", fields{
		"plan":    func(n *yaml.Node) { e.Plan = d.text(n, "plan") },
		"apply":   func(n *yaml.Node) { e.Apply = d.text(n, "apply") },
		"destroy": func(n *yaml.Node) { e.Destroy = d.text(n, "destroy") },
	})
	d.require(node, seen, "an engine of your own", "plan", "apply")
	return e
}

func (d *decoder) instance(node *yaml.Node) (i Instance) {
	i.At = position(node)
	seen := d.mapping(node, "an instance", fields{
		"environment":    func(n *yaml.Node) { i.Environment = d.text(n, "environment") },
		"stack":          func(n *yaml.Node) { i.Stack = d.text(n, "stack") },
		"component":      func(n *yaml.Node) { i.Component = d.text(n, "component") },
		"path":           func(n *yaml.Node) { i.Path = strings.Trim(d.text(n, "path"), "/") },
		"workspace":      func(n *yaml.Node) { i.Workspace = d.text(n, "workspace") },
		"variable_files": func(n *yaml.Node) { i.VariableFiles = d.texts(n, "variable_files") },
		"variables":      func(n *yaml.Node) { i.Variables = d.variables(n) },
		"files":          func(n *yaml.Node) { i.Files = d.texts(n, "files") },
		"depends_on":     func(n *yaml.Node) { i.DependsOn = d.references(n, "depends_on") },
	})
	d.require(node, seen, "an instance", "environment", "path")
	return i
}

func (d *decoder) stateMove(node *yaml.Node) (m StateMove) {
	m.At = position(node)
	seen := d.mapping(node, "an entry of state_moved", fields{
		"instance": func(n *yaml.Node) { m.Instance = d.text(n, "instance") },
		"from":     func(n *yaml.Node) { m.From = d.texts(n, "from") },
	})
	d.require(node, seen, "an entry of state_moved", "instance", "from")
	return m
}

func (d *decoder) variables(node *yaml.Node) map[string]any {
	variables := map[string]any{}
	if resolved(node).Kind != yaml.MappingNode {
		d.problem(node, "variables is %s; expected names with values", kind(node))
		return nil
	}
	if err := node.Decode(&variables); err != nil {
		d.problem(node, "variables cannot be read: %v", err)
	}
	return variables
}

func (d *decoder) environments(node *yaml.Node) (environments []Environment) {
	node = resolved(node)
	if node.Kind != yaml.MappingNode || len(node.Content) == 0 {
		d.problem(node, "environments is %s; expected names such as dev, staging and prod, in order", kind(node))
		return nil
	}
	d.duplicates(node)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if !environmentName.MatchString(key.Value) {
			d.problem(key, "%q cannot name an environment; expected lower-case letters, digits and hyphens, at most 63", key.Value)
			continue
		}
		environments = append(environments, d.environment(key, node.Content[i+1], environments))
	}
	return environments
}
