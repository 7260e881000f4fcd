package bot

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/deploy"
	"github.com/trunkline/trunkline/promote/store"
)

// ephemeral looks at the environment that a pull request has of its own: it is made, or looked after, or destroyed. What
// is to be is in the store, so a pass can be ended at any line and begun again.
func (b *Bot) ephemeral(ctx context.Context, nudge store.Nudge) error {
	number, err := strconv.Atoi(nudge.Subject)
	if err != nil {
		return fmt.Errorf("environment of pull request %q: %w", nudge.Subject, err)
	}
	return b.store.Exclusive(ctx, store.Turn{Subject: fmt.Sprintf("ephemeral/%d/%d", nudge.Repository, number)}, func(ctx context.Context) error {
		repository, err := b.repository(ctx, nudge.Repository)
		if err != nil {
			return err
		}
		e, now, err := b.current(ctx, repository, number)
		if err != nil {
			return err
		}
		switch e.Phase {
		case store.EphemeralCreating:
			return b.create(ctx, repository, e)
		case store.EphemeralReady, store.EphemeralFailed:
			return b.lookAfter(ctx, repository, e)
		case store.EphemeralDestroying:
			if e.Again.After(now) {
				return nil // it was tried just now, and the process that did ended before it could say so to the queue
			}
			return b.destroy(ctx, repository, e)
		}
		return nil
	})
}

// current is the environment as it is to be, after it was ended if it is over, and the time.
func (b *Bot) current(ctx context.Context, repository store.Repository, number int) (e store.Ephemeral, now time.Time, err error) {
	err = b.store.Write(ctx, func(tx *store.Tx) error {
		var known bool
		now = tx.Now()
		if e, known, err = tx.Ephemeral(repository.ID, number); err != nil || !known || e.Over() {
			return err
		}
		pull, _, err := tx.FindPull(repository.ID, number)
		if err != nil {
			return err
		}
		why := overBecause(e, pull, repository.Trunk, tx.Now())
		if why == "" {
			return nil
		}
		if err := tx.EndEphemeral(repository.ID, number, why, promote.Person{}); err != nil {
			return err
		}
		e, _, err = tx.Ephemeral(repository.ID, number)
		return err
	})
	return e, now, err
}

// overBecause says why an environment is over; empty: it is not.
func overBecause(e store.Ephemeral, pull store.PullRequest, trunk string, now time.Time) string {
	switch {
	case pull.Phase == store.PullMerged:
		return fmt.Sprintf("#%d was merged", e.Pull)
	case pull.Phase == store.PullClosed:
		return fmt.Sprintf("#%d was closed", e.Pull)
	case pull.Base != trunk:
		return fmt.Sprintf("#%d goes into another branch now", e.Pull)
	case !now.Before(e.Expires):
		return "its time was over"
	}
	return ""
}

// lookAfter asks GitHub whether the pull request is still open, in case nobody told, and has the age shown anew.
func (b *Bot) lookAfter(ctx context.Context, repository store.Repository, e store.Ephemeral) error {
	if err := b.lookAtPull(ctx, repository, e.Pull); err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Int("pull", e.Pull).Msg("cannot look whether a pull request is open")
	}
	return b.store.Write(ctx, func(tx *store.Tx) error {
		age := tx.Now().Sub(e.Created).Truncate(time.Hour)
		next := e.Created.Add(age + time.Hour)
		if e.Expires.Before(next) {
			next = e.Expires
		}
		return tx.LookAtEphemeral(e, next)
	})
}

func (b *Bot) lookAtPull(ctx context.Context, repository store.Repository, number int) error {
	client, err := b.clients.forRepository(ctx, repository, looking)
	if err != nil {
		return err
	}
	found, _, err := client.PullRequests.Get(ctx, repository.Owner, repository.Name, number)
	if err != nil {
		return fmt.Errorf("look at #%d: %w", number, err)
	}
	return b.store.Write(ctx, func(tx *store.Tx) error {
		changed, err := tx.SavePull(pullRequest(repository.ID, found))
		if err != nil || !changed {
			return err
		}
		return tx.Nudge(store.Nudge{Topic: store.Preview, Repository: repository.ID, Subject: fmt.Sprint(number)})
	})
}

// create brings an environment to its commit, and writes down how that ended.
func (b *Bot) create(ctx context.Context, repository store.Repository, e store.Ephemeral) error {
	address, err := b.deployEphemeral(ctx, repository, e)
	if errors.Is(err, store.ErrNotWanted) {
		return nil // what made it so brings another pass
	}
	failure, told := b.told(ctx, err)
	if err != nil && !told {
		return err
	}
	err = b.store.Write(ctx, func(tx *store.Tx) error {
		if failure != "" {
			return tx.EphemeralFailed(e, failure)
		}
		return tx.EphemeralReady(e, address)
	})
	if errors.Is(err, store.ErrNotWanted) {
		return nil
	}
	return err
}

// told is what people are told of an error; false: it is ours, and may pass.
func (b *Bot) told(ctx context.Context, err error) (text string, told bool) {
	var (
		said     *engine.Failure
		notApart *planner.NotApart
		stopped  *deploy.Stopped
		problems config.Problems
	)
	switch {
	case err == nil || ctx.Err() != nil:
		return "", false
	case errors.As(err, &said), errors.As(err, &notApart), errors.As(err, &problems), errors.As(err, &stopped):
		return b.redactor.Redact(err.Error()), true
	}
	return "", false
}

// aDayOfTries is how often destroying is tried in about a day.
const aDayOfTries = 30

// destroyAgain is how long after a failure destroying is tried again: a minute at first, then an hour, and after a day six.
// People were told at the first failure, and can have it tried at once.
func destroyAgain(tries int) time.Duration {
	if tries >= aDayOfTries {
		return 6 * time.Hour
	}
	return min(time.Minute<<min(tries, 10), time.Hour)
}

// destroy destroys all that may exist of an environment. Whatever goes wrong is told, and tried again until it succeeds.
func (b *Bot) destroy(ctx context.Context, repository store.Repository, e store.Ephemeral) error {
	err := b.destroyInstances(ctx, repository, e, e.Instances)
	if err == nil {
		err = b.letGo(ctx, repository, e)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err == nil {
		return b.store.Write(ctx, func(tx *store.Tx) error { return tx.EphemeralGone(e) })
	}
	zerolog.Ctx(ctx).Error().Err(err).Int("pull", e.Pull).Int("try", e.Tries+1).Msg("the environment of a pull request could not be destroyed")
	return b.store.Write(ctx, func(tx *store.Tx) error {
		return tx.EphemeralStuck(e, b.redactor.Redact(err.Error()), tx.Now().Add(destroyAgain(e.Tries)))
	})
}
