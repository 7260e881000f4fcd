// Package engine plans and applies one instance, with whatever program the repository's infrastructure is written for.
//
// There are two engines. Terraform, which is OpenTofu's too, hands over its plan in detail: resources, attributes,
// what is replaced and why. Command is any two lines of shell; its plan is what the first one prints.
//
// # What is approved is what is applied
//
// A plan has a digest, and each of its changes has one. They are taken from the normalised change set: addresses,
// actions, attributes with their values before and after, in an order of their own, without times, versions and
// paths of the host. So the promise "exactly what you approved" survives planning again, also in another directory,
// on another day, by another process:
//
//   - Before an apply the instance is planned again. The digest that was recorded is found again, and the plan file
//     that was just made is applied, or nothing is.
//   - If we were killed while an apply ran, the engine went on without us. The next process takes the instance's lock
//     ([process.TakeLock]), which waits for the engine's end, and plans again. An empty plan: it was applied. The
//     recorded digest: it was not. Only changes that were recorded ([Among]): it was applied in part, and the rest
//     may be. Anything else was never approved.
//
// # Where state lives
//
// Root is thrown away after use, so state that the engine would keep beside the code goes into Work.State instead;
// see [terraform]. Everything else that is made on the way goes into Work.Scratch.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/redact"
	"github.com/trunkline/trunkline/planner/stack"
)

// Engine plans and applies instances. Both methods may be called for several instances at a time, also of the same
// directory. When the context ends, the engine's processes are ended before the method returns. An error of what the
// engine was asked to do is a [*Failure]; any other error is ours, or the context's.
type Engine interface {
	// Plan finds out what applying the instance would change, and changes nothing.
	Plan(ctx context.Context, work Work) (Plan, error)
	// Apply makes the changes of a plan that this engine made for the same work.
	Apply(ctx context.Context, work Work, plan Plan) error
}

// Work is one instance of one commit to be planned or applied.
type Work struct {
	Instance stack.Instance
	// Commit that Root holds.
	Commit string
	// Root is the directory with the repository's files.
	Root string
	// Scratch is a directory for this instance: plan file, logs, HOME. It must stay from Plan to Apply.
	Scratch string
	// Initialised is a directory for what init made, for all instances of this repository. Empty: init is always
	// started, as is right where something is going to be applied.
	Initialised string
	// State is a directory for what this instance has to keep for ever, where it keeps nothing elsewhere.
	State string
	// Env are variables for the engine, such as credentials.
	Env map[string]string
	// Timeout for each of Plan and Apply. Zero: one hour.
	Timeout time.Duration
	// Lock the state while planning. False for previews, which may not stand in the way of an apply; state in State
	// is locked all the same, for the moment that a plan takes.
	Lock bool
	// Document asks for [Plan.Document].
	Document bool
	// Locks that the engine's processes hold until the last of them has ended.
	Locks []*process.Lock
	// Output gets what the engine's processes say, while they say it. It is not redacted. Nil: nothing gets it.
	Output io.Writer

	// alone: the code needs no provider from outside, so the engine starts no other program.
	alone bool
}

// Settings of an engine that the operator makes.
type Settings struct {
	// Program to run in place of the engine's name, as a path or a name on the PATH.
	Program string
	// Allow names variables of our own environment that engines may have.
	Allow []string
	// Redact takes secrets out of what the engine says. Nil: those that can be told by their shape.
	Redact func(string) string
	// Key makes digests depend on sensitive values too, without giving them away. Empty: digests do not see them.
	Key []byte
	// Away: nothing that is written beside the code, or into [Work.State], stays. An instance whose state would be kept there
	// fails before it is planned.
	Away bool
	// Grace is how long an interrupted apply may take to end in order. Zero: 5 minutes.
	Grace time.Duration
}

// Failure is what the engine said when it could not do what it was asked to.
type Failure struct {
	// Step that failed: "init", "plan" or "apply"; "destroy", "workspace" or "output" for what lives for a while only.
	Step string
	// Message of the engine, redacted. It may have several lines.
	Message string
	// File from the repository's root, and Line, if the engine named a place.
	File string
	Line int
}

// Error is the message with its step.
func (f *Failure) Error() string { return f.Step + ": " + f.Message }

// New returns the engine that the configuration asks for. The error is for the person who wrote the configuration or
// runs the host.
func New(wanted config.Engine, settings Settings) (Engine, error) {
	if settings.Redact == nil {
		settings.Redact = redact.New().Redact
	}
	if settings.Grace == 0 {
		settings.Grace = 5 * time.Minute
	}
	switch wanted.Kind {
	case config.Terraform, config.Tofu:
		program := settings.Program
		if program == "" {
			program = string(wanted.Kind)
		}
		found, err := exec.LookPath(program)
		if err != nil {
			return nil, fmt.Errorf("the engine %s is not on the PATH of this host: install it, or name another engine under stacks.engine in %s",
				program, config.Path)
		}
		// A path of its own: a name would be looked up again in the directory that it runs in.
		if found, err = filepath.Abs(found); err != nil {
			return nil, fmt.Errorf("find the engine %s: %w", program, err)
		}
		return &terraform{program: found, name: string(wanted.Kind), settings: settings}, nil
	case config.Command:
		if wanted.Plan == "" || wanted.Apply == "" {
			return nil, errors.New("an engine of commands needs both a plan and an apply command")
		}
		return &command{plan: wanted.Plan, apply: wanted.Apply, destroy: wanted.Destroy, settings: settings}, nil
	default:
		return nil, fmt.Errorf("there is no engine %q: it is terraform, tofu or a block of commands", wanted.Kind)
	}
}

// Among tells whether all changes are among those recorded, by their digests.
func Among(changes []Change, recorded []string) bool {
	return !slices.ContainsFunc(changes, func(change Change) bool { return !slices.Contains(recorded, change.Digest) })
}

// Log is the file with what the engine writes in the step "init", "plan" or "apply", while it writes it. Where it is still
// there, the process that started the engine was killed. It is not redacted.
func (w Work) Log(step string) string { return w.scratch("logs", step+".log") }

// say adds lines of ours to the output.
func (w Work) say(line string) {
	if w.Output != nil && line != "" {
		_, _ = fmt.Fprintln(w.Output, line) // see [process.Command]: nobody looks at its errors
	}
}

// source is the directory of the component.
func (w Work) source() string { return filepath.Join(w.Root, filepath.FromSlash(w.Instance.Path)) }

// directory is the one that the engine is started in: the component's, or a copy of it beside it; see [Work.apart].
func (w Work) directory() string {
	if w.apart() {
		return filepath.Join(filepath.Dir(w.source()), ".trunkline-"+w.Instance.Folder())
	}
	return w.source()
}

func (w Work) scratch(elements ...string) string {
	return filepath.Join(append([]string{w.Scratch}, elements...)...)
}

// Hostless is text without the paths of this host, which tell nothing to the person who reads it, and are others the
// next time.
func (w Work) Hostless(text string) string { return w.replacer().Replace(text) }

// replacer is what makes text hostless.
func (w Work) replacer() *strings.Replacer {
	var pairs []string
	for _, one := range [][2]string{{w.Root, "."}, {w.Scratch, "$SCRATCH"}, {w.State, "$TRUNKLINE_STATE"}} {
		if filepath.IsAbs(one[0]) && len(one[0]) > 1 {
			if one[1] == "." {
				pairs = append(pairs, one[0]+"/", "")
			}
			pairs = append(pairs, one[0], one[1])
		}
	}
	return strings.NewReplacer(pairs...)
}

// within gives the context the work's time limit.
func (w Work) within(ctx context.Context) (context.Context, context.CancelFunc) {
	timeout := w.Timeout
	if timeout == 0 {
		timeout = time.Hour
	}
	return context.WithTimeoutCause(ctx, timeout, fmt.Errorf("%w after %s", process.ErrTimeout, timeout))
}
