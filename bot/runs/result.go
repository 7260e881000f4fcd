package runs

import (
	"context"
	"net/http"

	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// serveResult takes how a task ended, once, from the session that has it in hand.
func (h *Hub) serveResult(w http.ResponseWriter, r *http.Request, s *session) error {
	e, err := h.mine(r, s)
	if err != nil {
		return err
	}
	var outcome wire.Outcome
	if err := decode(w, r, wire.MaxResult, &outcome); err != nil {
		return err
	}
	// What was received is written down, whether or not the one who sent it waits for the answer.
	ctx := context.WithoutCancel(r.Context())
	if outcome.Returned {
		if err := h.returned(ctx, e, s); err != nil {
			return err
		}
	} else if err := h.ended(ctx, e, s, outcome); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// returned takes a task back that a session has not begun, or has broken off without having changed anything.
func (h *Hub) returned(ctx context.Context, e *entry, s *session) error {
	h.mu.Lock()
	enough := e.given == nil || e.Tries >= mostReturned
	h.mu.Unlock()
	if enough {
		return h.lose(ctx, e, "The runner "+s.Name+" ended before it had done "+e.what()+".")
	}
	if err := h.Store.Write(ctx, func(tx *store.Tx) error { return tx.GiveBack(e.ID, s.ID) }); err != nil {
		return err
	}
	h.giveBack(e, s.ID)
	return nil
}

// mostReturned is how often a task may come back undone.
const mostReturned = 10

// ended ends a task as its session says.
func (h *Hub) ended(ctx context.Context, e *entry, s *session, outcome wire.Outcome) error {
	phase, said := store.TaskDone, end{Outcome: outcome}
	if outcome.Commit != e.SHA {
		phase = store.TaskLost
		said = end{err: &Lost{Begun: true, Why: "The runner " + s.Name + " worked on another commit than " + promote.Short(e.SHA) + ", so what it says about " + e.what() + " does not count."}}
	}
	var first bool
	err := h.Store.Write(ctx, func(tx *store.Tx) (err error) {
		first, err = tx.EndTask(e.ID, s.ID, phase, "")
		return err
	})
	if err != nil {
		return err
	}
	if !first {
		return &refusal{http.StatusConflict, "The task has ended already. Nothing was taken."}
	}
	h.finish(e, said)
	if said.err != nil {
		return &refusal{http.StatusConflict, said.err.Error()}
	}
	return nil
}
