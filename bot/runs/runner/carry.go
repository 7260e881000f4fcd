package runner

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rs/zerolog"

	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/stack"
)

// carry does a task and says how it ended.
func (r *Runner) carry(ctx context.Context, task wire.Task) {
	logger := zerolog.Ctx(ctx).With().Int64("task", task.ID).Str("kind", string(task.Kind)).Str("repo", task.Name).Str("environment", task.Environment).
		Str("sha", task.Commit).Logger()
	ctx = logger.WithContext(ctx)
	logger.Info().Str("about", task.About()).Msg("a task has begun")
	doing := r.take(ctx, task.ID)
	defer r.putDown(task.ID)
	shown := r.redactor.Hide(task.Secrets()...)
	defer shown()
	said := newStream(r.Client, task.ID)
	sending, stop := context.WithCancel(ctx)
	var sends sync.WaitGroup
	sends.Go(func() { said.run(sending) })
	outcome := r.do(doing, task, said)
	stop()
	sends.Wait()
	if outcome == nil {
		logger.Info().Msg("the server does not want it any more")
		return
	}
	err := r.persist(ctx, func() error {
		if err := said.send(ctx); err != nil {
			return err
		}
		return r.Client.result(ctx, task.ID, *outcome)
	})
	if err != nil {
		logger.Warn().Err(err).Msg("the server has not taken how a task ended")
		return
	}
	r.mu.Lock()
	if r.counts.Ended++; outcome.Failure != nil || outcome.Error != "" || outcome.Ran != nil && outcome.Ran.ExitCode != 0 {
		r.counts.Failed++
	}
	r.mu.Unlock()
	logger.Info().Bool("returned", outcome.Returned).Bool("failed", outcome.Failure != nil || outcome.Error != "").Msg("a task has ended")
}

// do does a task; nil: nobody wants to know how it ended.
func (r *Runner) do(ctx context.Context, task wire.Task, said *stream) *wire.Outcome {
	outcome := wire.Outcome{Commit: task.Commit}
	if r.Only != "" && r.Only != task.Commit {
		outcome.Commit = r.Only
		return &outcome
	}
	files, err := r.sources.get(ctx, r, task)
	if err == nil {
		outcome.Commit = files.commit
		if task.Kind == wire.Command {
			err = r.command(ctx, task, doing{files: files, said: said, outcome: &outcome})
		} else {
			err = r.engine(ctx, task, doing{files: files, said: said, outcome: &outcome})
		}
		r.sources.put(files)
	}
	cause := context.Cause(ctx)
	var failure *engine.Failure
	switch {
	case errors.Is(cause, errUnwanted) && task.Kind != wire.Command:
		return nil
	case errors.Is(cause, errEnding) && err != nil && !r.begun(task.ID):
		return &wire.Outcome{Commit: outcome.Commit, Returned: true}
	case errors.As(err, &failure):
		outcome.Failure = failure
	case err != nil:
		outcome.Error, outcome.TimedOut = r.redactor.Redact(r.hostless(err.Error(), files)), errors.Is(err, process.ErrTimeout)
	}
	return &outcome
}

func (r *Runner) begun(id int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hand[id].begun
}

// hostless is a text without our own directories.
func (r *Runner) hostless(text string, files *source) string {
	if files != nil {
		text = strings.ReplaceAll(strings.ReplaceAll(text, files.root+"/", ""), files.root, ".")
	}
	return strings.ReplaceAll(text, r.Dir, "$RUNNER")
}

// doing is what a task is done with.
type doing struct {
	files   *source
	said    *stream
	outcome *wire.Outcome
}

// command runs a command of the repository at its root.
func (r *Runner) command(ctx context.Context, task wire.Task, d doing) error {
	home := filepath.Join(r.Dir, "commands", fmt.Sprint(task.ID))
	defer os.RemoveAll(home)
	command := process.Command{Name: task.Shell.Name, Args: task.Shell.Args, Dir: d.files.root, Home: home, Allow: r.Pass,
		Env: maps.Clone(task.Env), Log: filepath.Join(home, "command.log"), Copy: d.said, Locks: []*process.Lock{d.files.lock}}
	if command.Env == nil {
		command.Env = map[string]string{}
	}
	command.Env["TRUNKLINE_ROOT"] = d.files.root
	command.Limits.Timeout, command.Limits.Read = task.Timeout, task.Shell.Read
	if err := r.beginning(ctx, task); err != nil {
		return err
	}
	result, err := process.Run(ctx, command)
	d.outcome.Ran = &wire.Ran{ExitCode: result.ExitCode, Log: r.hostless(result.Log, d.files), Truncated: result.Truncated, Duration: result.Duration}
	return err
}

// engine does what an engine is asked for, with the instance's locks held: no two engines work in one place, and one that
// outlived a runner that was killed is waited for.
func (r *Runner) engine(ctx context.Context, task wire.Task, d doing) error {
	asked := task.Engine
	chosen, err := r.engineOf(asked.Engine, asked.Key)
	if err != nil {
		return &engine.Failure{Step: "init", Message: "On the runner: " + err.Error()}
	}
	kind := "look" // previews are not to stand in the way of applies
	if asked.Lock {
		kind = "deploy"
	}
	repository := fmt.Sprint(task.Repository)
	p := planner.Planner{Engine: chosen, State: filepath.Join(r.Dir, "locks", repository, kind), Env: task.Env, Timeout: task.Timeout}
	if err := os.MkdirAll(p.State, 0o700); err != nil {
		return fmt.Errorf("make the folder of locks: %w", err)
	}
	lock, err := p.TakeLock(ctx, asked.Instance)
	if err != nil {
		return fmt.Errorf("wait for others to be done with %s: %w", asked.Instance.Name(), err)
	}
	defer lock.Release()
	place := planner.Place{Commit: task.Commit, Root: d.files.root, Scratch: filepath.Join(r.Dir, "scratch", repository, kind), Lock: asked.Lock,
		Document: asked.Document, Locks: []*process.Lock{d.files.lock, lock}}
	if !asked.Lock {
		place.Initialised = filepath.Join(r.Dir, "initialised", repository)
	}
	work := p.Work(place, asked.Instance)
	work.Output = d.said
	return r.work(ctx, task, working{doing: d, engine: chosen, work: work})
}

// working is the work that an engine does for a task.
type working struct {
	doing
	engine engine.Engine
	work   engine.Work
}

func (r *Runner) work(ctx context.Context, task wire.Task, w working) (err error) {
	switch task.Kind {
	case wire.Plan:
		return r.plan(ctx, task, w)
	case wire.Apply:
		return r.apply(ctx, task, w)
	case wire.Validate:
		validator, can := w.engine.(engine.Validator)
		if !can {
			return errors.New("this engine has no validation of its own")
		}
		w.outcome.Diagnostics, err = validator.Validate(ctx, w.work)
		return err
	case wire.Destroy:
		destroyer, can := w.engine.(engine.Destroyer)
		if !can {
			return errors.New("this engine cannot destroy what it deployed")
		}
		if err := r.beginning(ctx, task); err != nil {
			return err
		}
		return destroyer.Destroy(ctx, w.work)
	case wire.Output:
		teller, can := w.engine.(engine.Teller)
		if !can {
			return errors.New("this engine has no outputs")
		}
		w.outcome.Output, err = teller.Output(ctx, w.work, task.Output)
		return err
	}
	return fmt.Errorf("this runner cannot do %q; it is older than the server", task.Kind)
}

// plan plans, and keeps the plan of what may be applied next.
func (r *Runner) plan(ctx context.Context, task wire.Task, w working) error {
	plan, err := w.engine.Plan(ctx, w.work)
	key := w.work.Scratch
	r.mu.Lock()
	delete(r.plans, key)
	if err == nil && w.work.Lock {
		r.plans[key] = made{task.ID, plan}
	}
	r.mu.Unlock()
	if err != nil {
		r.forget(ctx, w.work)
		return err
	}
	if plan.Document != "" {
		if w.outcome.Document, err = os.ReadFile(plan.Document); err != nil {
			return fmt.Errorf("read the plan of %s: %w", w.work.Instance.Name(), err)
		}
	}
	if !w.work.Lock || plan.Empty() {
		r.forget(ctx, w.work)
	}
	w.outcome.Secrets, w.outcome.Reveals = plan.Secrets, plan.Reveals
	plan.File, plan.Document, plan.Instance = "", "", stack.Instance{}
	w.outcome.Plan = &plan
	return nil
}

// apply applies the plan that the task names, or where it is not here, one that is the same or a part of it.
func (r *Runner) apply(ctx context.Context, task wire.Task, w working) error {
	key := w.work.Scratch
	r.mu.Lock()
	kept := r.plans[key]
	delete(r.plans, key)
	r.mu.Unlock()
	defer r.forget(ctx, w.work)
	plan := kept.plan
	if _, err := os.Stat(plan.File); kept.task != task.Planned.Task || plan.Digest != task.Planned.Digest || err != nil {
		if plan, err = w.engine.Plan(ctx, w.work); err != nil {
			return err
		}
		if plan.Digest != task.Planned.Digest && !engine.Among(plan.Changes, task.Planned.Changes) {
			return &engine.Failure{Step: "plan", Message: "Planned again on the runner that was to apply it, the plan is another one: " + plan.Summary() +
				", where " + task.Planned.Summary + " was planned. Nothing was applied."}
		}
	}
	if plan.Empty() {
		return nil
	}
	if err := r.beginning(ctx, task); err != nil {
		return err
	}
	err := w.engine.Apply(ctx, w.work, plan)
	if revealer, can := w.engine.(engine.Revealer); can && (plan.Reveals || task.Planned.Reveals) {
		silent := w.work
		silent.Output = nil
		values, failed := revealer.Revealed(ctx, silent)
		if failed != nil {
			zerolog.Ctx(ctx).Warn().Err(failed).Msg("nobody knows what is sensitive in the outputs")
		}
		w.outcome.Secrets = values
	}
	return err
}

// forget removes what holds values that are secret.
func (r *Runner) forget(ctx context.Context, work engine.Work) {
	err := work.Forget(func(text string) bool { return r.redactor.Redact(text) != text })
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot remove what an engine left behind")
	}
}
