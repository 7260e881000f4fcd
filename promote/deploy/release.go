package deploy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// releaseLooks is how often a pass looks whether something else has taken the place of its step.
const releaseLooks = time.Second

// errReplaced ends a pass whose step has ended meanwhile.
var errReplaced = errors.New("something else took its place")

// Release brings the step of a release that the nudge names on: its command is run, and then what is watched is looked at. A
// pass that was killed is done again; a command that it left behind is waited for.
func (d *Deployer) Release(ctx context.Context, nudge store.Nudge) error {
	id, err := strconv.ParseInt(nudge.Subject, 10, 64)
	if err != nil {
		return fmt.Errorf("step %q of a release: %w", nudge.Subject, err)
	}
	return d.Store.Exclusive(ctx, store.Turn{Subject: "release/" + nudge.Subject}, func(ctx context.Context) error {
		r := releaseRun{Deployer: d}
		err := d.Store.Read(ctx, func(tx *store.Tx) (err error) {
			r.step, r.repository, err = tx.Release(id)
			return err
		})
		if err != nil || !r.step.Phase.Live() {
			return err
		}
		logger := zerolog.Ctx(ctx).With().Str("environment", r.step.Environment).Str("sha", r.step.Commit).Int("percent", r.step.Percent).Logger()
		current, done := r.current(logger.WithContext(ctx))
		defer done()
		err = r.bring(current)
		var stopped *Stopped
		switch {
		case errors.Is(context.Cause(current), errReplaced), errors.Is(err, store.ErrTransition), errors.Is(err, errReleaseWaits):
			return nil
		case ctx.Err() != nil:
			return err
		case errors.As(err, &stopped) && stopped.Step == "unhealthy":
			return d.Store.Write(ctx, func(tx *store.Tx) error { return tx.ReleaseUnhealthy(id, stopped.Message) })
		case errors.As(err, &stopped) && stopped.Step == "watch":
			return d.Store.Write(ctx, func(tx *store.Tx) error { return tx.ReleaseImpossible(id, stopped.Message) })
		case errors.As(err, &stopped):
			return d.Store.Write(ctx, func(tx *store.Tx) error { return tx.ReleaseFailed(id, stopped.Message) })
		}
		return err
	})
}

// releaseRun is one pass over one step of a release.
type releaseRun struct {
	*Deployer
	step       promote.Release
	repository int64
}

// current ends the context when the step has ended, because something else took its place: users must not wait for a command
// that hangs until something is taken away from them.
func (r releaseRun) current(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		ticker := time.NewTicker(releaseLooks)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			var phase promote.ReleasePhase
			err := r.Store.Read(ctx, func(tx *store.Tx) (err error) {
				phase, err = tx.ReleaseStandsAt(r.step.ID)
				return err
			})
			if err == nil && !phase.Live() {
				cancel(errReplaced)
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}

// bring runs the command, or looks at what is watched. What runs is of the commit that the environment runs, with the
// configuration that it has itself.
func (r releaseRun) bring(ctx context.Context) error {
	target, err := r.Source.CheckOut(ctx, Wanted{Repository: r.repository, Environment: r.step.Environment, SHA: r.step.Commit, Since: r.step.Asked, Begun: true})
	if err != nil {
		return err
	}
	defer target.Release()
	rules, declared := target.Rules.Environment(r.step.Environment)
	if !declared || !rules.Release.Declared() {
		return &Stopped{promote.Failure{Step: "configuration", Message: fmt.Sprintf("%s at %s has no `release` for %s.", config.Path, promote.Short(r.step.Commit), r.step.Environment)}}
	}
	pass := &run{Deployer: r.Deployer, repository: r.repository, rules: rules, releases: fmt.Sprintf("release %d", r.step.ID), deployment: promote.Deployment{
		ID: r.step.Deployment, Environment: r.step.Environment, From: r.step.Full, To: r.step.Commit, Started: r.step.Asked}}
	home := filepath.Join(target.Place.Scratch, "releases", r.step.Environment)
	pass.target = target.saying(r.percents(), home)
	if len(rules.Secrets) > 0 {
		defer os.RemoveAll(home) // commands may have written them there
	}
	pass.keepLogs(ctx)
	watches := rules.Release.Watch
	if !r.step.Up() {
		watches = nil
	}
	if r.step.Phase == promote.ReleaseRunning {
		if err := pass.measureBaselines(ctx, watches); err != nil {
			return err
		}
		release := pass.release
		if rules.Release.Workflow.Declared() {
			release = pass.releaseBy
		}
		if err := release(ctx, r.step, rules.Release); err != nil {
			return err
		}
		return r.Store.Write(ctx, func(tx *store.Tx) error {
			if err := tx.ReleaseRan(r.step.ID, len(watches) > 0); err != nil || len(watches) == 0 {
				return err
			}
			return tx.Nudge(store.Nudge{Topic: store.Releases, Repository: r.repository, Subject: fmt.Sprint(r.step.ID)})
		})
	}
	return r.watch(ctx, pass, watches)
}

// percents are the variables that tell a command what is asked of it.
func (r releaseRun) percents() map[string]string {
	return map[string]string{"TRUNKLINE_PERCENT": strconv.Itoa(r.step.Percent), "TRUNKLINE_FROM_PERCENT": strconv.Itoa(r.step.From),
		"TRUNKLINE_FROM": r.step.Full, "TRUNKLINE_DEPLOYMENT": fmt.Sprint(r.step.Deployment)}
}

// saying is the target with variables of its own for the commands of the repository, and a home that no deployment has.
func (t *Target) saying(variables map[string]string, home string) *Target {
	check := t.Check
	t.Check = func(environment config.Environment, what config.Check) process.Command {
		command := check(environment, what)
		command.Env = maps.Clone(command.Env)
		if command.Env == nil {
			command.Env = map[string]string{}
		}
		maps.Copy(command.Env, variables)
		command.Home, command.Log = home, filepath.Join(home, "check.log")
		return command
	}
	return t
}

// release runs the command. It holds a lock while it runs, so that one that outlives a killed Trunkline, or that something else
// took the place of, is waited for.
func (r *run) release(ctx context.Context, step promote.Release, rules config.Release) error {
	lock, err := process.TakeLock(ctx, filepath.Join(r.target.Planner.State, ".steps", r.deployment.Environment+".release.lock"))
	if err != nil {
		return err
	}
	defer lock.Release()
	command := r.target.Check(r.rules, rules.Check())
	command.Locks = append(slices.Clone(command.Locks), lock)
	result, err := r.logged(ctx, fmt.Sprintf("release %d%%", step.Percent), command)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	said := strings.TrimSpace(r.target.Redact(result.Log))
	switch {
	case err != nil:
		return &Stopped{promote.Failure{Step: "release", Message: strings.TrimSpace(r.target.Redact(err.Error()) + "\n" + said)}}
	case result.ExitCode != 0:
		return &Stopped{promote.Failure{Step: "release", Message: strings.TrimSpace(fmt.Sprintf("It ended with exit code %d.\n%s", result.ExitCode, said))}}
	}
	return nil
}

// watch looks at what is watched, as after a deployment, and says when to look again.
func (r releaseRun) watch(ctx context.Context, pass *run, watches []config.Watch) error {
	w := &watching{run: pass, wave: pass.releases, watches: watches}
	if err := w.once(ctx); err != nil {
		return err
	}
	step, passed := r.step, true
	var stand []string
	step.WaitsUntil = time.Time{}
	for i, watch := range watches {
		again, err := w.outcome(ctx, i)
		var stopped *Stopped
		if errors.As(err, &stopped) {
			return &Stopped{promote.Failure{Step: "unhealthy", Subject: watch.Name, Message: pass.target.Redact(fmt.Sprintf("The watch %s failed. %s", watch.Name, stopped.Message))}}
		}
		if err != nil {
			return err
		}
		stand = append(stand, fmt.Sprintf("%s: %s", watch.Name, w.stand[i].Text))
		if w.stand[i].Phase != promote.Watching {
			continue
		}
		if passed = false; step.WaitsUntil.IsZero() || again.Before(step.WaitsUntil) {
			step.WaitsUntil = again
		}
	}
	step.Text = pass.target.Redact(strings.Join(stand, "; "))
	return r.Store.Write(ctx, func(tx *store.Tx) error {
		if passed {
			return tx.ReleasePassed(step.ID)
		}
		return tx.ReleaseStands(step)
	})
}
