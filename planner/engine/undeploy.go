package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/trunkline/trunkline/planner/process"
)

// Destroyer is an engine that can destroy what it has deployed.
type Destroyer interface {
	// Destroy destroys everything that the state of the instance has, and then the workspace, which must not be the
	// default one. Where there is nothing it does nothing, so that it can be tried until it succeeds. What it is given
	// is destroyed without being shown to anybody: it is for what lives in a state of its own.
	Destroy(ctx context.Context, work Work) error
}

// Teller is an engine that can say what an instance tells others once it is deployed.
type Teller interface {
	// Output is the value of an output, a text. The error is a [*Failure] where there is none of that name, or it is
	// sensitive, or no text.
	Output(ctx context.Context, work Work, name string) (string, error)
}

// errDefault is a bug of the caller.
var errDefault = errors.New("only what has a workspace of its own is destroyed")

// Destroy plans the destruction and applies exactly that plan.
func (t *terraform) Destroy(ctx context.Context, work Work) error {
	if work.Instance.Workspace == "" || work.Instance.Workspace == defaultWorkspace {
		return errDefault
	}
	ctx, cancel := work.within(ctx)
	defer cancel()
	init, arguments, err := t.initialised(ctx, work)
	if err != nil {
		return err
	}
	work = init.work
	result, err := t.run(ctx, work, "plan", append(arguments, "-destroy")...)
	if err != nil {
		return err
	}
	switch result.ExitCode {
	case 0:
	case 2:
		applied, err := t.run(ctx, work, "apply", "apply", "-input=false", "-no-color", "-lock-timeout=5m", work.scratch("plan.tfplan"))
		if err != nil {
			return err
		}
		if applied.ExitCode != 0 {
			return t.settings.failure("apply", applied.Log, work)
		}
	default:
		return t.settings.failure("plan", result.Log, work)
	}
	return t.deleteWorkspace(ctx, init)
}

// initialised makes everything ready for a plan, and returns the arguments of that.
func (t *terraform) initialised(ctx context.Context, work Work) (*initialisation, []string, error) {
	if err := work.resolved(); err != nil {
		return nil, nil, err
	}
	if err := work.generate(&t.generating, false); err != nil {
		return nil, nil, err
	}
	init, err := t.prepare(work)
	if err != nil {
		return nil, nil, err
	}
	arguments, err := t.planArguments(init.work, init.path != "")
	if err != nil {
		return nil, nil, fmt.Errorf("plan %s: %w", work.Instance.Name(), err)
	}
	return init, arguments, t.init(ctx, init)
}

// deleteWorkspace takes the empty workspace away. The engine refuses where there is still something in it.
func (t *terraform) deleteWorkspace(ctx context.Context, init *initialisation) error {
	work := init.work
	if backend, _ := t.findBackend(work.directory()); backend.Kind == "cloud" || backend.Kind == "remote" {
		return nil // there is no other workspace that one could be in meanwhile: it stays, empty
	}
	inDefault := work
	inDefault.Instance.Workspace = defaultWorkspace
	if result, err := t.run(ctx, inDefault, "init", init.arguments...); err != nil || result.ExitCode != 0 {
		return orFailure(err, t.settings, "init", result, work)
	}
	listed, err := t.run(ctx, inDefault, "workspace", "workspace", "list", "-no-color")
	if err != nil || listed.ExitCode != 0 {
		return orFailure(err, t.settings, "workspace", listed, work)
	}
	if !hasWorkspace(listed.Log, work.Instance.Workspace) {
		return nil // nothing was ever written to it
	}
	result, err := t.run(ctx, inDefault, "workspace", "workspace", "delete", "-no-color", "-lock-timeout=5m", work.Instance.Workspace)
	if err != nil || result.ExitCode != 0 {
		return orFailure(err, t.settings, "workspace", result, work)
	}
	return nil
}

// hasWorkspace tells whether a list of workspaces, of which the one in use has a star, names one.
func hasWorkspace(list, name string) bool {
	for line := range strings.Lines(list) {
		if strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "*")) == name {
			return true
		}
	}
	return false
}

func orFailure(err error, settings Settings, step string, result process.Result, work Work) error {
	if err != nil {
		return err
	}
	return settings.failure(step, result.Log, work)
}

// Output asks the engine for all outputs: asked for one, it would not say whether that is sensitive.
func (t *terraform) Output(ctx context.Context, work Work, name string) (string, error) {
	ctx, cancel := work.within(ctx)
	defer cancel()
	init, _, err := t.initialised(ctx, work)
	if err != nil {
		return "", err
	}
	work = init.work
	file := work.scratch("outputs.json")
	defer func() { _ = removeIfThere(file) }() // the whole scratch folder goes soon
	run := t.command(work, "output", "output", "-json", "-no-color")
	run.Output = file
	result, err := process.Run(ctx, run)
	if err != nil {
		return "", t.settings.stopped(ctx, "output", err, result, work)
	}
	if result.ExitCode != 0 {
		return "", t.settings.failure("output", result.Log, work)
	}
	content, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	var outputs map[string]struct {
		Sensitive bool
		Value     any
	}
	if err := json.Unmarshal(content, &outputs); err != nil {
		return "", fmt.Errorf("read the outputs of %s: %w", work.Instance.Name(), err)
	}
	output, there := outputs[name]
	text, is := output.Value.(string)
	switch {
	case !there:
		return "", &Failure{Step: "output", Message: fmt.Sprintf("%s has no output %q", work.Instance.Component, name)}
	case output.Sensitive || !is:
		return "", &Failure{Step: "output", Message: fmt.Sprintf("the output %q of %s is sensitive or no text, and is not shown", name, work.Instance.Component)}
	}
	return text, nil
}

// Destroy runs the command for it.
func (c *command) Destroy(ctx context.Context, work Work) error {
	if c.destroy == "" {
		return errors.New("the engine has no command that destroys: add `destroy` to stacks.engine")
	}
	if work.Instance.Workspace == "" || work.Instance.Workspace == defaultWorkspace {
		return errDefault
	}
	if err := work.resolved(); err != nil {
		return err
	}
	if err := work.generate(&c.generating, true); err != nil {
		return err
	}
	return c.run(ctx, work, "destroy", func(*process.Command) {})
}
