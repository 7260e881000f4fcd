package promote

import (
	"slices"
	"time"

	"github.com/trunkline/trunkline/config"
)

// ScheduledChecks are the checks of an environment that run by a schedule: those of trunk, and those that are gone from there
// but which former rules of what comes after it ask for. If nobody ran these, such rules could never be met.
func ScheduledChecks(state State, name string) []config.ScheduledCheck {
	state = state.indexed()
	environment, _ := state.Rules.Environment(name)
	checks := slices.Clone(environment.Scheduled)
	for _, rules := range state.Rules.Environments {
		if rules.Name == name {
			continue
		}
		runs, _ := state.commit(state.Environments[rules.Name].Runs)
		for _, version := range state.versions(rules, runs)[1:] {
			if !slices.Contains(version.After, name) && !slices.Contains(version.AfterAny, name) {
				continue
			}
			before, _ := version.repository.Environment(name)
			for _, check := range before.Scheduled {
				if !slices.ContainsFunc(checks, func(c config.ScheduledCheck) bool { return c.Name == check.Name }) {
					checks = append(checks, check)
				}
			}
		}
	}
	return checks
}

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
