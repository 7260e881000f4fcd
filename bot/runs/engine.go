package runs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/promote/store"
)

// Engine is an engine on other hosts. It has what engines here may have too: [engine.Validator], [engine.Revealer],
// [engine.Destroyer], [engine.Teller].
type Engine struct {
	*Scope
	mu sync.Mutex
	// revealed are values that applies have made, by instance.
	revealed map[string][]string
}

// Engine returns the engine of the scope.
func (s *Scope) Engine() *Engine { return &Engine{Scope: s, revealed: map[string][]string{}} }

// madeBy begins [engine.Plan.File] of a plan whose file another host has; the id of the task that made it follows.
const madeBy = "task:"

// Plan has the instance planned.
func (e *Engine) Plan(ctx context.Context, work engine.Work) (engine.Plan, error) {
	a, err := e.ask(wire.Plan, work)
	if err != nil {
		return engine.Plan{}, err
	}
	a.Task.Purpose = store.ToPlan
	a.Task.Log = work.Log("plan")
	outcome, id, err := e.done(ctx, a, "plan")
	if err != nil {
		return engine.Plan{}, err
	}
	plan, err := e.planOf(work, outcome)
	plan.File = madeBy + strconv.FormatInt(id, 10)
	return plan, err
}

// planOf is the plan that a runner has made. What it says is a claim: it is that of this work, and its digest is that of
// its changes, or it is none.
func (e *Engine) planOf(work engine.Work, outcome wire.Outcome) (engine.Plan, error) {
	if outcome.Plan == nil {
		return engine.Plan{}, fmt.Errorf("plan %s: the runner returned no plan", work.Instance.Name())
	}
	plan := *outcome.Plan
	if !plan.Sound() {
		return engine.Plan{}, &engine.Failure{Step: "plan", Message: "The runner returned a plan whose digest is not that of its changes. It may be of another version than the server."}
	}
	plan.Instance, plan.Secrets, plan.Reveals, plan.Document = work.Instance, outcome.Secrets, outcome.Reveals, ""
	redactPlan(&plan, e.Redact)
	if len(outcome.Document) == 0 || !work.Document {
		return plan, nil
	}
	if err := os.MkdirAll(work.Scratch, 0o700); err != nil {
		return engine.Plan{}, fmt.Errorf("write down the plan of %s: %w", work.Instance.Name(), err)
	}
	plan.Document = filepath.Join(work.Scratch, "document.json")
	if err := os.WriteFile(plan.Document, outcome.Document, 0o600); err != nil {
		return engine.Plan{}, fmt.Errorf("write down the plan of %s: %w", work.Instance.Name(), err)
	}
	return plan, nil
}

// Apply has a plan applied that this engine made.
func (e *Engine) Apply(ctx context.Context, work engine.Work, plan engine.Plan) error {
	if plan.Empty() {
		return nil
	}
	a, err := e.ask(wire.Apply, work)
	if err != nil {
		return err
	}
	made, _ := strconv.ParseInt(strings.TrimPrefix(plan.File, madeBy), 10, 64)
	a.given.Planned = &wire.Planned{Task: made, Digest: plan.Digest, Reveals: plan.Reveals, Summary: plan.Summary()}
	for _, change := range plan.Changes {
		a.given.Planned.Changes = append(a.given.Planned.Changes, change.Digest)
	}
	a.Task.Effects, a.Task.Log = true, work.Log("apply")
	if a.Task.Prefers, err = e.hub.madeIn(ctx, made); err != nil {
		return err
	}
	outcome, _, err := e.done(ctx, a, "apply")
	e.mu.Lock()
	e.revealed[work.Instance.Name()] = outcome.Secrets
	e.mu.Unlock()
	if failure := (*engine.Failure)(nil); errors.As(err, &failure) && failure.Step == "" {
		failure.Message += fmt.Sprintf(" Nobody knows what it has changed: `/retry %s` plans again and shows what is left.", work.Instance.Environment)
		failure.Step = "apply"
	}
	return err
}

// madeIn is the session that has a plan's file; 0: nobody knows.
func (h *Hub) madeIn(ctx context.Context, task int64) (session int64, err error) {
	err = h.Store.Read(ctx, func(tx *store.Tx) error {
		found, _, err := tx.Task(task)
		session = found.Session
		return err
	})
	return session, err
}

// Revealed returns what the apply of the instance has made that is sensitive. Whoever applied it said so.
func (e *Engine) Revealed(_ context.Context, work engine.Work) ([]string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.revealed[work.Instance.Name()], nil
}

// Validate has the code of the instance's component validated.
func (e *Engine) Validate(ctx context.Context, work engine.Work) ([]engine.Diagnostic, error) {
	a, err := e.ask(wire.Validate, work)
	if err != nil {
		return nil, err
	}
	a.Task.Purpose = store.ToPlan
	outcome, _, err := e.done(ctx, a, "validate")
	for i, one := range outcome.Diagnostics {
		outcome.Diagnostics[i].Message, outcome.Diagnostics[i].File = e.Redact(one.Message), e.Redact(one.File)
	}
	return outcome.Diagnostics, err
}

// Destroy has all destroyed that the instance deployed.
func (e *Engine) Destroy(ctx context.Context, work engine.Work) error {
	a, err := e.ask(wire.Destroy, work)
	if err != nil {
		return err
	}
	a.Task.Effects, a.Task.Log = true, work.Log("destroy")
	_, _, err = e.done(ctx, a, "destroy")
	return err
}

// Output asks for an output of the instance.
func (e *Engine) Output(ctx context.Context, work engine.Work, name string) (string, error) {
	a, err := e.ask(wire.Output, work)
	if err != nil {
		return "", err
	}
	a.given.Output = name
	outcome, _, err := e.done(ctx, a, "output")
	return outcome.Output, err
}

// ask is a task for the work.
func (e *Engine) ask(kind wire.Kind, work engine.Work) (asking, error) {
	if err := engine.StateElsewhere(e.Rules.Stacks.Engine, work); err != nil {
		return asking{}, err
	}
	a, err := e.asking(kind, work.Instance.Environment, work.Commit)
	if err != nil {
		return a, err
	}
	a.Task.Subject, a.to = instanceSubject(work.Instance), work.Output
	a.given.Env, a.given.Timeout, a.given.Hidden = work.Env, work.Timeout, e.hidden(work.Env)
	if a.given.Timeout == 0 {
		a.given.Timeout = time.Hour
	}
	a.given.Engine = &wire.Engine{Engine: e.Rules.Stacks.Engine, Key: e.Key, Instance: work.Instance, Lock: work.Lock, Document: work.Document}
	return a, nil
}

// hidden are the variables whose values are secret.
func (s *Scope) hidden(env map[string]string) (names []string) {
	for name, value := range env {
		if s.Redact(value) != value {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// done has a task done, and turns what went wrong into errors as engines have them. The id is that of the task.
func (e *Engine) done(ctx context.Context, a asking, step string) (wire.Outcome, int64, error) {
	outcome, id, err := e.hub.do(ctx, a)
	switch lost := (*Lost)(nil); {
	case errors.As(err, &lost) && wire.Kind(a.Kind) == wire.Apply && lost.Begun:
		return wire.Outcome{}, id, &engine.Failure{Message: e.Redact(lost.Why)}
	case err != nil:
		return wire.Outcome{}, id, e.failed(step, err)
	case outcome.Failure != nil:
		failure := *outcome.Failure
		failure.Message = e.Redact(failure.Message)
		return outcome, id, &failure
	case outcome.TimedOut:
		return outcome, id, &engine.Failure{Step: step, Message: e.Redact(outcome.Error)}
	case outcome.Error != "":
		return outcome, id, fmt.Errorf("%s %s on a runner: %s", step, a.Environment, e.Redact(outcome.Error))
	}
	return outcome, id, nil
}

// redactPlan takes secrets out of all that people read of a plan.
func redactPlan(plan *engine.Plan, redact func(string) string) {
	plan.Text = redact(plan.Text)
	for i := range plan.Warnings {
		plan.Warnings[i] = redact(plan.Warnings[i])
	}
	for _, changes := range [][]engine.Change{plan.Changes, plan.Outputs} {
		for i := range changes {
			change := &changes[i]
			change.ImportID, change.Reason = redact(change.ImportID), redact(change.Reason)
			for j := range change.Attributes {
				one := &change.Attributes[j]
				one.Before, one.After = redact(one.Before), redact(one.After)
			}
		}
	}
}
