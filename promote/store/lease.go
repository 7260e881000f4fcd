package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

const (
	leaseTime = 30 * time.Second
	heartbeat = 5 * time.Second
)

var errLeaseLost = errors.New("the lease was lost to another process")

var acquisitions atomic.Int64

// Turn says how passes over one subject take turns.
type Turn struct {
	// Subject of the lease, such as "preview/7/42".
	Subject string
	// Interrupt a running pass when another is asked for, because its result would be out of date.
	Interrupt bool
}

// Exclusive runs pass while nobody else runs a pass over the same subject. If somebody does, it asks that one for
// another pass and returns at once, so that no nudge is lost and no worker waits. The lease is kept alive by a
// heartbeat; the pass's context ends when it is lost.
func (s *Store) Exclusive(ctx context.Context, turn Turn, pass func(context.Context) error) error {
	owner := fmt.Sprintf("%d/%d", s.now().UnixNano(), acquisitions.Add(1))
	taken, err := s.take(ctx, turn.Subject, owner)
	if err != nil {
		return err
	}
	if !taken {
		if turn.Interrupt {
			s.interrupt(turn.Subject)
		}
		return nil
	}
	for {
		err := s.pass(ctx, turn, owner, pass)
		if errors.Is(err, errLeaseLost) {
			return err
		}
		// What interrupted a pass may have been noted before that pass began: it needs another one in any case.
		again := errors.Is(err, ErrInterrupted)
		if again {
			err = nil
		}
		released := s.release(context.WithoutCancel(ctx), turn.Subject, owner, func(asked bool) (keep bool) {
			again = again || asked
			return again && err == nil && ctx.Err() == nil
		})
		switch {
		case err != nil || released != nil:
			return errors.Join(err, released)
		case !again:
			return nil
		case ctx.Err() != nil:
			// Whoever asked for another pass was told that there will be one.
			return ctx.Err()
		}
	}
}

// pass runs one pass under a heartbeat. It returns [ErrInterrupted] where the pass was interrupted.
func (s *Store) pass(ctx context.Context, turn Turn, owner string, pass func(context.Context) error) error {
	running, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.interruptsMu.Lock()
	s.interrupts[turn.Subject] = cancel
	s.interruptsMu.Unlock()
	beating := make(chan struct{})
	go func() {
		defer close(beating)
		s.beat(running, cancel, turn, owner)
	}()
	err := pass(running)
	cause := context.Cause(running)
	cancel(nil)
	<-beating
	s.interruptsMu.Lock()
	delete(s.interrupts, turn.Subject)
	s.interruptsMu.Unlock()
	switch {
	case errors.Is(cause, errLeaseLost):
		return errLeaseLost
	case errors.Is(cause, ErrInterrupted):
		return ErrInterrupted
	}
	return err
}

func (s *Store) beat(ctx context.Context, cancel context.CancelCauseFunc, turn Turn, owner string) {
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		var kept, again bool
		err := s.Write(ctx, func(tx *Tx) (err error) {
			if kept, err = tx.one([]any{&again}, `SELECT again FROM leases WHERE subject = $1 AND owner = $2`, turn.Subject, owner); err != nil || !kept {
				return err
			}
			return tx.exec(`UPDATE leases SET until = $1 WHERE subject = $2`, millis(tx.now.Add(leaseTime)), turn.Subject)
		})
		switch {
		case err == nil && !kept:
			cancel(errLeaseLost)
		case err == nil && again && turn.Interrupt:
			cancel(ErrInterrupted)
		}
	}
}

// take takes the lease of a subject, or marks it for another pass.
func (s *Store) take(ctx context.Context, subject, owner string) (taken bool, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		count, err := tx.changed(`INSERT INTO leases (subject, owner, until, again) VALUES ($1, $2, $3, FALSE)
			ON CONFLICT (subject) DO UPDATE SET owner = excluded.owner, until = excluded.until, again = FALSE
			WHERE leases.until < $4`, subject, owner, millis(tx.now.Add(leaseTime)), millis(tx.now))
		taken = count == 1
		if err == nil && !taken {
			err = tx.exec(`UPDATE leases SET again = TRUE WHERE subject = $1`, subject)
		}
		return err
	})
	return taken, err
}

// release gives the lease back, unless it is to be kept for another pass: keep is told whether one was asked for.
func (s *Store) release(ctx context.Context, subject, owner string, keep func(asked bool) bool) error {
	return s.Write(ctx, func(tx *Tx) error {
		var asked bool
		if _, err := tx.one([]any{&asked}, `SELECT again FROM leases WHERE subject = $1 AND owner = $2`, subject, owner); err != nil {
			return err
		}
		if keep(asked) {
			return tx.exec(`UPDATE leases SET again = FALSE WHERE subject = $1 AND owner = $2`, subject, owner)
		}
		return tx.exec(`DELETE FROM leases WHERE subject = $1 AND owner = $2`, subject, owner)
	})
}

func (s *Store) interrupt(subject string) {
	s.interruptsMu.Lock()
	defer s.interruptsMu.Unlock()
	if cancel, running := s.interrupts[subject]; running {
		cancel(ErrInterrupted)
	}
}
