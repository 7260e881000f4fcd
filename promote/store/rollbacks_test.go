package store

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote"
)

// live is the deployment under way in dev.
func (o *opened) live() (d promote.Deployment) {
	o.t.Helper()
	o.write(func(tx *Tx) error {
		state, err := tx.State(7)
		d = *state.Environments["dev"].Last
		return err
	})
	if !d.Phase.Live() {
		o.t.Fatalf("nothing is under way: %+v", d)
	}
	return d
}

// applies brings the deployment under way in dev as far as to be verified.
func (o *opened) applies(created ...string) promote.Deployment {
	o.t.Helper()
	d := o.live()
	o.write(func(tx *Tx) error {
		return errors.Join(
			tx.Include(d.ID, planner.Resolved{Instance: stack.Instance{Stack: "dev", Component: "app"}, Digest: d.To}),
			tx.Planned(d.ID, promote.DeployedInstance{Name: "dev/app", PlanDigest: "p", Created: created}),
			tx.Apply(d.ID), tx.Applying(d.ID, "dev/app"), tx.Applied(d.ID, "dev/app"), tx.Verify(d.ID))
	})
	return d
}

func (o *opened) succeeds(created ...string) {
	o.t.Helper()
	d := o.applies(created...)
	o.write(func(tx *Tx) error { return tx.Succeed(d.ID, Left{}) })
}

func (o *opened) fails() {
	o.t.Helper()
	d := o.applies()
	o.write(func(tx *Tx) error { return tx.Fail(d.ID, promote.Failure{Step: "verify", Subject: "smoke"}) })
}

// merges adds a commit to trunk.
func (o *opened) merges(sha string, pull int) {
	o.t.Helper()
	o.write(func(tx *Tx) error {
		return errors.Join(tx.Advance(Advance{Repository: 7, Tip: sha, Configured: true, Configuration: backward, Commits: []promote.Commit{{SHA: sha, Pull: pull}}}), tx.Step(7))
	})
}

const backward = "version: 1\nstacks: {layout: folders, path: \"{environment}/{component}\", engine: terraform}\n" +
	"environments:\n  dev: {promote: auto, on_failure: rollback}\n"

// proven is a store in which bbb has succeeded in dev, and ccc is on its way there.
func proven(t *testing.T) *opened {
	o := open(t)
	o.write(func(tx *Tx) error {
		return errors.Join(tx.SaveRepository(Repository{ID: 7, Installation: 1, Owner: "acme", Name: "infrastructure", Trunk: "main"}),
			tx.Advance(Advance{Repository: 7, Tip: "aaa", Configured: true, Configuration: backward, Commits: []promote.Commit{{SHA: "aaa"}},
				Baselines: []Baseline{{Environment: "dev", SHA: "aaa", Digests: map[string]string{"dev/app": "aaa"}}}}))
	})
	o.merges("bbb", 1)
	o.succeeds("a.old")
	o.merges("ccc", 2)
	return o
}

func (o *opened) dev() (e promote.Environment) {
	o.t.Helper()
	o.write(func(tx *Tx) error {
		state, err := tx.State(7)
		e = state.Environments["dev"]
		return err
	})
	return e
}

// A failure is answered in the transaction that writes it down: with the rollback, its hold, and the notice.
func TestFailureIsRolledBackAtOnce(t *testing.T) {
	t.Parallel()
	o := proven(t)
	d := o.applies("a.new")
	crash := errors.New("crash")
	err := o.Write(context.Background(), func(tx *Tx) error {
		return errors.Join(tx.Fail(d.ID, promote.Failure{Step: "verify", Subject: "smoke"}), crash)
	})
	if !errors.Is(err, crash) {
		t.Fatal(err)
	}
	if last := o.dev().Last; last.ID != d.ID || !last.Phase.Live() || len(o.dev().Holds) != 0 {
		t.Fatalf("a crash left %+v and %v", last, o.dev().Holds)
	}
	o.write(func(tx *Tx) error { return tx.Fail(d.ID, promote.Failure{Step: "verify", Subject: "smoke"}) })
	dev := o.dev()
	if last := dev.Last; !last.Rollback || !last.Phase.Live() || last.From != "ccc" || last.To != "bbb" || last.By.ID != 0 {
		t.Fatalf("it does not go back: %+v", last)
	}
	if len(dev.Holds) != 1 || dev.Holds[0].Kind != promote.HeldAfterRollback {
		t.Errorf("the holds are %+v", dev.Holds)
	}
	want := []promote.Touched{{Deployment: d.ID, Instance: "dev/app", Created: []string{"a.new"}, Destroyed: []string{}}}
	if diff := cmp.Diff(want, dev.Touched); diff != "" {
		t.Errorf("what was touched since (-want +got):\n%s", diff)
	}
	if got := one[int](o, `SELECT count(*) FROM notices WHERE kind = 'rollback'`); got != 1 {
		t.Errorf("people were told %d times", got)
	}
	o.succeeds()
	if dev = o.dev(); dev.Runs != "bbb" || len(dev.Holds) != 1 {
		t.Errorf("it runs %s and is held by %v", dev.Runs, dev.Holds)
	}
	if got := one[int](o, `SELECT count(*) FROM deployments`); got != 3 {
		t.Errorf("there are %d deployments; what was taken back must not come again by itself", got)
	}
}

// A rollback that fails halts, loudly.
func TestFailedRollbackHalts(t *testing.T) {
	t.Parallel()
	o := proven(t)
	o.fails()
	o.fails()
	if last := o.dev().Last; !last.Rollback || last.Phase != promote.Failed {
		t.Errorf("after the rollback failed, the last deployment is %+v", last)
	}
	o.merges("ddd", 3)
	if got := one[int](o, `SELECT count(*) FROM deployments`); got != 3 {
		t.Errorf("%d deployments; nothing is to move", got)
	}
	if got := one[int](o, `SELECT count(*) FROM notices WHERE kind = 'rollback stopped'`); got != 1 {
		t.Errorf("people were told %d times", got)
	}
}

// What a rollback that is withdrawn comes to: what somebody asked for waits again, except where it is not safe.
func TestWithdrawnRollback(t *testing.T) {
	t.Parallel()
	carol := promote.Person{ID: 1, Login: "carol"}
	for _, test := range []struct {
		name, gate string
		asked      bool
		phase      promote.Phase
		waits      bool
	}{
		{"asked, a hold", promote.GateHold, true, promote.Void, true},
		{"asked, unsafe", promote.GateIrreversible, true, promote.Failed, false},
		{"by itself, a hold", promote.GateHold, false, promote.Failed, false},
		{"by itself, unsafe", promote.GateIrreversible, false, promote.Failed, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := proven(t)
			if test.asked {
				o.succeeds()
				o.write(func(tx *Tx) error {
					return errors.Join(tx.RollBack(7, promote.Rollback{Environment: "dev", From: "ccc", To: "bbb", By: carol}), tx.Step(7))
				})
			} else {
				o.fails()
			}
			d := o.live()
			o.pass(time.Minute)
			o.write(func(tx *Tx) error {
				hold := promote.Hold{Kind: promote.Held, Owner: promote.Person{ID: 2, Login: "bob"}, Reason: "wait"}
				return errors.Join(tx.Hold(7, "dev", hold, 0), tx.Withdraw(d.ID, []promote.Gate{{Name: test.gate, Text: "it may not"}}))
			})
			dev := o.dev()
			if dev.Last.Phase != test.phase || (dev.Rollback != nil) != test.waits {
				t.Errorf("it is %s, and %+v waits", dev.Last.Phase, dev.Rollback)
			}
			if !test.waits {
				return
			}
			o.write(func(tx *Tx) error {
				dropped, err := tx.DropRollback(7, "dev", carol)
				if !dropped {
					t.Error("nothing was taken back")
				}
				return err
			})
			if o.dev().Rollback != nil {
				t.Error("it still waits")
			}
		})
	}
}

// The state for a rollback reaches back to all that succeeded, however far trunk has gone on.
func TestStateBack(t *testing.T) {
	t.Parallel()
	o := proven(t)
	o.succeeds()
	o.merges("ddd", 3)
	o.succeeds()
	o.write(func(tx *Tx) error {
		state, err := tx.State(7)
		far, failed := tx.StateBack(7, "dev")
		has := func(s promote.State, sha string) bool {
			return slices.ContainsFunc(s.Trunk, func(c promote.Commit) bool { return c.SHA == sha })
		}
		if has(state, "bbb") || !has(far, "bbb") || has(far, "aaa") || !has(far, "ddd") {
			t.Errorf("trunk has %d commits, and back %d", len(state.Trunk), len(far.Trunk))
		}
		return errors.Join(err, failed)
	})
}

// What an instance was to create before it was planned again may be there.
func TestPlannedAgainKeepsWhatMayBeThere(t *testing.T) {
	t.Parallel()
	o := proven(t)
	d := o.live()
	var after promote.Deployment
	o.write(func(tx *Tx) error {
		err := errors.Join(tx.Include(d.ID, planner.Resolved{Instance: stack.Instance{Stack: "dev", Component: "app"}, Digest: "two"}),
			tx.Planned(d.ID, promote.DeployedInstance{Name: "dev/app", PlanDigest: "p", Created: []string{"a.x", "a.y"}, Destroyed: []string{"a.z"}}),
			tx.Apply(d.ID), tx.Applying(d.ID, "dev/app"),
			tx.PlannedAgain(d.ID, promote.DeployedInstance{Name: "dev/app", PlanDigest: "q", Created: []string{"a.y"}}))
		if err != nil {
			return err
		}
		after, _, err = tx.Deployment(d.ID)
		return err
	})
	got := [][]string{after.Instances[0].Created, after.Instances[0].Destroyed}
	if diff := cmp.Diff([][]string{{"a.x", "a.y"}, {"a.z"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
