package deploy

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/logs"
	"github.com/trunkline/trunkline/promote/store"
)

// mostObserved sources are looked at at a time.
const mostObserved = 8

// watch watches what belongs to a wave, or to the whole: each watch is a step, and all are looked at side by side. It waits
// until the next sample is due. What a killed Trunkline has written down counts; what it would have measured meanwhile does
// not.
func (r *run) watch(ctx context.Context, wave string, watches []config.Watch) error {
	w := &watching{run: r, wave: wave, watches: watches}
	var next *waits
	for i, watch := range watches {
		err := r.step(ctx, promote.Step{Kind: promote.StepWatch, Wave: wave, Name: watch.Name}, func(ctx context.Context, _ promote.Step) (time.Time, error) {
			if err := w.once(ctx); err != nil {
				return time.Time{}, err
			}
			return w.outcome(ctx, i)
		})
		var later *waits
		switch {
		case errors.As(err, &later):
			if next == nil || later.until.Before(next.until) {
				next = later
			}
		case err != nil:
			return errors.Join(err, w.breakOff(ctx, watch.Name, err))
		}
	}
	if next != nil {
		return next
	}
	return nil
}

// watching is one pass over the watches of a wave.
type watching struct {
	*run
	wave    string
	watches []config.Watch
	looked  bool

	now       time.Time
	baselines []promote.Baseline
	stand     []promote.WatchVerdict
}

func (w *watching) key(watch config.Watch) store.WatchKey {
	return store.WatchKey{Deployment: w.deployment.ID, Wave: w.wave, Name: watch.Name}
}

// once takes the samples that are due of all the watches, once in a pass.
func (w *watching) once(ctx context.Context) error {
	if w.looked {
		return nil
	}
	if err := w.look(ctx); err != nil {
		return err
	}
	if due := w.due(); len(due) > 0 {
		samples := w.sample(ctx, due)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := w.add(ctx, samples); err != nil {
			return err
		}
		w.logSamples(ctx, samples)
	}
	w.looked = true
	return nil
}

// look reads how the watches stand. Those that have not begun begin.
func (w *watching) look(ctx context.Context) error {
	return w.Store.Write(ctx, func(tx *store.Tx) error {
		w.now, w.baselines = tx.Now(), nil
		for _, watch := range w.watches {
			baseline, _, err := tx.Baseline(w.deployment.ID, w.what(watch))
			if err != nil {
				return err
			}
			w.baselines = append(w.baselines, baseline)
		}
		if err := w.judge(tx); err != nil || len(w.due()) > 0 {
			return err // with a sample there is more to show
		}
		return w.show(tx)
	})
}

// judge says how each watch stands by what is written down, and has its step say so.
func (w *watching) judge(tx *store.Tx) error {
	w.stand = nil
	for _, watch := range w.watches {
		started, err := tx.BeginWatch(w.key(watch))
		if err != nil {
			return err
		}
		samples, err := tx.Samples(w.key(watch))
		if err != nil {
			return err
		}
		stands := promote.Watch(watch, started, samples)
		if err := tx.WatchStands(w.key(watch), stands.Text); err != nil {
			return err
		}
		w.stand = append(w.stand, stands)
	}
	return nil
}

// due are the watches, by their place, of which a sample is due; none where one has failed already.
func (w *watching) due() (due []int) {
	for i, stands := range w.stand {
		switch {
		case stands.Phase == promote.WatchFailed:
			return nil
		case stands.Phase == promote.Watching && !stands.Again.After(w.now):
			due = append(due, i)
		}
	}
	return due
}

// sample looks at the sources of the watches that are due, several at a time.
func (w *watching) sample(ctx context.Context, due []int) map[int]promote.Sample {
	samples := map[int]promote.Sample{}
	var mu sync.Mutex
	var looking sync.WaitGroup
	places := make(chan struct{}, mostObserved)
	for _, i := range due {
		places <- struct{}{}
		looking.Go(func() {
			defer func() { <-places }()
			watch := w.watches[i]
			sample := promote.Judge(watch, w.target.Observe(ctx, w.rules, watch), w.baselines[i])
			sample.At, sample.Text = w.now, w.target.Redact(sample.Text)
			mu.Lock()
			defer mu.Unlock()
			samples[i] = sample
		})
	}
	looking.Wait()
	return samples
}

func (w *watching) add(ctx context.Context, samples map[int]promote.Sample) error {
	return w.write(ctx, func(tx *store.Tx) error {
		for i, sample := range samples {
			if err := tx.AddSample(w.key(w.watches[i]), sample); err != nil {
				return err
			}
		}
		return w.judge(tx)
	})
}

// outcome is when a watch has to be looked at again, or that it failed.
func (w *watching) outcome(ctx context.Context, i int) (again time.Time, err error) {
	stands := w.stand[i]
	w.logOutcome(ctx, w.watches[i], stands)
	if stands.Phase == promote.WatchFailed {
		err = &Stopped{promote.Failure{Step: "watch", Subject: w.watches[i].Name, Message: stands.Text}}
	}
	return stands.Again, err
}

// breakOff ends the other watches where one has failed.
func (w *watching) breakOff(ctx context.Context, failed string, failure error) error {
	if !errors.As(failure, new(*Stopped)) {
		return nil
	}
	why := "broken off, because " + failed + " failed"
	for _, watch := range w.watches {
		step, begun := w.recorded(promote.Step{Kind: promote.StepWatch, Wave: w.wave, Name: watch.Name})
		if !begun || step.Phase != promote.StepRunning {
			continue
		}
		step.Phase, step.Message = promote.StepSkipped, why
		if err := w.write(ctx, func(tx *store.Tx) error { return tx.EndStep(w.deployment.ID, step) }); err != nil {
			return err
		}
		w.unkept(ctx, w.watchLog(watch).End(logs.Stopped, why))
	}
	return nil
}
