package bot

import (
	"context"
	"fmt"
	"slices"

	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// may is the one door: whether a person may do an action in a repository, asked of GitHub at the time of the
// effect. Every action needs write access; what is not named here is nobody's.
func (b *Bot) may(ctx context.Context, repository store.Repository, who promote.Person, action string) (bool, error) {
	if !slices.Contains([]string{"plan", "promote", "status", "help", "run"}, action) {
		return false, nil
	}
	client, err := b.clients.forRepository(ctx, repository, talking)
	if err != nil {
		return false, err
	}
	level, response, err := client.Repositories.GetPermissionLevel(ctx, repository.Owner, repository.Name, who.Login)
	if response != nil && response.StatusCode == 404 {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask what %s may do in %s/%s: %w", who.Login, repository.Owner, repository.Name, err)
	}
	// A name can be given up and taken by somebody else; the id cannot.
	if id := level.GetUser().GetID(); id != 0 && id != who.ID {
		return false, nil
	}
	return slices.Contains([]string{"admin", "maintain", "write"}, level.GetPermission()), nil
}
