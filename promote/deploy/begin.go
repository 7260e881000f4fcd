package deploy

import (
	"context"
	"errors"
	"time"

	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// errWithdrawn ends a pass whose deployment was withdrawn.
var errWithdrawn = errors.New("gates closed before anything was applied")

// begin asks the gates once more, now that it is known what would be applied, and lets the applying begin. Between the
// decision and this moment the plan, holds, windows and people's rights may have changed. Where a gate has closed, nothing
// is applied, and the promotion waits again.
func (r *run) begin(ctx context.Context) error {
	if err := r.Source.LookUp(ctx, r.repository, r.deployment.Environment); err != nil {
		return err
	}
	withdrawn := false
	err := r.write(ctx, func(tx *store.Tx) error {
		state, err := tx.State(r.repository)
		if err != nil {
			return err
		}
		if closed := promote.Recheck(state, r.deployment.Environment, r.deployment.Plan()); len(closed) > 0 {
			withdrawn = true
			return tx.Withdraw(r.deployment.ID, closed)
		}
		return tx.Apply(r.deployment.ID)
	})
	if err == nil && withdrawn {
		return errWithdrawn
	}
	return err
}

// aborted ends a pass whose deployment a person stopped.
type aborted struct{ by promote.Person }

func (a *aborted) Error() string { return a.by.Login + " stopped the deployment" }

// abortAsked is an [*aborted] error where a person wants the deployment to stop. It is asked between steps: what the engine
// has begun to apply is applied to its end.
func (r *run) abortAsked(ctx context.Context) error {
	return r.Store.Read(ctx, func(tx *store.Tx) error {
		by, asked, err := tx.AbortAsked(r.deployment.ID)
		if err == nil && asked {
			return &aborted{by}
		}
		return err
	})
}

// checkOut gets the commit ready, which may be broken off: it reads secrets and resolves artifacts with commands.
func (r *run) checkOut(ctx context.Context) error {
	checking, done := r.abortable(ctx)
	defer done()
	d := r.deployment
	target, err := r.Source.CheckOut(checking, Wanted{Repository: r.repository, Environment: d.Environment, SHA: d.To, Since: d.Started,
		Begun: d.Phase != promote.Planning, Back: d.Rollback})
	if cause := context.Cause(checking); errors.As(cause, new(*aborted)) {
		if err == nil {
			target.Release()
		}
		return cause
	}
	r.target = target
	return err
}

// abortable ends the context when a person wants the deployment to stop: a plan may be broken off at any time.
func (r *run) abortable(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		ticker := time.NewTicker(time.Second)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if err := r.abortAsked(ctx); errors.As(err, new(*aborted)) {
				cancel(err)
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}
