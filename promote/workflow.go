package promote

import "time"

// WorkflowPhase is how far a workflow of the repository is that is run in place of a command.
type WorkflowPhase string

const (
	// WorkflowAsked: it is to be dispatched, or nobody knows yet whether it was.
	WorkflowAsked WorkflowPhase = "asked"
	// WorkflowRunning: it was dispatched, and its run has not ended.
	WorkflowRunning WorkflowPhase = "running"
	// WorkflowPassed: its run ended well.
	WorkflowPassed WorkflowPhase = "passed"
	// WorkflowFailed: it could not be dispatched, its run ended in another way, or it was stopped.
	WorkflowFailed WorkflowPhase = "failed"
)

// Ended tells whether nothing more comes of it.
func (p WorkflowPhase) Ended() bool { return p == WorkflowPassed || p == WorkflowFailed }

// WorkflowCall asks for a workflow to be run once.
type WorkflowCall struct {
	Repository int64
	// Key names what it is run for. There is one run for a key: who asks again gets that.
	Key string
	// Since is when whoever asks began: a run for the key that failed before is no answer, and another is made.
	Since time.Time
	// Group is what runs one at a time, in the order in which it was asked for; empty: it need not wait.
	Group string
	// File of the workflow, and its inputs, as far as it declares them.
	File   string
	Inputs map[string]string
	// Notice is the title of the notice with which the run says its result; empty: none is wanted.
	Notice string
	// Timeout of the run.
	Timeout time.Duration
}

// WorkflowRun is a workflow that is run in place of a command.
type WorkflowRun struct {
	WorkflowCall
	ID    int64
	Phase WorkflowPhase
	// Correlation is the name by which its run is found on GitHub.
	Correlation string
	// Run is GitHub's number of the run, and URL its address; 0 and empty: not known yet.
	Run int64
	URL string
	// Message is why it failed, redacted; and Output what its notice says.
	Message, Output string
	// Stop says that nobody waits for it any more: it is cancelled.
	Stop bool
	// Asked; Dispatched is when it was last tried to be; Ended. Zero: not yet.
	Asked, Dispatched, Ended time.Time
}
