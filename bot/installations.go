package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/promote/store"
)

func (b *Bot) onInstallation(ctx context.Context, event any) error {
	e := event.(*github.InstallationEvent)
	id := e.GetInstallation().GetID()
	switch e.GetAction() {
	case "created":
		return b.meet(ctx, id, e.Repositories)
	case "deleted", "suspend", "unsuspend":
		return b.lookAtInstallation(ctx, id)
	case "new_permissions_accepted":
		b.clients.forget(id)
		return b.store.Write(ctx, func(tx *store.Tx) error {
			repositories, err := tx.Installed(id)
			for _, repository := range repositories {
				err = errors.Join(err, tx.Nudge(store.Nudge{Topic: store.Rollout, Repository: repository.ID}))
			}
			return errors.Join(err, tx.NudgeEnvironmentsOf(id))
		})
	}
	return nil
}

func (b *Bot) onInstallationRepositories(ctx context.Context, event any) error {
	e := event.(*github.InstallationRepositoriesEvent)
	installation := e.GetInstallation().GetID()
	err := b.meet(ctx, installation, e.RepositoriesAdded)
	for _, r := range e.RepositoriesRemoved {
		err = errors.Join(err, b.lookWhetherRemoved(ctx, store.Repository{ID: r.GetID(), Installation: installation, Owner: ownerIn(r), Name: r.GetName()}))
	}
	return err
}

// lookWhetherRemoved asks for a token, which GitHub does not give for a repository that was removed. It may have been added
// again since.
func (b *Bot) lookWhetherRemoved(ctx context.Context, repository store.Repository) error {
	b.clients.forget(repository.Installation)
	_, err := b.clients.token(ctx, repository, fetching)
	if notOurs(err) {
		return nil
	}
	return err
}

// notOurs tells whether an installation does not have a repository, whoever has it now.
func notOurs(err error) bool {
	away := &awayError{}
	return errors.As(err, &away) || whyAway(err) != ""
}

// ownerIn is the owner's login in the few words that deliveries about installations have for a repository.
func ownerIn(r *github.Repository) string {
	owner, _, _ := strings.Cut(r.GetFullName(), "/")
	return owner
}

// meet looks at repositories that the App was just installed on, so that what their environments run is known
// before the first merge. Their payload names no default branch, so it is asked for.
func (b *Bot) meet(ctx context.Context, installation int64, repositories []*github.Repository) error {
	var failed []error
	for _, r := range repositories {
		failed = append(failed, b.meetOne(ctx, store.Repository{ID: r.GetID(), Installation: installation, Owner: ownerIn(r), Name: r.GetName()}))
	}
	return errors.Join(failed...)
}

func (b *Bot) meetOne(ctx context.Context, repository store.Repository) error {
	client, err := b.clients.forRepository(ctx, repository, fetching)
	if notOurs(err) {
		return nil // a delivery that came late
	}
	if err != nil {
		return err
	}
	full, _, err := client.Repositories.Get(ctx, repository.Owner, repository.Name)
	if err != nil {
		return fmt.Errorf("look at %s/%s: %w", repository.Owner, repository.Name, err)
	}
	repository = repositoryOf(full, &github.Installation{ID: &repository.Installation})
	err = b.store.Write(ctx, func(tx *store.Tx) error { return tx.SaveRepository(repository) })
	if err != nil {
		return err
	}
	return b.comeBack(ctx, repository)
}

// onRepository learns that a repository has another name, owner or default branch, may be seen by others, or is read-only.
func (b *Bot) onRepository(ctx context.Context, event any) error {
	e := event.(*github.RepositoryEvent)
	if e.GetAction() == "deleted" {
		return nil // its installation tells
	}
	told := repositoryOf(e.GetRepo(), e.GetInstallation())
	var before, now store.Repository
	var known bool
	err := b.store.Write(ctx, func(tx *store.Tx) (err error) {
		if before, known, err = tx.KnownRepository(told.ID); err != nil {
			return err
		}
		if err := tx.SaveRepository(told); err != nil {
			return err
		}
		if now, err = tx.Repository(told.ID); err != nil {
			return err
		}
		if err := nudgeOpen(tx, told.ID); err != nil {
			return err
		}
		if before.Private != now.Private || before.Trunk != now.Trunk {
			// By it GitHub has other rules for environments, or they are for jobs of another branch.
			if err := tx.Nudge(store.Nudge{Topic: store.Environments, Repository: told.ID}); err != nil {
				return err
			}
		}
		return tx.Nudge(store.Nudge{Topic: store.Trunk, Repository: told.ID})
	})
	if err != nil || !known {
		return err
	}
	archived := e.GetRepo().GetArchived()
	switch {
	case archived && e.GetAction() == "archived":
		_, err = b.leave(ctx, now, store.Archived)
	case before.Away == store.Archived && !archived, before.Away == store.Removed && before.Installation != now.Installation:
		err = b.comeBack(ctx, now)
	}
	return err
}
