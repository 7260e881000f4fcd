// Package policy judges plans, and the instances that a repository resolves to, by policies in Rego.
//
// A policy is a file *.rego under the folder that the configuration names; files *_test.rego are left alone. In every
// package the rules deny and warn are sets of messages:
//
//	package tags
//
//	deny contains msg if {
//		some change in input.plan.resource_changes
//		"delete" in change.change.actions
//		msg := sprintf("%s would be destroyed", [change.address])
//	}
//
// A message is a text, or an object with msg and, where it is about a place, file, line and resource. Each message is
// shown with the file and line of the rule that it comes from: [Read] gives each such rule a name of its own beside
// the one that it shares, and these are what is evaluated.
//
// # What is judged
//
// Each planned instance, and once all instances of the commit; input.kind tells which:
//
//	{"kind": "plan", "instance": {environment, stack, component, path, workspace, variables}, "plan": {...}}
//	{"kind": "stacks", "instances": [{..., "affected": true}, ...]}
//
// The plan is [engine.Plan.Document]: it holds no sensitive values.
//
// # What policies may do
//
// Compute. The functions that reach outside, such as http.send and opa.runtime, do not exist for them; neither do
// those of chance. Judging is bounded in time and, roughly, in memory. An error in a policy is an answer: it fails the
// check, with file, line and column. Nothing that a policy says is taken for "passed" because it could not be computed.
package policy

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/trunkline/trunkline/planner"
)

// Extension of policies.
const Extension = ".rego"

// IsPolicy tells whether a file of the folder is a policy.
func IsPolicy(file string) bool {
	return strings.HasSuffix(file, Extension) && !strings.HasSuffix(file, "_test"+Extension)
}

// verdict is one deny or warn rule.
type verdict struct {
	level planner.Level
	// source is where the rule is, such as policies/tags.rego:12.
	file string
	line int
}

func (v verdict) source() string { return fmt.Sprintf("%s:%d", v.file, v.line) }

// Policies are the policies of one folder, ready to judge. They may be used by several at a time.
type Policies struct {
	// Limits of judging; the zero value means the defaults that are named there.
	Limits Limits

	verdicts []verdict
	query    rego.PreparedEvalQuery
}

// Limits of judging one plan.
type Limits struct {
	// Timeout; zero: one minute.
	Timeout time.Duration
	// Memory that the process may grow by meanwhile, in bytes; zero: 1 GiB. Others who work at the same time count too.
	Memory uint64
	// Document is how large a plan may be, in bytes; zero: 64 MiB.
	Document int64
}

// Errors are what is wrong with policies, as findings of level [planner.Broken].
type Errors []planner.Finding

// Error joins the messages, one a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, finding := range e {
		lines[i] = finding.Source + ": " + finding.Message
	}
	return strings.Join(lines, "\n")
}

// Limits of policies.
const (
	maxFiles  = 1000
	maxSource = 16 << 20 // bytes
)

// Read compiles the policies, which are given by their paths. The error is [Errors], all at once.
func Read(files map[string][]byte) (*Policies, error) {
	modules, err := parse(files)
	if err != nil {
		return nil, err
	}
	p := &Policies{}
	query := p.name(modules)
	if len(p.verdicts) == 0 {
		return nil, Errors{{Level: planner.Broken, Message: "no policy has a rule named `deny` or `warn`: nothing would be judged"}}
	}
	compiler := ast.NewCompiler().WithCapabilities(capabilities()).SetErrorLimit(20).WithDefaultRegoVersion(ast.RegoV1)
	if compiler.Compile(modules); compiler.Failed() {
		return nil, wrong(compiler.Errors)
	}
	if p.query, err = prepare(compiler, query); err != nil {
		return nil, wrong(err)
	}
	return p, nil
}

// Rules is how many deny and warn rules there are.
func (p *Policies) Rules() int { return len(p.verdicts) }

func parse(files map[string][]byte) (map[string]*ast.Module, error) {
	var found Errors
	size := 0
	modules := make(map[string]*ast.Module, len(files))
	for _, name := range slices.Sorted(maps.Keys(files)) {
		size += len(files[name])
		module, err := ast.ParseModuleWithOpts(name, string(files[name]), ast.ParserOptions{
			Capabilities: capabilities(), RegoVersion: ast.RegoV1})
		if err != nil {
			found = append(found, wrong(err)...)
			continue
		}
		modules[name] = module
	}
	if len(files) > maxFiles || size > maxSource {
		return nil, Errors{{Level: planner.Broken, Message: fmt.Sprintf(
			"%d policies with %d bytes are too many; at most %d with %d bytes are read", len(files), size, maxFiles, maxSource)}}
	}
	if len(found) > 0 {
		return nil, found
	}
	return modules, nil
}

// name gives every deny and warn rule a second name that no other rule has, so that its messages can be told from
// those of others, and returns the query for all of them: a list with the values of each.
func (p *Policies) name(modules map[string]*ast.Module) string {
	var terms []string
	for _, file := range slices.Sorted(maps.Keys(modules)) {
		module := modules[file]
		for _, rule := range module.Rules {
			level := levelOf(rule)
			if level == "" {
				continue
			}
			name := fmt.Sprintf("trunkline_%s_%d", level, len(p.verdicts))
			p.verdicts = append(p.verdicts, verdict{level: level, file: file, line: rule.Location.Row})
			module.Rules = append(module.Rules, renamed(rule, name))
			reference := module.Package.Path.Append(ast.StringTerm(name))
			terms = append(terms, fmt.Sprintf("[x | x := %s]", reference))
		}
	}
	return "verdicts := [" + strings.Join(terms, ", ") + "]"
}

// levelOf is the level of a rule named deny or warn, or "".
func levelOf(rule *ast.Rule) planner.Level {
	reference := rule.Head.Ref()
	if len(rule.Head.Args) > 0 || len(reference) == 0 {
		return ""
	}
	switch reference[0].Value.String() {
	case "deny":
		return planner.Deny
	case "warn":
		return planner.Warn
	}
	return ""
}

// renamed is a copy of the rule, with its else branches, under another name.
func renamed(rule *ast.Rule, name string) *ast.Rule {
	again := rule.Copy()
	for branch := again; branch != nil; branch = branch.Else {
		reference := branch.Head.Ref().Copy()
		reference[0] = ast.VarTerm(name)
		branch.Head.Name = ast.Var(name)
		branch.Head.SetRef(reference)
	}
	return again
}

// wrong makes findings of OPA's errors.
func wrong(err error) Errors {
	var several ast.Errors
	var one *ast.Error
	switch {
	case errors.As(err, &several):
	case errors.As(err, &one):
		several = ast.Errors{one}
	default:
		return Errors{{Level: planner.Broken, Message: err.Error()}}
	}
	var found Errors
	for _, each := range several {
		finding := broken(each.Message, each.Location)
		again := func(one planner.Finding) bool { return one.Source == finding.Source && one.Message == finding.Message }
		if !slices.ContainsFunc(found, again) { // once for the rule, once for its copy
			found = append(found, finding)
		}
	}
	return found
}

// secondName is one that [Policies.name] gave.
var secondName = regexp.MustCompile(`\btrunkline_(deny|warn)_\d+\b`)

// broken is the finding that a policy has an error.
func broken(message string, at *ast.Location) planner.Finding {
	finding := planner.Finding{Level: planner.Broken, Message: explained(secondName.ReplaceAllString(message, "$1"))}
	switch {
	case at == nil || at.File == "":
	case at.Row < 1:
		finding.File, finding.Source = at.File, at.File
	default:
		finding.File, finding.Line, finding.EndLine = at.File, at.Row, at.Row
		finding.Source = fmt.Sprintf("%s:%d:%d", at.File, at.Row, at.Col)
	}
	return finding
}

// explained adds why a function is not there, where that is not a typing error.
func explained(message string) string {
	name, undefined := strings.CutPrefix(message, "undefined function ")
	if undefined && slices.Contains(removed(), name) {
		return message + ": policies here may not reach outside, nor leave anything to chance"
	}
	return message
}

// Files are those of the names that are policies of the folder, at any depth.
func Files(folder string, names []string) (files []string) {
	for _, name := range names {
		inside := folder == "." || strings.HasPrefix(name, folder+"/")
		if inside && IsPolicy(path.Base(name)) {
			files = append(files, name)
		}
	}
	return files
}
