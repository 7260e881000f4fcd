package promote

import (
	"time"

	"github.com/trunkline/trunkline/config"
)

// Range is what a promotion brings: the commits after From up to and with To.
type Range struct {
	From, To Commit
	// Commits of the range, oldest first, To last, without From. Empty where From is To.
	Commits []Commit
	// Back: it goes to an older commit, and Commits are those that it takes back: after To, up to and with From.
	Back bool
}

// Pulls are the numbers of the pull requests in the range, oldest first, each once.
func (r Range) Pulls() []int {
	var pulls []int
	seen := map[int]bool{}
	for _, commit := range r.Commits {
		if commit.Pull != 0 && !seen[commit.Pull] {
			seen[commit.Pull] = true
			pulls = append(pulls, commit.Pull)
		}
	}
	return pulls
}

// Authors of the range, each once, in the order of their first commit.
func (r Range) Authors() []Person {
	var authors []Person
	seen := map[string]bool{}
	for _, commit := range r.Commits {
		if login := commit.Author.Login; login != "" && !seen[login] {
			seen[login] = true
			authors = append(authors, commit.Author)
		}
	}
	return authors
}

// Promotion is the step that an environment takes next: the range that it brings, and what belongs to it.
type Promotion struct {
	Environment string
	Range
	// Plan of exactly this step; nil: it is not made yet.
	Plan *Plan
	// Request that asks for it, and Override that passes its gates; nil: none.
	Request  *Request
	Override *Override
	// Without are names and patterns of components that stay as they are; see [LeftOut].
	Without []string
}

// LeavesOut tells whether the step leaves a component as it is.
func (p Promotion) LeavesOut(component string) bool { return named(p.Without, component) }

// Reason is why an environment does not move, for a person: a gate that is closed.
type Reason struct {
	// Gate that is closed; see [Gate].
	Gate string
	// Text is a sentence without its full stop, such as "staging has not proven 4d03e77 yet".
	Text string
	// Command that would change it, if a command would; such as "/promote prod".
	Command string
	// OpensAt is when it may change by the clock alone; zero: it cannot tell.
	OpensAt time.Time
}

// Decision is what should happen next in one environment: start, or wait, or nothing (it is where it should be).
type Decision struct {
	Environment string
	// Candidate is the newest commit that the environment may have; the zero Commit where there is none.
	Candidate Commit
	// Promotion that is considered: what starts, or what waits. Nil: there is nothing to do, or nothing may be done now.
	Promotion *Promotion
	// Gates on it, open and closed, the closed ones first.
	Gates []Gate
	// Start is the promotion to start now; nil: none. Where it goes to the commit that it comes from, only components
	// that were left out before come again.
	Start *Range
	// Without are the components that Start leaves as they are; see [Promotion].
	Without []string
	// By asked for Start, or overrides; zero: it starts automatically.
	By Person
	// Passed are the closed gates that an override passes.
	Passed []Gate
	// Waits are the reasons why the candidate is not started; empty where Start is set or the environment has converged.
	Waits []Reason
	// Superseded are steps that people dealt with and whose place a newer one takes.
	Superseded []Superseded
	// Approvals of what the environment runs now, each with whether it counts.
	Approvals []Counted
	// Rollback that Start carries out; nil: it goes forward.
	Rollback *Rollback
	// Unsafe says why the rollback that waits is not carried out, ever; empty: it may be.
	Unsafe string
	// NotBack says why a failed deployment is not rolled back by itself although the rules ask for it; empty: they do not,
	// or it is.
	NotBack string
	// Dropped is a request that nothing is left to do for.
	Dropped *Request
	// Overdue: it has not converged in its time; nil: it has, or has time.
	Overdue *Overdue
}

// Status is how a commit stands in an environment.
type Status string

const (
	// Converged: the environment runs the commit, or a newer one.
	Converged Status = "converged"
	// Deploying: a deployment that contains the commit is under way.
	Deploying Status = "deploying"
	// Stopped: the last deployment that contained the commit failed.
	Stopped Status = "stopped"
	// GoingBack: a rollback that takes the commit back waits or is under way.
	GoingBack Status = "going back"
	// Ready: only a person's /promote is waited for.
	Ready Status = "ready"
	// HeldBack: waiting for something else than a person's /promote.
	HeldBack Status = "waiting"
)

// Stage is one environment in the view of one commit's rollout.
type Stage struct {
	Environment config.Environment
	Status      Status
	// Runs is the commit that the environment runs, Since when it succeeded there (zero: a baseline).
	Runs  Commit
	Since time.Time
	// Behind is how many commits of trunk the environment lacks up to the tip.
	Behind int
	// Range that carries the commit on: of the live or failed deployment, or the promotion that would start.
	Range Range
	// Deployment that carries or carried the commit; nil: none yet.
	Deployment *Deployment
	Waits      []Reason
	// LeftOut are components that do not run what the environment runs.
	LeftOut []LeftOut
	// TakenBack is the rollback that took the commit back, where it was the last deployment; nil: none did.
	TakenBack *Deployment
	// Undone is the failed deployment that a rollback of Deployment or TakenBack answers; nil: there is none.
	Undone *Deployment
	// NotBack says why a failed deployment is not rolled back by itself although the rules ask for it; empty: they do not.
	NotBack string
	// Gates on Range, open and closed, where it is the step that the environment takes next.
	Gates []Gate
	// Approvals that were given for what the environment runs now, each with whether it counts.
	Approvals []Counted
	// Overdue: the environment did not converge in its time; nil: it did, or has time.
	Overdue *Overdue
	// PlanDigest is that of the plan which gates and approvals look at; empty: there is none yet.
	PlanDigest string
	// Release is how it stands with giving to users what the environment runs, where the commit is a part of that; Released is the
	// newest percentage that was found to be good. Nil: it was released with its deployment, or it is not about this commit.
	Release, Released *Release
	// ReleaseWaits are what the step of the release waits for.
	ReleaseWaits []Reason
	// Bypasses of the environment's gates by jobs that deployed the commit.
	Bypasses []Bypass
	// Impact of Range, where it was planned; nil: it was not, or not yet.
	Impact *PlannedImpact
}

// Rollout is one trunk commit's journey through the environments, as a person looks at it.
type Rollout struct {
	// Commit whose journey it is.
	Commit Commit
	// Artifacts of Commit that are resolved.
	Artifacts []Artifact
	// Tip of trunk.
	Tip Commit
	// Stages in the order of the configuration.
	Stages []Stage
	// Problems of the configuration on trunk: nothing moves until they are mended.
	Problems config.Problems
	// Answers to commands on this pull request, oldest first: who asked what, and the outcome.
	Answers []Answer
}

// Answer is the outcome of one command.
type Answer struct {
	By      Person
	Command string
	// Refused with Text as rule, fact and next command; else accepted, with Text as what happens now.
	Refused bool
	Text    string
}

// Converged tells whether every environment has the commit.
func (r Rollout) Converged() bool {
	for _, stage := range r.Stages {
		if stage.Status != Converged {
			return false
		}
	}
	return len(r.Stages) > 0
}
