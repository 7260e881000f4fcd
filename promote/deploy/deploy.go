// Package deploy carries out what was decided: it brings one environment to one commit.
//
// A deployment goes through three phases, each of which can be taken up again after a crash at any line:
//
//   - planning: every instance whose inputs digest differs from what the environment runs is planned, and the digest
//     of its change set is written down. From then on exactly that may be applied.
//   - applying: wave after wave, each instance after those that it depends on, is applied with the plan file that was
//     made for it. Where that file is gone, because the process that made it is, the instance is planned again: nothing
//     left to change means that it was applied; the same change set, or a part of it, is applied; anything else is not,
//     because nobody has seen it. Where something that it depends on was applied, it is planned again too, and gates are
//     asked about the new plan.
//   - verifying: hooks and the checks of the environment run. Only then the environment runs the commit.
//
// What a deployment does besides, such as checks and pauses between waves, are steps. Each is written down when it begins
// and when it ends; one that has passed is not done again. A pass that would have to wait ends, and is begun anew when it is
// time.
//
// An engine that outlives a killed Trunkline is waited for, by a lock that it holds until it ends.
package deploy

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/logs"
	"github.com/trunkline/trunkline/promote/store"
)

// Source gets a commit ready to be deployed.
type Source interface {
	// CheckOut returns a commit of trunk as a directory, with its instances resolved by the rules that the commit itself
	// has, and all that runs there given the environment's variables and secrets. A [*Stopped] error ends the deployment, one
	// of [Later] has it wait, any other is tried again. The caller releases it.
	CheckOut(ctx context.Context, wanted Wanted) (*Target, error)
	// LookUp asks GitHub who the people are that the rules of an environment name, and writes it down: rights are looked
	// at again when something is about to be applied. It asks nothing where no rule names anybody.
	LookUp(ctx context.Context, repository int64, environment string) error
	// JobsSettled tells whether no job of the runs is left that deploys to the environment, or may come. RunLink is where people
	// can look at a run; empty: nowhere.
	JobsSettled(ctx context.Context, asked JobsAsked) (bool, error)
	RunLink(ctx context.Context, repository, run int64) string
}

// Wanted is a commit of trunk that something runs of in an environment.
type Wanted struct {
	Repository       int64
	Environment, SHA string
	// Since is when what wants it began: what failed before is tried again.
	Since time.Time
	// Begun: something of it may be applied already. What the commit is made of is then what it was when that began, whatever it is
	// now.
	Begun bool
	// Back: the environment had the commit before. What it is made of is known, should nobody answer who is asked for it.
	Back bool
}

// Target is a commit that is ready to be deployed.
type Target struct {
	Rules config.Repository
	// Instances by name, of all environments.
	Instances map[string]planner.Resolved
	// Disabled instances are not among them.
	Disabled []stack.Instance
	// Upstream are, for each instance by name, those that it depends on directly.
	Upstream map[string][]string
	// Await fills in for which instances a plan that failed waits, where that is why. It is not called concurrently. Nil: nobody knows.
	Await func(context.Context, *planner.InstancePlan)
	// Planner with the engine, and the Place where it works.
	Planner planner.Planner
	Place   planner.Place
	// Check is the process that runs a check; its environment and limits are those of engines.
	Check func(config.Environment, config.Check) process.Command
	// Observe looks once at what a watch watches, within its time limit. What goes wrong is part of what it returns.
	Observe func(context.Context, config.Environment, config.Watch) promote.Observation
	// Redact takes secrets out of what people will read.
	Redact func(string) string
	// Release gives the directory back.
	Release func()
}

// Stopped is an error that ends the deployment: a person has to mend something.
type Stopped struct{ promote.Failure }

// Error is the step, its subject and the message.
func (s *Stopped) Error() string { return fmt.Sprintf("%s %s: %s", s.Step, s.Subject, s.Message) }

// Deployer brings environments to commits.
type Deployer struct {
	Store  *store.Store
	Source Source
	// Logs keep what engines and commands say. Nil: nothing is kept.
	Logs *logs.Book
}

// Deploy brings the deployment that the nudge names on, to its end if nothing stops it.
func (d *Deployer) Deploy(ctx context.Context, nudge store.Nudge) error {
	id, err := strconv.ParseInt(nudge.Subject, 10, 64)
	if err != nil {
		return fmt.Errorf("deployment %q: %w", nudge.Subject, err)
	}
	return d.Store.Exclusive(ctx, store.Turn{Subject: "deploy/" + nudge.Subject}, func(ctx context.Context) error {
		r := run{Deployer: d, plans: map[string]engine.Plan{}}
		err := d.Store.Read(ctx, func(tx *store.Tx) (err error) {
			r.deployment, r.repository, err = tx.Deployment(id)
			return err
		})
		if err != nil || !r.deployment.Phase.Live() {
			return err
		}
		logger := zerolog.Ctx(ctx).With().Str("environment", r.deployment.Environment).Str("sha", r.deployment.To).Logger()
		err = r.bring(logger.WithContext(ctx))
		var stopped *Stopped
		var aborted *aborted
		var waits *waits
		switch {
		case errors.Is(err, errWithdrawn):
			return nil
		case ctx.Err() != nil:
			return err
		case errors.As(err, &waits):
			return d.Store.Write(ctx, func(tx *store.Tx) error {
				return errors.Join(tx.WaitUntil(id, waits.until), tx.Nudge(store.Nudge{Topic: store.Rollout, Repository: r.repository}))
			})
		case errors.As(err, &aborted):
			return d.Store.Write(ctx, func(tx *store.Tx) error { return tx.Abort(id, aborted.by) })
		case errors.As(err, &stopped):
			return d.Store.Write(ctx, func(tx *store.Tx) error { return tx.Fail(id, stopped.Failure) })
		}
		return err
	})
}

// run is one pass over one deployment.
type run struct {
	*Deployer
	deployment promote.Deployment
	repository int64
	target     *Target
	rules      config.Environment
	// releases names the step of a release that the run is for; empty: it deploys.
	releases string

	mu sync.Mutex
	// awaiting is held while the target says for what a plan waits.
	awaiting sync.Mutex
	plans    map[string]engine.Plan // made by this pass, by instance
}

// bring goes through the phases that are left.
func (r *run) bring(ctx context.Context) (err error) {
	if err := r.checkOut(ctx); err != nil {
		return err
	}
	defer r.target.Release()
	r.keepLogs(ctx)
	var declared bool
	if r.rules, declared = r.target.Rules.Environment(r.deployment.Environment); !declared {
		return &Stopped{promote.Failure{Step: "configuration", Message: fmt.Sprintf("%s is not declared in %s at %s.",
			r.deployment.Environment, config.Path, promote.Short(r.deployment.To))}}
	}
	if r.deployment.Phase == promote.Planning {
		planning, done := r.abortable(ctx)
		plan := r.plan
		if r.byJobs() {
			plan = r.planForJobs
		}
		err := plan(planning)
		cause := context.Cause(planning)
		done()
		if errors.As(cause, new(*aborted)) {
			return cause
		}
		if err != nil {
			return err
		}
	}
	if r.deployment.Phase == promote.Applying {
		if err := r.apply(ctx); err != nil {
			return err
		}
	}
	return r.verify(ctx)
}

// runs returns the digests that the environment runs, by instance.
func (r *run) runs(ctx context.Context) (digests map[string]string, err error) {
	err = r.Store.Read(ctx, func(tx *store.Tx) (err error) {
		digests, err = tx.Instances(r.repository, r.deployment.Environment)
		return err
	})
	return digests, err
}

// write writes, reads the deployment back, and has GitHub's view of it brought up to date.
func (r *run) write(ctx context.Context, change func(*store.Tx) error) error {
	return r.Store.Write(ctx, func(tx *store.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		return r.show(tx)
	})
}

// show reads the deployment back, and has GitHub's view of it brought up to date.
func (r *run) show(tx *store.Tx) error {
	now, _, err := tx.Deployment(r.deployment.ID)
	if err != nil {
		return err
	}
	r.mu.Lock()
	// What stays as it was decided is left alone: several instances read it at a time.
	d := &r.deployment
	d.Phase, d.Failure, d.Touched, d.Finished, d.WaitsUntil = now.Phase, now.Failure, now.Touched, now.Finished, now.WaitsUntil
	d.Instances, d.Steps = now.Instances, now.Steps
	r.mu.Unlock()
	return tx.Nudge(store.Nudge{Topic: store.Rollout, Repository: r.repository})
}
