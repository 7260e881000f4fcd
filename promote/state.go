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
	// CoAuthors are all others who wrote a part of it.
	CoAuthors []Person
	// Merger merged the pull request, or pushed the commit.
	Merger Person
	// Merged is when we saw it on trunk.
	Merged time.Time
	// Paths that it changes against its first parent. They are looked at where migrations or a condition ask for them.
	Paths []string
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
	// Aborted: stopped by a person. What is applied stays applied.
	Aborted Phase = "aborted"
	// Void: given up before anything was applied, because gates had closed since it was decided; see [Recheck]. What was
	// asked for waits again.
	Void Phase = "void"
)

// Live tells whether the deployment is still under way.
func (p Phase) Live() bool { return p == Planning || p == Applying || p == Verifying }

// Failure is why a deployment stopped.
type Failure struct {
	// Step that failed: "state" (it would be looked for elsewhere), "secrets", "artifacts", "plan", "apply", "verify", "watch",
	// "configuration", "engine".
	Step string `json:"step"`
	// Subject is the instance, the check or the watch that failed; empty where it was the whole.
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
	By Person
	// Without are the components that it leaves as they are, Passed the names of the gates that an override passed.
	Without, Passed []string
	// Reason for passing them.
	Reason string
	// Rollback: it goes back to a commit that succeeded before; From is then what is taken back, and Why the reason.
	Rollback bool
	Why      string
	// Touched: something of it was applied, or begun to be.
	Touched bool
	Failure *Failure
	// Instances that are part of it, with how far each got.
	Instances []DeployedInstance
	// Steps that were begun, in their order.
	Steps []Step
	// Started, and Finished (zero while it is live).
	Started, Finished time.Time
	// WaitsUntil is when a deployment goes on that waits in its midst; the zero time: it does not wait.
	WaitsUntil time.Time
}

// LeavesOut tells whether the deployment leaves a component as it is.
func (d Deployment) LeavesOut(component string) bool { return named(d.Without, component) }

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
	// Counts is its plan as gates look at it; the zero value before it is planned.
	Counts PlannedInstance
	// Downstream: it is at its digest, and here because one that it depends on changes.
	Downstream bool
	// Awaits are the instances of the deployment without which it could not be planned: it is applied after them.
	Awaits []string
	// Created and Destroyed are the addresses of resources that come into being, and that go, are forgotten or replaced.
	Created, Destroyed []string
}

// Planned tells whether there is a plan that may be applied. An instance without one that is in the phase [InstancePlanned]
// can be planned only when what it depends on is applied.
func (i DeployedInstance) Planned() bool { return i.PlanDigest != "" }

// Request is a person's wish to promote an environment.
type Request struct {
	ID          int64
	Environment string
	To          string
	By          Person
	// Exact: the person named the commit, so no newer one takes its place.
	Exact bool
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
	// Undone is the failed deployment that Last, a rollback, takes back; nil: Last is none, or what it takes back had succeeded.
	Undone *Deployment
	// Request that waits to be started; nil: none.
	Request *Request
	// History are the ends of deployments, in any order, at least since the oldest commit of [State.Trunk] came here.
	History []Outcome
	// CheckRuns are results of checks that run by a schedule or all the time, in any order, for as long as History.
	CheckRuns []CheckRun
	// LeftOut are components that do not run what Runs says, because a hold kept them as they were.
	LeftOut []LeftOut
	// Plan of the promotion that [Impacts] asks for, as far as it is made; nil: none yet.
	Plan *Plan
	// Approvals that people gave for promotions of this environment, in any order.
	Approvals []Approval
	// Holds that were put on and not lifted, in any order. Those of the configuration are not among them.
	Holds []Hold
	// Override that waits to be used; nil: none.
	Override *Override
	// Rollback that a person asked for and that waits to be started; nil: none.
	Rollback *Rollback
	// Release is the newest step of giving to users what the environment runs, and Released the newest that was found to be good;
	// nil: what runs was deployed without a release of its own.
	Release, Released *Release
	// Releases are the ends of steps of releases, oldest first, for as long as History; none where Release is nil.
	Releases []ReleaseEnd
	// Bypasses are jobs that deployed here although they had not been let go, oldest first.
	Bypasses []Bypass
	// Touched is what deployments did to instances, in any order, as far as a rollback that waits or is under way has to do
	// with it.
	Touched []Touched
}

// State is all that is known of a repository when something is to be decided. Facts may come in any order and more than
// once, except Trunk.
type State struct {
	// Now is the time of the decision.
	Now time.Time
	// Trunk holds the commits from the oldest that an environment runs to the tip, oldest first.
	Trunk []Commit
	// Rules that apply, read from trunk. With Problems there are none, and nothing starts.
	Rules    config.Repository
	Problems config.Problems
	// Former rules that some environment has not left behind yet, in any order.
	Former []FormerRules
	// Environments by name.
	Environments map[string]Environment
	// Reports of checks and statuses on commits of trunk, by full SHA.
	Reports map[string][]Report
	// Artifacts of the commits of Trunk that are resolved, by full SHA.
	Artifacts map[string][]Artifact
	People    People
	// Notices that were given; see [NoticesDue].
	Notices []Given

	// index of Trunk by SHA, where decisions are made; see [State.indexed].
	index map[string]int
}

// FormerRules were those of trunk until a commit changed them. An environment that does not run this commit yet is held
// to them as well: a commit must not weaken the gates that it has to pass itself.
type FormerRules struct {
	Rules config.Repository
	// Until is the position of the commit that changed them, SHA its name.
	Until int64
	SHA   string
}
