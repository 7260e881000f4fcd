package githubsim

import (
	"maps"
	"strings"
)

// Withhold makes the owner's installation one that was made before the App asked
// for these permissions and for the events that need them, and whose owner has
// not accepted them yet. Tokens that have them already keep them.
func (gh *GitHub) Withhold(owner string, permissions ...string) error {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	found, err := gh.installationAt(owner)
	if err != nil {
		return err
	}
	granted := maps.Clone(found.permissions)
	for _, permission := range permissions {
		delete(granted, permission)
	}
	found.permissions, found.events = granted, nil
	for _, event := range gh.app.events {
		if need, _ := gh.contract.EventPermission(event); granted[need.Permission] != "" {
			found.events = append(found.events, event)
		}
	}
	found.updated = gh.now()
	gh.touch()
	return nil
}

// Accept grants the App all that it asks for, as the owner does who was asked to
// accept new permissions. The App is told.
func (gh *GitHub) Accept(owner string) error {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	found, err := gh.installationAt(owner)
	if err != nil {
		return err
	}
	found.permissions, found.events, found.updated = grantedBy(found.account, gh.app.permissions), gh.app.events, gh.now()
	gh.emitInstallation(found, "installation.new_permissions_accepted", sortedRepositories(found), object{
		"repositories": repositoryStubs(sortedRepositories(found)), "requester": nil,
	})
	gh.touch()
	return nil
}

func (gh *GitHub) installationAt(owner string) (*installation, error) {
	holder := gh.accounts[strings.ToLower(owner)]
	if holder == nil {
		return nil, notFound()
	}
	if found := gh.installationOf(holder); found != nil {
		return found, nil
	}
	return nil, notFound()
}
