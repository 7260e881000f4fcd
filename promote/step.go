package promote

import "time"

// StepKind says what a step of a deployment is.
type StepKind string

const (
	// StepBefore and StepAfter are hooks before and after what is applied.
	StepBefore StepKind = "before"
	// StepAfter: see [StepBefore].
	StepAfter StepKind = "after"
	// StepVerify is a check.
	StepVerify StepKind = "verify"
	// StepCanary is a part of the traffic that gets what an instance becomes: the wave is the instance, the name its weight.
	StepCanary StepKind = "canary"
	// StepJobs is jobs of the repository's own workflows, which deploy.
	StepJobs StepKind = "jobs"
	// StepPause is time that passes between two waves.
	StepPause StepKind = "pause"
	// StepWatch is a metric or a probe that is looked at for a while.
	StepWatch StepKind = "watch"
)

// StepPhase is how a step stands.
type StepPhase string

const (
	// StepRunning: begun, and maybe interrupted.
	StepRunning StepPhase = "running"
	// StepPassed: the deployment goes on.
	StepPassed StepPhase = "passed"
	// StepFailed: the deployment stops.
	StepFailed StepPhase = "failed"
	// StepSkipped: its condition did not hold.
	StepSkipped StepPhase = "skipped"
)

// Step is one thing that a deployment does besides planning and applying instances. Kind, Wave and Name tell it from the
// others of its deployment.
type Step struct {
	Kind StepKind
	// Wave to which it belongs, or the instance with its weight; empty: to none.
	Wave string
	Name string
	// Phase in which it is.
	Phase StepPhase
	// Message is why it failed or was skipped, redacted.
	Message string
	// URL of the run of the workflow that it is; empty: it is none, or it has not begun.
	URL string
	// Started, and Ended (zero while it runs).
	Started, Ended time.Time
}

// Step returns a step of the deployment, and whether it was begun.
func (d Deployment) Step(kind StepKind, wave, name string) (Step, bool) {
	for _, step := range d.Steps {
		if step.Kind == kind && step.Wave == wave && step.Name == name {
			return step, true
		}
	}
	return Step{}, false
}
