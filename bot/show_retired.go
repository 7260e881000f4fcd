package bot

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/go-github/v60/github"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// retire has GitHub show as inactive what no environment runs any more. Of environments that are not in production GitHub
// does so by itself, when the next deployment succeeds; of those in production it leaves that to us, and of those that the
// configuration does not have any more nobody else knows.
func (b *Bot) retire(ctx context.Context, repository store.Repository, state promote.State) error {
	var active []store.ActiveDeployment
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		active, err = tx.ActiveDeployments(repository.ID)
		return err
	})
	var failed []error
	for _, one := range active {
		environment, there := state.Rules.Environment(one.Environment)
		gone := !there && len(state.Rules.Environments) > 0 && len(state.Problems) == 0
		switch {
		case gone:
			failed = append(failed, b.deactivate(ctx, repository, one, one.Environment+" is not in the configuration any more"))
		case one.Newest || !there:
		case environment.InProduction():
			failed = append(failed, b.deactivate(ctx, repository, one, ""))
		default:
			failed = append(failed, b.store.Write(ctx, func(tx *store.Tx) error { return tx.Retire(one.Projection) }))
		}
	}
	return errors.Join(append(failed, err)...)
}

// deactivate sets a GitHub deployment inactive, and writes down that it is.
func (b *Bot) deactivate(ctx context.Context, repository store.Repository, one store.ActiveDeployment, why string) error {
	client, err := b.clients.forRepository(ctx, repository, deploying)
	if ungranted(err) {
		return nil
	}
	if err != nil {
		return err
	}
	status := &github.DeploymentStatusRequest{State: github.String("inactive")}
	if why != "" {
		status.Description = github.String(why)
	}
	_, _, err = client.Repositories.CreateDeploymentStatus(ctx, repository.Owner, repository.Name, one.GitHubID, status)
	if err != nil && !missing(err) && !final(err) {
		return fmt.Errorf("show that deployment %s is not active any more: %w", one.Subject, err)
	}
	return b.store.Write(ctx, func(tx *store.Tx) error { return tx.Retire(one.Projection) })
}
