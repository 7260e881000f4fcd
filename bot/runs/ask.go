package runs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

// Lost is the error of a task that ended without whoever had it saying how.
type Lost struct {
	// Why, as a sentence.
	Why string
	// Begun: somebody had it in hand, and may have changed something.
	Begun bool
}

// Error says why.
func (l *Lost) Error() string { return l.Why }

// asking is a task that is to be done.
type asking struct {
	store.Task
	given wire.Task
	labels
	runner config.Runner
	github string
	// to gets what its programs say. Nil: nobody wants it.
	to io.Writer
}

// do has a task done and waits for its end. When ctx ends, what changes nothing is withdrawn at once; all else is stopped,
// and its end is waited for.
func (h *Hub) do(ctx context.Context, a asking) (outcome wire.Outcome, id int64, err error) {
	e := &entry{labels: a.labels, runner: a.runner, github: a.github, ended: make(chan end, 1), since: h.Now(), output: output{to: a.to, file: a.Log}}
	err = h.Store.Write(ctx, func(tx *store.Tx) (err error) {
		if err := a.ours(tx); err != nil {
			return err
		}
		if !a.given.Archive {
			known, err := tx.KnowsCommit(a.Repository, a.SHA)
			if err != nil {
				return err
			}
			a.given.Archive = !known // a merge of ours is nowhere else
		}
		a.Task.Phase = store.TaskWaiting
		a.Task.ID, err = tx.AddTask(a.Task)
		return err
	})
	if errors.As(err, new(*Lost)) {
		return outcome, 0, err
	}
	if err != nil {
		return outcome, 0, fmt.Errorf("write down what is to be done elsewhere: %w", err)
	}
	a.given.ID = a.Task.ID
	e.Task, e.given = a.Task, &a.given
	h.mu.Lock()
	h.tasks[e.ID] = e
	h.tell()
	h.mu.Unlock()
	select {
	case ended := <-e.ended:
		return ended.Outcome, e.ID, ended.err
	case <-ctx.Done():
		h.breakOff(ctx, e)
		return outcome, e.ID, context.Cause(ctx)
	}
}

// ours refuses work for a repository that has taken the name of another: the settings of workers name repositories.
func (a asking) ours(tx *store.Tx) error {
	if a.labels == nil {
		return nil
	}
	owner, err := tx.SecretOwner("workers of "+strings.ToLower(a.given.Name), a.Repository)
	if err == nil && owner != a.Repository {
		err = &Lost{Why: fmt.Sprintf("Workers have worked for another repository that was named %s. Nothing of it is given to this one.", a.given.Name)}
	}
	return err
}

// breakOff ends a task that nobody wants any more.
func (h *Hub) breakOff(ctx context.Context, e *entry) {
	h.mu.Lock()
	wait := e.Effects && e.Session != 0
	e.stop = true
	h.tellStops()
	h.mu.Unlock()
	if wait {
		patience := time.NewTimer(h.Runners.LostAfter)
		defer patience.Stop()
		select {
		case <-e.ended:
			return
		case <-patience.C:
		}
	}
	h.remove(e)
	err := h.Store.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error { return tx.WithdrawTask(e.ID, context.Cause(ctx).Error()) })
	if err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Int64("task", e.ID).Msg("cannot withdraw a task")
	}
}

// remove takes a task out of what has not ended. Nothing that is said of it counts any more.
func (h *Hub) remove(e *entry) {
	h.mu.Lock()
	delete(h.tasks, e.ID)
	h.tell()
	h.tellStops()
	h.mu.Unlock()
	e.output.close(e.given != nil)
}

// finish ends a task for whoever waits for it. It was written down before.
func (h *Hub) finish(e *entry, ended end) {
	h.remove(e)
	e.ended <- ended
}

// lose ends a task whose end nobody will tell, or gives it to another session where that does no harm.
func (h *Hub) lose(ctx context.Context, e *entry, why string) error {
	h.mu.Lock()
	session, again := e.Session, !e.Effects && e.Tries < mostTries && e.given != nil
	h.mu.Unlock()
	var ended bool
	err := h.Store.Write(ctx, func(tx *store.Tx) (err error) {
		if again {
			return tx.GiveBack(e.ID, session)
		}
		ended, err = tx.EndTask(e.ID, session, store.TaskLost, why)
		return err
	})
	if err != nil || !again && !ended {
		return err // or its session has said how it ended, just now
	}
	zerolog.Ctx(ctx).Warn().Int64("task", e.ID).Str("kind", e.Kind).Str("subject", e.Subject).Int64("session", session).Bool("again", again).
		Str("why", why).Msg("a task was lost")
	if !again {
		h.finish(e, end{err: &Lost{Why: why, Begun: true}})
		return nil
	}
	h.giveBack(e, session)
	return nil
}

// mostTries is how many sessions a task may be lost with.
const mostTries = 3

// giveBack has a task wait again that a session had.
func (h *Hub) giveBack(e *entry, session int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e.Session != session {
		return
	}
	e.Session, e.Prefers, e.Phase, e.since, e.alone = 0, 0, store.TaskWaiting, h.Now(), time.Time{}
	e.Tries++
	e.output.restart()
	h.tell()
}

// sizeOf is how large a file is; 0: there is none.
func sizeOf(name string) int64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return info.Size()
}
