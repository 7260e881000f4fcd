package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/bot/command"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// asked is one command of one comment on a pull request.
type asked struct {
	command.Parsed
	repository store.Repository
	pull       int
	comment    int64
	// actor wrote it, at a time by GitHub's clock. via tells whether an App wrote it in the actor's name.
	actor promote.Actor
	at    time.Time
	via   bool
	// components are those that the environments of the command have, where it names some; nil: not known.
	components []string
	// trusted is the head of the pull request whose code may be run without anybody having read it; empty: none is.
	trusted string
}

// commentEvent is a comment with what go-github does not read of it.
type commentEvent struct {
	*github.IssueCommentEvent
	// via tells whether an App wrote it in a person's name.
	via bool
}

func parseComment(payload []byte) (any, error) {
	parsed, err := github.ParseWebHook("issue_comment", payload)
	if err != nil {
		return nil, err
	}
	var rest struct {
		Comment struct {
			Via *struct{} `json:"performed_via_github_app"`
		} `json:"comment"`
	}
	err = json.Unmarshal(payload, &rest)
	return &commentEvent{parsed.(*github.IssueCommentEvent), rest.Comment.Via != nil}, err
}

// onComment carries out the commands of a comment that was just written. Comments that are edited later are not
// read: who answers for them would be unclear. Comments without a command cost nothing, and those of people who have no
// right to any command cost one question and one reaction.
func (b *Bot) onComment(ctx context.Context, event any) error {
	e := event.(*commentEvent)
	parsed := command.Parse(e.GetComment().GetBody())
	if e.GetAction() != "created" || !e.GetIssue().IsPullRequest() || e.GetComment().GetUser().GetType() == "Bot" || len(parsed) == 0 {
		return nil
	}
	repository := repositoryOf(e.GetRepo(), e.GetInstallation())
	if err := b.store.Write(ctx, func(tx *store.Tx) error { return tx.SaveRepository(repository) }); err != nil {
		return err
	}
	repository, err := b.repository(ctx, repository.ID)
	if err != nil {
		return err
	}
	actor, err := b.actor(ctx, repository, person(e.GetComment().GetUser()))
	if err != nil {
		return err
	}
	heard, err := b.hear(ctx, repository, actor, e.GetComment().GetID())
	if err != nil || !heard {
		return err
	}
	if err := b.learn(ctx, repository, e.GetIssue().GetNumber()); err != nil {
		return err
	}
	if err := b.lookUpFor(ctx, repository, parsed); err != nil {
		return err
	}
	for _, one := range parsed {
		a := asked{Parsed: one, repository: repository, pull: e.GetIssue().GetNumber(), comment: e.GetComment().GetID(), actor: actor,
			at: e.GetComment().GetCreatedAt().Time, via: e.via}
		if err := b.carryOut(ctx, a); err != nil {
			return fmt.Errorf("carry out %q: %w", one.Text, err)
		}
	}
	return nil
}

// hear gives a sign of life to people who may ask us something. Others get another sign, and no work is done for them.
func (b *Bot) hear(ctx context.Context, repository store.Repository, actor promote.Actor, comment int64) (heard bool, err error) {
	heard = authorise(promote.State{}, actor, actTell, "") == nil
	if !heard {
		// People may be named by the rules without being able to write.
		if b.strangers.ask(repository.ID, time.Now()) {
			if err := b.LookUp(ctx, repository.ID, ""); err != nil {
				return false, err
			}
		}
		var state promote.State
		err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
			state, err = tx.State(repository.ID)
			return err
		})
		if err != nil {
			return false, err
		}
		heard = authorise(state, actor, actTell, "") == nil
	}
	if !heard {
		return false, b.react(ctx, repository, comment, "confused")
	}
	if err := b.react(ctx, repository, comment, "eyes"); err != nil {
		// A sign of life that fails must not stop what was asked for.
		zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot react to a command")
	}
	return true, nil
}

// lookUpFor looks up the people whom rules name, before commands the right to which may depend on them.
func (b *Bot) lookUpFor(ctx context.Context, repository store.Repository, parsed []command.Parsed) error {
	depends := slices.ContainsFunc(parsed, func(p command.Parsed) bool {
		return p.Command != nil && p.Command.Kind != command.Plan && p.Command.Kind != command.Status
	})
	if !depends {
		return nil
	}
	return b.LookUp(ctx, repository.ID, "")
}

// learn asks for what a command needs and no delivery has told yet: trunk, and the pull request.
func (b *Bot) learn(ctx context.Context, repository store.Repository, number int) error {
	if repository.Tip == "" {
		if err := b.readTrunk(ctx, store.Nudge{Topic: store.Trunk, Repository: repository.ID}); err != nil {
			return err
		}
	}
	var known bool
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		_, known, err = tx.FindPull(repository.ID, number)
		return err
	})
	if err != nil || known {
		return err
	}
	client, err := b.clients.forRepository(ctx, repository, looking)
	if err != nil {
		return err
	}
	found, _, err := client.PullRequests.Get(ctx, repository.Owner, repository.Name, number)
	if err != nil {
		return fmt.Errorf("look at #%d: %w", number, err)
	}
	return b.store.Write(ctx, func(tx *store.Tx) error {
		_, err := tx.SavePull(pullRequest(repository.ID, found))
		return err
	})
}

func (b *Bot) react(ctx context.Context, repository store.Repository, id int64, reaction string) error {
	client, err := b.clients.forRepository(ctx, repository, talking)
	if err != nil {
		return err
	}
	_, _, err = client.Reactions.CreateIssueCommentReaction(ctx, repository.Owner, repository.Name, id, reaction)
	return err
}

// carryOut turns one command into a fact and writes its outcome, in one transaction, once.
func (b *Bot) carryOut(ctx context.Context, a asked) error {
	if a.Command != nil && len(a.Command.Components) > 0 {
		// What cannot be found out is not held against the person.
		components, err := b.components(ctx, a.repository, a.Command.Environment())
		if err != nil {
			zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot list the components of trunk")
		}
		a.components = components
	}
	if a.Command != nil && a.Command.Kind == command.Preview && !a.Command.Off {
		var err error
		if a.trusted, err = b.trustedHead(ctx, a.repository, a.pull); err != nil {
			return err
		}
	}
	return b.store.Write(ctx, func(tx *store.Tx) error {
		done, err := tx.Answered(a.repository.ID, a.comment, a.Line)
		if err != nil || done {
			return err
		}
		answer, err := b.answer(tx, a)
		if err != nil {
			return err
		}
		answer.Repository, answer.Pull, answer.Comment, answer.Line = a.repository.ID, a.pull, a.comment, a.Line
		answer.By, answer.Command = a.actor.Person, strings.TrimSpace(a.Text)
		if err := tx.Answer(answer); err != nil {
			return err
		}
		if err := tx.Nudge(store.Nudge{Topic: store.Pull, Repository: a.repository.ID, Subject: fmt.Sprint(a.pull)}); err != nil {
			return err
		}
		return tx.Step(a.repository.ID)
	})
}
