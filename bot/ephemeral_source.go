package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/trunkline/trunkline/bot/secrets"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/deploy"
	"github.com/trunkline/trunkline/promote/store"
)

// ephemeralSource is the commit of a pull request, with the rules by which it is deployed and destroyed: those that trunk
// had when it was asked for, never its own.
type ephemeralSource struct {
	store.EphemeralSource
	rules config.Repository
	has   planner.Ephemeral
}

// sourceOf resolves a source: what it deploys, and where that has its state.
func (b *Bot) sourceOf(ctx context.Context, repository store.Repository, e store.Ephemeral, of store.EphemeralSource) (s ephemeralSource, err error) {
	s.EphemeralSource = of
	if s.rules, err = config.Parse(config.Path, []byte(of.Configuration)); err != nil {
		return s, err
	}
	if s.rules.Preview.From == "" {
		return s, &planner.NotApart{Why: "`preview` was taken out of " + config.Path + "."}
	}
	git := b.mirrors.of(repository)
	fetching := previewing{bot: b, repository: repository, pull: store.PullRequest{Number: e.Pull, Head: of.SHA}, preview: planner.Preview{Trunk: repository.Tip}}
	if err := fetching.fetch(ctx, git); err != nil {
		return s, err
	}
	if err := git.Keep(ctx, keptRef(e, of.ID), of.SHA); err != nil {
		return s, err
	}
	snapshot, err := b.snapshot(ctx, repository, of.SHA, s.rules)
	if err != nil {
		return s, err
	}
	s.has, err = snapshot.Ephemeral(e.Pull)
	return s, err
}

// keptRef keeps a commit in the mirror as long as something of it may exist.
func keptRef(e store.Ephemeral, source int64) string {
	return fmt.Sprintf("refs/trunkline/ephemeral/%d/%d", e.ID, source)
}

// letGo removes what was kept for an environment of which nothing is left.
func (b *Bot) letGo(ctx context.Context, repository store.Repository, e store.Ephemeral) error {
	var sources []int64
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		sources, err = tx.EphemeralSources(e.ID)
		return err
	})
	err = errors.Join(err, os.RemoveAll(b.ephemeralScratch(repository, e)))
	for _, source := range sources {
		err = errors.Join(err, b.mirrors.of(repository).LetGo(ctx, keptRef(e, source)))
	}
	return err
}

func (b *Bot) ephemeralScratch(repository store.Repository, e store.Ephemeral) string {
	return b.scratch(repository, "ephemeral", fmt.Sprint(e.Pull))
}

// ephemeralRun is a place in which a source is deployed or destroyed, with what its engine is given.
type ephemeralRun struct {
	planner.Planner
	place   planner.Place
	release func()
}

// runOf makes everything ready to deploy or destroy a source. It gets the secrets that are kept for environments of pull
// requests, and none that any other environment has.
func (b *Bot) runOf(ctx context.Context, repository store.Repository, e store.Ephemeral, s ephemeralSource) (run ephemeralRun, err error) {
	redact, hidden := b.hiding(ctx, repository, s.rules)
	given := secrets.Values{Release: func() {}}
	if len(s.rules.Preview.Secrets) > 0 {
		place := secrets.Place{Repository: repository.ID, Name: repository.Owner + "/" + repository.Name, Environment: config.PreviewSecrets, Exactly: true}
		given, err = b.secrets.Read(ctx, place, s.rules.Preview.Secrets)
	}
	if unreadable := (*secrets.Unreadable)(nil); errors.As(err, &unreadable) {
		err = &deploy.Stopped{Failure: promote.Failure{Step: "secrets", Subject: unreadable.Secret.Name, Message: unreadable.Error()}}
	}
	if err != nil {
		hidden()
		return run, err
	}
	artifacts, err := b.lentArtifacts(ctx, repository, s.rules)
	if err != nil {
		given.Release()
		hidden()
		return run, err
	}
	var worktree *mirror.Worktree
	if run.Planner, err = b.plannerFor(repository, planning{s.rules, b.previewSlots, redact}); err != nil {
		err = stopped("engine", err)
	} else {
		worktree, err = b.mirrors.of(repository).Worktree(ctx, s.SHA)
	}
	if err != nil {
		given.Release()
		hidden()
		return run, err
	}
	b.keepingLogs(ctx, repository, e, &run)
	run.Env = artifacts
	maps.Copy(run.Env, given.Env)
	scratch := b.ephemeralScratch(repository, e)
	run.place = planner.Place{Commit: s.SHA, Root: worktree.Dir, Scratch: filepath.Join(scratch, fmt.Sprint(s.ID)), Locks: []*process.Lock{worktree.Lock}}
	run.release = func() {
		if ctx.Err() == nil { // else an engine may still be at work there
			// Plans hold the values of all variables; what is left goes with the environment.
			_ = os.RemoveAll(run.place.Scratch)
		}
		worktree.Release()
		given.Release()
		hidden()
	}
	return run, nil
}

// lentArtifacts are the artifacts that the environment has which the template is of: there are none of what is not merged.
func (b *Bot) lentArtifacts(ctx context.Context, repository store.Repository, rules config.Repository) (map[string]string, error) {
	var state promote.State
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		state, err = tx.State(repository.ID)
		return err
	})
	runs := state.Environments[rules.Preview.From].Runs
	if err != nil || len(rules.Artifacts) == 0 || runs == "" {
		return map[string]string{}, err
	}
	artifacts, err := b.artifactsAsRun(ctx, repository, runs)
	given := map[string]string{}
	maps.Copy(given, artifacts)
	return given, err
}
