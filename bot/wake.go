package bot

import (
	"context"
	"errors"
	"fmt"

	"github.com/trunkline/trunkline/promote/store"
)

// wake takes up what was under way when the last process ended, or should have been: deployments, trunks that may
// have moved meanwhile, previews, and what GitHub shows.
func (b *Bot) wake(ctx context.Context) error {
	return b.store.Write(ctx, func(tx *store.Tx) error {
		nudges, err := workOf(tx)
		if err != nil {
			return err
		}
		repositories, err := tx.Repositories()
		for _, repository := range repositories {
			if err != nil {
				return err
			}
			var more []store.Nudge
			more, err = workIn(tx, repository)
			nudges = append(nudges, more...)
		}
		for _, nudge := range nudges {
			if err == nil {
				err = tx.Nudge(nudge)
			}
		}
		return err
	})
}

// workOf is what is under way in all repositories.
func workOf(tx *store.Tx) (nudges []store.Nudge, err error) {
	for _, list := range []func() ([]store.Nudge, error){tx.LiveDeployments, tx.WantedReverts, tx.LiveReleases, tx.LiveWorkflows,
		tx.RunsWithJobs, tx.UnfinishedEphemerals, tx.UnlookedEnvironments} {
		listed, failed := list()
		nudges, err = append(nudges, listed...), errors.Join(err, failed)
	}
	return nudges, err
}

// workIn is what there may be to do in a repository: its trunk, and what is open there.
func workIn(tx *store.Tx, repository store.Repository) (nudges []store.Nudge, err error) {
	id := repository.ID
	nudges = append(nudges, store.Nudge{Topic: store.Trunk, Repository: id})
	notices, err := tx.UnshownNotices(id)
	if err != nil {
		return nil, err
	}
	if len(notices) > 0 {
		nudges = append(nudges, store.Nudge{Topic: store.Notices, Repository: id})
	}
	groups, err := tx.QueuedGroups(id)
	if err != nil {
		return nil, err
	}
	for _, group := range groups {
		nudges = append(nudges, store.Nudge{Topic: store.Group, Repository: id, Subject: group.Head},
			store.Nudge{Topic: store.GroupCheck, Repository: id, Subject: group.Head})
	}
	pulls, err := tx.OpenPulls(id)
	for _, number := range pulls {
		nudges = append(nudges, store.Nudge{Topic: store.Preview, Repository: id, Subject: fmt.Sprint(number)},
			store.Nudge{Topic: store.Pull, Repository: id, Subject: fmt.Sprint(number)})
	}
	return nudges, err
}
