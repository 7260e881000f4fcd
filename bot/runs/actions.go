package runs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/trunkline/trunkline/promote/store"
)

// GitHub dispatches workflows and says how their runs are.
type GitHub interface {
	// Dispatch has a workflow run on trunk, and returns the id of the run; 0: GitHub has not said it. A [*Refused] error is
	// final; any other is tried again.
	Dispatch(ctx context.Context, run store.Run) (int64, error)
	// Find looks for a run that was dispatched, by its correlation; 0: there is none yet.
	Find(ctx context.Context, run store.Run) (int64, error)
	// Look tells how a run is of which the id is known.
	Look(ctx context.Context, run store.Run) (RunState, error)
}

// RunState is how GitHub says that a run is.
type RunState struct {
	// Ended, with GitHub's word for how, such as "success" or "cancelled".
	Ended      bool
	Conclusion string
	// Waiting: a person has to let it go on at GitHub.
	Waiting bool
	// URL is its page.
	URL string
}

// Refused is the error of a dispatch that will never succeed as it is.
type Refused struct {
	// Why, as a sentence that says what to do.
	Why string
}

// Error says why.
func (r *Refused) Error() string { return r.Why }

const (
	// mostShards is how many jobs a run may have: a matrix has no more.
	mostShards = 256
	// perShard is how many instances a job should have at least, before there is another.
	perShard = 20
	// mostGather is how many times as long tasks are waited for that come one after the other.
	mostGather = 20
	// lookEvery is how often GitHub is asked how a run is, while something depends on it: webhooks tell sooner.
	lookEvery = 20 * time.Second
	// mostRuns is how many runs may end without having done a task.
	mostRuns = 3
)

// running is a run that has not ended.
type running struct {
	store.Run
	// since it is wanted, and idle: since when it has nothing to do.
	since, idle time.Time
	// asked is when GitHub was last asked for something, and asking: that goes on.
	asked  time.Time
	asking bool
	// called: one of its jobs has come.
	called bool
	url    string
	// waits: a person has to let it go on.
	waits bool
}

// wanted tells whether the run is for a task.
func (r *running) wanted(e *entry) bool {
	return e.labels == nil && e.Repository == r.Repository && e.Environment == r.Environment && e.Purpose == r.Purpose && e.SHA == r.SHA
}

// name is the run in the middle of a sentence.
func (r *running) name() string {
	if r.url != "" {
		return "the run " + r.url + " of " + r.Workflow
	}
	return "the run of " + r.Workflow
}

// over tells whether there will be nothing more for a session to do. The caller holds the lock.
func (h *Hub) over(s *session) bool {
	if s.Run == 0 {
		return false
	}
	run, lives := h.runs[s.Run]
	return !lives || !run.idle.IsZero() && h.Now().Sub(run.idle) >= h.Linger
}

// lookAfterRuns has runs dispatched for what waits, and finds those that ended.
func (h *Hub) lookAfterRuns(ctx context.Context) error {
	if h.Actions == nil {
		return nil
	}
	err := h.wantRuns(ctx)
	for _, due := range h.dueRuns() {
		err = errors.Join(err, due(ctx))
	}
	return err
}

// wantRuns writes down which runs are wanted: one for all tasks that wait for the same.
func (h *Hub) wantRuns(ctx context.Context) (err error) {
	for _, run := range h.missing() {
		var id int64
		var wanted bool
		failed := h.Store.Write(ctx, func(tx *store.Tx) (err error) {
			id, wanted, err = tx.WantRun(run)
			return err
		})
		if failed != nil || !wanted {
			err = errors.Join(err, failed)
			continue
		}
		run.ID, run.Phase = id, store.RunWanted
		h.mu.Lock()
		h.runs[id] = &running{Run: run, since: h.Now()}
		h.mu.Unlock()
	}
	return err
}

// missing are runs that nobody has asked for yet. Tasks that come together are waited for a moment.
func (h *Hub) missing() (wanted []store.Run) {
	h.mu.Lock()
	defer h.mu.Unlock()
	byKey := map[string]*store.Run{}
	counts, oldest, newest := map[string]int{}, map[string]time.Time{}, map[string]time.Time{}
	for _, e := range h.tasks {
		if e.Session != 0 || e.given == nil || e.labels != nil || e.stop || h.runFor(e) != nil {
			continue
		}
		key := fmt.Sprintf("%d/%s/%s/%s", e.Repository, e.Environment, e.Purpose, e.SHA)
		byKey[key] = &store.Run{Repository: e.Repository, Environment: e.Environment, Purpose: e.Purpose, SHA: e.SHA, Workflow: e.runner.Workflow, Place: e.place()}
		counts[key]++
		if before, there := oldest[key]; !there || e.since.Before(before) {
			oldest[key] = e.since
		}
		if e.since.After(newest[key]) {
			newest[key] = e.since
		}
	}
	for key, run := range byKey {
		if h.Now().Sub(newest[key]) < h.Gather && h.Now().Sub(oldest[key]) < mostGather*h.Gather {
			continue
		}
		run.Shards = min((counts[key]+perShard-1)/perShard, mostShards)
		run.Correlation = correlation()
		wanted = append(wanted, *run)
	}
	return wanted
}

// place is the GitHub environment that the job has to be in which does a task.
func (e *entry) place() string {
	if e.Purpose == store.ToPlan {
		return e.runner.PlanEnvironment
	}
	return e.github
}

// runFor is the run that is for a task; nil: there is none. The caller holds the lock.
func (h *Hub) runFor(e *entry) *running {
	for _, run := range h.runs {
		if run.wanted(e) {
			return run
		}
	}
	return nil
}

// dueRuns is what is to be done about each run now.
func (h *Hub) dueRuns() (due []func(context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.Now()
	for _, run := range h.runs {
		busy, waiting := h.needed(run)
		switch {
		case busy:
			run.idle = time.Time{}
		case run.idle.IsZero():
			run.idle = now
		}
		switch {
		case run.asking:
		case run.Phase == store.RunWanted && !busy, !run.idle.IsZero() && now.Sub(run.idle) >= 2*h.Linger:
			due = append(due, func(ctx context.Context) error { return h.endRun(ctx, run, "nothing was left to do", "") })
		case run.Phase == store.RunWanted && now.Sub(run.asked) >= h.again(run):
			run.asking, run.asked = true, now
			due = append(due, func(ctx context.Context) error { h.background(ctx, run, h.dispatch); return nil })
		case waiting && !run.called && !run.waits && now.Sub(run.since) >= h.Runners.Wait:
			why := fmt.Sprintf("No job of %s has called within %s. Look there what it waits for: a runner, or a file that is not what it should be.", run.name(), h.Runners.Wait)
			due = append(due, func(ctx context.Context) error { return h.endRun(ctx, run, why, why) })
		case run.Phase == store.RunDispatched && busy && now.Sub(run.asked) >= h.askEvery():
			run.asking, run.asked = true, now
			due = append(due, func(ctx context.Context) error { h.background(ctx, run, h.lookAt); return nil })
		}
	}
	return due
}

// again is how long to wait before GitHub is asked again for a run.
func (h *Hub) again(run *running) time.Duration {
	if run.asked.IsZero() {
		return 0
	}
	return h.askEvery() / 2
}

// askEvery is how often GitHub is asked how a run is.
func (h *Hub) askEvery() time.Duration { return min(lookEvery, h.Linger) }

// needed tells whether there are tasks that a run has or may have, and whether some of them wait. The caller holds the lock.
func (h *Hub) needed(run *running) (busy, waiting bool) {
	for _, e := range h.tasks {
		if !run.wanted(e) {
			continue
		}
		busy, waiting = true, waiting || e.Session == 0
	}
	return busy, waiting
}

// background asks GitHub something about a run, which may take its time.
func (h *Hub) background(ctx context.Context, run *running, ask func(context.Context, *running) error) {
	h.asking.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		if err := ask(ctx, run); err != nil && !errors.Is(err, context.Canceled) {
			zerolog.Ctx(ctx).Warn().Err(err).Str("correlation", run.Correlation).Msg("cannot ask about a run")
		}
		h.mu.Lock()
		run.asking = false
		h.mu.Unlock()
	})
}
