package store

import (
	"errors"
	"testing"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// Samples go with the logs of their deployment; those of what is live, or by which a release is watched, stay.
func TestForgetSamples(t *testing.T) {
	t.Parallel()
	o := proven(t)
	sampled := func(key WatchKey) {
		o.write(func(tx *Tx) error {
			_, err := tx.BeginWatch(key)
			return errors.Join(err, tx.AddSample(key, promote.Sample{At: tx.Now(), Outcome: promote.SampleGood}),
				tx.SetBaseline(key.Deployment, key.Name, promote.Baseline{"": 1}))
		})
	}
	before := func() int64 {
		return one[int64](o, `SELECT MIN(id) FROM deployments WHERE phase = 'succeeded' AND environment = 'dev'`)
	}()
	sampled(WatchKey{Deployment: before, Name: "errors"})
	sampled(WatchKey{Deployment: o.live().ID, Name: "errors"})
	forget := func(newest int) {
		o.write(func(tx *Tx) error { return tx.ForgetSamples(7, tx.Now().Add(-time.Hour), newest) })
	}
	left := func() int { return one[int](o, `SELECT count(*) FROM watch_samples`) }
	if forget(2); left() != 2 {
		t.Errorf("%d samples are left of two deployments that are kept", left())
	}
	o.write(func(tx *Tx) error {
		return tx.addRelease(7, promote.Release{Environment: "dev", Commit: "bbb", Full: "aaa", Deployment: before, Percent: 10, Phase: promote.ReleaseWatching})
	})
	if forget(1); left() != 2 {
		t.Errorf("%d samples are left of a release that is watched", left())
	}
	o.write(func(tx *Tx) error { return tx.exec(`UPDATE releases SET phase = 'done'`) })
	if forget(1); left() != 1 || one[int64](o, `SELECT deployment FROM watch_samples`) != o.live().ID {
		t.Errorf("%d samples are left; want that of the deployment under way", left())
	}
	o.pass(2 * time.Hour)
	if forget(1); left() != 1 {
		t.Error("what is under way was forgotten by its age")
	}
	if got := one[int](o, `SELECT count(*) FROM watch_baselines`); got != 2 {
		t.Errorf("%d baselines are left; want both", got)
	}
}

// What users have had since when is read in the order in which it came, with what nobody knows.
func TestReleaseEnds(t *testing.T) {
	t.Parallel()
	o := proven(t)
	d := o.live()
	o.succeeds()
	var want []promote.ReleaseEnd
	for _, step := range []struct {
		percent int
		phase   promote.ReleasePhase
	}{{100, promote.ReleaseDone}, {100, promote.ReleaseDropped}, {100, promote.ReleaseFailed}, {0, promote.ReleaseDone}} {
		o.pass(time.Minute)
		o.write(func(tx *Tx) error {
			return tx.addRelease(7, promote.Release{Environment: "dev", Commit: "ccc", Full: "bbb", Deployment: d.ID, Percent: step.percent, Phase: step.phase})
		})
		if step.phase != promote.ReleaseDropped {
			want = append(want, promote.ReleaseEnd{Commit: "ccc", Full: "bbb", All: len(want) == 0, At: o.clock()})
		}
	}
	got := o.dev().Releases
	if len(got) != len(want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	for i := range got {
		if !got[i].At.Equal(want[i].At) || got[i].All != want[i].All || got[i].Commit != "ccc" || got[i].Full != "bbb" {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
}
