package runs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/promote/store"
)

// labels are those that a worker must have who takes a task; nil: it is for jobs of GitHub Actions.
type labels []string

// poolOfActions is the [store.Task.Pool] of what jobs of GitHub Actions do.
const poolOfActions = "actions"

// pool is the labels as they are written down.
func (l labels) pool() string {
	if l == nil {
		return poolOfActions
	}
	return "workers " + strings.Join(l, " ")
}

// reserved is how long a task waits for the session that has what it needs.
const reserved = 5 * time.Second

// poll is how long a request for something to do may wait.
const poll = 20 * time.Second

// next is something for a session to do; nil: there is nothing now. The error is [errOver] where there will be nothing
// more.
func (h *Hub) next(ctx context.Context, s *session) (*wire.Task, error) {
	ctx, cancel := context.WithTimeout(ctx, poll)
	defer cancel()
	h.mu.Lock()
	s.polling++
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		s.polling--
		h.mu.Unlock()
	}()
	for ctx.Err() == nil {
		select {
		case <-h.stopping:
			return nil, errStopping
		default:
		}
		h.mu.Lock()
		changed, over := h.changed, h.over(s)
		e := h.choose(s)
		h.mu.Unlock()
		switch {
		case e != nil:
			if taken, err := h.take(ctx, s, e); taken || err != nil {
				return e.given, err
			}
		case over:
			return nil, errOver
		default:
			h.waitFor(ctx, changed, time.Second)
		}
		h.mu.Lock()
		s.seen = h.Now()
		h.mu.Unlock()
	}
	return nil, nil
}

// choose is the oldest task that a session may take, one that it has things ready for before others. It is the session's
// from now on. The caller holds the lock.
func (h *Hub) choose(s *session) *entry {
	var best *entry
	for _, e := range h.tasks {
		switch {
		case e.Session != 0 || e.stop || e.given == nil || !h.may(s, e):
		case e.Prefers != 0 && e.Prefers != s.ID && h.ready(e.Prefers) && h.Now().Sub(e.since) < reserved:
		case best == nil, e.Prefers == s.ID && best.Prefers != s.ID, (e.Prefers == s.ID) == (best.Prefers == s.ID) && e.ID < best.ID:
			best = e
		}
	}
	if best != nil {
		best.Session = s.ID
	}
	return best
}

// ready tells whether a session waits for something to do. The caller holds the lock.
func (h *Hub) ready(session int64) bool {
	for _, s := range h.sessions {
		if s.ID == session {
			return s.polling > 0
		}
	}
	return false
}

// may tells whether a session may have a task. The caller holds the lock.
func (h *Hub) may(s *session, e *entry) bool {
	if s.Run != 0 {
		run, lives := h.runs[s.Run]
		return lives && e.labels == nil && run.wanted(e)
	}
	worker, is := h.worker(s)
	return is && e.labels != nil && worker.Has(e.labels) && e.given != nil && slices.ContainsFunc(worker.Repositories, func(name string) bool {
		return strings.EqualFold(name, e.given.Name)
	})
}

// take writes down that a session has a task.
func (h *Hub) take(ctx context.Context, s *session, e *entry) (taken bool, err error) {
	err = h.Store.Write(ctx, func(tx *store.Tx) (err error) {
		taken, err = tx.TakeTask(e.ID, s.ID)
		return err
	})
	h.mu.Lock()
	defer h.mu.Unlock()
	if err != nil {
		e.Session = 0
		h.tell()
		return false, fmt.Errorf("take a task: %w", err)
	}
	if taken {
		e.Phase, e.since = store.TaskRunning, h.Now()
	}
	return taken, nil
}

// what is the task in the middle of a sentence.
func (e *entry) what() string {
	kind, subject, _ := strings.Cut(e.Subject, " ")
	if kind != string(ofInstance) && kind != string(ofCommand) {
		subject = e.Subject
	}
	switch wire.Kind(e.Kind) {
	case wire.Plan:
		return "the plan of " + subject
	case wire.Apply:
		return "the apply of " + subject
	case wire.Command:
		return "a command of " + e.Environment
	}
	return e.Kind + " of " + subject
}
