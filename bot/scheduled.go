package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/bot/watch"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/deploy"
	"github.com/trunkline/trunkline/promote/logs"
	"github.com/trunkline/trunkline/promote/store"
)

// scheduled runs a check of an environment that is due by its schedule, on what the environment runs. What is written down
// is its end, so a crash before that has it run again; times that were missed are made up for once.
func (b *Bot) scheduled(ctx context.Context, nudge store.Nudge) error {
	environment, name, _ := strings.Cut(nudge.Subject, "/")
	return b.store.Exclusive(ctx, store.Turn{Subject: fmt.Sprintf("scheduled/%d/%s", nudge.Repository, nudge.Subject)}, func(ctx context.Context) error {
		repository, err := b.repository(ctx, nudge.Repository)
		if err != nil {
			return err
		}
		run, began, err := b.dueCheck(ctx, repository, environment, name)
		if err != nil || run.sha == "" {
			return err
		}
		message, err := b.runScheduled(ctx, repository, run)
		if deploy.IsLater(err) {
			return nil // its end leads here again
		}
		if err != nil {
			return fmt.Errorf("run %s in %s: %w", name, environment, err)
		}
		return b.store.Write(ctx, func(tx *store.Tx) error {
			return tx.Scheduled(repository.ID, store.ScheduledRun{Environment: environment, Message: message,
				CheckRun: promote.CheckRun{Check: name, SHA: run.sha, Passed: message == "", Started: began, Ended: tx.Now()}})
		})
	})
}

// dueCheck is a scheduled check that is due, on what its environment runs; without a commit it is not due, is gone, or
// waits for the end of a deployment, since nobody knows what a check sees in its midst.
func (b *Bot) dueCheck(ctx context.Context, repository store.Repository, environment, name string) (run scheduledRun, began time.Time, err error) {
	err = b.store.Read(ctx, func(tx *store.Tx) error {
		state, err := tx.State(repository.ID)
		if err != nil || len(state.Problems) > 0 {
			return err
		}
		facts, known := state.Environments[environment]
		if !known || facts.Last != nil && facts.Last.Phase.Live() {
			return nil
		}
		for _, one := range promote.ScheduledChecks(state, environment) {
			due := promote.Due(state, environment, one)
			if one.Name == name && !due.IsZero() && !due.After(tx.Now()) {
				rules, _ := state.Rules.Environment(environment)
				run, began = scheduledRun{rules, facts.Runs, one.Check, due, state.Rules}, tx.Now()
			}
		}
		return nil
	})
	return run, began, err
}

// scheduledRun is a check that runs on what an environment runs.
type scheduledRun struct {
	environment config.Environment
	sha         string
	check       config.Check
	// due is when it was to run.
	due time.Time
	// rules of trunk, by which it runs.
	rules config.Repository
}

// runScheduled runs the check as checks after a deployment run, and returns why it failed; empty: it passed.
func (b *Bot) runScheduled(ctx context.Context, repository store.Repository, r scheduledRun) (message string, err error) {
	if r.check.Workflow.Declared() {
		return b.dispatchScheduled(ctx, repository, r)
	}
	given, err := b.equip(ctx, repository, r.environment, r.sha)
	if stopped := (*deploy.Stopped)(nil); errors.As(err, &stopped) {
		return stopped.Message, nil
	}
	if err != nil {
		return "", err
	}
	defer given.Release()
	artifacts, err := b.artifactsAsRun(ctx, repository, r.sha)
	if err != nil {
		return "", err
	}
	maps.Copy(given.Env, artifacts)
	worktree, err := b.mirrors.of(repository).Worktree(ctx, r.sha)
	if err != nil {
		return "", err
	}
	defer worktree.Release()
	digest := sha256.Sum256([]byte(r.check.Name))
	home := filepath.Join(b.scratch(repository, "scheduled"), r.environment.Name, hex.EncodeToString(digest[:8]))
	if len(r.environment.Secrets) > 0 {
		defer os.RemoveAll(home) // it may have written them there
	}
	if r.check.HTTP != "" {
		return b.probeScheduled(ctx, repository, r, given.Env)
	}
	hostless := strings.NewReplacer(worktree.Dir+"/", "", worktree.Dir, ".").Replace
	log := b.scheduledLog(ctx, repository, r, func(text string) string { return b.redactor.Redact(hostless(text)) })
	command := b.check(r.check, worktree, home, checkEnv(r.environment, worktree, given.Env))
	command = b.whereItRuns(command, running{repository, r.rules, r.environment.Name, worktree})
	command.Copy = log
	fmt.Fprintf(log, "[on %s]\n$ %s\n", r.sha, r.check.Run)
	result, err := process.Run(ctx, command)
	b.endScheduledLog(ctx, log, result, err)
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	said := strings.TrimSpace(b.redactor.Redact(result.Log))
	switch {
	case err != nil:
		return strings.TrimSpace(err.Error() + "\n" + said), nil
	case result.ExitCode != 0:
		return strings.TrimSpace(fmt.Sprintf("It ended with exit code %d.\n%s", result.ExitCode, said)), nil
	}
	return "", nil
}

// probeScheduled asks the URL of a check.
func (b *Bot) probeScheduled(ctx context.Context, repository store.Repository, r scheduledRun, given map[string]string) (string, error) {
	log := b.scheduledLog(ctx, repository, r, b.redactor.Redact)
	message, err := deploy.Probe(ctx, r.check, func(ctx context.Context, asked config.Watch) promote.Observation {
		seen := watch.Sources{}.Observe(ctx, filled(asked, r.environment, given), process.Command{})
		fmt.Fprintf(log, "[on %s] status %d %s\n", r.sha, seen.Status, seen.Unreachable+seen.Said)
		return seen
	})
	var failure error
	if message != "" {
		failure = errors.New(message)
	}
	b.endScheduledLog(ctx, log, process.Result{}, errors.Join(err, failure))
	return b.redactor.Redact(message), err
}

// scheduledLog opens the log of a scheduled check. One that has not ended is of a server that was killed: a check runs once at
// a time.
func (b *Bot) scheduledLog(ctx context.Context, repository store.Repository, r scheduledRun, redact func(string) string) *logs.Step {
	key := logs.Key{Repository: repository.ID, Environment: r.environment.Name}
	if err := b.logs.BreakOff(key, r.check.Name); err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("a log is not kept")
	}
	return b.logs.Step(key, r.check.Name, redact)
}

// endScheduledLog ends the log of a scheduled check.
func (b *Bot) endScheduledLog(ctx context.Context, log *logs.Step, result process.Result, failure error) {
	how, message := logs.OK, ""
	switch {
	case ctx.Err() != nil:
		how = logs.Stopped
	case failure != nil:
		how, message = logs.Failed, b.redactor.Redact(failure.Error())
	case result.ExitCode != 0:
		how, message = logs.Failed, fmt.Sprintf("exit code %d", result.ExitCode)
	}
	if err := log.End(how, message); err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("a log is not kept")
	}
}
