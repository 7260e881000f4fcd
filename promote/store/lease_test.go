package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// While one pass runs, another one that is asked for returns at once, and the first is followed by one more.
func TestExclusive(t *testing.T) {
	t.Parallel()
	o := open(t)
	turn := Turn{Subject: "trunk/7"}
	var passes atomic.Int64
	inside, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- o.Exclusive(context.Background(), turn, func(context.Context) error {
			if passes.Add(1) == 1 {
				close(inside)
				<-goOn
			}
			return nil
		})
	}()
	<-inside
	for range 3 {
		if err := o.Exclusive(context.Background(), turn, func(context.Context) error { return errors.New("two at a time") }); err != nil {
			t.Error(err)
		}
	}
	close(goOn)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if passes.Load() != 2 {
		t.Errorf("there were %d passes; want one, and one for all that came meanwhile", passes.Load())
	}
	if got := one[int](o, `SELECT count(*) FROM leases`); got != 0 {
		t.Errorf("%d leases were left", got)
	}
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	o := open(t)
	turn := Turn{Subject: "preview/7/1", Interrupt: true}
	var causes []error
	inside, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- o.Exclusive(context.Background(), turn, func(ctx context.Context) error {
			if len(causes) == 0 {
				close(inside)
				<-ctx.Done()
			}
			causes = append(causes, context.Cause(ctx))
			return ctx.Err()
		})
	}()
	<-inside
	if err := o.Exclusive(context.Background(), turn, nil); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(causes) != 2 || !errors.Is(causes[0], ErrInterrupted) || causes[1] != nil {
		t.Errorf("the passes' contexts ended with %v; want one that was interrupted and one that was not", causes)
	}
}

// An interruption that is noted during one pass may reach the next: that one is then made again.
func TestLateInterrupt(t *testing.T) {
	t.Parallel()
	o := open(t)
	turn := Turn{Subject: "preview/7/1", Interrupt: true}
	passes, whole := 0, 0
	err := o.Exclusive(context.Background(), turn, func(ctx context.Context) error {
		passes++
		switch passes {
		case 1:
			// Another job asks for a pass, and is held up before it interrupts this one.
			if taken, err := o.take(ctx, turn.Subject, "another"); taken || err != nil {
				t.Error(taken, err)
			}
		case 2:
			o.interrupt(turn.Subject)
		}
		if ctx.Err() == nil {
			whole = passes
		}
		return ctx.Err()
	})
	if err != nil || whole != 3 {
		t.Errorf("the last whole pass was number %d (%v); want the third, after what interrupted the second", whole, err)
	}
}

// A pass that is asked for while the process stops is not forgotten: its job is to run again at the next start.
func TestStopDuringAPass(t *testing.T) {
	t.Parallel()
	o := open(t)
	ctx, stop := context.WithCancel(context.Background())
	err := o.Exclusive(ctx, Turn{Subject: "rollout/7"}, func(context.Context) error {
		err := o.Exclusive(context.Background(), Turn{Subject: "rollout/7"}, nil)
		stop()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v; want an error, so that the job is not done", err)
	}
}

// Whatever changes before a nudge is seen by a pass that begins after it.
func TestNoNudgeIsLost(t *testing.T) {
	t.Parallel()
	for _, interrupt := range []bool{false, true} {
		o := open(t)
		turn := Turn{Subject: "preview/7/1", Interrupt: interrupt}
		var changes, seen atomic.Int64
		var changing sync.WaitGroup
		for range 8 {
			changing.Go(func() {
				for range 20 {
					changes.Add(1)
					err := o.Exclusive(context.Background(), turn, func(ctx context.Context) error {
						now := changes.Load()
						if err := o.Read(ctx, func(*Tx) error { return nil }); err != nil {
							return err
						}
						seen.Store(now)
						return nil
					})
					if err != nil && !errors.Is(err, context.Canceled) {
						t.Error(err)
					}
				}
			})
		}
		changing.Wait()
		if seen.Load() != changes.Load() {
			t.Errorf("interrupt %t: the last pass saw %d of %d changes", interrupt, seen.Load(), changes.Load())
		}
	}
}

// The lease of a process that died is free after a while; that of a failed pass at once.
func TestLeaseOfTheDead(t *testing.T) {
	t.Parallel()
	o := open(t)
	ctx := context.Background()
	if taken, err := o.take(ctx, "trunk/7", "dead"); !taken || err != nil {
		t.Fatal(taken, err)
	}
	passes := 0
	pass := func(context.Context) error {
		passes++
		return errors.New("failed")
	}
	if err := o.Exclusive(ctx, Turn{Subject: "trunk/7"}, pass); err != nil || passes != 0 {
		t.Errorf("the lease of another was taken: %v", err)
	}
	o.pass(leaseTime + time.Second)
	for range 2 {
		if err := o.Exclusive(ctx, Turn{Subject: "trunk/7"}, pass); err == nil {
			t.Error("the error of the pass was lost")
		}
	}
	if passes != 2 {
		t.Errorf("there were %d passes; want 2", passes)
	}
}
