package runs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/trunkline/trunkline/promote/store"
)

// slack is what a task may take beyond its time limit, for what comes before and after: files to fetch, an engine to end in
// order.
const slack = 30 * time.Minute

// look ends what was lost and what nobody takes, and has workflows dispatched that are wanted.
func (h *Hub) look(ctx context.Context) error {
	lost, alone := h.troubled()
	var err error
	for e, why := range lost {
		err = errors.Join(err, h.lose(ctx, e, why))
	}
	for e, why := range alone {
		err = errors.Join(err, h.giveUp(ctx, e, why))
	}
	return errors.Join(err, h.forgetSilent(ctx), h.lookAfterRuns(ctx))
}

// troubled are tasks that were lost, and those that nobody is there for, with why.
func (h *Hub) troubled() (lost, alone map[*entry]string) {
	lost, alone = map[*entry]string{}, map[*entry]string{}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.Now()
	for _, e := range h.tasks {
		if e.Phase == store.TaskRunning {
			if why := h.wrong(e, now); why != "" {
				lost[e] = why
			}
			continue
		}
		switch there := e.labels == nil || h.anyone(e, now); {
		case there:
			e.alone = time.Time{}
		case e.alone.IsZero():
			e.alone = now
		case now.Sub(e.alone) >= h.Runners.Wait:
			alone[e] = fmt.Sprintf("No worker with the labels %s that may work for this repository was there within %s. Start one (`trunkline worker`), or "+
				"change `runner` of %s.", strings.Join(e.labels, ", "), h.Runners.Wait, e.Environment)
		}
	}
	return lost, alone
}

// wrong says why a task that runs is lost; empty: it is not. The caller holds the lock.
func (h *Hub) wrong(e *entry, now time.Time) string {
	s := h.sessionOf(e.Session)
	switch {
	case s == nil:
		return fmt.Sprintf("The runner that had %s in hand is gone.", e.what())
	case now.Sub(s.seen) >= h.Runners.LostAfter:
		return fmt.Sprintf("The runner %s was lost while it had %s in hand: it has said nothing for %s.", s.Name, e.what(), h.Runners.LostAfter)
	case e.given != nil && now.Sub(e.since) >= e.given.Timeout+slack:
		return fmt.Sprintf("The runner %s has not ended %s within %s.", s.Name, e.what(), e.given.Timeout+slack)
	}
	return ""
}

func (h *Hub) sessionOf(id int64) *session {
	for _, s := range h.sessions {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// anyone tells whether somebody is there who may take a task. The caller holds the lock.
func (h *Hub) anyone(e *entry, now time.Time) bool {
	for _, s := range h.sessions {
		if now.Sub(s.seen) < h.Runners.LostAfter && h.may(s, e) {
			return true
		}
	}
	return false
}

// giveUp ends a task that nobody has taken.
func (h *Hub) giveUp(ctx context.Context, e *entry, why string) error {
	h.mu.Lock()
	taken := e.Session != 0
	e.stop = true // so that nobody takes it now
	h.mu.Unlock()
	if taken {
		return nil
	}
	if err := h.Store.Write(ctx, func(tx *store.Tx) error { return tx.WithdrawTask(e.ID, why) }); err != nil {
		return err
	}
	h.finish(e, end{err: &Lost{Why: why}})
	return nil
}

// silentSessions are forgotten when they have been silent for so many times as long as one may be.
const silentSessions = 20

// forgetSilent ends sessions that nobody has heard of for long.
func (h *Hub) forgetSilent(ctx context.Context) (err error) {
	h.mu.Lock()
	var gone []*session
	for _, s := range h.sessions {
		if h.Now().Sub(s.seen) > silentSessions*h.Runners.LostAfter {
			gone = append(gone, s)
		}
	}
	h.mu.Unlock()
	for _, s := range gone {
		err = errors.Join(err, h.endSession(ctx, s, "it was silent"))
	}
	return err
}
