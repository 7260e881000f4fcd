package promote

import (
	"time"

	"github.com/trunkline/trunkline/config"
)

// Person is someone on GitHub. ID is what counts, Login is for reading. The zero Person is Trunkline itself.
type Person struct {
	ID    int64  `json:"id"`
	Login string `json:"login"`
}

// Commit is one commit of trunk.
type Commit struct {
	SHA string
	// Position in trunk's first-parent order; only ever compared, never shown.
	Position int64
	// Title is the first line of its message.
	Title string
	// Pull is the number of the pull request it came from; 0: it was pushed directly.
	Pull int
	// Author of the pull request, or of the commit where there is none (then without ID).
	Author Person
	// Merged is when we saw it on trunk.
	Merged time.Time
}

// Phase is how far a deployment got.
type Phase string

const (
	// Planning: the difference between what the environment runs and the target is being planned.
	Planning Phase = "planning"
	// Applying: the plans are being applied, one instance after the other or several at a time.
	Applying Phase = "applying"
	// Verifying: everything is applied; the checks after the deployment run.
	Verifying Phase = "verifying"
	// Succeeded: applied and proven. The environment runs the target.
	Succeeded Phase = "succeeded"
	// Failed: stopped by an error; Failure says which. What is applied stays applied.
	Failed Phase = "failed"
)

// Live tells whether the deployment is still under way.
func (p Phase) Live() bool { return p == Planning || p == Applying || p == Verifying }

// Failure is why a deployment stopped.
type Failure struct {
	// Step that failed: "state" (it would be looked for elsewhere), "plan", "apply", "verify", "configuration", "engine".
	Step string `json:"step"`
	// Subject is the instance or the check that failed; empty where it was the whole.
	Subject string `json:"subject,omitempty"`
	// Message for the person who has to mend it, redacted; may have several lines.
	Message string `json:"message"`
}

// Deployment is one attempt to bring one environment to one commit.
type Deployment struct {
	ID          int64
	Environment string
	// From is the last commit that succeeded in the environment, To the target.
	From, To string
	Phase    Phase
	// By asked for it; the zero Person: it was promoted automatically.
	By      Person
	Failure *Failure
	// Instances that are part of it, with how far each got.
	Instances []DeployedInstance
	// Started, and Finished (zero while it is live).
	Started, Finished time.Time
}

// InstancePhase is how far one instance of a deployment got.
type InstancePhase string

const (
	// InstanceWaiting for its plan.
	InstanceWaiting InstancePhase = "waiting"
	// InstancePlanned: its plan is recorded.
	InstancePlanned InstancePhase = "planned"
	// InstanceApplying: its apply was started.
	InstanceApplying InstancePhase = "applying"
	// InstanceApplied: it is at its digest.
	InstanceApplied InstancePhase = "applied"
	// InstanceFailed to plan or to apply.
	InstanceFailed InstancePhase = "failed"
)

// DeployedInstance is one instance in a deployment.
type DeployedInstance struct {
	// Name of the instance, "stack/component".
	Name  string
	Phase InstancePhase
	// Digest of its inputs at the target.
	Digest string
	// PlanDigest of the change set that may be applied, and ChangeDigests of its single changes.
	PlanDigest    string
	ChangeDigests []string
	// Summary counts the changes, such as "1 to create, 2 to update"; empty before it is planned.
	Summary string
	// Destructive: the plan replaces or destroys something.
	Destructive bool
}

// Request is a person's wish to promote an environment.
type Request struct {
	ID          int64
	Environment string
	To          string
	By          Person
	// Pull on which it was asked.
	Pull int
	At   time.Time
}

// Environment is what is known of one environment.
type Environment struct {
	Name string
	// Runs is the last commit that succeeded here (or the baseline).
	Runs string
	// Since is when it succeeded; the zero time for a baseline, which was never deployed by us.
	Since time.Time
	// Last deployment, live or finished; nil before the first.
	Last *Deployment
	// Request that waits to be started; nil: none.
	Request *Request
}

// State is all that is known of a repository when something is to be decided.
type State struct {
	// Trunk holds the commits from the oldest that an environment runs to the tip, oldest first.
	Trunk []Commit
	// Rules that apply, read from trunk. With Problems there are none, and nothing starts.
	Rules    config.Repository
	Problems config.Problems
	// Environments by name.
	Environments map[string]Environment
}
