package githubsim

import (
	"net/http"
	"time"
)

// Suspend suspends the App on the owner's account: its tokens are void, it gets
// none, and is told of nothing until Unsuspend.
func (gh *GitHub) Suspend(owner string) error {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	found, err := gh.installationAt(owner)
	if err != nil {
		return err
	}
	found.suspended, found.updated = gh.now(), gh.now()
	gh.voidTokens(found)
	gh.emitInstallation(found, "installation.suspend", sortedRepositories(found), object{
		"repositories": repositoryStubs(sortedRepositories(found)), "requester": nil,
	})
	gh.touch()
	return nil
}

// Unsuspend lets a suspended App work again.
func (gh *GitHub) Unsuspend(owner string) error {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	found, err := gh.installationAt(owner)
	if err != nil {
		return err
	}
	found.suspended, found.updated = time.Time{}, gh.now()
	gh.emitInstallation(found, "installation.unsuspend", sortedRepositories(found), object{
		"repositories": repositoryStubs(sortedRepositories(found)), "requester": nil,
	})
	gh.touch()
	return nil
}

// voidTokens makes the installation's tokens worthless.
func (gh *GitHub) voidTokens(of *installation) {
	for text, held := range gh.tokens {
		if held.installation == of {
			delete(gh.tokens, text)
		}
	}
}

// asleep is GitHub's refusal of a token for a suspended installation.
func asleep() *Problem {
	return &Problem{Status: http.StatusForbidden, Message: "This installation has been suspended"}
}
