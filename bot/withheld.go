package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/promote/store"
)

// withheld are the permissions that installations did not give when they were last asked for: an owner who has not accepted
// yet what a new version asks for, or a GitHub that does not know it. So each is named once, and not asked for at every turn.
type withheld struct {
	mu      sync.Mutex
	refused map[lack]refusedAt
}

type lack struct {
	installation int64
	purpose      purpose
}

type refusedAt struct {
	err error
	at  time.Time
}

// askAgainAfter is how long it is taken for granted that a permission is lacking; that it was accepted is told by a delivery.
const askAgainAfter = 10 * time.Minute

// why is GitHub's refusal of not long ago; nil: there is none.
func (l *withheld) why(of lack) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if found := l.refused[of]; time.Since(found.at) < askAgainAfter {
		return found.err
	}
	return nil
}

// note keeps a refusal; first tells whether it is news.
func (l *withheld) note(of lack, err error) (first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refused == nil {
		l.refused = map[lack]refusedAt{}
	}
	_, known := l.refused[of]
	l.refused[of] = refusedAt{err, time.Now()}
	return !known
}

// forget what an installation lacked.
func (l *withheld) forget(installation int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for of := range l.refused {
		if of.installation == installation {
			delete(l.refused, of)
		}
	}
}

// ungranted tells whether GitHub refused a token because the installation does not have its permissions.
func ungranted(err error) bool {
	var answer *github.ErrorResponse
	return errors.As(err, &answer) && answer.Response != nil && answer.Response.StatusCode == http.StatusUnprocessableEntity &&
		strings.Contains(strings.ToLower(answer.Message), "permissions requested are not granted")
}

// refused says what follows from it that GitHub gave no token.
func (c *clients) refused(ctx context.Context, repository store.Repository, purpose purpose, err error) error {
	if why := whyAway(err); why != "" && c.leave != nil {
		left, failed := c.leave(ctx, repository, why)
		if failed != nil {
			return failed
		}
		if left {
			return awayFrom(repository, why)
		}
	}
	err = fmt.Errorf("get a token for %s in %s/%s: %w", purpose, repository.Owner, repository.Name, err)
	if ungranted(err) && c.withheld.note(lack{repository.Installation, purpose}, err) {
		zerolog.Ctx(ctx).Error().Str("owner", repository.Owner).Str("purpose", string(purpose)).Str("permissions", named(permissions[purpose])).
			Msg("the installation has not given the App permissions that it asks for; what needs them is left out until its owner accepts them")
	}
	return err
}

// named are permissions for people.
func named(wanted *github.InstallationPermissions) string {
	text := github.Stringify(wanted)
	return strings.TrimSuffix(strings.TrimPrefix(text, "github.InstallationPermissions{"), "}")
}

// forget drops the tokens of an installation, and what it lacked.
func (c *clients) forget(installation int64) {
	c.mu.Lock()
	for key := range c.tokens {
		if key.installation == installation {
			delete(c.tokens, key)
		}
	}
	c.mu.Unlock()
	c.withheld.forget(installation)
}
