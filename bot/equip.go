package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/rs/zerolog"

	"github.com/trunkline/trunkline/bot/secrets"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/deploy"
	"github.com/trunkline/trunkline/promote/store"
)

// newSecrets reads secrets as the settings say, and hides them from all that leaves.
func (b *Bot) newSecrets() *secrets.Reader {
	return &secrets.Reader{Sources: b.settings.Secrets, Lookup: os.LookupEnv, Hide: b.redactor.Hide,
		Owner: func(ctx context.Context, name string, repository int64) (owner int64, err error) {
			err = b.store.Write(ctx, func(tx *store.Tx) error {
				owner, err = tx.SecretOwner(name, repository)
				return err
			})
			return owner, err
		}}
}

// equip reads the secrets of an environment for a run of a commit of trunk, afresh for each run: they may have been
// rotated. This is the one door to them. Code that is not on trunk, which nobody may have reviewed, does not get through,
// wherever it comes from.
func (b *Bot) equip(ctx context.Context, repository store.Repository, environment config.Environment, sha string) (secrets.Values, error) {
	none := secrets.Values{Env: map[string]string{}, Release: func() {}}
	if len(environment.Secrets) == 0 {
		return none, nil
	}
	var onTrunk bool
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		onTrunk, err = tx.KnowsCommit(repository.ID, sha)
		return err
	})
	if err != nil {
		return none, err
	}
	if !onTrunk {
		return none, stopped("secrets", fmt.Errorf("%s is not a commit of %s, and the secrets of %s are given to nothing else",
			promote.Short(sha), repository.Trunk, environment.Name))
	}
	place := secrets.Place{Repository: repository.ID, Name: repository.Owner + "/" + repository.Name, Environment: environment.Name}
	given, err := b.secrets.Read(ctx, place, environment.Secrets)
	if unreadable := (*secrets.Unreadable)(nil); errors.As(err, &unreadable) {
		return none, &deploy.Stopped{Failure: promote.Failure{Step: "secrets", Subject: unreadable.Secret.Name, Message: unreadable.Error()}}
	}
	if err != nil {
		return none, err
	}
	return given, nil
}

// checkEnv is the environment of what runs for an environment beside the engine.
func checkEnv(environment config.Environment, worktree *mirror.Worktree, given map[string]string) map[string]string {
	env := map[string]string{}
	maps.Copy(env, environment.Variables)
	maps.Copy(env, given)
	maps.Copy(env, map[string]string{"TRUNKLINE_ENVIRONMENT": environment.Name, "TRUNKLINE_COMMIT": worktree.Commit, "TRUNKLINE_ROOT": worktree.Dir})
	return env
}

// checksHome is the folder for what checks leave behind.
func checksHome(place planner.Place, environment config.Environment) string {
	return filepath.Join(place.Scratch, "checks", environment.Name)
}

// keepHidden keeps the values that a run is given hidden until forget, also by the next process if this one is killed, and
// with them those that an earlier run at the same place was given.
func (b *Bot) keepHidden(place planner.Place, environment config.Environment, given secrets.Values) (release func(), err error) {
	if len(environment.Secrets) == 0 {
		return func() {}, nil
	}
	file, err := b.sealedAt(sealedIn(place, environment))
	if err != nil {
		return nil, err
	}
	all, err := file.add(slices.Collect(maps.Values(given.Env)))
	if err != nil {
		return nil, fmt.Errorf("write down which values to hide: %w", err)
	}
	return b.redactor.Hide(all...), nil
}

func sealedIn(place planner.Place, environment config.Environment) string {
	return filepath.Join(place.Scratch, "given", environment.Name)
}

// forget removes what runs that were given secrets may have left of them: plans, logs, and all that they wrote into their
// HOME. An engine that a stop left behind still works there; the next pass removes that.
func (b *Bot) forget(ctx context.Context, target *deploy.Target, environment config.Environment) {
	if len(environment.Secrets) == 0 {
		return
	}
	err, everything := os.RemoveAll(checksHome(target.Place, environment)), true
	for _, name := range sortedNames(target.Instances) {
		instance := target.Instances[name].Instance
		if instance.Environment != environment.Name {
			continue
		}
		free, failed := target.Planner.TryLock(instance)
		if free == nil {
			err, everything = errors.Join(err, failed), false
			continue
		}
		err = errors.Join(err, target.Planner.Work(target.Place, instance).Forget(b.hides))
		free.Release()
	}
	if everything && err == nil {
		var file sealed
		if file, err = b.sealedAt(sealedIn(target.Place, environment)); err == nil {
			err = file.remove()
		}
	}
	if err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot remove what a run left behind")
	}
}

// hides tells whether there is something in a text that is not to be shown.
func (b *Bot) hides(text string) bool { return b.redactor.Redact(text) != text }

// withSecrets are the environments that have some.
func withSecrets(rules config.Repository) []config.Environment {
	return slices.DeleteFunc(slices.Clone(rules.Environments), func(environment config.Environment) bool { return len(environment.Secrets) == 0 })
}
