package runner

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/redact"
)

// Runner carries out tasks.
type Runner struct {
	Client *Client
	// Dir is a directory for files of commits and what engines need.
	Dir string
	// Parallel is how many tasks are done at a time.
	Parallel int
	// Pass names variables of our own environment that engines and commands may have, such as AWS_PROFILE.
	Pass []string
	// Origin of the repository, where commits are fetched that GitHub has. Nil: the server gives them out.
	Origin *mirror.Mirror
	// Only, if not empty, is the commit that tasks have to be of.
	Only string
	// Patience is how long a server that cannot be reached is waited for before the session is given up; zero: for ever.
	Patience time.Duration

	sources sources

	redactor *redact.Redactor

	mu       sync.Mutex
	hand     map[int64]*holding
	engines  map[string]engine.Engine
	plans    map[string]made
	scratch  map[string]*sync.Mutex
	ending   bool
	counts   Counts
	finished sync.WaitGroup
}

// Counts are how many tasks have ended, and how many of them failed.
type Counts struct{ Ended, Failed int }

// Counts returns how many tasks have ended so far.
func (r *Runner) Counts() Counts {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts
}

// holding is a task that is in hand.
type holding struct {
	cancel context.CancelCauseFunc
	// begun: it may have changed something, so nobody else may do it. firm: it is not broken off, whoever asks.
	begun, firm bool
}

// made is a plan whose file is here, with the task that made it.
type made struct {
	task int64
	plan engine.Plan
}

var (
	// errUnwanted is the cause of the end of a task that the server does not want any more.
	errUnwanted = errors.New("the server does not want it any more")
	// errEnding is the cause of the end of a task that can be done by others, when we are asked to end.
	errEnding = errors.New("the runner was asked to end")
)

// Run carries out tasks until ctx ends or the server has nothing more to do, and returns when all have ended. Where the
// server does not let us in, the error is [*Refused].
func (r *Runner) Run(ctx context.Context) error {
	r.hand, r.redactor = map[int64]*holding{}, redact.New()
	r.engines, r.plans, r.scratch = map[string]engine.Engine{}, map[string]made{}, map[string]*sync.Mutex{}
	r.sources = sources{dir: filepath.Join(r.Dir, "sources"), kept: map[string]*source{}}
	if err := r.begin(ctx); err != nil {
		return err
	}
	defer r.sources.close()
	// What we have in hand outlives ctx: it is to be ended in order.
	lasting, over := context.WithCancel(context.WithoutCancel(ctx))
	var beating sync.WaitGroup
	beating.Go(func() { r.beat(lasting) })
	err := r.pull(ctx, lasting)
	r.finished.Wait()
	over()
	beating.Wait()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if failed := r.Client.end(ending); failed != nil && err == nil {
		zerolog.Ctx(ctx).Debug().Err(failed).Msg("cannot say that the session ends")
	}
	return err
}

// begin begins a session, and tries again as long as the server cannot be reached.
func (r *Runner) begin(ctx context.Context) error {
	return r.persist(ctx, func() error {
		err := r.Client.Begin(ctx)
		if err == nil {
			zerolog.Ctx(ctx).Info().Str("server", r.Client.Server.Host).Msg("ready for tasks")
		}
		return err
	})
}

// persist tries something until it succeeds, or fails for good.
func (r *Runner) persist(ctx context.Context, try func() error) error {
	since, wait := time.Now(), 200*time.Millisecond
	for {
		err := try()
		switch {
		case err == nil, errors.Is(err, ErrOver), errors.As(err, new(*Refused)), errors.Is(err, errTaken), errors.Is(err, errUnknown):
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case r.Patience > 0 && time.Since(since) > r.Patience:
			return fmt.Errorf("the server cannot be reached for %s: %w", r.Patience, err)
		}
		zerolog.Ctx(ctx).Warn().Err(err).Msg("the server cannot be reached, and is tried again")
		pause := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-pause.C:
		}
		pause.Stop()
		wait = min(2*wait, 10*time.Second)
	}
}

// pull asks for tasks and carries them out, so many at a time.
func (r *Runner) pull(ctx, lasting context.Context) error {
	defer r.giveBack()
	slots := make(chan struct{}, max(r.Parallel, 1))
	for {
		select {
		case slots <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		var task *wire.Task
		err := r.persist(ctx, func() (err error) {
			task, err = r.Client.next(ctx)
			return err
		})
		switch {
		case errors.Is(err, ErrOver):
			return nil
		case errors.Is(err, errUnknown):
			if err := r.begin(ctx); err != nil {
				return quietly(ctx, err)
			}
		case err != nil:
			return quietly(ctx, err)
		}
		if task == nil {
			<-slots
			continue
		}
		r.finished.Go(func() {
			defer func() { <-slots }()
			r.carry(lasting, *task)
		})
	}
}

// quietly is no error where we were asked to end.
func quietly(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// take notes that a task is in hand; the context is the one to do it in.
func (r *Runner) take(ctx context.Context, id int64) context.Context {
	doing, cancel := context.WithCancelCause(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hand[id] = &holding{cancel: cancel}
	if r.ending {
		cancel(errEnding)
	}
	return doing
}

// beginning notes that a task is about to change something. An error means that it may not any more.
func (r *Runner) beginning(ctx context.Context, task wire.Task) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	held := r.hand[task.ID]
	held.begun, held.firm = true, task.Kind != wire.Command
	return nil
}

// putDown notes that a task is not in hand any more.
func (r *Runner) putDown(id int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.hand[id].cancel(nil)
	delete(r.hand, id)
}

// giveBack breaks off what others can do, since we are asked to end.
func (r *Runner) giveBack() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ending = true
	for _, held := range r.hand {
		if !held.begun {
			held.cancel(errEnding)
		}
	}
}

// beat says what is in hand, and breaks off what nobody wants any more.
func (r *Runner) beat(ctx context.Context) {
	for ctx.Err() == nil {
		r.mu.Lock()
		var tasks []int64
		for id := range r.hand {
			tasks = append(tasks, id)
		}
		r.mu.Unlock()
		slices.Sort(tasks)
		stop, err := r.Client.say(ctx, tasks)
		r.mu.Lock()
		for _, id := range stop {
			if held := r.hand[id]; held != nil && !held.firm {
				held.cancel(errUnwanted)
			}
		}
		r.mu.Unlock()
		if err != nil || len(stop) > 0 {
			pause := time.NewTimer(time.Second / 2)
			select {
			case <-ctx.Done():
			case <-pause.C:
			}
			pause.Stop()
		}
	}
}

// engineOf is the engine that a task asks for. Those that share files have to be one.
func (r *Runner) engineOf(wanted config.Engine, key []byte) (engine.Engine, error) {
	name := fmt.Sprintf("%+v %x", wanted, key)
	r.mu.Lock()
	defer r.mu.Unlock()
	if made, there := r.engines[name]; there {
		return made, nil
	}
	made, err := engine.New(wanted, engine.Settings{Allow: r.Pass, Redact: r.redactor.Redact, Key: key, Away: true})
	if err == nil {
		r.engines[name] = made
	}
	return made, err
}
