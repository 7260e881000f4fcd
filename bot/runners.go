package bot

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/bot/runs"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote/store"
)

// newRuns is where tasks wait for those who carry them out.
func (b *Bot) newRuns() *runs.Hub {
	options := runs.Options{Store: b.store, Workers: b.settings.Workers, Runners: b.settings.Runners, Archive: b.archive}
	if b.settings.PublicURL != "" {
		options.Actions = &runs.Actions{Client: b.clients.plain(), Issuer: b.settings.Actions.Issuer, Audience: strings.TrimSuffix(b.settings.PublicURL, "/"), GitHub: runsAtGitHub{b},
			Trunk: b.nameAndTrunk, OnTrunk: b.onTrunk}
	}
	return runs.New(options)
}

// archive writes the files of a commit of a repository.
func (b *Bot) archive(ctx context.Context, id int64, sha string, to io.Writer) error {
	repository, err := b.repository(ctx, id)
	if err != nil {
		return err
	}
	return b.mirrors.of(repository).Archive(ctx, sha, to)
}

// scopeOf is the work of a repository that is done elsewhere.
func (b *Bot) scopeOf(repository store.Repository, rules config.Repository, redact func(string) string) (*runs.Scope, error) {
	key, err := b.digestKey(repository.ID)
	return b.runs.In(runs.ScopeOptions{Repository: repository.ID, Name: repository.Owner + "/" + repository.Name, Rules: rules, Redact: redact, Key: key}), err
}

// digestKey makes digests of plans depend on values that are sensitive. It is the repository's own, since runners are given it,
// and tells nothing of the secret that it is made from.
func (b *Bot) digestKey(repository int64) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, []byte(b.settings.GitHub.App.WebhookSecret), nil, fmt.Sprintf("trunkline digests of plans of %d", repository), sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("make the key of digests: %w", err)
	}
	return key, nil
}

// mostElsewhere is how many instances wait for runners at a time, which do several side by side, where nothing else is said.
const mostElsewhere = 256

// plannerFor is a planner with the engine that the rules ask for, here or elsewhere.
func (b *Bot) plannerFor(repository store.Repository, wanted planning) (planner.Planner, error) {
	rules := wanted.rules
	p := planner.Planner{State: filepath.Join(b.settings.Data, "state", fmt.Sprint(repository.ID)), Timeout: b.settings.StepTimeout, Parallel: b.settings.Parallel}
	if rules.Stacks.Timeout > 0 {
		p.Timeout = rules.Stacks.Timeout
	}
	elsewhere := func(environment config.Environment) bool { return rules.RunnerOf(environment.Name).Remote() }
	scope, err := b.scopeOf(repository, rules, wanted.redact)
	if err != nil {
		return planner.Planner{}, err
	}
	var here engine.Engine
	if len(rules.Environments) == 0 || slices.ContainsFunc(rules.Environments, func(e config.Environment) bool { return !elsewhere(e) }) {
		chosen, err := engine.New(rules.Stacks.Engine, engine.Settings{Allow: b.settings.PassEnvironment, Redact: wanted.redact, Key: scope.Key})
		if err != nil {
			return p, err
		}
		here = limited{chosen, wanted.slots}
	}
	p.Engine = here
	if slices.ContainsFunc(rules.Environments, elsewhere) {
		p.Elsewhere, p.Parallel = scope, mostElsewhere
		p.Engine = routed{here: here, elsewhere: scope.Engine(), rules: rules}
	}
	if rules.Stacks.Parallel > 0 {
		p.Parallel = rules.Stacks.Parallel
	}
	return p, nil
}

// whereItRuns is the command, to be run where the environment's instances are planned and applied.
func (b *Bot) whereItRuns(command process.Command, of running) process.Command {
	if of.rules.RunnerOf(of.environment).Remote() {
		command.Elsewhere = func(ctx context.Context, command process.Command) (process.Result, error) {
			scope, err := b.scopeOf(of.repository, of.rules, b.redactor.Redact)
			if err != nil {
				return process.Result{}, err
			}
			return scope.Command(ctx, runs.Place{Environment: of.environment, Commit: of.worktree.Commit, Root: of.worktree.Dir}, command)
		}
	}
	return command
}

// running is a command of the repository that runs for an environment.
type running struct {
	repository  store.Repository
	rules       config.Repository
	environment string
	worktree    *mirror.Worktree
}

// routed is an engine that works here for some environments, and elsewhere for others.
type routed struct {
	// here is nil where all environments are elsewhere.
	here      engine.Engine
	elsewhere *runs.Engine
	rules     config.Repository
}

// of is the engine for an instance.
func (r routed) of(work engine.Work) engine.Engine {
	if r.here == nil || r.rules.RunnerOf(work.Instance.Environment).Remote() {
		return r.elsewhere
	}
	return r.here
}

// Plan plans where the instance's environment does.
func (r routed) Plan(ctx context.Context, work engine.Work) (engine.Plan, error) {
	return r.of(work).Plan(ctx, work)
}

// Apply applies where the instance's environment does.
func (r routed) Apply(ctx context.Context, work engine.Work, plan engine.Plan) error {
	return r.of(work).Apply(ctx, work, plan)
}

// Validate validates there, if the engine can.
func (r routed) Validate(ctx context.Context, work engine.Work) ([]engine.Diagnostic, error) {
	validator, can := r.of(work).(engine.Validator)
	if !can {
		return nil, errors.New("this engine has no validation of its own")
	}
	return validator.Validate(ctx, work)
}

// Revealed looks there, if the engine can.
func (r routed) Revealed(ctx context.Context, work engine.Work) ([]string, error) {
	revealer, can := r.of(work).(engine.Revealer)
	if !can {
		return nil, nil
	}
	return revealer.Revealed(ctx, work)
}

// Destroy destroys there, if the engine can.
func (r routed) Destroy(ctx context.Context, work engine.Work) error {
	destroyer, can := r.of(work).(engine.Destroyer)
	if !can {
		return errors.New("this engine cannot destroy what it deployed")
	}
	return destroyer.Destroy(ctx, work)
}

// Output asks there, if the engine has outputs.
func (r routed) Output(ctx context.Context, work engine.Work, name string) (string, error) {
	teller, can := r.of(work).(engine.Teller)
	if !can {
		return "", errors.New("this engine has no outputs")
	}
	return teller.Output(ctx, work, name)
}
