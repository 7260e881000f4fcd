package bot

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/go-github/v60/github"
	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/bot/command"
	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// asked is one command of one comment on a pull request.
type asked struct {
	command.Parsed
	repository store.Repository
	pull       int
	comment    int64
	by         promote.Person
}

// onComment carries out the commands of a comment that was just written. Comments that are edited later are not
// read: who answers for them would be unclear. Comments without a command cost nothing.
func (b *Bot) onComment(ctx context.Context, event any) error {
	e := event.(*github.IssueCommentEvent)
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
	by := person(e.GetComment().GetUser())
	allowed, err := b.may(ctx, repository, by, "promote")
	if err != nil {
		return err
	}
	if !allowed {
		return b.react(ctx, repository, e.GetComment().GetID(), "confused")
	}
	if err := b.react(ctx, repository, e.GetComment().GetID(), "eyes"); err != nil {
		// A sign of life that fails must not stop what was asked for.
		zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot react to a command")
	}
	if err := b.lookUp(ctx, repository, e.GetIssue().GetNumber()); err != nil {
		return err
	}
	for _, one := range parsed {
		err := b.carryOut(ctx, asked{Parsed: one, repository: repository, pull: e.GetIssue().GetNumber(), comment: e.GetComment().GetID(), by: by})
		if err != nil {
			return fmt.Errorf("carry out %q: %w", one.Text, err)
		}
	}
	return nil
}

// lookUp learns what a command needs and no delivery has told yet: trunk, and the pull request.
func (b *Bot) lookUp(ctx context.Context, repository store.Repository, number int) error {
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
		answer.By, answer.Command = a.by, strings.TrimSpace(a.Text)
		if err := tx.Answer(answer); err != nil {
			return err
		}
		if err := tx.Nudge(store.Nudge{Topic: store.Pull, Repository: a.repository.ID, Subject: fmt.Sprint(a.pull)}); err != nil {
			return err
		}
		return tx.Step(a.repository.ID)
	})
}

// answer decides on a command and adds the facts that follow from it.
func (b *Bot) answer(tx *store.Tx, a asked) (answer store.Answer, err error) {
	state, err := tx.State(a.repository.ID)
	if err != nil {
		return answer, err
	}
	pull, known, err := tx.FindPull(a.repository.ID, a.pull)
	if err != nil {
		return answer, err
	}
	merged := known && pull.Phase == store.PullMerged && pull.Base == a.repository.Trunk
	refused := func(text string) store.Answer { return a.refused(text, a.shown(state)) }
	if _, _, configured, err := tx.Configuration(a.repository.ID); err != nil || !configured {
		return refused(fmt.Sprintf("Trunkline does what `%s` on %s says. There is no such file.", config.Path, a.repository.Trunk)), err
	}
	if a.Parsed.Refusal != nil {
		return refused(a.Parsed.Refusal.Text()), nil
	}
	if refusal := a.Command.Check(names(state.Rules)); refusal != nil && len(state.Problems) == 0 {
		return refused(refusal.Text()), nil
	}
	options := comment.Options{OnlyLong: a.Command.Long}
	switch a.Command.Kind {
	case command.Status:
		return store.Answer{Reply: true, Answer: promote.Answer{Text: comment.Status(state, promote.Decide(state), options)}}, nil
	case command.Help:
		return store.Answer{Reply: true, Answer: promote.Answer{Text: comment.Help(state.Rules.Environments, comment.Rights{Person: a.by, Write: true}, options)}}, nil
	case command.Plan:
		if refusal := plannable(a, pull, known); refusal != nil {
			return refused(refusal.Text()), nil
		}
		allowed := ""
		if a.Command.SHA != "" {
			allowed = pull.Head
		}
		return store.Answer{}, tx.Want(a.repository.ID, a.pull, store.Wish{AllowedHead: allowed, Environments: a.Command.Environments})
	default:
		if !merged {
			return refused(fmt.Sprintf("Environments follow trunk: only what is merged is promoted. #%d is not merged into %s.", a.pull, a.repository.Trunk)), nil
		}
		return a.promote(tx, state)
	}
}

// rollout is that of the pull request's newest commit on trunk, if there is one that is still looked at.
func (a asked) rollout(state promote.State) (rollout promote.Rollout, found bool) {
	for _, commit := range state.Trunk {
		if commit.Pull == a.pull {
			rollout, found = promote.View(state, commit.SHA)
		}
	}
	return rollout, found
}

// shown tells whether there is a comment about the pull request's rollout that is still edited.
func (a asked) shown(state promote.State) bool {
	rollout, found := a.rollout(state)
	return found && !rollout.Converged()
}

// refused is a refusal: said in the status comment where there is one, else in a reply.
func (a asked) refused(text string, merged bool) store.Answer {
	answer := promote.Answer{By: a.by, Command: strings.TrimSpace(a.Text), Refused: true, Text: text}
	if !merged {
		answer.Text = comment.Reply(answer, comment.Options{})
	}
	return store.Answer{Reply: !merged, Answer: answer}
}

// promote asks for a promotion: to the commit that was named, or else to the one that the comment shows.
func (a asked) promote(tx *store.Tx, state promote.State) (answer store.Answer, err error) {
	environment, to := a.Command.Environment(), a.Command.SHA
	if to == "" {
		if to, err = printed(tx, a.repository.ID, a.pull, environment); err != nil {
			return answer, err
		}
	}
	if rollout, found := a.rollout(state); to == "" && found {
		to = promote.Meant(rollout, environment)
	} else if to == "" {
		return a.refused(fmt.Sprintf("Without a commit, `/promote` means the one that the comment here shows. "+
			"#%d is part of what every environment runs already. Type `/status`.", a.pull), false), nil
	}
	wanted, refusal := promote.Asked(state, environment, to)
	if refusal != nil {
		return a.refused(refusal.Text(), a.shown(state)), nil
	}
	err = tx.Request(a.repository.ID, promote.Request{Environment: environment, To: wanted.To.SHA, By: a.by, Pull: a.pull})
	return store.Answer{Answer: promote.Answer{Text: promote.Accepted(environment, wanted)}}, err
}

// shown is what a rollout comment prints, as far as commands refer to it.
type shown struct {
	// Targets are the commits that /promote without a commit means, by environment.
	Targets map[string]string `json:"targets"`
}

// printed is the commit that the rollout comment of a pull request shows for an environment; empty: none.
func printed(tx *store.Tx, repository int64, pull int, environment string) (string, error) {
	projection, known, err := tx.Projection(repository, store.RolloutProjection, fmt.Sprint(pull))
	if err != nil || !known {
		return "", err
	}
	_, text, _ := strings.Cut(projection.Detail, " ")
	var s shown
	if text == "" {
		return "", nil
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return "", fmt.Errorf("read what the comment on #%d shows: %w", pull, err)
	}
	return s.Targets[environment], nil
}

func plannable(a asked, pull store.PullRequest, known bool) *promote.Refusal {
	switch {
	case !known || pull.Phase != store.PullOpen:
		return &promote.Refusal{Rule: "Only open pull requests are planned.", Fact: fmt.Sprintf("#%d is not open.", a.pull), Next: "`/status`"}
	case pull.Base != a.repository.Trunk:
		return &promote.Refusal{Rule: fmt.Sprintf("Only pull requests into %s are planned, because all environments follow it.", a.repository.Trunk),
			Fact: fmt.Sprintf("#%d goes into %s.", a.pull, pull.Base)}
	case a.Command.SHA != "" && a.Command.SHA != pull.Head:
		// The beginning of a SHA will not do: two commits that begin alike can be made.
		return &promote.Refusal{Rule: "Only the head of a pull request is planned, and it is named in full.",
			Fact: fmt.Sprintf("The head is `%s`, not `%s`.", pull.Head, a.Command.SHA), Next: "`/plan at " + pull.Head + "`"}
	}
	return nil
}
