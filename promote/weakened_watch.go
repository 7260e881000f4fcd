package promote

import (
	"slices"

	"github.com/trunkline/trunkline/config"
)

// watches finds watches that would be gone, or would let through what they do not let through now.
func (w *weakening) watches() {
	for _, before := range w.before.Watch {
		i := slices.IndexFunc(w.after.Watch, func(after config.Watch) bool { return after.Name == before.Name && after.What() == before.What() })
		if i < 0 {
			w.add(true, "watch", "the watch %s is changed or gone", before.Name)
			continue
		}
		after := w.after.Watch[i]
		w.add(!after.FailIf.Equal(before.FailIf), "watch", "the watch %s would fail by another rule", before.Name)
		w.add(after.For < before.For, "watch", "the watch %s would last %s instead of %s", before.Name, lasting(after.For), lasting(before.For))
		w.add(after.Every > before.Every, "watch", "the watch %s would look every %s instead of %s", before.Name, lasting(after.Every), lasting(before.Every))
		w.add(after.Failures > before.Failures, "watch", "the watch %s would bear %d bad samples instead of %d", before.Name, after.Failures, before.Failures)
		w.add(after.NoData != before.NoData && after.NoData == config.MissingWaits, "watch", "the watch %s would wait where there is no data", before.Name)
		w.add(after.Unreachable != before.Unreachable && after.Unreachable == config.MissingWaits, "watch",
			"the watch %s would wait where nothing answers", before.Name)
		w.add(otherNumber(before.NoBaseline, after.NoBaseline), "watch", "the watch %s would compare with something else where there is no baseline", before.Name)
	}
}

func otherNumber(before, after *float64) bool {
	if before == nil || after == nil {
		return after != nil
	}
	return *before != *after
}
