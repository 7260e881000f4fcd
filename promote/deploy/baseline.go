package deploy

import (
	"context"
	"fmt"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

const (
	// mostTries is how often a baseline is measured that cannot be, with at most longestPause between.
	mostTries    = 5
	longestPause = 5 * time.Second
)

// measureBaselines measures what the thresholds of the watches compare with, once for a deployment. It must be called
// before anything is applied. A deployment that follows one that failed takes what was measured before that one. Where
// there is nothing to compare with, a [*Stopped] error says so, unless the watch waits or has something else, or it is urgent.
func (r *run) measureBaselines(ctx context.Context, watches []config.Watch) error {
	for _, watch := range watches {
		if !watch.FailIf.Uses("baseline") {
			continue
		}
		known, err := r.baselineKnown(ctx, watch)
		if err == nil && !known {
			err = r.measureBaseline(ctx, watch)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// baselineKnown tells whether a baseline is written down, and takes over that of a deployment that failed.
func (r *run) baselineKnown(ctx context.Context, watch config.Watch) (known bool, err error) {
	err = r.Store.Write(ctx, func(tx *store.Tx) error {
		if _, known, err = tx.Baseline(r.deployment.ID, r.what(watch)); err != nil || known {
			return err
		}
		if r.releases != "" {
			return nil
		}
		before, found, err := tx.BaselineBefore(r.deployment.ID, watch.What())
		if err != nil || !found {
			return err
		}
		known = true
		return tx.SetBaseline(r.deployment.ID, watch.What(), before)
	})
	return known, err
}

// measureBaseline measures as often as the watch bears failures, and once more.
func (r *run) measureBaseline(ctx context.Context, watch config.Watch) error {
	for try := 1; ; try++ {
		seen := r.target.Observe(ctx, r.rules, watch)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		baseline, why := promote.BaselineFrom(watch, seen)
		missing := watch.NoData
		if seen.Unreachable != "" {
			missing = watch.Unreachable
		}
		switch {
		case len(baseline) > 0, watch.NoBaseline != nil, missing == config.MissingWaits, r.urgent():
			return r.Store.Write(ctx, func(tx *store.Tx) error { return tx.SetBaseline(r.deployment.ID, r.what(watch), baseline) })
		case try > watch.Failures || try == mostTries:
			return &Stopped{promote.Failure{Step: "watch", Subject: watch.Name, Message: r.target.Redact(fmt.Sprintf(
				"There is nothing to compare with (%s), and it fails if %s. Nothing was %s. Where there is no value before the first deployment, give the watch `no_baseline`.",
				why, watch.FailIf, r.done()))}}
		}
		if err := pause(ctx, min(watch.Every, longestPause)); err != nil {
			return err
		}
	}
}

// urgent tells whether the deployment goes back, or went past gates: whoever mends what is broken is not kept from it by a
// metric that is gone. The watch says afterwards that it is.
func (r *run) urgent() bool { return r.deployment.Rollback || len(r.deployment.Passed) > 0 }

// what is measured, and for what: each step of a release has baselines of its own.
func (r *run) what(watch config.Watch) string {
	if r.releases == "" {
		return watch.What()
	}
	return r.releases + " " + watch.What()
}

// done is what the run does, as a word about what it has not done.
func (r *run) done() string {
	if r.releases == "" {
		return "applied"
	}
	return "released"
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
