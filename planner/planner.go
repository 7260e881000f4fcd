// Package planner finds out what would change: from a commit to the instances that it asks for, to what each of them
// depends on, to the plans of those that differ.
//
// # An environment is a map from instance to inputs digest
//
// [TakeSnapshot] makes that map of a commit. Everything else is a difference of two maps ([Affected]): what a pull
// request affects, what an environment lacks, that a revert needs no work. No path is compared with a pattern to
// guess what a change might touch: an instance's digest holds all that determines its plan except live state. That is
// its component's directory, the local modules that it uses and that these use, the files that its code reads, its
// variable files, its variables and workspace, and the engine with its commands.
//
// # Plans
//
// A [Planner] plans instances of one commit with an engine, several at a time. It knows no store and no GitHub: what
// is to be planned and what becomes of the plans is for others to say.
package planner

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/stack"
)

// Planner plans instances of one repository.
type Planner struct {
	Engine engine.Engine
	// State is the directory in which instances keep what has to stay, each in a folder of its own.
	State string
	// Env are variables for the engine.
	Env map[string]string
	// Timeout for each plan and each apply. Zero: one hour.
	Timeout time.Duration
	// Parallel is how many instances are planned at a time. Zero: as many as there are processors.
	Parallel int
	// Elsewhere knows of work on other hosts. Nil: there is none.
	Elsewhere Elsewhere
}

// Elsewhere are other hosts on which instances are worked on. No lock of this host tells of that.
type Elsewhere interface {
	// Await returns when nobody changes the instance there any more, however that ended.
	Await(ctx context.Context, instance stack.Instance) error
	// Busy tells whether somebody does.
	Busy(instance stack.Instance) (bool, error)
}

// Place is where a commit is worked on.
type Place struct {
	// Commit, and Root: the directory with its files.
	Commit, Root string
	// Scratch is a directory for plan files and logs. Whoever plans the same instance at the same time needs another.
	Scratch string
	// Initialised is a directory for what the engine's initialisation makes; see [engine.Work].
	Initialised string
	// Lock the state while planning; see [engine.Work].
	Lock bool
	// Document has plans written down for policies; see [engine.Plan].
	Document bool
	// Locks that the engine's processes hold; at least that of the worktree.
	Locks []*process.Lock
}

// InstancePlan is what became of one instance's turn.
type InstancePlan struct {
	Instance stack.Instance
	Plan     engine.Plan
	// Err is nil where Plan is there. An [engine.Failure] is what the engine said.
	Err error
	// After are the instances that have to be deployed before there can be a plan; see [Foresight.Await].
	After []string
	// Lacks are the variables that it was planned without, where that may be why it failed; see [InstancePlan.Without].
	Lacks     []string
	lackAlone bool
}

// Outcome of the turn, and what the engine or we have to say where it is [Failed] or [KnownAfter].
func (p InstancePlan) Outcome() (outcome Outcome, failure string) {
	var said *engine.Failure
	switch {
	case p.Err == nil:
		return Planned, ""
	case errors.As(p.Err, &said) && (len(p.After) > 0 || p.lackAlone):
		return KnownAfter, said.Message
	case errors.As(p.Err, &said):
		return Failed, said.Message
	case errors.Is(p.Err, errCancelled):
		return Cancelled, ""
	default:
		return Failed, p.Err.Error()
	}
}

// Into writes what became of the turn into the instance's preview.
func (p InstancePlan) Into(preview *InstancePreview) {
	preview.Plan, preview.After, preview.Lacks = p.Plan, p.After, p.Lacks
	preview.Outcome, preview.Failure = p.Outcome()
	if said := (*engine.Failure)(nil); preview.Outcome == Failed && errors.As(p.Err, &said) {
		preview.FailureFile, preview.FailureLine = said.File, said.Line
	}
}

// errCancelled marks the instances whose turn was cut short or never came.
var errCancelled = errors.New("cancelled")

// Reports are told how far planning has come, one at a time. Either may be nil.
type Reports struct {
	// Started: the instance's plan has begun.
	Started func(stack.Instance)
	// Ended: it is there, or has failed.
	Ended func(InstancePlan)
}

// PlanAll plans the instances, several at a time, and returns what became of each, in the given order. When the
// context ends, running engines are stopped, and what is not planned yet is [Cancelled].
func (p Planner) PlanAll(ctx context.Context, place Place, instances []stack.Instance, reports Reports) []InstancePlan {
	plans := make([]InstancePlan, len(instances))
	var reporting sync.Mutex
	p.each(len(instances), func(i int) {
		plan := InstancePlan{Instance: instances[i]}
		if err := ctx.Err(); err != nil {
			plan.Err = errors.Join(errCancelled, context.Cause(ctx))
		} else {
			if reports.Started != nil {
				reporting.Lock()
				reports.Started(instances[i])
				reporting.Unlock()
			}
			plan.Plan, plan.Err = p.Engine.Plan(ctx, p.Work(place, instances[i]))
			if plan.Err != nil && ctx.Err() != nil {
				plan.Err = errors.Join(errCancelled, plan.Err)
			}
		}
		plans[i] = plan
		if reports.Ended != nil {
			reporting.Lock()
			defer reporting.Unlock()
			reports.Ended(plan)
		}
	})
	return plans
}

// each calls do for 0 to n-1, some at a time, in this order, and returns when all have returned.
func (p Planner) each(n int, do func(int)) {
	parallel := p.Parallel
	if parallel <= 0 {
		parallel = runtime.GOMAXPROCS(0)
	}
	turns := make(chan int)
	var workers sync.WaitGroup
	for range min(parallel, n) {
		workers.Go(func() {
			for i := range turns {
				do(i)
			}
		})
	}
	for i := range n {
		turns <- i
	}
	close(turns)
	workers.Wait()
}

// Work is what the engine needs to plan and apply the instance at the place.
func (p Planner) Work(place Place, instance stack.Instance) engine.Work {
	return engine.Work{
		Instance: instance, Commit: place.Commit, Root: place.Root,
		Scratch: filepath.Join(place.Scratch, instance.Folder()), State: filepath.Join(p.State, instance.Folder()),
		Env: p.Env, Timeout: p.Timeout, Lock: place.Lock, Initialised: place.Initialised, Document: place.Document, Locks: place.Locks,
	}
}

// TakeLock takes the lock of an instance, under which it is applied, and which the engine's processes are to hold
// too (in [Place].Locks). It waits for whoever works on the instance, also for the engine of a process that was
// killed: when it returns, nobody does. Whoever holds it has a time limit of its own; where it is held for much longer, that
// hangs, and waiting ends with an error.
func (p Planner) TakeLock(ctx context.Context, instance stack.Instance) (*process.Lock, error) {
	limit := 2*p.Timeout + time.Hour
	limited, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("it is not free after %s", limit))
	defer cancel()
	lock, err := process.TakeLock(limited, p.lockFile(instance))
	if err != nil || p.Elsewhere == nil {
		return lock, err
	}
	if err := p.Elsewhere.Await(limited, instance); err != nil {
		lock.Release()
		return nil, err
	}
	return lock, nil
}

// TryLock takes that lock if nobody works on the instance. It returns nil and no error where somebody does.
func (p Planner) TryLock(instance stack.Instance) (*process.Lock, error) {
	lock, err := process.TryLock(p.lockFile(instance))
	if lock == nil || p.Elsewhere == nil {
		return lock, err
	}
	if busy, err := p.Elsewhere.Busy(instance); busy || err != nil {
		lock.Release()
		return nil, err
	}
	return lock, nil
}

func (p Planner) lockFile(instance stack.Instance) string {
	return filepath.Join(p.State, instance.Folder()+".lock")
}
