package engine

import (
	"maps"
	"time"

	"github.com/trunkline/trunkline/planner/process"
)

// fill says how the step's command runs: where, with what environment, and within which limits.
func (s Settings) fill(run *process.Command, work Work, step string) {
	run.Dir = work.directory()
	run.Home = work.Scratch
	run.Log, run.Copy = work.Log(step), work.Output
	run.Allow = s.Allow
	run.Env = map[string]string{}
	maps.Copy(run.Env, work.manifestEnv())
	maps.Copy(run.Env, work.Env) // the operator's word counts more
	run.Locks = work.Locks
	// The time limit is the work's, by its context: several commands share it.
	run.Limits = process.Limits{Timeout: 24 * time.Hour, Interrupt: 10 * time.Second, Terminate: 5 * time.Second, Read: maxText}
	if step == "apply" || step == "destroy" {
		// An apply that is ended in the middle may lose what it has done, so it gets time to write that down.
		run.Limits.Interrupt, run.Limits.Terminate = s.Grace, 30*time.Second
	}
}
