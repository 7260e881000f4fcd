package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/stack"
)

// prepare makes the query ready for any number of evaluations.
func prepare(compiler *ast.Compiler, query string) (rego.PreparedEvalQuery, error) {
	// Without strict errors an expression that fails is undefined, and a deny that depends on it is silent.
	return rego.New(rego.Query(query), rego.Compiler(compiler), rego.Capabilities(capabilities()),
		rego.StrictBuiltinErrors(true)).PrepareForEval(context.Background())
}

// Plan judges the plan of an instance, read from its [engine.Plan.Document]. The error is the context's; any other
// is a finding of level [planner.Broken].
func (p *Policies) Plan(ctx context.Context, instance stack.Instance, document io.Reader) ([]planner.Finding, error) {
	limit := p.Limits.orDefaults().Document
	limited := &io.LimitedReader{R: document, N: limit + 1}
	plan, err := ast.ValueFromReader(limited)
	if limited.N <= 0 {
		err = fmt.Errorf("it has more than %d bytes", limit)
	}
	if err != nil {
		return []planner.Finding{{Level: planner.Broken, Instances: []string{instance.Name()},
			Message: fmt.Sprintf("the plan cannot be judged: %s", err)}}, nil
	}
	described, err := ast.InterfaceToValue(description(instance))
	if err != nil {
		return nil, fmt.Errorf("describe %s to policies: %w", instance.Name(), err)
	}
	findings, err := p.judge(ctx, ast.NewObject(
		ast.Item(ast.StringTerm("kind"), ast.StringTerm("plan")),
		ast.Item(ast.StringTerm("instance"), ast.NewTerm(described)),
		ast.Item(ast.StringTerm("plan"), ast.NewTerm(plan))))
	for i := range findings {
		findings[i].Instances = []string{instance.Name()}
	}
	return findings, err
}

// Stacks judges all instances of a commit together; affected are the names of those that the pull request affects.
// The error is as that of [Policies.Plan].
func (p *Policies) Stacks(ctx context.Context, instances []stack.Instance, affected map[string]bool) ([]planner.Finding, error) {
	all := make([]any, len(instances))
	for i, instance := range instances {
		one := description(instance)
		one["affected"] = affected[instance.Name()]
		all[i] = one
	}
	input, err := ast.InterfaceToValue(map[string]any{"kind": "stacks", "instances": all})
	if err != nil {
		return nil, fmt.Errorf("describe the instances to policies: %w", err)
	}
	return p.judge(ctx, input)
}

// description is an instance as policies see it.
func description(instance stack.Instance) map[string]any {
	variables := instance.Variables
	if variables == nil {
		variables = map[string]any{}
	}
	return map[string]any{
		"environment": instance.Environment, "stack": instance.Stack, "component": instance.Component,
		"path": instance.Path, "workspace": instance.Workspace, "variables": variables,
	}
}

func (p *Policies) judge(ctx context.Context, input ast.Value) (findings []planner.Finding, err error) {
	limits := p.Limits.orDefaults()
	limited, cancel := context.WithTimeoutCause(ctx, limits.Timeout, fmt.Errorf("it took longer than %s", limits.Timeout))
	defer cancel()
	watched, stop := withinMemory(limited, limits.Memory)
	defer stop()
	defer func() {
		// A bug in OPA that some policy brings to light must not end the bot.
		if bug := recover(); bug != nil {
			findings, err = []planner.Finding{{Level: planner.Broken, Message: fmt.Sprintf("the policies cannot be evaluated: %v", bug)}}, nil
		}
	}()
	results, err := p.query.Eval(watched, rego.EvalParsedInput(input))
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case watched.Err() != nil:
		return []planner.Finding{{Level: planner.Broken, Message: fmt.Sprintf("judging was stopped: %s", context.Cause(watched))}}, nil
	case err != nil:
		return []planner.Finding{failure(err)}, nil
	case len(results) != 1:
		return []planner.Finding{{Level: planner.Broken, Message: "the policies gave no answer"}}, nil
	}
	verdicts, _ := results[0].Bindings["verdicts"].([]any)
	for i, values := range verdicts {
		for _, value := range values.([]any) {
			findings = append(findings, p.verdicts[i].findings(value)...)
		}
	}
	return findings, nil
}

// failure is the finding that evaluating failed.
func failure(err error) planner.Finding {
	var at *topdown.Error
	if errors.As(err, &at) {
		return broken(at.Message, at.Location)
	}
	return wrong(err)[0]
}

// findings are the messages of the rule's value.
func (v verdict) findings(value any) (all []planner.Finding) {
	messages, isSet := value.([]any)
	if !isSet {
		return []planner.Finding{v.misshapen(fmt.Sprintf("`%s` is %s here, no set of messages", v.level, shape(value)))}
	}
	for _, message := range messages {
		finding := planner.Finding{Level: v.level, Source: v.source()}
		switch message := message.(type) {
		case string:
			finding.Message = message
		case map[string]any:
			finding.Message, _ = message["msg"].(string)
			finding.Resource, _ = message["resource"].(string)
			v.place(&finding, message)
		}
		if strings.TrimSpace(finding.Message) == "" {
			finding = v.misshapen(fmt.Sprintf("`%s` holds %s, which is neither a text nor an object with `msg`", v.level, shape(message)))
		}
		all = append(all, finding)
	}
	return all
}

func (v verdict) misshapen(message string) planner.Finding {
	return planner.Finding{Level: planner.Broken, File: v.file, Line: v.line, EndLine: v.line, Source: v.source(),
		Message: fmt.Sprintf("%s; write `%s contains msg if …`", message, v.level)}
}

// place takes over where the message says that it belongs.
func (v verdict) place(finding *planner.Finding, message map[string]any) {
	file, _ := message["file"].(string)
	if file = path.Clean(file); file == "." || path.IsAbs(file) || file == ".." || strings.HasPrefix(file, "../") {
		return
	}
	finding.File = file
	if number, is := message["line"].(json.Number); is {
		if line, err := number.Int64(); err == nil && line > 0 && line < 1<<31 {
			finding.Line, finding.EndLine = int(line), int(line)
		}
	}
}

func shape(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("%T", value)
	}
	if len(text) > 60 {
		return strings.ToValidUTF8(string(text[:60]), "") + "…"
	}
	return string(text)
}

func (l Limits) orDefaults() Limits {
	if l.Timeout <= 0 {
		l.Timeout = time.Minute
	}
	if l.Memory == 0 {
		l.Memory = 1 << 30
	}
	if l.Document <= 0 {
		l.Document = 64 << 20
	}
	return l
}
