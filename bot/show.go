package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-github/v60/github"
	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/promote/store"
)

// object is something on GitHub that we make once and then keep up to date.
type object struct {
	repository    store.Repository
	kind, subject string
	// find looks for one that was made before a crash could be written down; 0: there is none.
	find func(context.Context) (int64, error)
	// create makes it.
	create func(context.Context) (int64, error)
}

// ensure makes the object unless it was made before, and returns what is known of it. The intent is written down
// first: where a crash came between making and writing down, the object is looked for before another is made.
func (b *Bot) ensure(ctx context.Context, o object, shows store.Projection) (projection store.Projection, created bool, err error) {
	var known bool
	err = b.store.Write(ctx, func(tx *store.Tx) error {
		if projection, known, err = tx.Projection(o.repository.ID, o.kind, o.subject); err != nil || known {
			return err
		}
		return tx.Project(projection)
	})
	// One that GitHub refused is tried again when it has something else to show.
	refused := known && projection.Digest != "" && projection.Digest == shows.Digest
	if err != nil || projection.GitHubID != 0 || refused {
		return projection, false, err
	}
	var id int64
	if known {
		if id, err = o.find(ctx); err != nil {
			return projection, false, fmt.Errorf("look for our %s of %s: %w", o.kind, o.subject, err)
		}
	}
	if id == 0 {
		if id, err = o.create(ctx); err != nil {
			return projection, false, fmt.Errorf("make the %s of %s: %w", o.kind, o.subject, err)
		}
		projection, created = shows, true
	}
	projection.Repository, projection.Kind, projection.Subject, projection.GitHubID = o.repository.ID, o.kind, o.subject, id
	return projection, created, b.store.Write(ctx, func(tx *store.Tx) error { return tx.Project(projection) })
}

// said is a comment of ours.
type said struct {
	repository    store.Repository
	pull          int
	kind, subject string
	body          string
	// detail is kept with the projection.
	detail string
}

// stamped is the detail with the time of GitHub at which it began to be shown, where it says that of itself.
func (s said) stamped(at github.Timestamp) string {
	if s.kind != store.RolloutProjection || at.IsZero() {
		return s.detail
	}
	return shownSince(s.detail, at.Time)
}

// say makes a comment on a pull request, or edits it in place; nothing is sent when it says that already.
func (b *Bot) say(ctx context.Context, s said) error {
	client, err := b.clients.forRepository(ctx, s.repository, talking)
	if err != nil {
		return err
	}
	owner, name := s.repository.Owner, s.repository.Name
	// The marker only helps to find the comment again after a crash; nothing is ever read from it.
	marker := fmt.Sprintf("<!-- trunkline: %s %s -->", s.kind, s.subject)
	body := github.String(s.body + "\n\n" + marker)
	shows := store.Projection{Digest: digestOf(s.body), Detail: s.detail}
	var at github.Timestamp
	projection, created, err := b.ensure(ctx, object{
		repository: s.repository, kind: s.kind, subject: s.subject,
		find: func(ctx context.Context) (int64, error) { return findComment(ctx, client, s, marker) },
		create: func(ctx context.Context) (int64, error) {
			made, _, err := client.Issues.CreateComment(ctx, owner, name, s.pull, &github.IssueComment{Body: body})
			at = made.GetCreatedAt()
			return made.GetID(), err
		},
	}, shows)
	if final(err) {
		return b.giveUp(ctx, projection, shows, err)
	}
	if err != nil || projection.Digest == shows.Digest && projection.Detail == shows.Detail && (!created || s.stamped(at) == s.detail) {
		return err
	}
	if projection.Digest != shows.Digest {
		edited, response, err := client.Issues.EditComment(ctx, owner, name, projection.GitHubID, &github.IssueComment{Body: body})
		if response != nil && response.StatusCode == 404 {
			// Someone deleted it. Say it again, in a new one.
			projection.GitHubID = 0
			return b.store.Write(ctx, func(tx *store.Tx) error {
				if err := tx.Forget(projection); err != nil {
					return err
				}
				if err := tx.Nudge(store.Nudge{Topic: store.Pull, Repository: s.repository.ID, Subject: fmt.Sprint(s.pull)}); err != nil {
					return err
				}
				return tx.Nudge(store.Nudge{Topic: store.Rollout, Repository: s.repository.ID})
			})
		}
		if final(err) {
			return b.giveUp(ctx, projection, shows, err)
		}
		if err != nil {
			return fmt.Errorf("edit the %s comment on #%d: %w", s.kind, s.pull, err)
		}
		at = edited.GetUpdatedAt()
	}
	projection.Digest, projection.Detail = shows.Digest, s.stamped(at)
	return b.store.Write(ctx, func(tx *store.Tx) error { return tx.Project(projection) })
}

// final tells whether GitHub refused for good: the conversation is locked, or the thing is gone or not to be had. Limits
// and missing rights may pass, and are tried again.
func final(err error) bool {
	var answer *github.ErrorResponse
	if !errors.As(err, &answer) || answer.Response == nil {
		return false
	}
	switch answer.Response.StatusCode {
	case http.StatusGone, http.StatusUnprocessableEntity:
		return true
	case http.StatusForbidden:
		return strings.Contains(strings.ToLower(answer.Message), "locked")
	}
	return false
}

// giveUp writes down that GitHub refused to show something, so that only something else to show is tried again.
func (b *Bot) giveUp(ctx context.Context, projection, shows store.Projection, reason error) error {
	zerolog.Ctx(ctx).Error().Err(reason).Str("kind", projection.Kind).Str("subject", projection.Subject).Msg("GitHub refuses to show something")
	projection.Digest, projection.Detail = shows.Digest, shows.Detail
	return b.store.Write(ctx, func(tx *store.Tx) error { return tx.Project(projection) })
}

func findComment(ctx context.Context, client *github.Client, s said, marker string) (int64, error) {
	options := &github.IssueListCommentsOptions{ListOptions: github.ListOptions{PerPage: 100}}
	for {
		comments, response, err := client.Issues.ListComments(ctx, s.repository.Owner, s.repository.Name, s.pull, options)
		if err != nil {
			return 0, err
		}
		for _, c := range comments {
			if c.GetUser().GetType() == "Bot" && strings.HasSuffix(c.GetBody(), marker) {
				return c.GetID(), nil
			}
		}
		if response.NextPage == 0 {
			return 0, nil
		}
		options.Page = response.NextPage
	}
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
