package deploy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// waits ends a pass whose deployment goes on later.
type waits struct{ until time.Time }

func (w *waits) Error() string { return "waits until " + w.until.UTC().Format(time.RFC3339) }

// step does one step, unless it was done before. What do returns is the time when it has to be called again (zero: the step
// has passed), or an error, of which a [*Stopped] one is the step's failure. A step that was interrupted is done again.
func (r *run) step(ctx context.Context, step promote.Step, do func(context.Context, promote.Step) (time.Time, error)) error {
	known, begun := r.recorded(step)
	if begun && (known.Phase == promote.StepPassed || known.Phase == promote.StepSkipped) {
		return nil
	}
	if err := r.abortAsked(ctx); err != nil {
		return err
	}
	if !begun || known.Phase == promote.StepFailed {
		if err := r.write(ctx, func(tx *store.Tx) error { return tx.BeginStep(r.deployment.ID, step) }); err != nil {
			return err
		}
		known, _ = r.recorded(step)
	}
	abortable, done := r.abortable(ctx)
	until, err := do(abortable, known)
	cause := context.Cause(abortable)
	done()
	var stopped *Stopped
	switch {
	case errors.As(cause, new(*aborted)):
		return cause
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil && !until.IsZero():
		return &waits{until}
	case errors.As(err, &stopped):
		known.Phase, known.Message = promote.StepFailed, stopped.Message
	case err != nil:
		return err
	default:
		known, _ = r.recorded(step) // it may have said something meanwhile
		known.Phase = promote.StepPassed
	}
	return errors.Join(err, r.write(ctx, func(tx *store.Tx) error { return tx.EndStep(r.deployment.ID, known) }))
}

func (r *run) recorded(step promote.Step) (promote.Step, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.deployment.Step(step.Kind, step.Wave, step.Name)
}

// pause lets time pass between two waves. It counts from when it began, whatever stops meanwhile.
func (r *run) pause(ctx context.Context, wave config.Wave) error {
	step := promote.Step{Kind: promote.StepPause, Wave: wave.Name, Name: wave.Pause.String()}
	return r.step(ctx, step, func(ctx context.Context, begun promote.Step) (until time.Time, err error) {
		err = r.Store.Read(ctx, func(tx *store.Tx) error {
			if end := begun.Started.Add(wave.Pause); tx.Now().Before(end) {
				until = end
			}
			return nil
		})
		return until, err
	})
}

// checks run one after the other; all must pass.
func (r *run) checks(ctx context.Context, wave string, checks []config.Check) error {
	for i, check := range checks {
		step := promote.Step{Kind: promote.StepVerify, Wave: wave, Name: check.Name}
		for _, before := range checks[:i] {
			if before.Name == check.Name {
				step.Name = fmt.Sprintf("%s (%d)", check.Name, i+1) // names of checks may come twice
			}
		}
		err := r.step(ctx, step, func(ctx context.Context, begun promote.Step) (time.Time, error) {
			return r.execute(ctx, begun, "verify", check)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// hooks run those of the commit that belong to a moment, if their condition holds.
func (r *run) hooks(ctx context.Context, moment config.HookMoment) error {
	kind := promote.StepBefore
	if moment == config.AfterDeploy {
		kind = promote.StepAfter
	}
	for _, hook := range r.target.Rules.Hooks {
		if !hook.In(r.deployment.Environment, moment) {
			continue
		}
		step := promote.Step{Kind: kind, Name: hook.Name}
		if _, begun := r.recorded(step); !begun {
			if skipped, err := r.skip(ctx, step, hook); err != nil || skipped {
				if err != nil {
					return err
				}
				continue
			}
		}
		err := r.step(ctx, step, func(ctx context.Context, begun promote.Step) (time.Time, error) {
			return r.execute(ctx, begun, "hook", hook.Check())
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// skip writes down that a hook is not to run, where that is so. A condition that cannot be evaluated stops the deployment.
func (r *run) skip(ctx context.Context, step promote.Step, hook config.Hook) (skipped bool, err error) {
	var failure error
	err = r.write(ctx, func(tx *store.Tx) error {
		state, err := tx.State(r.repository)
		if err != nil {
			return err
		}
		due, why, err := promote.HookDue(state, r.deployment.Environment, hook)
		if err != nil {
			failure = &Stopped{promote.Failure{Step: "hook", Subject: hook.Name, Message: err.Error()}}
		}
		if skipped = err == nil && !due; !skipped {
			return nil
		}
		step.Phase, step.Message = promote.StepSkipped, why
		return errors.Join(tx.BeginStep(r.deployment.ID, step), tx.EndStep(r.deployment.ID, step))
	})
	return skipped, errors.Join(err, failure)
}

// execute does what a check or a hook asks for; the time is when to look at it again, zero: it has passed.
func (r *run) execute(ctx context.Context, begun promote.Step, step string, check config.Check) (time.Time, error) {
	switch {
	case check.HTTP != "":
		return time.Time{}, r.probe(ctx, check)
	case check.Workflow.Declared():
		return r.dispatch(ctx, begun, step, check)
	}
	return time.Time{}, r.command(ctx, step, begun.Wave, check)
}

// command runs a command of the commit. It holds a lock while it runs, so that one that outlives a killed Trunkline is waited
// for before it is run again.
func (r *run) command(ctx context.Context, step, wave string, check config.Check) error {
	limit := time.Hour + check.Timeout
	limited, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it has not ended after %s", limit))
	lock, err := process.TakeLock(limited, filepath.Join(r.target.Planner.State, ".steps", r.deployment.Environment+".lock"))
	cancel()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return &Stopped{promote.Failure{Step: step, Subject: check.Name, Message: "A command of an earlier deployment still runs. " + err.Error()}}
	}
	defer lock.Release()
	command := r.target.Check(r.rules, check)
	command.Locks = append(slices.Clone(command.Locks), lock)
	command.Env = maps.Clone(command.Env)
	if command.Env == nil {
		command.Env = map[string]string{}
	}
	command.Env["TRUNKLINE_FROM"], command.Env["TRUNKLINE_WAVE"] = r.deployment.From, wave
	command.Env["TRUNKLINE_DEPLOYMENT"] = fmt.Sprint(r.deployment.ID)
	result, err := r.logged(ctx, logName(step, wave, check.Name), command)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	message := strings.TrimSpace(r.target.Redact(result.Log))
	switch {
	case err != nil:
		message = strings.TrimSpace(r.target.Redact(err.Error()) + "\n" + message)
	case result.ExitCode != 0:
		message = strings.TrimSpace(fmt.Sprintf("It ended with exit code %d.\n%s", result.ExitCode, message))
	default:
		return nil
	}
	return &Stopped{promote.Failure{Step: step, Subject: check.Name, Message: message}}
}
