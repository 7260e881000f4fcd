package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/trunkline/trunkline/planner/process"
)

// terraform is the engine of HashiCorp Terraform and of OpenTofu.
//
// A plan takes up to three starts of the program: init, unless what it would make is there ([initialisation]); plan;
// and show to read the plan, unless nothing changes and no policy wants to see it. What init makes goes into a data
// directory in Scratch, so that several instances of one directory, which differ in their workspace and variables, do
// not tread on each other.
//
// State that would be written into the worktree, and be lost with it, is kept in Work.State: where a component has no
// backend, or the local backend with a relative path, a file [overrideName] is laid beside its code that says no more
// than "the local backend", the same for all instances, and the paths are given to init, which keeps them in the
// instance's own data directory. All other backends, and absolute paths, are the repository's business.
type terraform struct {
	program  string // path
	name     string // for people
	settings Settings
	// generating is held while files are laid beside code that several instances share.
	generating sync.Mutex
}

func (t *terraform) Plan(ctx context.Context, work Work) (Plan, error) {
	ctx, cancel := work.within(ctx)
	defer cancel()
	if err := work.resolved(); err != nil {
		return Plan{}, err
	}
	if err := work.generate(&t.generating, false); err != nil {
		return Plan{}, err
	}
	init, err := t.prepare(work)
	if err != nil {
		return Plan{}, err
	}
	work = init.work
	arguments, err := t.planArguments(work, init.path != "")
	if err != nil {
		return Plan{}, fmt.Errorf("plan %s: %w", work.Instance.Name(), err)
	}
	skipped := init.done()
	if !skipped {
		if err := t.init(ctx, init); err != nil {
			return Plan{}, err
		}
	}
	result, err := t.run(ctx, work, "plan", arguments...)
	if err == nil && skipped && result.ExitCode != 0 && result.ExitCode != 2 {
		// Whatever the reason is, it is not to be that init was left out.
		if err := t.init(ctx, init); err != nil {
			return Plan{}, err
		}
		result, err = t.run(ctx, work, "plan", arguments...)
	}
	if err != nil {
		return Plan{}, err
	}
	plan := Plan{Instance: work.Instance, Text: t.settings.Redact(work.Hostless(bounded(reading(result.Log)))), File: work.scratch("plan.tfplan")}
	switch result.ExitCode {
	case 0: // nothing would change
		plan.Digest = planDigest(nil, nil)
		if work.Document {
			shown := plan // what it shows is that nothing changes
			err = t.show(ctx, work, &shown)
			plan.Document = shown.Document
		}
		return plan, err
	case 2: // something would
		err = t.show(ctx, work, &plan)
		return plan, err
	default:
		return Plan{}, t.settings.failure("plan", result.Log, work)
	}
}

func (t *terraform) Apply(ctx context.Context, work Work, plan Plan) error {
	if plan.Empty() {
		return nil
	}
	if err := work.unlocked(); err != nil {
		return err
	}
	if _, err := os.Stat(plan.File); err != nil {
		return fmt.Errorf("apply %s: its plan is gone: %w", work.Instance.Name(), err)
	}
	ctx, cancel := work.within(ctx)
	defer cancel()
	result, err := t.run(ctx, work, "apply", "apply", "-input=false", "-no-color", "-lock-timeout=5m", plan.File)
	if err != nil {
		return err
	}
	if result.ExitCode != 0 {
		return t.settings.failure("apply", result.Log, work)
	}
	return nil
}

// prepare finds out what init is to be started with. The state is ours to keep where the initialisation has a path.
func (t *terraform) prepare(work Work) (*initialisation, error) {
	if err := os.MkdirAll(work.Scratch, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of %s: %w", work.Instance.Name(), err)
	}
	backend, unread := t.findBackend(work.directory())
	if work.Instance.GenerateBackend && work.Instance.BackendType == "local" {
		backend.Settings = flatSettings(work.Instance.Backend)
	}
	init := &initialisation{work: work, unread: unread, arguments: []string{"init", "-input=false", "-no-color"}}
	if backend.Kind != "cloud" { // which refuses the option
		init.arguments = append(init.arguments, "-reconfigure")
	}
	configuration, err := work.backendConfiguration()
	if err != nil {
		return nil, err
	}
	init.arguments = append(init.arguments, configuration...)
	if t.settings.Away && unread == nil {
		if err := backend.elsewhere(work.Instance); err != nil {
			return nil, err
		}
	}
	if unread == nil && backend.inWorktree(work.Instance.Workspace) {
		if err := override(work.directory()); err != nil {
			return nil, fmt.Errorf("prepare %s: %w", work.Instance.Name(), err)
		}
		if err := os.MkdirAll(work.State, 0o700); err != nil {
			return nil, fmt.Errorf("make the state directory of %s: %w", work.Instance.Name(), err)
		}
		init.path = absolute(backend.Settings[localPath], work.State, ourState)
		init.workspaces = absolute(backend.Settings[localWorkspaces], work.State, ourWorkspaces)
		init.arguments = append(init.arguments, "-backend-config=path="+init.path, "-backend-config=workspace_dir="+init.workspaces)
	}
	init.look(t)
	return init, nil
}

// init makes the data directory ready for the instance's backend and workspace.
func (t *terraform) init(ctx context.Context, init *initialisation) error {
	work, lock := init.work, init.lock()
	if err := init.begin(); err != nil {
		return err
	}
	result, err := t.run(ctx, work, "init", init.arguments...)
	if err != nil {
		return err
	}
	if result.ExitCode != 0 && work.Instance.Workspace != "default" && missingWorkspace(result.Log) {
		result, err = t.createWorkspace(ctx, work, init.arguments)
		if err != nil {
			return err
		}
	}
	if result.ExitCode != 0 {
		return t.settings.failure("init", result.Log, work)
	}
	if init.unread != nil {
		// The engine reads what we cannot: then we do not know where its state would go.
		return t.settings.failure("init", init.unread.Error(), work)
	}
	init.keep(lock)
	return nil
}

// missingWorkspace tells whether init refused because the backend has other workspaces but not this one. With none
// or with one it does not refuse, and the plan makes the workspace as it needs it.
func missingWorkspace(log string) bool {
	return strings.Contains(log, "Currently selected workspace") && strings.Contains(log, "does not exist")
}

func (t *terraform) createWorkspace(ctx context.Context, work Work, init []string) (process.Result, error) {
	inDefault := work
	inDefault.Instance.Workspace = "default"
	result, err := t.run(ctx, inDefault, "init", init...)
	if err != nil || result.ExitCode != 0 {
		return result, err
	}
	return t.run(ctx, inDefault, "workspace", "workspace", "select", "-no-color", "-or-create=true", work.Instance.Workspace)
}

func (t *terraform) planArguments(work Work, ours bool) ([]string, error) {
	arguments := []string{"plan", "-input=false", "-no-color", "-detailed-exitcode", "-out=" + work.scratch("plan.tfplan")}
	switch {
	case ours && !work.Lock:
		// A state file is written in place: one who reads without the lock may see half of it, or nothing, and would
		// plan to make everything anew. So wait for the apply, as long as we may.
		arguments = append(arguments, "-lock-timeout=24h")
	case work.Lock:
		arguments = append(arguments, "-lock-timeout=5m")
	default:
		arguments = append(arguments, "-lock=false")
	}
	for _, file := range work.Instance.VariableFiles {
		arguments = append(arguments, "-var-file="+filepath.Join(work.Root, filepath.FromSlash(file)))
	}
	if name := work.Instance.VariablesName; name != "" {
		return append(arguments, "-var-file="+name), nil // it lies where the engine is started
	}
	if len(work.Instance.Variables) == 0 {
		return arguments, nil
	}
	// A file, not arguments: values are then what they are, and not parsed as expressions.
	values, err := json.Marshal(work.Instance.Variables)
	if err != nil {
		return nil, fmt.Errorf("write the variables: %w", err)
	}
	file := work.scratch("variables.tfvars.json")
	if err := os.WriteFile(file, values, 0o600); err != nil {
		return nil, fmt.Errorf("write the variables: %w", err)
	}
	return append(arguments, "-var-file="+file), nil
}

// show reads the plan file into the plan. The file in between holds values that are secret, so it goes at once.
func (t *terraform) show(ctx context.Context, work Work, plan *Plan) error {
	output := work.scratch("plan.json")
	defer func() {
		if err := os.Remove(output); err != nil && !errors.Is(err, fs.ErrNotExist) {
			_ = os.Truncate(output, 0)
		}
	}()
	run := t.command(work, "show", "show", "-json", "-no-color", plan.File)
	run.Output = output
	result, err := process.Run(ctx, run)
	if err != nil {
		return t.settings.stopped(ctx, "plan", err, result, work)
	}
	if result.ExitCode != 0 {
		return t.settings.failure("plan", result.Log, work)
	}
	file, err := os.Open(output)
	if err != nil {
		return fmt.Errorf("read the plan of %s: %w", work.Instance.Name(), err)
	}
	defer file.Close()
	if err := t.settings.decode(file, work, plan); err != nil {
		return fmt.Errorf("read the plan of %s: %w", work.Instance.Name(), err)
	}
	return nil
}

func (t *terraform) run(ctx context.Context, work Work, step string, arguments ...string) (process.Result, error) {
	work.say("$ " + t.name + " " + step)
	result, err := process.Run(ctx, t.command(work, step, arguments...))
	if err != nil {
		return result, t.settings.stopped(ctx, step, err, result, work)
	}
	return result, nil
}

func (t *terraform) command(work Work, step string, arguments ...string) process.Command {
	run := process.Command{Name: t.program, Args: arguments}
	t.settings.fill(&run, work, step)
	if work.alone {
		// It lives for a moment, of which its garbage collector would take a fifth; providers, which would get this
		// too, are not there to grow.
		maps.Copy(run.Env, map[string]string{"GOGC": "800", "GOMEMLIMIT": "512MiB"})
	}
	run.Env["TF_DATA_DIR"] = work.scratch("data")
	run.Env["TF_IN_AUTOMATION"] = "1"
	run.Env["TF_INPUT"] = "0"
	run.Env["CHECKPOINT_DISABLE"] = "1"
	if work.Instance.Workspace != "" && work.Instance.Workspace != "default" {
		run.Env["TF_WORKSPACE"] = work.Instance.Workspace
	}
	return run
}
