package deploy

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/logs"
)

// watchLog is the log of a watch, which is written to whenever there is a sample.
func (w *watching) watchLog(watch config.Watch) *logs.Step {
	return w.Logs.Lasting(w.logKey(), logName("watch", w.wave, watch.Name), w.target.Redact)
}

// logSamples adds samples to the logs of their watches.
func (w *watching) logSamples(ctx context.Context, samples map[int]promote.Sample) {
	for _, i := range slices.Sorted(maps.Keys(samples)) {
		sample, log := samples[i], w.watchLog(w.watches[i])
		fmt.Fprintf(log, "%s %s: %s\n", sample.At.UTC().Format("15:04:05Z"), sample.Outcome, sample.Text)
		w.unkept(ctx, log.Leave())
	}
}

// logOutcome ends the log of a watch that has passed or failed.
func (w *watching) logOutcome(ctx context.Context, watch config.Watch, stands promote.WatchVerdict) {
	switch stands.Phase {
	case promote.WatchPassed:
		w.unkept(ctx, w.watchLog(watch).End(logs.OK, ""))
	case promote.WatchFailed:
		w.unkept(ctx, w.watchLog(watch).End(logs.Failed, w.target.Redact(stands.Text)))
	}
}
