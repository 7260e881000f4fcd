package promote

import (
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// proving finds what would be proven less while a deployment is under way, and after it.
func (w *weakening) proving() {
	w.watches("", w.before.Watch, w.after.Watch)
	for _, before := range w.before.Waves {
		i := slices.IndexFunc(w.after.Waves, func(after config.Wave) bool { return after.Name == before.Name })
		if i < 0 {
			w.add(true, "waves", "the wave %s is gone", before.Name)
			continue
		}
		after := w.after.Waves[i]
		same := slices.Equal(after.Stacks, before.Stacks) && slices.Equal(after.Components, before.Components)
		w.add(!same, "waves", "the wave %s would be of other instances", before.Name)
		w.add(after.Pause < before.Pause, "waves", "the pause after the wave %s would last %s instead of %s", before.Name, lasting(after.Pause), lasting(before.Pause))
		w.checks(" of the wave "+before.Name, before.Verify, after.Verify)
		w.watches(" of the wave "+before.Name, before.Watch, after.Watch)
	}
	for _, before := range w.before.Canary {
		of := strings.Join(append(slices.Clone(before.Components), before.Stacks...), ", ")
		i := slices.IndexFunc(w.after.Canary, func(after config.Canary) bool {
			return slices.Equal(after.Components, before.Components) && slices.Equal(after.Stacks, before.Stacks)
		})
		if i < 0 {
			w.add(true, "canary", "the canary of %s is changed or gone", of)
			continue
		}
		after := w.after.Canary[i]
		same := slices.Equal(after.Steps, before.Steps) && after.Variable == before.Variable
		w.add(!same, "canary", "the canary of %s would take other steps", of)
		w.add(after.Pause < before.Pause, "canary", "the pauses of the canary of %s would last %s instead of %s", of, lasting(after.Pause), lasting(before.Pause))
		w.checks(" of the canary of "+of, before.Verify, after.Verify)
		w.watches(" of the canary of "+of, before.Watch, after.Watch)
	}
}

// checks finds those that would be gone.
func (w *weakening) checks(of string, before, after []config.Check) {
	for _, check := range before {
		same := func(c config.Check) bool {
			return c.Name == check.Name && c.Run == check.Run && c.Workflow.Equal(check.Workflow) && c.HTTP == check.HTTP && c.Status == check.Status
		}
		w.add(!slices.ContainsFunc(after, same), "verify", "the check %s%s is changed or gone", check.Name, of)
	}
}

// watches finds watches that would be gone, or would let through what they do not let through now.
func (w *weakening) watches(of string, olds, news []config.Watch) {
	for _, before := range olds {
		i := slices.IndexFunc(news, func(after config.Watch) bool { return after.Name == before.Name && after.What() == before.What() })
		if i < 0 {
			w.add(true, "watch", "the watch %s%s is changed or gone", before.Name, of)
			continue
		}
		w.watch(before.Name+of, before, news[i])
	}
}

func (w *weakening) watch(name string, before, after config.Watch) {
	w.add(!after.FailIf.Equal(before.FailIf), "watch", "the watch %s would fail by another rule", name)
	w.add(after.For < before.For, "watch", "the watch %s would last %s instead of %s", name, lasting(after.For), lasting(before.For))
	w.add(after.Every > before.Every, "watch", "the watch %s would look every %s instead of %s", name, lasting(after.Every), lasting(before.Every))
	w.add(after.Failures > before.Failures, "watch", "the watch %s would bear %d bad samples instead of %d", name, after.Failures, before.Failures)
	w.add(after.NoData != before.NoData && after.NoData == config.MissingWaits, "watch", "the watch %s would wait where there is no data", name)
	w.add(after.Unreachable != before.Unreachable && after.Unreachable == config.MissingWaits, "watch", "the watch %s would wait where nothing answers", name)
	w.add(otherNumber(before.NoBaseline, after.NoBaseline), "watch", "the watch %s would compare with something else where there is no baseline", name)
}

func otherNumber(before, after *float64) bool {
	if before == nil || after == nil {
		return after != nil
	}
	return *before != *after
}
