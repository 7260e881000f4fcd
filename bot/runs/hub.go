// Package runs has plans, applies and commands carried out on other hosts: by `trunkline worker`, and by jobs of GitHub
// Actions.
//
// Whoever would run an engine here ([Scope.Engine]) has the same interface there: each call becomes a task, which is
// written down, waits for somebody who may take it, and ends with what that one says. So what deploys knows nothing of
// other hosts, and what was approved is what is applied there too: an apply says which plan it is of, and whoever has not
// that plan's file plans again and applies only the same change set, or a part of it.
//
// Whoever carries out tasks holds a session. One that is silent has lost what it had in hand: what changes nothing goes to
// another, what changes something ends with a failure that says so. What such a session says later counts for nothing.
//
// What a task is given, secrets among it, is kept in memory alone. When the server ends, what nobody has begun is
// withdrawn; an apply goes on, its session is known again at the next start, and nobody works on the instance before it
// has ended ([Scope.Await]).
package runs

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

// Options are what a Hub is made of.
type Options struct {
	Store *store.Store
	// Workers that may carry out tasks, and how long to wait for them.
	Workers []config.Worker
	Runners config.Runners
	// Archive writes the files of a commit as a tar archive.
	Archive func(ctx context.Context, repository int64, sha string, to io.Writer) error
	// Actions has jobs of GitHub Actions carry out tasks. Nil: there are none.
	Actions *Actions
	// Gather is how long tasks that come together are waited for before a workflow is dispatched, Linger how long a job waits
	// for more to do. Zero: a quarter of a second, and twenty seconds.
	Gather, Linger time.Duration
	// Now is the real time; nil: that of the host.
	Now func() time.Time
}

// Hub is where tasks wait for those who carry them out.
type Hub struct {
	Options
	// beat is how often sessions say what they have in hand.
	beat time.Duration

	// asking are those who ask GitHub something.
	asking sync.WaitGroup

	// started is closed when what was left is known.
	started chan struct{}
	// stopping is closed when nothing more is given out.
	stopping chan struct{}

	mu       sync.Mutex
	tasks    map[int64]*entry
	sessions map[string]*session // by the SHA-256 of their tokens
	runs     map[int64]*running
	// changed is closed, and made anew, when there is something to take or an end was reached; stops when something is to
	// be stopped.
	changed, stops chan struct{}
}

// entry is a task that has not ended.
type entry struct {
	store.Task
	// given is what whoever takes it gets; nil: a server that was killed has asked, and it can only end.
	given *wire.Task
	labels
	runner config.Runner
	// github is the GitHub environment of what changes something.
	github string
	ended  chan end // one fits
	since  time.Time
	// runs is how many runs ended while it waited.
	runs int
	// alone is since when there is nobody who may take it; zero: there is somebody.
	alone time.Time
	// stop: it is to be stopped.
	stop bool
	output
}

// end is how a task ended.
type end struct {
	wire.Outcome
	err error
}

// New makes a hub. Nothing is asked of anybody before [Hub.Start].
func New(o Options) *Hub {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Runners.Wait == 0 {
		o.Runners.Wait = 15 * time.Minute
	}
	if o.Runners.LostAfter == 0 {
		o.Runners.LostAfter = time.Minute
	}
	if o.Gather == 0 {
		o.Gather = 250 * time.Millisecond
	}
	if o.Linger == 0 {
		o.Linger = 20 * time.Second
	}
	return &Hub{Options: o, beat: min(o.Runners.LostAfter/4, 10*time.Second), started: make(chan struct{}), stopping: make(chan struct{}),
		tasks: map[int64]*entry{}, sessions: map[string]*session{}, runs: map[int64]*running{}, changed: make(chan struct{}), stops: make(chan struct{})}
}

// Start takes up what a server that ended has left: applies that go on, and those who have them in hand.
func (h *Hub) Start(ctx context.Context) error {
	var left []store.Task
	var sessions []store.Session
	var runs []store.Run
	err := h.Store.Write(ctx, func(tx *store.Tx) (err error) {
		if err = tx.WithdrawLeft(); err != nil {
			return err
		}
		if left, err = tx.UnfinishedTasks(); err != nil {
			return err
		}
		if sessions, err = tx.LiveSessions(); err != nil {
			return err
		}
		runs, err = tx.LiveRuns()
		return err
	})
	if err != nil {
		return fmt.Errorf("take up tasks: %w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.Now()
	for _, one := range sessions {
		h.sessions[one.Token] = &session{Session: one, seen: now}
	}
	for _, task := range left {
		h.tasks[task.ID] = &entry{Task: task, ended: make(chan end, 1), since: now, output: output{file: task.Log, received: sizeOf(task.Log)}}
	}
	for _, run := range runs {
		h.runs[run.ID] = &running{Run: run, since: now, idle: now}
	}
	close(h.started)
	return nil
}

// Run looks after tasks and sessions until ctx ends. From then on nothing is given out; how tasks end is still taken.
func (h *Hub) Run(ctx context.Context) {
	defer h.asking.Wait()
	defer close(h.stopping)
	every := time.NewTicker(min(time.Second, h.beat/2))
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		if err := h.look(ctx); err != nil && ctx.Err() == nil {
			zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot look after what runs elsewhere")
		}
	}
}

// tell wakes whoever waits for a change. The caller holds the lock.
func (h *Hub) tell() {
	close(h.changed)
	h.changed = make(chan struct{})
}

// tellStops wakes those who may have to stop something. The caller holds the lock.
func (h *Hub) tellStops() {
	close(h.stops)
	h.stops = make(chan struct{})
}

// waitFor waits for a change that was announced on a channel, for some time.
func (h *Hub) waitFor(ctx context.Context, changed <-chan struct{}, most time.Duration) {
	patience := time.NewTimer(most)
	defer patience.Stop()
	select {
	case <-changed:
	case <-patience.C:
	case <-h.stopping:
	case <-ctx.Done():
	}
}
