package promote

import (
	"slices"
	"time"
)

// Job is a job of the repository's own workflows that deploys to an environment, as far as GitHub has told of it. Each has a
// deployment of its own on GitHub.
type Job struct {
	ID int64
	// Environment as its workflow names it.
	Environment string
	// Deployment is GitHub's number of its deployment; 0: it is not known. Run is that of its workflow's run, Number its own
	// number, 0 where it is not known, and Attempt which attempt of the run it belongs to.
	Deployment, Run, Number int64
	Attempt                 int
	// SHA of the commit that it deploys, and its Position on trunk; 0: it is none that we have seen there.
	SHA      string
	Position int64
	// Elsewhere: trunk was looked at after the job was heard of, and the commit is not on it.
	Elsewhere bool
	// Ours: its run was dispatched by us, for a check or to apply. MaybeOurs: a run was, and which it is is not known yet.
	Ours, MaybeOurs bool
	Phase           JobPhase
	// Went: it was seen past the gates of its environment, by whoever's order.
	Went bool
	// Asked is when it asked us whether it may go; zero: it did not.
	Asked time.Time
	// Answer that was decided, and when GitHub was Told; zero: not yet.
	Answer JobAnswer
	Told   time.Time
	// Bypassed: it went on although we had not let it go, by the order of By where that is known, who said Why.
	Bypassed bool
	By       Person
	Why      string
	// For is the deployment for which it was let go; 0: none. EndedAfter is the last deployment in its environment when it ended.
	For, EndedAfter int64
	// Report is what people were told last while it waited, Reported when, and Reports how often they were.
	Report   string
	Reported time.Time
	Reports  int
	// Heard is when we first heard of it, Ended when it ended; zero: it has not.
	Heard, Ended time.Time
}

// JobPhase is how far a job is.
type JobPhase string

const (
	// JobWaiting before its environment, or for a runner.
	JobWaiting JobPhase = "waiting"
	// JobRunning now.
	JobRunning JobPhase = "running"
	// JobPassed: it ended well.
	JobPassed JobPhase = "passed"
	// JobFailed: it ended in another way.
	JobFailed JobPhase = "failed"
)

// JobsStep is the name of the step [StepJobs].
const JobsStep = "jobs"

// Ended tells whether nothing more comes of it.
func (p JobPhase) Ended() bool { return p == JobPassed || p == JobFailed }

// After tells whether a job that is in this phase cannot be in the other one any more: what GitHub tells comes in any order.
func (p JobPhase) After(other JobPhase) bool {
	order := map[JobPhase]int{JobWaiting: 1, JobRunning: 2, JobPassed: 3, JobFailed: 3}
	return order[p] >= order[other]
}

// JobAnswer is what a job that waits is told.
type JobAnswer string

const (
	// JobWaits: nothing yet.
	JobWaits JobAnswer = ""
	// JobApproved: it may go.
	JobApproved JobAnswer = "approved"
	// JobRejected: it will never be let go, and fails.
	JobRejected JobAnswer = "rejected"
)

// Verdict is what a job that waits is to be told now.
type Verdict struct {
	Answer JobAnswer
	// For is the deployment for which it is let go; 0: none, its environment runs the commit.
	For int64
	// Text for people, in plain sentences: why it waits and what would help, or why it goes or does not. Empty: there is nothing
	// to say that would be true in a moment.
	Text string
}

// Bypass is a job that deployed although it had not been let go.
type Bypass struct {
	Environment, SHA string
	Run              int64
	By               Person
	Why              string
	At               time.Time
}

// Jobs sums up how the jobs that carry out a deployment are getting on.
type Jobs struct {
	// Waiting to be let go, Running now, and Passed.
	Waiting, Running, Passed []Job
	// Failed are those that did not end well since the deployment began.
	Failed []Job
}

// JobsOf picks the jobs of its commit that count for a deployment, which came after another: those that were let go for it,
// those that are still under way, and those that passed with nothing deployed since. What passed or failed for another deployment
// does not count: what it deployed may be gone, and a failure is what this one tries again.
func JobsOf(all []Job, deployment, before int64) (jobs Jobs) {
	for _, job := range all {
		switch own := job.For == deployment; {
		case job.Answer == JobRejected:
		case job.Phase == JobRunning:
			jobs.Running = append(jobs.Running, job)
		case !job.Phase.Ended():
			jobs.Waiting = append(jobs.Waiting, job)
		case job.Phase == JobPassed && (own || job.For == 0 && job.EndedAfter == before):
			jobs.Passed = append(jobs.Passed, job)
		case job.Phase == JobFailed && own:
			jobs.Failed = append(jobs.Failed, job)
		}
	}
	return jobs
}

// Runs of the jobs that have a part in it, each once.
func (j Jobs) Runs() (runs []int64) {
	for _, list := range [][]Job{j.Waiting, j.Running, j.Passed, j.Failed} {
		for _, job := range list {
			if job.Run != 0 && !slices.Contains(runs, job.Run) {
				runs = append(runs, job.Run)
			}
		}
	}
	return runs
}
