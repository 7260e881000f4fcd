package runs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/trunkline/trunkline/promote/store"
)

// correlation is a name for a run that nobody can guess.
func correlation() string { return rand.Text() }

// dispatch asks GitHub for a run that is wanted.
func (h *Hub) dispatch(ctx context.Context, run *running) error {
	id, err := h.Actions.GitHub.Dispatch(ctx, h.as(run))
	var refused *Refused
	switch {
	case errors.As(err, &refused):
		return h.endRun(ctx, run, refused.Why, refused.Why)
	case err != nil:
		h.mu.Lock()
		tried := h.Now().Sub(run.since)
		h.mu.Unlock()
		if tried >= h.Runners.Wait {
			why := fmt.Sprintf("GitHub could not be asked to run %s for %s: %v", run.Workflow, tried.Round(time.Second), err)
			return h.endRun(ctx, run, why, why)
		}
		return err
	}
	if err := h.Store.Write(ctx, func(tx *store.Tx) error { return tx.Dispatched(run.ID, id) }); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	run.Phase, run.since = store.RunDispatched, h.Now()
	if id != 0 {
		run.GitHub = id
	}
	return nil
}

// lookAt asks GitHub how a run is.
func (h *Hub) lookAt(ctx context.Context, run *running) error {
	now := h.as(run)
	if now.GitHub == 0 {
		id, err := h.Actions.GitHub.Find(ctx, now)
		if err != nil || id == 0 {
			return err
		}
		if err := h.bind(ctx, run, id); err != nil {
			return err
		}
		now.GitHub = id
	}
	state, err := h.Actions.GitHub.Look(ctx, now)
	if err != nil {
		return err
	}
	h.mu.Lock()
	run.url, run.waits = state.URL, state.Waiting
	h.mu.Unlock()
	if !state.Ended {
		return nil
	}
	return h.runEnded(ctx, run, state)
}

// as is the run as it is now.
func (h *Hub) as(run *running) store.Run {
	h.mu.Lock()
	defer h.mu.Unlock()
	return run.Run
}

// bind writes down which run at GitHub it is.
func (h *Hub) bind(ctx context.Context, run *running, id int64) error {
	if err := h.Store.Write(ctx, func(tx *store.Tx) error { return tx.Dispatched(run.ID, id) }); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	run.GitHub, run.Phase = id, store.RunDispatched
	return nil
}

// Ended is told that a run has ended at GitHub, whether it is ours or not.
func (h *Hub) Ended(ctx context.Context, repository, id int64, state RunState) error {
	h.mu.Lock()
	var ours *running
	for _, run := range h.runs {
		if run.Repository == repository && run.GitHub == id {
			ours, run.url = run, state.URL
		}
	}
	h.mu.Unlock()
	if ours == nil {
		return nil
	}
	return h.runEnded(ctx, ours, state)
}

// runEnded takes down a run whose jobs have all ended.
func (h *Hub) runEnded(ctx context.Context, run *running, state RunState) error {
	h.mu.Lock()
	called := run.called
	h.mu.Unlock()
	why := ""
	switch {
	case state.Conclusion == "cancelled":
		why = fmt.Sprintf("Somebody cancelled %s.", run.name())
	case !called:
		why = fmt.Sprintf("%s ended (%s) before any of its jobs had called the server. Look there for what went wrong.", capital(run.name()), state.Conclusion)
	}
	return h.endRun(ctx, run, fmt.Sprintf("it ended at GitHub: %s", state.Conclusion), why)
}

// endRun ends a run and its sessions, and what they have in hand. failure, if not empty, is told to all who wait for it;
// otherwise another run is for those that nobody has taken, unless that has happened too often.
func (h *Hub) endRun(ctx context.Context, run *running, why, failure string) error {
	if err := h.Store.Write(ctx, func(tx *store.Tx) error { return tx.EndRun(run.ID, why) }); err != nil {
		return err
	}
	h.mu.Lock()
	delete(h.runs, run.ID)
	var sessions []*session
	for _, s := range h.sessions {
		if s.Run == run.ID {
			sessions = append(sessions, s)
		}
	}
	var waiting, held []*entry
	for _, e := range h.tasks {
		switch {
		case !run.wanted(e):
		case e.Session == 0:
			e.runs++
			if failure != "" || e.runs >= mostRuns {
				waiting = append(waiting, e)
			}
		case slices.ContainsFunc(sessions, func(s *session) bool { return s.ID == e.Session }):
			held = append(held, e)
		}
	}
	h.tell()
	h.mu.Unlock()
	var err error
	for _, e := range held {
		err = errors.Join(err, h.lose(ctx, e, sentence(failure, fmt.Sprintf("%s ended while a job of it had %s in hand.", capital(run.name()), e.what()))))
	}
	if failure == "" {
		failure = fmt.Sprintf("%d runs of %s ended without having done it.", mostRuns, run.Workflow)
	}
	for _, e := range waiting {
		err = errors.Join(err, h.giveUp(ctx, e, failure))
	}
	for _, s := range sessions {
		err = errors.Join(err, h.endSession(ctx, s, why))
	}
	return err
}

// capital is a text that begins a sentence.
func capital(text string) string {
	if text == "" {
		return ""
	}
	return string(text[0]-'a'+'A') + text[1:]
}
