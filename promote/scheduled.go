package promote

import (
	"time"

	"github.com/trunkline/trunkline/config"
)

// Due is when a scheduled check of an environment is to run next: at the first moment of its schedule after its last run,
// and after what the environment runs came there. The zero time: never.
func Due(state State, environment string, check config.ScheduledCheck) time.Time {
	facts := state.Environments[environment]
	runs, _ := state.commit(facts.Runs)
	// What was there before we knew the environment counts from when we first saw it.
	base := later(facts.Since, runs.Merged)
	if !facts.Since.IsZero() {
		base = facts.Since
	}
	for _, run := range facts.CheckRuns {
		if run.Check == check.Name {
			base = later(base, run.Started)
		}
	}
	if base.IsZero() {
		return time.Time{}
	}
	return check.Schedule.Next(base)
}
