package runs

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/promote/store"
)

// refusal is an answer that is no success: what the one who asked is told, and why, for the log.
type refusal struct {
	status int
	text   string
}

// Error is what the one who asked is told.
func (r *refusal) Error() string { return r.text }

// Handle adds what runners ask for to a mux.
func (h *Hub) Handle(mux *http.ServeMux) {
	mux.HandleFunc("POST "+wire.SessionsPath, h.answering(func(w http.ResponseWriter, r *http.Request) error {
		var hello wire.Hello
		if err := decode(w, r, wire.MaxSmall, &hello); err != nil {
			return err
		}
		welcome, err := h.begin(r.Context(), bearer(r), hello)
		if err != nil {
			return err
		}
		return answer(w, welcome)
	}))
	for path, handle := range map[string]func(*Hub, http.ResponseWriter, *http.Request, *session) error{
		"POST " + wire.NextPath: (*Hub).serveNext, "POST " + wire.BeatPath: (*Hub).serveBeat, "POST " + wire.EndPath: (*Hub).serveEnd,
		"GET " + wire.SourcePath: (*Hub).serveSource, "POST " + wire.OutputPath: (*Hub).serveOutput, "POST " + wire.ResultPath: (*Hub).serveResult,
	} {
		mux.HandleFunc(path, h.answering(func(w http.ResponseWriter, r *http.Request) error {
			s, err := h.known(bearer(r))
			if err != nil {
				return err
			}
			return handle(h, w, r, s)
		}))
	}
}

// answering turns errors into answers. Whoever is refused is logged, for the operator to see.
func (h *Hub) answering(serve func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		select {
		case <-h.started:
		case <-r.Context().Done():
			return
		}
		err := serve(w, r)
		var refused *refusal
		switch {
		case err == nil || r.Context().Err() != nil:
		case errors.Is(err, errStranger):
			refuse(r, w, &refusal{http.StatusUnauthorized, err.Error()})
		case errors.Is(err, errOver):
			http.Error(w, err.Error(), http.StatusGone)
		case errors.Is(err, errStopping):
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		case errors.As(err, &refused):
			refuse(r, w, refused)
		default:
			zerolog.Ctx(r.Context()).Error().Err(err).Str("path", r.URL.Path).Msg("cannot answer a runner")
			http.Error(w, "The server cannot answer now.", http.StatusInternalServerError)
		}
	}
}

func refuse(r *http.Request, w http.ResponseWriter, refused *refusal) {
	zerolog.Ctx(r.Context()).Warn().Int("status", refused.status).Str("path", r.URL.Path).Str("from", r.RemoteAddr).Str("why", refused.text).
		Msg("a runner was refused")
	http.Error(w, refused.text, refused.status)
}

// bearer is the token that a request shows; empty: none.
func bearer(r *http.Request) string {
	token, is := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !is || len(token) > 16<<10 {
		return ""
	}
	return token
}

// decode reads the body of a request. Large ones may take their time.
func decode(w http.ResponseWriter, r *http.Request, most int64, into any) error {
	if most > wire.MaxSmall {
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(10 * time.Minute)) // some cannot, and need not
	}
	if err := wire.Decode(r.Body, most, into); err != nil {
		return &refusal{http.StatusBadRequest, "The request cannot be read: " + err.Error()}
	}
	return nil
}

func answer(w http.ResponseWriter, value any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(value)
}

func (h *Hub) serveNext(w http.ResponseWriter, r *http.Request, s *session) error {
	task, err := h.next(r.Context(), s)
	if err != nil {
		return err
	}
	if task == nil {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return answer(w, task)
}

// serveBeat hears what a session has in hand, and answers when there is something to stop, or in a while.
func (h *Hub) serveBeat(w http.ResponseWriter, r *http.Request, s *session) error {
	var beat wire.Beat
	if err := decode(w, r, wire.MaxSmall, &beat); err != nil {
		return err
	}
	until := time.NewTimer(h.beat)
	defer until.Stop()
	for {
		stop, forgotten, stops := h.compare(s, beat)
		for _, e := range forgotten {
			if err := h.lose(r.Context(), e, "The runner "+s.Name+" knows nothing of "+e.what()+" any more."); err != nil {
				return err
			}
		}
		if len(stop) > 0 {
			return answer(w, wire.Stop{Tasks: stop})
		}
		select {
		case <-stops:
		case <-until.C:
			return answer(w, wire.Stop{})
		case <-h.stopping:
			return errStopping
		case <-r.Context().Done():
			return r.Context().Err()
		}
	}
}

// compare finds what a session has in hand that it is to stop, and what it should have and does not know of. stops is
// closed when that may be otherwise.
func (h *Hub) compare(s *session, beat wire.Beat) (stop []int64, forgotten []*entry, stops <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.seen = h.Now()
	has := map[int64]bool{}
	for _, id := range beat.Tasks {
		has[id] = true
		if e := h.tasks[id]; e == nil || e.Session != s.ID || e.stop {
			stop = append(stop, id)
		}
	}
	for _, e := range h.inHand(s.ID) {
		if !has[e.ID] && h.Now().Sub(e.since) >= h.Runners.LostAfter {
			forgotten = append(forgotten, e)
		}
	}
	return stop, forgotten, h.stops
}

func (h *Hub) serveEnd(w http.ResponseWriter, r *http.Request, s *session) error {
	if err := h.endSession(context.WithoutCancel(r.Context()), s, "it said so"); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// mine is the task of a request, if the session has it in hand.
func (h *Hub) mine(r *http.Request, s *session) (*entry, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, &refusal{http.StatusNotFound, "There is no such task."}
	}
	h.mu.Lock()
	e := h.tasks[id]
	mine := e != nil && e.Session == s.ID && e.Phase == store.TaskRunning
	h.mu.Unlock()
	if mine {
		return e, nil
	}
	// Whether there is such a task is nobody's business.
	return nil, &refusal{http.StatusConflict, "The task is not in the hands of this session: it was given up, has ended, or is another's. Nothing was taken."}
}

func (h *Hub) serveSource(w http.ResponseWriter, r *http.Request, s *session) error {
	e, err := h.mine(r, s)
	if err != nil {
		return err
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(10 * time.Minute)) // some cannot, and need not
	return h.archive(r.Context(), w, e)
}

func (h *Hub) serveOutput(w http.ResponseWriter, r *http.Request, s *session) error {
	e, err := h.mine(r, s)
	if err != nil {
		return err
	}
	offset, err := strconv.ParseInt(r.URL.Query().Get("offset"), 10, 64)
	if err != nil {
		return &refusal{http.StatusBadRequest, "The offset is no number."}
	}
	piece, err := io.ReadAll(io.LimitReader(r.Body, wire.MaxChunk+1))
	if err != nil || len(piece) > wire.MaxChunk {
		return &refusal{http.StatusRequestEntityTooLarge, "The piece is too large, or broke off."}
	}
	received, err := e.output.add(offset, piece)
	switch {
	case errors.Is(err, errFull):
		return &refusal{http.StatusRequestEntityTooLarge, "There is no room for more."}
	case err != nil && !errors.Is(err, errGap):
		return err
	}
	return answer(w, map[string]int64{"received": received})
}
