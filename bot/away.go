package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/promote/store"
)

// awayError says that the App may not work on a repository. What was to be done there is done when it may again.
type awayError struct{ repository, why string }

// Error says what is the matter, for the log.
func (e *awayError) Error() string {
	return fmt.Sprintf("%s: the App is %s there", e.repository, e.why)
}

func awayFrom(repository store.Repository, why string) error {
	return &awayError{repository.Owner + "/" + repository.Name, why}
}

// whileHere does nothing in repositories on which the App may not work. All of it is taken up when it may again.
func (b *Bot) whileHere(next store.Handler) store.Handler {
	return func(ctx context.Context, nudge store.Nudge) error {
		if nudge.Repository != 0 {
			if repository, err := b.repository(ctx, nudge.Repository); err != nil || repository.Away != "" {
				return err
			}
		}
		err := next(ctx, nudge)
		if away := (&awayError{}); errors.As(err, &away) {
			return nil
		}
		return err
	}
}

// whyAway is why GitHub gives no token for a repository, where that is because the App may not work there; empty: it is for
// another reason.
func whyAway(err error) string {
	var answer *github.ErrorResponse
	if !errors.As(err, &answer) || answer.Response == nil {
		return ""
	}
	message := strings.ToLower(answer.Message)
	switch {
	case answer.Response.StatusCode == http.StatusForbidden && strings.Contains(message, "suspended"):
		return store.Suspended
	case answer.Response.StatusCode == http.StatusNotFound && message == "not found",
		answer.Response.StatusCode == http.StatusUnprocessableEntity && strings.Contains(message, "not accessible to the parent installation"):
		return store.Removed
	}
	return ""
}

// leave stops the work on a repository; left is false where another installation has it by now.
func (b *Bot) leave(ctx context.Context, repository store.Repository, why string) (left bool, err error) {
	err = b.store.Write(ctx, func(tx *store.Tx) error {
		left, err = tx.Leave(repository, why)
		return err
	})
	if err == nil && left {
		zerolog.Ctx(ctx).Warn().Str("repo", repository.Owner+"/"+repository.Name).Str("why", why).Msg("the App may not work on a repository")
	}
	return left, err
}

// comeBack takes up the work on a repository.
func (b *Bot) comeBack(ctx context.Context, repository store.Repository) error {
	return b.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.Return(repository.ID); err != nil {
			return err
		}
		if err := tx.Nudge(store.Nudge{Topic: store.Environments, Repository: repository.ID}); err != nil {
			return err
		}
		nudges, err := workOf(tx)
		if err != nil {
			return err
		}
		more, err := workIn(tx, repository)
		for _, nudge := range append(nudges, more...) {
			if err == nil && nudge.Repository == repository.ID {
				err = tx.Nudge(nudge)
			}
		}
		return err
	})
}

// lookAtInstallation asks GitHub how an installation is, whatever a delivery said of it: deliveries come late and in any
// order.
func (b *Bot) lookAtInstallation(ctx context.Context, id int64) error {
	app, err := b.clients.app()
	if err != nil {
		return err
	}
	found, _, err := app.Apps.GetInstallation(ctx, id)
	why := ""
	switch {
	case missing(err):
		why = store.Removed
	case err != nil:
		return fmt.Errorf("look at installation %d: %w", id, err)
	case found.SuspendedAt != nil:
		why = store.Suspended
	}
	var repositories []store.Repository
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		repositories, err = tx.Installed(id)
		return err
	})
	if why != "" {
		b.clients.forget(id)
	}
	for _, repository := range repositories {
		switch {
		case err != nil:
		case why != "" && repository.Away != why:
			_, err = b.leave(ctx, repository, why)
		case why == "" && repository.Away == store.Suspended:
			err = b.comeBack(ctx, repository)
		}
	}
	return err
}

// returnEvery is how often it is asked whether installations are suspended still: deliveries may be lost.
const returnEvery = 15 * time.Minute

// lookForReturn asks about installations that were suspended when they were last looked at.
func (b *Bot) lookForReturn(ctx context.Context) error {
	var repositories []store.Repository
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		repositories, err = tx.Repositories()
		return err
	})
	asked := map[int64]bool{}
	for _, repository := range repositories {
		if err == nil && repository.Away == store.Suspended && !asked[repository.Installation] {
			asked[repository.Installation] = true
			err = b.lookAtInstallation(ctx, repository.Installation)
		}
	}
	return err
}

// reacquaint asks GitHub for the name and the trunk of a repository by its id, where it is not to be found by its name: it
// was renamed, and somebody else has the name now, or its default branch is another one, and no delivery told.
func (b *Bot) reacquaint(ctx context.Context, repository store.Repository) error {
	client, err := b.clients.forRepository(ctx, repository, fetching)
	if err != nil {
		return err
	}
	// The token is for this repository alone, so it is the one in the list.
	listed, _, err := client.Apps.ListRepos(ctx, nil)
	if err != nil {
		return fmt.Errorf("ask where %s/%s is: %w", repository.Owner, repository.Name, err)
	}
	for _, found := range listed.Repositories {
		if found.GetID() != repository.ID {
			continue
		}
		now := repositoryOf(found, &github.Installation{ID: &repository.Installation})
		return b.store.Write(ctx, func(tx *store.Tx) error { return tx.SaveRepository(now) })
	}
	return nil
}
