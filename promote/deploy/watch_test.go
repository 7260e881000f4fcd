package deploy

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

const watchRules = `version: 1
stacks: {layout: folders, path: "{environment}/{component}", engine: terraform}
prometheus: http://prometheus:9090
environments:
  dev:
    promote: auto
    watch:
      - {name: errors, prometheus: rate, fail_if: value > 2 * baseline, for: 3m, every: 1m}
      - {name: probe, http: "http://app/health", for: 4m, every: 2m, unreachable: wait}
`

// watched is a deployment to dev that has come to its watches, with a clock and a source of the test.
type watched struct {
	t     *testing.T
	store *store.Store
	rules config.Environment
	id    int64

	mu sync.Mutex
	at time.Time
	// says is what the source of each watch says; asked are those that were asked.
	says  map[string]promote.Observation
	asked []string
}

func reading(value float64) promote.Observation {
	return promote.Observation{Status: 200, Readings: []promote.Reading{{Value: value}}}
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	w := &watched{t: t, at: time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC), says: map[string]promote.Observation{"errors": reading(1), "probe": reading(0.1)}}
	ctx := context.Background()
	var err error
	if w.store, err = store.Open(ctx, filepath.Join(t.TempDir(), "trunkline.db"), w.now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
	})
	parsed, err := config.Parse(config.Path, []byte(watchRules))
	if err != nil {
		t.Fatal(err)
	}
	w.rules = parsed.Environments[0]
	w.write(func(tx *store.Tx) error {
		return errors.Join(tx.SaveRepository(store.Repository{ID: 7, Owner: "acme", Name: "infrastructure", Trunk: "main"}),
			tx.Advance(store.Advance{Repository: 7, Tip: "bbb", Configured: true, Configuration: watchRules,
				Commits:   []promote.Commit{{SHA: "aaa"}, {SHA: "bbb", Pull: 1}},
				Baselines: []store.Baseline{{Environment: "dev", SHA: "aaa", Digests: map[string]string{"dev/app": "old"}}}}),
			tx.Step(7))
	})
	w.begun()
	return w
}

// begun takes the newest deployment as the one that is looked at.
func (w *watched) begun() {
	w.t.Helper()
	w.write(func(tx *store.Tx) error {
		state, err := tx.State(7)
		w.id = state.Environments["dev"].Last.ID
		return err
	})
}

func (w *watched) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *watched) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func (w *watched) write(change func(*store.Tx) error) {
	w.t.Helper()
	if err := w.store.Write(context.Background(), change); err != nil {
		w.t.Fatal(err)
	}
}

func (w *watched) observe(_ context.Context, _ config.Environment, watch config.Watch) promote.Observation {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, watch.Name)
	return w.says[watch.Name]
}

// run is a pass of a Trunkline that has just been started.
func (w *watched) run() *run {
	w.t.Helper()
	r := &run{Deployer: &Deployer{Store: w.store}, rules: w.rules, target: &Target{Observe: w.observe,
		Redact: func(text string) string { return strings.ReplaceAll(text, "s3cret", "***") }}}
	w.write(func(tx *store.Tx) (err error) {
		r.deployment, r.repository, err = tx.Deployment(w.id)
		return err
	})
	return r
}

// look makes one pass over the watches; in is in how many minutes the next is due.
func (w *watched) look() (in float64, err error) {
	return w.wait(w.run().watch(context.Background(), "", w.rules.Watch))
}

// wait is for how many minutes a pass waits that ended with an error.
func (w *watched) wait(err error) (float64, error) {
	var later *waits
	if errors.As(err, &later) {
		return later.until.Sub(w.now()).Minutes(), nil
	}
	return 0, err
}

func (w *watched) measureBaselines() error {
	return w.run().measureBaselines(context.Background(), w.rules.Watch)
}

// said is the failure that an error is.
func (w *watched) said(err error) string {
	w.t.Helper()
	var stopped *Stopped
	if !errors.As(err, &stopped) {
		w.t.Fatalf("the error is %v; want one that ends the deployment", err)
	}
	if stopped.Step != "watch" {
		w.t.Errorf("the step is %s", stopped.Step)
	}
	return stopped.Subject + ": " + stopped.Message
}

func TestWatchesPass(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	if err := w.measureBaselines(); err != nil {
		t.Fatal(err)
	}
	w.says["errors"] = reading(1.5)
	var dues []float64
	for range 5 {
		in, err := w.look()
		if err != nil {
			t.Fatal(err)
		}
		dues = append(dues, in)
		w.pass(time.Duration(in * float64(time.Minute)))
	}
	if diff := cmp.Diff([]float64{1, 1, 1, 1, 0}, dues); diff != "" {
		t.Errorf("passes were due after other times (-want +got):\n%s", diff)
	}
	// The first is the baseline; of both watches a sample is due after two minutes, in any order.
	counts := map[string]int{}
	for _, name := range w.asked {
		counts[name]++
	}
	if diff := cmp.Diff(map[string]int{"errors": 4, "probe": 2}, counts); diff != "" {
		t.Errorf("the sources were asked %v", w.asked)
	}
	before := len(w.asked)
	if in, err := w.look(); in != 0 || err != nil || len(w.asked) != before {
		t.Errorf("what has passed is looked at again: %v, %v", in, err)
	}
	w.steps("", []promote.Step{{Kind: promote.StepWatch, Name: "errors", Phase: promote.StepPassed, Message: "3 samples"}, {Kind: promote.StepWatch, Name: "probe", Phase: promote.StepPassed, Message: "2 samples"}})
}

// steps checks the steps of a wave.
func (w *watched) steps(wave string, want []promote.Step) {
	w.t.Helper()
	var got []promote.Step
	for _, step := range w.run().deployment.Steps {
		if step.Wave == wave {
			got = append(got, step)
		}
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(promote.Step{}, "Started", "Ended")); diff != "" {
		w.t.Errorf("the steps are others (-want +got):\n%s", diff)
	}
}

func TestWatchFails(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, watch string
		says        promote.Observation
		want        string
	}{
		{"rises", "errors", reading(2.5), "errors: Value is 2.5, the baseline is 1. It fails if value > 2 * baseline. 1 of 1 samples was bad; none is borne."},
		{"vanishes", "errors", promote.Observation{Status: 200}, "errors: No data. 1 of 1 samples was bad; none is borne."},
		{"is not a number", "errors", reading(math.NaN()), "errors: The baseline is 1, no data: there is no value. 1 of 1 samples was bad; none is borne."},
		{"does not answer", "errors", promote.Observation{Unreachable: "connection refused by s3cret"},
			"errors: No answer: connection refused by ***. 1 of 1 samples was bad; none is borne."},
		{"is refused", "probe", promote.Observation{Status: 502}, "probe: It answered with status 502. 1 of 1 samples was bad; none is borne."},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWatched(t)
			if err := w.measureBaselines(); err != nil {
				t.Fatal(err)
			}
			w.says[test.watch] = test.says
			w.pass(-time.Minute) // so that the first pass is the beginning
			if _, err := w.look(); err != nil {
				t.Fatal(err)
			}
			w.pass(2 * time.Minute)
			_, err := w.look()
			if got := w.said(err); got != test.want {
				t.Errorf("it says %q\nwant    %q", got, test.want)
			}
			for _, step := range w.run().deployment.Steps {
				if step.Phase == promote.StepRunning || (step.Phase == promote.StepFailed) != (step.Name == test.watch) {
					t.Errorf("the step of %s is %s: %s", step.Name, step.Phase, step.Message)
				}
			}
			before := len(w.asked)
			w.pass(time.Hour)
			if _, err := w.look(); w.said(err) != test.want || len(w.asked) != before {
				t.Errorf("after a restart it says %v", err)
			}
		})
	}
}

// A source that is waited for holds the deployment up, and lets nothing through.
func TestWatchWaitsForItsSource(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	if err := w.measureBaselines(); err != nil {
		t.Fatal(err)
	}
	w.says["probe"] = promote.Observation{Unreachable: "connection refused"}
	var err error
	for minutes := 0.0; err == nil && minutes < 60; {
		var in float64
		if in, err = w.look(); in == 0 && err == nil {
			t.Fatal("it passes, although nothing ever answered")
		}
		minutes += in
		w.pass(time.Duration(in * float64(time.Minute)))
	}
	if got := w.said(err); !strings.HasPrefix(got, "probe: Nothing shows that it is healthy: no answer: connection refused. 4 of 4 samples were missing") {
		t.Errorf("it says %q", got)
	}
}

// A Trunkline that is down does not watch: its samples are taken when it is back.
func TestWatchAfterARestart(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	if err := w.measureBaselines(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []float64{1, 1} {
		if in, err := w.look(); in != want || err != nil {
			t.Fatalf("it is due in %v minutes, %v; want %v", in, err, want)
		}
		w.pass(time.Minute)
	}
	w.pass(24 * time.Hour)
	for _, want := range []float64{1, 1, 0} {
		in, err := w.look()
		if in != want || err != nil {
			t.Fatalf("after a day it is due in %v minutes, %v; want %v", in, err, want)
		}
		w.pass(time.Minute)
	}
}

// A pass that was stopped while it looked has written nothing down, and the next looks again.
func TestWatchStopped(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	if err := w.measureBaselines(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.look(); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Minute)
	ctx, stop := context.WithCancel(context.Background())
	r := w.run()
	r.target.Observe = func(context.Context, config.Environment, config.Watch) promote.Observation {
		stop()
		return promote.Observation{Unreachable: "context canceled"}
	}
	if err := r.watch(ctx, "", w.rules.Watch); !errors.Is(err, context.Canceled) {
		t.Fatalf("the error is %v", err)
	}
	if in, err := w.look(); in != 1 || err != nil {
		t.Errorf("the next pass is due in %v minutes, %v", in, err)
	}
}

// Waves have samples of their own, and each watch is a step that says how it stands.
func TestWatchOfAWave(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	if err := w.measureBaselines(); err != nil {
		t.Fatal(err)
	}
	for _, wave := range []string{"first", "second"} {
		for range 2 {
			if in, err := w.wait(w.run().watch(context.Background(), wave, w.rules.Watch)); err != nil || in != 1 {
				t.Errorf("%s is due in %g minutes, %v", wave, in, err)
			}
			w.pass(time.Minute)
		}
		w.steps(wave, []promote.Step{
			{Kind: promote.StepWatch, Wave: wave, Name: "errors", Phase: promote.StepRunning, Message: "1 of 3 samples"},
			{Kind: promote.StepWatch, Wave: wave, Name: "probe", Phase: promote.StepRunning, Message: "0 of 2 samples"}})
	}
}

// A person who stops the deployment does not have to wait for a watch.
func TestWatchAborted(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	if err := w.measureBaselines(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.look(); err != nil {
		t.Fatal(err)
	}
	w.write(func(tx *store.Tx) error {
		asked, err := tx.AskAbort(w.id, promote.Person{ID: 1, Login: "carol"})
		if !asked {
			t.Error("it has ended")
		}
		return err
	})
	w.pass(time.Minute)
	if _, err := w.look(); !errors.As(err, new(*aborted)) {
		t.Errorf("it says %v", err)
	}
}

func TestNothingToCompareWith(t *testing.T) {
	t.Parallel()
	stand := 0.5
	for _, test := range []struct {
		name   string
		change func(*config.Watch)
		says   promote.Observation
		want   string
	}{
		{"no data", func(*config.Watch) {}, promote.Observation{}, "errors: There is nothing to compare with (no data), and it fails if value > 2 * baseline. Nothing was applied. Where there is no value before the first deployment, give the watch `no_baseline`."},
		{"no answer", func(*config.Watch) {}, promote.Observation{Unreachable: "connection refused"}, "errors: There is nothing to compare with (no answer: connection refused), and"},
		{"no answer, and it is borne once", func(w *config.Watch) { w.Failures, w.Every = 1, time.Millisecond }, promote.Observation{Unreachable: "connection refused"}, "errors: There is nothing"},
		{"something else", func(w *config.Watch) { w.NoBaseline = &stand }, promote.Observation{}, ""},
		{"it waits", func(w *config.Watch) { w.NoData = config.MissingWaits }, promote.Observation{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWatched(t)
			w.rules.Watch = append([]config.Watch{}, w.rules.Watch...)
			test.change(&w.rules.Watch[0])
			w.says["errors"] = test.says
			err := w.measureBaselines()
			if test.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if got := w.said(err); !strings.HasPrefix(got, test.want) {
				t.Errorf("it says %q\nwant    %q", got, test.want)
			}
			if want := w.rules.Watch[0].Failures + 1; len(w.asked) != want {
				t.Errorf("it was tried %d times; want %d", len(w.asked), want)
			}
		})
	}
}

// What a bad deployment has broken is not what the next one is compared with.
func TestBaselineAfterAFailure(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	if err := w.measureBaselines(); err != nil {
		t.Fatal(err)
	}
	app := planner.Resolved{Digest: "new", Instance: stack.Instance{Environment: "dev", Stack: "dev", Component: "app"}}
	failing := func(applied bool) {
		t.Helper()
		w.write(func(tx *store.Tx) error {
			err := tx.Include(w.id, app)
			if applied {
				err = errors.Join(err, tx.Planned(w.id, promote.DeployedInstance{Name: "dev/app", PlanDigest: "p", Summary: "1 to create"}),
					tx.Apply(w.id), tx.Applying(w.id, "dev/app"), tx.Applied(w.id, "dev/app"), tx.Verify(w.id))
			}
			return errors.Join(err, tx.Fail(w.id, promote.Failure{Step: "watch"}),
				tx.Request(7, promote.Request{Environment: "dev", To: "bbb", By: promote.Person{ID: 1, Login: "carol"}}), tx.Step(7))
		})
		w.begun()
	}
	baseline := func(want float64) {
		t.Helper()
		if err := w.measureBaselines(); err != nil {
			t.Fatal(err)
		}
		w.write(func(tx *store.Tx) error {
			got, known, err := tx.Baseline(w.id, w.rules.Watch[0].What())
			if !known || got[""] != want {
				t.Errorf("the baseline is %v; want %g", got, want)
			}
			return err
		})
	}
	failing(false)
	w.says["errors"] = reading(2)
	baseline(2) // what applied nothing has broken nothing
	failing(true)
	w.says["errors"] = reading(50)
	baseline(2)
	failing(false)
	baseline(2)
	failing(true)
	baseline(2)
	w.write(func(tx *store.Tx) error {
		return errors.Join(tx.Include(w.id, app), tx.Planned(w.id, promote.DeployedInstance{Name: "dev/app", PlanDigest: "p"}), tx.Apply(w.id),
			tx.Applying(w.id, "dev/app"), tx.Applied(w.id, "dev/app"), tx.Verify(w.id), tx.Succeed(w.id, store.Left{}),
			tx.Advance(store.Advance{Repository: 7, Tip: "ccc", Configured: true, Configuration: watchRules, Commits: []promote.Commit{{SHA: "ccc"}}}), tx.Step(7))
	})
	w.begun()
	w.says["errors"] = reading(3)
	baseline(3) // what succeeded is the usual from then on
	w.write(func(tx *store.Tx) error {
		return errors.Join(tx.Include(w.id, app), tx.Planned(w.id, promote.DeployedInstance{Name: "dev/app", PlanDigest: "p"}), tx.Apply(w.id),
			tx.Applying(w.id, "dev/app"), tx.Applied(w.id, "dev/app"), tx.Verify(w.id), tx.Succeed(w.id, store.Left{}),
			tx.RollBack(7, promote.Rollback{Environment: "dev", From: "ccc", To: "bbb", By: promote.Person{ID: 1, Login: "carol"}}), tx.Step(7))
	})
	w.begun()
	if !w.run().deployment.Rollback {
		t.Fatal("no rollback has begun")
	}
	w.says["errors"] = reading(50)
	baseline(3) // what is taken back is not the usual, though it succeeded
}

// Whoever goes back, or past gates, is not kept from it by a metric that is gone.
func TestUrgentWithoutABaseline(t *testing.T) {
	t.Parallel()
	w := newWatched(t)
	w.says["errors"] = promote.Observation{Unreachable: "connection refused"}
	for _, change := range []func(*promote.Deployment){func(d *promote.Deployment) { d.Rollback = true }, func(d *promote.Deployment) { d.Passed = []string{"soak"} }} {
		r := w.run()
		change(&r.deployment)
		if err := r.measureBaselines(context.Background(), w.rules.Watch); err != nil {
			t.Error(err)
		}
	}
	if _, err := w.look(); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Minute)
	w.says["errors"] = reading(1)
	_, err := w.look()
	if got, want := w.said(err), "errors: Value is 1, nothing to compare with: there was no value before the deployment. 1 of 1 samples was bad; none is borne."; got != want {
		t.Errorf("it says %q; want %q", got, want)
	}
}
