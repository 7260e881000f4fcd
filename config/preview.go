package config

import (
	"fmt"
	"maps"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"gopkg.in/yaml.v3"
)

// Preview is the template of environments that open pull requests get of their own, for a while.
type Preview struct {
	// From is the environment whose instances are deployed once more. Empty: pull requests get nothing of their own.
	From string
	// Components are patterns of the components that are deployed, or of "stack/component"; empty: all of From.
	Components []string
	// Workspace of each instance, with {number} for that of the pull request, and {stack}, {component} and {workspace}
	// for those that the instance has in From.
	Workspace string
	// Variables are given to the engine over all others; texts in them have the same placeholders, and {sha} for the commit.
	Variables map[string]any
	// TTL is how long one lives after somebody last asked for it.
	TTL time.Duration
	// Address is where people find it.
	Address PreviewAddress
	// Secrets are given to what runs for it. The operator keeps them apart from those of all environments, under
	// [PreviewSecrets].
	Secrets []SecretName
	// Limit is how many there may be at a time.
	Limit int
	// Isolated is the word of whoever wrote it that an engine of commands keeps apart what has different workspaces.
	Isolated bool
	At       Position
}

// PreviewAddress is where an environment of a pull request can be looked at: a text with {number}, or an output. The
// zero value: nowhere.
type PreviewAddress struct {
	Text string
	// Output of a Component tells it.
	Output, Component string
}

// PreviewSecrets is the name under which the operator keeps secrets for environments of pull requests.
const PreviewSecrets = "preview"

// PreviewEnvironment is the name of a pull request's own environment.
func PreviewEnvironment(number int) string { return previewPrefix + strconv.Itoa(number) }

const (
	previewPrefix  = "pr-"
	previewTTL     = 48 * time.Hour
	mostPreviewTTL = 30 * 24 * time.Hour
	previewLimit   = 5
)

var (
	ownEnvironment = regexp.MustCompile(`^` + previewPrefix + `[0-9]+$`)
	inBraces       = regexp.MustCompile(`\{[^{}]*\}`)
	workspaceText  = regexp.MustCompile(`^[A-Za-z0-9_.-]*$`)
)

// preview reads the template.
func (d *decoder) preview(node *yaml.Node) Preview {
	p := Preview{Workspace: previewPrefix + "{number}", TTL: previewTTL, Limit: previewLimit, At: position(node)}
	seen := d.mapping(node, "preview", fields{
		"from":       func(n *yaml.Node) { p.From = d.text(n, "from") },
		"components": func(n *yaml.Node) { p.Components = d.patterns(n, "components") },
		"workspace":  func(n *yaml.Node) { p.Workspace = d.previewWorkspace(n) },
		"variables":  func(n *yaml.Node) { p.Variables = d.variables(n) },
		"ttl":        func(n *yaml.Node) { p.TTL = d.previewTTL(n) },
		"address":    func(n *yaml.Node) { p.Address = d.previewAddress(n) },
		"secrets":    func(n *yaml.Node) { p.Secrets = d.secretNames(n) },
		"limit":      func(n *yaml.Node) { p.Limit = d.positive(n, "limit") },
		"isolated":   func(n *yaml.Node) { p.Isolated = d.boolean(n, "isolated") },
	})
	d.require(node, seen, "preview", "from")
	return p
}

func (d *decoder) previewWorkspace(node *yaml.Node) string {
	text := d.text(node, "workspace")
	for _, one := range inBraces.FindAllString(text, -1) {
		switch one {
		case "{number}", "{stack}", "{component}", "{workspace}":
		default:
			d.problem(node, "workspace has %s; expected {number}, {stack}, {component} or {workspace}", one)
		}
	}
	switch rest := inBraces.ReplaceAllString(text, ""); {
	case !strings.Contains(text, "{number}"):
		d.problem(node, "workspace is %q; it must have {number}, or pull requests would share their state with each other", text)
	case !workspaceText.MatchString(rest):
		d.problem(node, "workspace is %q; expected letters, digits, dots, hyphens and _ around {number}", text)
	}
	return text
}

func (d *decoder) previewTTL(node *yaml.Node) time.Duration {
	ttl := d.duration(node, "ttl")
	if ttl > mostPreviewTTL || ttl < time.Minute {
		d.problem(node, "ttl is %s; expected between 1m and 30d, such as 48h", resolved(node).Value)
	}
	return ttl
}

// previewAddress reads a text, or which output has it.
func (d *decoder) previewAddress(node *yaml.Node) (a PreviewAddress) {
	if resolved(node).Kind == yaml.ScalarNode {
		a.Text = d.text(node, "address")
		if !strings.HasPrefix(a.Text, "https://") && !strings.HasPrefix(a.Text, "http://") {
			d.problem(node, "address is %q; expected one such as https://pr-{number}.example.org, or {output: url, component: app}", a.Text)
		}
		return a
	}
	seen := d.mapping(node, "address", fields{
		"output":    func(n *yaml.Node) { a.Output = d.text(n, "output") },
		"component": func(n *yaml.Node) { a.Component = d.text(n, "component") },
	})
	d.require(node, seen, "address", "output", "component")
	return a
}

// checkPreview finds what would let an environment of a pull request be taken for one that stays.
func checkPreview(file string, r Repository) (problems Problems) {
	p := r.Preview
	if p.From == "" {
		return nil
	}
	add := func(at Position, format string, args ...any) {
		problems = append(problems, &Problem{File: file, At: at, Message: fmt.Sprintf(format, args...)})
	}
	var names []string
	for _, environment := range r.Environments {
		names = append(names, environment.Name)
		if ownEnvironment.MatchString(environment.Name) || environment.Name == PreviewSecrets {
			add(environment.At, "%s is a name that `preview` needs for what pull requests get of their own; give the environment another", environment.Name)
		}
	}
	from, known := r.Environment(p.From)
	if !known {
		add(p.At, "preview is from %q, which is no environment here%s", p.From, didYouMean(p.From, names))
	}
	if r.Stacks.Engine.Kind == Command && (r.Stacks.Engine.Destroy == "" || !p.Isolated) {
		add(p.At, "an engine of commands needs `destroy` for what pull requests deploy, and `isolated: true` here as your word that its commands keep apart what has another TRUNKLINE_WORKSPACE")
	}
	if r.Stacks.Engine.Kind == Command && p.Address.Output != "" {
		add(p.At, "an engine of commands has no outputs; write the address of previews as a text with {number}")
	}
	if p.Address.Component != "" && len(p.Components) > 0 && !p.Has("", p.Address.Component) {
		add(p.At, "the address comes from %s, which is not among the components of preview", p.Address.Component)
	}
	problems = append(problems, checkSecrets(file, Environment{Name: "preview", Secrets: p.Secrets, Variables: from.Variables})...)
	for _, instance := range r.Stacks.Instances {
		if p.mayBe(instance.Workspace) {
			add(instance.At, "the workspace %s could be that of a pull request, by `workspace: %s` of preview; change one of them", instance.Workspace, p.Workspace)
		}
	}
	return problems
}

// Has tells whether a component of a stack is deployed.
func (p Preview) Has(stack, component string) bool {
	for _, pattern := range p.Components {
		for _, name := range []string{component, stack + "/" + component} {
			if matched, err := doublestar.Match(pattern, name); err == nil && matched {
				return true
			}
		}
	}
	return len(p.Components) == 0
}

// mayBe tells whether a workspace is one that the template could make.
func (p Preview) mayBe(workspace string) bool {
	form := regexp.QuoteMeta(p.Workspace)
	for from, to := range map[string]string{"number": "[0-9]+", "stack": ".+", "component": ".+", "workspace": ".+"} {
		form = strings.ReplaceAll(form, regexp.QuoteMeta("{"+from+"}"), to)
	}
	matched, err := regexp.MatchString("^(?:"+form+")$", workspace)
	return err == nil && matched
}

// PreviewOf says whose preview the template is filled in for.
type PreviewOf struct {
	Number int
	// SHA of the commit that is deployed.
	SHA                         string
	Stack, Component, Workspace string
}

var unfitForWorkspace = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)

// WorkspaceOf is the workspace of one instance.
func (p Preview) WorkspaceOf(of PreviewOf) string {
	of.Stack, of.Component = unfitForWorkspace.ReplaceAllString(of.Stack, "-"), unfitForWorkspace.ReplaceAllString(of.Component, "-")
	return of.fill(p.Workspace)
}

// VariablesOf are the variables of one instance: those that it has, and over them those of the template.
func (p Preview) VariablesOf(of PreviewOf, own map[string]any) map[string]any {
	all := maps.Clone(own)
	if all == nil {
		all = map[string]any{}
	}
	for name, value := range p.Variables {
		all[name] = of.filled(value)
	}
	return all
}

// AddressOf is the address that the configuration itself says; empty: none.
func (p Preview) AddressOf(of PreviewOf) string { return of.fill(p.Address.Text) }

func (of PreviewOf) fill(text string) string {
	return strings.NewReplacer("{number}", strconv.Itoa(of.Number), "{sha}", of.SHA, "{stack}", of.Stack, "{component}", of.Component, "{workspace}", of.Workspace).Replace(text)
}

// filled fills in all texts of a value.
func (of PreviewOf) filled(value any) any {
	switch value := value.(type) {
	case string:
		return of.fill(value)
	case []any:
		all := make([]any, len(value))
		for i, one := range value {
			all[i] = of.filled(one)
		}
		return all
	case map[string]any:
		all := make(map[string]any, len(value))
		for name, one := range value {
			all[name] = of.filled(one)
		}
		return all
	}
	return value
}
