package store

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/riverqueue/river/rivertype"
)

// works runs handlers until all jobs are done.
func (o *opened) works(handle Handler) {
	o.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- o.Work(ctx, map[Topic]Handler{Trunk: handle}) }()
	for {
		idle, err := o.Idle(ctx)
		if err != nil {
			o.t.Fatal(err)
		}
		if idle {
			break
		}
	}
	stop()
	if err := <-ended; err != nil {
		o.t.Error(err)
	}
}

func (o *opened) nudge(subject string) {
	o.t.Helper()
	o.write(func(tx *Tx) error { return tx.Nudge(Nudge{Topic: Trunk, Repository: 7, Subject: subject}) })
}

// What a process had in hand when it died is done by the next, at once.
func TestTakeBack(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.nudge("one")
	o.write(func(tx *Tx) error {
		// As the process was killed in the middle of the job.
		if err := tx.exec(`UPDATE river_job SET state = 'running', attempt = 1, attempted_at = CURRENT_TIMESTAMP`); err != nil {
			return err
		}
		return tx.exec(`INSERT INTO leases (subject, owner, until, again) VALUES ('trunk/7', 'dead', $1, TRUE)`, millis(tx.now.Add(leaseTime)))
	})
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	o.reopen()
	var done []string
	o.works(func(ctx context.Context, nudge Nudge) error {
		return o.Exclusive(ctx, Turn{Subject: "trunk/7"}, func(context.Context) error {
			done = append(done, nudge.Subject)
			return nil
		})
	})
	if len(done) != 1 || done[0] != "one" {
		t.Errorf("done: %v; want the job of the process that died", done)
	}
}

// A job that fails, or panics, is tried again; one that is stopped waits for the next start without being blamed.
func TestJobsAreTriedAgain(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.nudge("fails")
	o.nudge("panics")
	o.nudge("works")
	var mu sync.Mutex
	tries := map[string]int{}
	o.works(func(_ context.Context, nudge Nudge) error {
		mu.Lock()
		defer mu.Unlock()
		tries[nudge.Subject]++
		switch {
		case tries[nudge.Subject] > 1 || nudge.Subject == "works":
			return nil
		case nudge.Subject == "panics":
			panic("a bug")
		}
		return errors.New("not yet")
	})
	if tries["fails"] != 2 || tries["panics"] != 2 || tries["works"] != 1 {
		t.Errorf("tries: %v", tries)
	}

	o.nudge("stopped")
	ctx, stop := context.WithCancel(context.Background())
	err := o.Work(ctx, map[Topic]Handler{Trunk: func(ctx context.Context, _ Nudge) error {
		stop()
		<-ctx.Done()
		return ctx.Err()
	}})
	if err != nil {
		t.Error(err)
	}
	if idle, err := o.Idle(context.Background()); err != nil || idle {
		t.Errorf("the job that was stopped is gone: %v", err)
	}
	if got := one[int](o, `SELECT count(*) FROM river_job WHERE json_array_length(errors) > 0 AND json_extract(args, '$.subject') = 'stopped'`); got != 0 {
		t.Error("the job that was stopped is blamed")
	}
	o.works(func(context.Context, Nudge) error {
		tries["stopped"]++
		return nil
	})
	if tries["stopped"] != 1 {
		t.Error("the job that was stopped was not done at the next start")
	}
}

// Jobs outlast an outage of some days, and are tried every five minutes at least.
func TestJobsOutlastAnOutage(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.nudge("one")
	attempts := one[int](o, `SELECT max_attempts FROM river_job`)
	var total, longest float64
	for attempt := 1; attempt <= attempts; attempt++ {
		wait := retryWait(&rivertype.JobRow{Attempt: attempt}).Hours()
		total, longest = total+wait, max(longest, wait)
	}
	if total < 72 || longest > 5.01/60 {
		t.Errorf("jobs are tried for %.0f hours, the longest wait is %.2f hours", total, longest)
	}
}

// The same delivery is taken once, also after it was processed.
func TestDeliveriesAreTakenOnce(t *testing.T) {
	t.Parallel()
	o := open(t)
	d := Delivered{ID: "guid", Event: "push", Payload: []byte("{}")}
	for range 2 {
		o.write(func(tx *Tx) error { return tx.Receive(d) })
	}
	if got := one[int](o, `SELECT count(*) FROM river_job`); got != 1 {
		t.Errorf("there are %d jobs for one delivery", got)
	}
	o.write(func(tx *Tx) error { return tx.Processed("guid") })
	o.write(func(tx *Tx) error { return tx.Receive(d) })
	o.write(func(tx *Tx) error {
		_, waiting, err := tx.Delivered("guid")
		if waiting {
			t.Error("a delivery that was processed waits again")
		}
		return err
	})
}
