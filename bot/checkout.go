package bot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/deploy"
	"github.com/trunkline/trunkline/promote/store"
)

// CheckOut gets a commit of trunk ready to be deployed to an environment, by the rules that it has itself.
func (b *Bot) CheckOut(ctx context.Context, wanted deploy.Wanted) (*deploy.Target, error) {
	return b.checkOut(ctx, checkingOut{Wanted: wanted, slots: b.deploySlots, scratch: []string{"deployments"}})
}

// checkingOut is what a commit of trunk is checked out for.
type checkingOut struct {
	deploy.Wanted
	// slots that its engine waits for, and the folder for plan files and logs, below that of the repository.
	slots   chan struct{}
	scratch []string
}

func (b *Bot) checkOut(ctx context.Context, c checkingOut) (*deploy.Target, error) {
	repository, err := b.repository(ctx, c.Repository)
	if err != nil {
		return nil, err
	}
	rules, snapshot, err := b.resolved(ctx, repository, c.SHA)
	if err != nil {
		return nil, err
	}
	plans, err := b.plannerFor(repository, planning{rules, c.slots, b.redactor.Redact})
	if err != nil && rules.RunnerOf(c.Environment).Kind != config.RunnerJobs { // which needs no engine here
		return nil, stopped("engine", err)
	}
	artifacts, err := b.artifacts(ctx, built{repository: repository, rules: rules, sha: c.SHA, since: c.Since, begun: c.Begun, back: c.Back})
	if err != nil {
		return nil, err
	}
	entered, _ := rules.Environment(c.Environment)
	secret, err := b.equip(ctx, repository, entered, c.SHA)
	if err != nil {
		return nil, err
	}
	given := maps.Clone(artifacts)
	maps.Copy(given, secret.Env)
	plans.Env = given
	target := &deploy.Target{
		Rules: rules, Instances: snapshot.With(artifacts), Upstream: snapshot.Dependencies.Upstream, Disabled: snapshot.Disabled,
		Planner: plans, Redact: b.redactor.Redact,
		Place: planner.Place{Commit: c.SHA, Scratch: b.scratch(repository, c.scratch...)},
	}
	shown, err := b.keepHidden(target.Place, entered, secret)
	if err != nil {
		secret.Release()
		return nil, err
	}
	worktree, err := b.mirrors.of(repository).Worktree(ctx, c.SHA)
	if err != nil {
		shown()
		secret.Release()
		return nil, err
	}
	target.Place.Root, target.Place.Locks = worktree.Dir, []*process.Lock{worktree.Lock}
	target.Check = func(environment config.Environment, check config.Check) process.Command {
		command := b.check(check, worktree, checksHome(target.Place, environment), checkEnv(environment, worktree, given))
		return b.whereItRuns(command, running{repository, rules, environment.Name, worktree})
	}
	target.Await = b.foreseeing(c.Repository, target)
	target.Release = func() {
		b.forget(ctx, target, entered)
		worktree.Release()
		shown()
		secret.Release()
	}
	target.Observe = observing(target, given)
	return target, nil
}

// resolved are the rules of a commit of trunk, which is fetched where it is not there, and its instances by them.
func (b *Bot) resolved(ctx context.Context, repository store.Repository, sha string) (rules config.Repository, snapshot *planner.Snapshot, err error) {
	git := b.mirrors.of(repository)
	if have, err := git.Has(ctx, sha); err != nil || !have {
		ref := "refs/heads/" + repository.Trunk
		if err := errors.Join(err, git.Fetch(ctx, "+"+ref+":"+ref)); err != nil {
			return rules, nil, err
		}
	}
	text, err := git.ReadFile(ctx, sha, config.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return rules, nil, stopped("configuration", fmt.Errorf("%s has no %s", promote.Short(sha), config.Path))
	}
	if err != nil {
		return rules, nil, err
	}
	if rules, err = config.Parse(config.Path, text); err != nil {
		return rules, nil, stopped("configuration", err)
	}
	snapshot, err = b.snapshot(ctx, repository, sha, rules)
	if problems := (config.Problems)(nil); errors.As(err, &problems) {
		return rules, nil, stopped("configuration", problems)
	}
	return rules, snapshot, err
}

func stopped(step string, err error) error {
	return &deploy.Stopped{Failure: promote.Failure{Step: step, Message: err.Error()}}
}

// check is the process of one check, with the same limits and the same bare environment as engines have.
func (b *Bot) check(check config.Check, worktree *mirror.Worktree, home string, env map[string]string) process.Command {
	command := process.Shell(check.Run)
	command.Dir, command.Home, command.Env = worktree.Dir, home, env
	command.Log = filepath.Join(home, "check.log")
	command.Allow, command.Locks = b.settings.PassEnvironment, []*process.Lock{worktree.Lock}
	command.Limits.Timeout = check.Timeout
	if check.Timeout == 0 {
		command.Limits.Timeout = b.settings.StepTimeout
	}
	return command
}

// scratch is a folder for plan files and logs of a repository.
func (b *Bot) scratch(repository store.Repository, elements ...string) string {
	return filepath.Join(append([]string{b.settings.Data, "scratch", fmt.Sprint(repository.ID)}, elements...)...)
}

// pullScratch is that of a pull request, which keeps initialised directories for its next push.
func (b *Bot) pullScratch(repository store.Repository, number int) string {
	return b.scratch(repository, "pulls", fmt.Sprint(number))
}

// planning is what a planner is made for.
type planning struct {
	rules config.Repository
	// slots are what the engine waits for one of, and redact takes secrets out of what it says.
	slots  chan struct{}
	redact func(string) string
}

// limited is an engine that waits for a free slot of the host, so that many repositories do not start more
// processes than it has cores for.
type limited struct {
	engine.Engine
	slots chan struct{}
}

// Plan plans when there is a slot.
func (l limited) Plan(ctx context.Context, work engine.Work) (engine.Plan, error) {
	if err := l.enter(ctx); err != nil {
		return engine.Plan{}, err
	}
	defer l.leave()
	return l.Engine.Plan(ctx, work)
}

// Apply applies when there is a slot.
func (l limited) Apply(ctx context.Context, work engine.Work, plan engine.Plan) error {
	if err := l.enter(ctx); err != nil {
		return err
	}
	defer l.leave()
	return l.Engine.Apply(ctx, work, plan)
}

// Validate validates when there is a slot, if the engine can.
func (l limited) Validate(ctx context.Context, work engine.Work) ([]engine.Diagnostic, error) {
	validator, can := l.Engine.(engine.Validator)
	if !can {
		return nil, errors.New("this engine has no validation of its own")
	}
	if err := l.enter(ctx); err != nil {
		return nil, err
	}
	defer l.leave()
	return validator.Validate(ctx, work)
}

// Revealed looks when there is a slot, if the engine can.
func (l limited) Revealed(ctx context.Context, work engine.Work) ([]string, error) {
	revealer, can := l.Engine.(engine.Revealer)
	if !can {
		return nil, nil
	}
	if err := l.enter(ctx); err != nil {
		return nil, err
	}
	defer l.leave()
	return revealer.Revealed(ctx, work)
}

// Destroy destroys when there is a slot, if the engine can.
func (l limited) Destroy(ctx context.Context, work engine.Work) error {
	destroyer, can := l.Engine.(engine.Destroyer)
	if !can {
		return errors.New("this engine cannot destroy what it deployed")
	}
	if err := l.enter(ctx); err != nil {
		return err
	}
	defer l.leave()
	return destroyer.Destroy(ctx, work)
}

// Output asks when there is a slot, if the engine has outputs.
func (l limited) Output(ctx context.Context, work engine.Work, name string) (string, error) {
	teller, can := l.Engine.(engine.Teller)
	if !can {
		return "", errors.New("this engine has no outputs")
	}
	if err := l.enter(ctx); err != nil {
		return "", err
	}
	defer l.leave()
	return teller.Output(ctx, work, name)
}

func (l limited) enter(ctx context.Context) error {
	select {
	case l.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l limited) leave() { <-l.slots }
