// Package wire is what a server and those who carry out its tasks say to each other: JSON over HTTP.
//
// A runner begins a session ([SessionsPath]) by showing who it is, and gets a token. With it, it asks for tasks
// ([NextPath]; the server answers when there is one), says every few seconds what it has in hand ([BeatPath]), sends what
// its programs say ([OutputPath]) and how each task ended ([ResultPath]). It may ask again for anything whose answer it did
// not get: output has offsets, and a result counts once.
//
// Tokens, secrets and plans go this way, so it has to be HTTPS outside of one host.
package wire

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/stack"
)

// Paths below the address of the server. {id} is that of a task.
const (
	SessionsPath = "/api/runs/sessions"
	NextPath     = "/api/runs/next"
	BeatPath     = "/api/runs/beat"
	EndPath      = "/api/runs/end"
	SourcePath   = "/api/runs/tasks/{id}/source"
	OutputPath   = "/api/runs/tasks/{id}/output"
	ResultPath   = "/api/runs/tasks/{id}/result"
)

// Limits of what a server takes.
const (
	// MaxSmall is how many bytes all requests may have but those below.
	MaxSmall = 1 << 20
	// MaxChunk is how many bytes of output come at once.
	MaxChunk = 1 << 20
	// MaxOutput is how many bytes of output a task may have; what comes after is not taken.
	MaxOutput = 64 << 20
	// MaxResult is how many bytes a result may have.
	MaxResult = 256 << 20
)

// Hello begins a session.
type Hello struct {
	// Name is for people, such as the host's.
	Name string `json:"name"`
	// Version of the program.
	Version string `json:"version"`
	// Labels of a worker that it works for now; none: all that it has.
	Labels []string `json:"labels,omitempty"`
	// Correlation of the run that it is a job of; workers have none.
	Correlation string `json:"correlation,omitempty"`
}

// Welcome is the answer.
type Welcome struct {
	// Token is shown with each further request.
	Token config.Secret `json:"-"`
	// Beat is how often to say what is in hand, at least.
	Beat time.Duration `json:"beat"`
}

// MarshalJSON writes the token, which nothing else does.
func (w Welcome) MarshalJSON() ([]byte, error) {
	return json.Marshal(welcome{string(w.Token), w.Beat})
}

// UnmarshalJSON reads it.
func (w *Welcome) UnmarshalJSON(text []byte) error {
	var read welcome
	err := json.Unmarshal(text, &read)
	w.Token, w.Beat = config.Secret(read.Token), read.Beat
	return err
}

type welcome struct {
	Token string        `json:"token"`
	Beat  time.Duration `json:"beat"`
}

// Beat says what a session has in hand.
type Beat struct {
	Tasks []int64 `json:"tasks"`
}

// Stop is the answer.
type Stop struct {
	// Tasks that the session is to stop: nobody wants them any more.
	Tasks []int64 `json:"tasks,omitempty"`
}

// Kind of a task.
type Kind string

// The kinds of tasks: the methods of an engine, and commands of the repository.
const (
	Plan     Kind = "plan"
	Apply    Kind = "apply"
	Validate Kind = "validate"
	Destroy  Kind = "destroy"
	Output   Kind = "output"
	Command  Kind = "command"
)

// Task is one thing to do. What it has depends on its kind.
type Task struct {
	ID   int64 `json:"id"`
	Kind Kind  `json:"kind"`
	// Repository's id and "owner/name".
	Repository int64  `json:"repository"`
	Name       string `json:"name"`
	// Environment and Commit it is for.
	Environment string `json:"environment"`
	Commit      string `json:"commit"`
	// Archive: the commit is to be had from the server. Otherwise GitHub has it too.
	Archive bool `json:"archive"`
	// Timeout for the engine or the command.
	Timeout time.Duration `json:"timeout"`
	// Env are variables for it, of which those that are Hidden are secret.
	Env    map[string]string `json:"env,omitempty"`
	Hidden []string          `json:"hidden,omitempty"`

	Engine *Engine `json:"engine,omitempty"`
	// Planned is what an apply may apply.
	Planned *Planned `json:"planned,omitempty"`
	// Output is the name of the one that is asked for.
	Output string `json:"output,omitempty"`
	Shell  *Shell `json:"shell,omitempty"`
}

// Secrets are the values that nobody may read.
func (t Task) Secrets() (values []string) {
	for _, name := range t.Hidden {
		values = append(values, t.Env[name])
	}
	return values
}

// About is what the task is about, for people: its instance or its environment.
func (t Task) About() string {
	if t.Engine == nil {
		return t.Environment
	}
	return t.Engine.Instance.Name()
}

// Engine is what an engine gets.
type Engine struct {
	Engine config.Engine `json:"engine"`
	// Key for digests of what is sensitive; see [engine.Settings].
	Key      []byte         `json:"key"`
	Instance stack.Instance `json:"instance"`
	// Lock and Document are those of [engine.Work].
	Lock     bool `json:"lock"`
	Document bool `json:"document"`
}

// Planned is a plan that was made and may be applied.
type Planned struct {
	// Task that made it. Whoever has its file applies that one.
	Task int64 `json:"task"`
	// Digest, and those of its changes. Whoever plans again applies that only if it is the same, or a part of it.
	Digest  string   `json:"digest"`
	Changes []string `json:"changes"`
	Reveals bool     `json:"reveals"`
	// Summary of it, for people.
	Summary string `json:"summary"`
}

// Shell is a command of the repository, run at its root.
type Shell struct {
	Name string   `json:"name"`
	Args []string `json:"args"`
	// Read is how many bytes of its output are wanted.
	Read int `json:"read"`
}

// Outcome is how a task ended.
type Outcome struct {
	// Commit that it was done with.
	Commit string `json:"commit"`
	// Plan, and what [engine.Plan] does not show.
	Plan     *engine.Plan `json:"plan,omitempty"`
	Secrets  []string     `json:"secrets,omitempty"`
	Reveals  bool         `json:"reveals,omitempty"`
	Document []byte       `json:"document,omitempty"`

	Diagnostics []engine.Diagnostic `json:"diagnostics,omitempty"`
	// Output that was asked for.
	Output string `json:"output,omitempty"`
	// Ran is how a command ended.
	Ran *Ran `json:"ran,omitempty"`

	// Failure is what the engine said when it could not, Error what went wrong otherwise.
	Failure *engine.Failure `json:"failure,omitempty"`
	Error   string          `json:"error,omitempty"`
	// Returned: it was not begun, or changed nothing so far, and is for others to do.
	Returned bool `json:"returned,omitempty"`
	// TimedOut: the time limit ended it.
	TimedOut bool `json:"timed_out,omitempty"`
}

// Ran is how a command ended that could be run.
type Ran struct {
	ExitCode  int           `json:"exit_code"`
	Log       string        `json:"log"`
	Truncated bool          `json:"truncated"`
	Duration  time.Duration `json:"duration"`
}

// Decode reads one value of JSON from something that has no more than that many bytes. Numbers stay as they are written.
func Decode(from io.Reader, most int64, into any) error {
	limited := &io.LimitedReader{R: from, N: most + 1}
	decoder := json.NewDecoder(limited)
	decoder.UseNumber()
	err := decoder.Decode(into)
	if limited.N <= 0 {
		return fmt.Errorf("it has more than %d bytes", most)
	}
	if err != nil {
		return fmt.Errorf("it is not what is expected here: %w", err)
	}
	return nil
}
