package runs

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

// session is somebody who carries out tasks.
type session struct {
	store.Session
	// seen is when it last asked for anything, and polling how many of its requests wait for something to do.
	seen    time.Time
	polling int
}

// worker is the one of the settings that the session is of, if it is one and may still work.
func (h *Hub) worker(s *session) (config.Worker, bool) {
	for _, worker := range h.Workers {
		if s.Worker == worker.Name && s.WorkerKey == worker.TokenSHA256 {
			if len(s.Labels) > 0 {
				worker.Labels = s.Labels
			}
			return worker, true
		}
	}
	return config.Worker{}, false
}

// errStranger is for who shows nothing that we know.
var errStranger = errors.New("the token is unknown here")

// errOver is for sessions that have ended.
var errOver = errors.New("the session is over")

// errStopping is for who asks for something to do when the server is about to end.
var errStopping = errors.New("the server is about to end; ask again")

// digest is the SHA-256 of a token in hexadecimal.
func digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// known is the session that a token is of.
func (h *Hub) known(token string) (*session, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, there := h.sessions[digest(token)]
	if !there {
		return nil, errStranger
	}
	if _, may := h.worker(s); s.Worker != "" && !may {
		return nil, errStranger // the settings are others now
	}
	if s.Ended {
		return nil, errOver
	}
	s.seen = h.Now()
	return s, nil
}

// begin begins a session of whoever the token is of: a worker of the settings, or a job of Actions.
func (h *Hub) begin(ctx context.Context, token string, hello wire.Hello) (wire.Welcome, error) {
	s := &session{Session: store.Session{Name: printable(hello.Name)}, seen: h.Now()}
	if worker, is := h.workerOf(token); is {
		if !worker.Has(hello.Labels) {
			return wire.Welcome{}, &refusal{http.StatusForbidden, fmt.Sprintf("The worker %s has the labels %s in the server's settings, not all of %s.",
				worker.Name, strings.Join(worker.Labels, ", "), printable(strings.Join(hello.Labels, ",")))}
		}
		s.Worker, s.WorkerKey, s.Labels = worker.Name, worker.TokenSHA256, hello.Labels
		s.Name = worker.Name + "/" + s.Name
	} else if err := h.provenJob(ctx, token, hello, s); err != nil {
		return wire.Welcome{}, err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return wire.Welcome{}, err
	}
	welcome := wire.Welcome{Token: config.Secret("trs_" + base64.RawURLEncoding.EncodeToString(secret)), Beat: h.beat}
	s.Token = digest(string(welcome.Token))
	err := h.Store.Write(ctx, func(tx *store.Tx) (err error) {
		s.ID, err = tx.BeginSession(s.Session)
		return err
	})
	if err != nil {
		return wire.Welcome{}, fmt.Errorf("begin a session: %w", err)
	}
	h.mu.Lock()
	h.sessions[s.Token] = s
	h.mu.Unlock()
	return welcome, nil
}

// workerOf is the worker of the settings that a token is of.
func (h *Hub) workerOf(token string) (found config.Worker, is bool) {
	given := []byte(digest(token))
	for _, worker := range h.Workers {
		if subtle.ConstantTimeCompare(given, []byte(worker.TokenSHA256)) == 1 {
			found, is = worker, true
		}
	}
	return found, is
}

// endSession ends a session, whatever it has in hand: that is lost.
func (h *Hub) endSession(ctx context.Context, s *session, why string) error {
	if err := h.Store.Write(ctx, func(tx *store.Tx) error { return tx.EndSession(s.ID, why) }); err != nil {
		return err
	}
	h.mu.Lock()
	delete(h.sessions, s.Token)
	left := h.inHand(s.ID)
	h.mu.Unlock()
	for _, e := range left {
		if err := h.lose(ctx, e, fmt.Sprintf("The runner %s ended while it had %s in hand.", s.Name, e.what())); err != nil {
			return err
		}
	}
	return nil
}

// inHand are the tasks that a session has. The caller holds the lock.
func (h *Hub) inHand(session int64) (all []*entry) {
	for _, e := range h.tasks {
		if e.Session == session && e.Phase == store.TaskRunning {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b *entry) int { return int(a.ID - b.ID) })
	return all
}

// printable is a name that others give themselves, as it may be shown.
func printable(name string) string {
	kept := []rune{}
	for _, r := range name {
		if r > ' ' && r < 0x7f && len(kept) < 63 {
			kept = append(kept, r)
		}
	}
	if len(kept) == 0 {
		return "unnamed"
	}
	return string(kept)
}
