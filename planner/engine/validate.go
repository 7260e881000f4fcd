package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"github.com/trunkline/trunkline/planner/process"
)

// Validator is an engine that can tell wrong code without a plan, as terraform can.
type Validator interface {
	// Validate says what is wrong with the code of the instance's component, whatever its variables. It is best asked
	// after a plan, with the same work, and not during one. Errors are as those of [Engine].
	Validate(ctx context.Context, work Work) ([]Diagnostic, error)
}

// Diagnostic is something that an engine has to say about code.
type Diagnostic struct {
	// Warning: it stops nothing.
	Warning bool
	// Message, redacted. It may have several lines.
	Message string
	// File from the repository's root with its lines, where the engine named a place in the repository.
	File          string
	Line, EndLine int
}

// uninitialised begin the summaries of diagnostics that say no more than that init has not run.
var uninitialised = []string{"Module not installed", "Missing required provider", "Required plugins are not installed",
	"Module source has changed", "Module version requirements have changed", "Inconsistent dependency lock file",
	"Missing or corrupted provider plugins"}

// Validate is terraform validate. It needs what init fetches: that is there after a plan; where it is not, as after a
// plan that could not reach its backend, it is fetched without one.
func (t *terraform) Validate(ctx context.Context, work Work) ([]Diagnostic, error) {
	ctx, cancel := work.within(ctx)
	defer cancel()
	found, err := t.validate(ctx, work)
	if err != nil || !slices.ContainsFunc(found, needsInit) {
		return t.diagnostics(work, found), err
	}
	result, err := t.run(ctx, work, "validate-init", "init", "-backend=false", "-input=false", "-no-color")
	if err != nil {
		return nil, err
	}
	if result.ExitCode == 0 {
		found, err = t.validate(ctx, work)
		return t.diagnostics(work, found), err
	}
	// Init fails on code that is wrong too; then that is what is to be said.
	if found = slices.DeleteFunc(found, needsInit); len(found) == 0 {
		failure := t.settings.failure("init", result.Log, work)
		return []Diagnostic{{Message: failure.Message, File: failure.File, Line: failure.Line}}, nil
	}
	return t.diagnostics(work, found), nil
}

func needsInit(diagnostic tfjson.Diagnostic) bool {
	return slices.ContainsFunc(uninitialised, func(summary string) bool { return strings.HasPrefix(diagnostic.Summary, summary) })
}

func (t *terraform) validate(ctx context.Context, work Work) ([]tfjson.Diagnostic, error) {
	run := t.command(work, "validate", "validate", "-json", "-no-color")
	run.Output = work.scratch("validate.json")
	result, err := process.Run(ctx, run)
	if err != nil {
		return nil, t.settings.stopped(ctx, "validate", err, result, work)
	}
	text, err := os.ReadFile(run.Output)
	if err != nil {
		return nil, fmt.Errorf("validate %s: %w", work.Instance.Path, err)
	}
	var said tfjson.ValidateOutput
	if err := json.Unmarshal(text, &said); err != nil {
		return nil, t.settings.failure("validate", string(text)+result.Log, work)
	}
	if !said.Valid && len(said.Diagnostics) == 0 {
		return nil, t.settings.failure("validate", result.Log, work)
	}
	return said.Diagnostics, nil
}

func (t *terraform) diagnostics(work Work, said []tfjson.Diagnostic) (found []Diagnostic) {
	for _, one := range said {
		message := strings.TrimSpace(plain(one.Summary))
		if detail := strings.TrimSpace(plain(one.Detail)); detail != "" {
			message += ": " + detail
		}
		diagnostic := Diagnostic{Warning: one.Severity == tfjson.DiagnosticSeverityWarning, Message: t.settings.Redact(work.Hostless(message))}
		if one.Range != nil {
			diagnostic.File = work.inRepository(one.Range.Filename)
		}
		if diagnostic.File != "" {
			diagnostic.Line, diagnostic.EndLine = one.Range.Start.Line, one.Range.End.Line
		}
		found = append(found, diagnostic)
	}
	return found
}
