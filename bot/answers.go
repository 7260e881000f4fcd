package bot

import (
	"fmt"
	"strings"
	"time"

	"github.com/trunkline/trunkline/bot/command"
	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// mostAge is how old a command may be that moves something: after an outage, what was right when it was typed may not be any
// more, and the person may have given up on it.
const mostAge = time.Hour

// answer decides on a command and adds the facts that follow from it.
func (b *Bot) answer(tx *store.Tx, a asked) (answer store.Answer, err error) {
	state, err := tx.State(a.repository.ID)
	if err != nil {
		return answer, err
	}
	a.knowWriter(&state)
	pull, known, err := tx.FindPull(a.repository.ID, a.pull)
	if err != nil {
		return answer, err
	}
	_, _, configured, err := tx.Configuration(a.repository.ID)
	if err != nil {
		return answer, err
	}
	if refusal := a.refuse(state, pull, known, configured); refusal != "" {
		return a.refused(refusal, a.shown(state)), nil
	}
	answer, err = a.effect(tx, state, pull)
	if kind := a.Command.Kind; err == nil && (kind == command.Rollback || kind == command.Retry) {
		// What has converged has not any more where it is to be taken back, and has a comment again.
		state, err = tx.State(a.repository.ID)
	}
	if err == nil && answer.Text != "" && !answer.Refused && !answer.Reply && !a.shown(state) {
		// There is no comment that would show it.
		answer.Text, answer.Reply = comment.Reply(promote.Answer{By: a.actor.Person, Command: strings.TrimSpace(a.Text), Text: answer.Text}, a.options()), true
	}
	return answer, err
}

// refuse says why a command has no effect before its own rules are asked; empty: they are to be asked.
func (a asked) refuse(state promote.State, pull store.PullRequest, known, configured bool) string {
	if !configured {
		return promote.Refusal{Rule: fmt.Sprintf("Trunkline does what `%s` on %s says.", config.Path, a.repository.Trunk), Fact: "There is no such file."}.Text()
	}
	if a.Parsed.Refusal != nil {
		return a.Parsed.Refusal.Text()
	}
	if refusal := a.Command.Check(names(state.Rules)); refusal != nil && len(state.Problems) == 0 {
		return refusal.Text()
	}
	// While the configuration on trunk has an error there are no rules to ask; who may write is told of the error instead.
	if refusal := authorise(state, a.actor, actionOf(*a.Command), a.Command.Environment()); refusal != nil && (len(state.Problems) == 0 || !a.actor.Write) {
		return refusal.Text()
	}
	merged := known && pull.Phase == store.PullMerged && pull.Base == a.repository.Trunk
	switch a.Command.Kind {
	case command.Promote, command.Approve, command.Retry, command.Override, command.Go:
		// To take something away from users is possible from anywhere.
		if !merged && !(a.Command.Kind == command.Go && *a.Command.Percent == 0) {
			return promote.Refusal{Rule: "Environments follow trunk: only what is merged is promoted.",
				Fact: fmt.Sprintf("#%d is not merged into %s.", a.pull, a.repository.Trunk)}.Text()
		}
	case command.Plan:
		if refusal := plannable(a, pull, known); refusal != nil {
			return refusal.Text()
		}
	case command.Preview:
		if refusal := a.previewable(state, pull, known); refusal != nil {
			return refusal.Text()
		}
	}
	if refusal := a.tooOld(state.Now); refusal != nil {
		return refusal.Text()
	}
	return ""
}

// actionOf is what a command is to the door.
func actionOf(c command.Command) action {
	switch c.Kind {
	case command.Status, command.Help:
		return actTell
	case command.Approve:
		if c.Percent != nil {
			return actApproveRelease
		}
	}
	return action(c.Kind)
}

// tooOld refuses what would move something, and was said too long ago.
func (a asked) tooOld(now time.Time) *promote.Refusal {
	switch a.Command.Kind {
	case command.Promote, command.Approve, command.Override, command.Retry, command.Rollback, command.Unhold, command.Preview:
	case command.Go:
		if *a.Command.Percent == 0 {
			return nil
		}
	default:
		return nil
	}
	age := now.Sub(a.at)
	if a.Command.Off || a.at.IsZero() || age <= mostAge {
		return nil
	}
	return &promote.Refusal{Rule: "What moves an environment counts for an hour.",
		Fact: fmt.Sprintf("This was written %s before it was read.", strings.TrimSuffix(age.Round(time.Minute).String(), "0s")), Next: "If it is still right, say it again: `" + a.Command.String() + "`."}
}

// effect carries out a command that nothing speaks against so far.
func (a asked) effect(tx *store.Tx, state promote.State, pull store.PullRequest) (store.Answer, error) {
	switch a.Command.Kind {
	case command.Status:
		return store.Answer{Reply: true, Answer: promote.Answer{Text: comment.Status(state, promote.Decide(state), a.options())}}, nil
	case command.Help:
		return store.Answer{Reply: true, Answer: promote.Answer{Text: comment.Help(state.Rules.Environments, a.rights(state), a.options())}}, nil
	case command.Plan:
		allowed := ""
		if a.Command.SHA != "" {
			allowed = pull.Head
		}
		return store.Answer{}, tx.Want(a.repository.ID, a.pull, store.Wish{AllowedHead: allowed, Environments: a.Command.Environments})
	case command.Preview:
		return a.preview(tx, state, pull)
	case command.Promote:
		return a.promote(tx, state)
	case command.Retry:
		return a.retry(tx, state)
	case command.Rollback:
		return a.rollBack(tx, a.Command.SHA)
	case command.Approve:
		if a.Command.Percent != nil {
			return a.approveRelease(tx, state)
		}
		return a.approve(tx, state)
	case command.Go:
		return a.release(tx, state)
	case command.Hold:
		return a.hold(tx, state)
	case command.Unhold:
		return a.unhold(tx, state)
	case command.Abort:
		return a.abort(tx, state)
	case command.Override:
		return a.override(tx, state)
	}
	return store.Answer{}, fmt.Errorf("nobody carries out %s", a.Command.Kind)
}

// rights are what the rules let the person do, as the door would answer.
func (a asked) rights(state promote.State) comment.Rights {
	rights := comment.Rights{Person: a.actor.Person, Write: a.actor.Write, May: map[string][]promote.Action{}}
	for _, environment := range state.Rules.Environments {
		for _, what := range []promote.Action{promote.ActPromote, promote.ActApprove, promote.ActRelease, promote.ActHold, promote.ActOverride} {
			if what == promote.ActApprove && len(environment.Approve) == 0 || what == promote.ActRelease && !environment.Release.Declared() {
				continue
			}
			if authorise(state, a.actor, action(what), environment.Name) == nil {
				rights.May[environment.Name] = append(rights.May[environment.Name], what)
			}
		}
	}
	return rights
}

// reason is what the person says, without the "of" of "because of a demo": the demo is the reason.
func (a asked) reason() string {
	if rest, found := strings.CutPrefix(a.Command.Reason, "of "); found && strings.TrimSpace(rest) != "" {
		return strings.TrimSpace(rest)
	}
	return a.Command.Reason
}

func (a asked) options() comment.Options { return comment.Options{OnlyLong: a.Command.Long} }

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
	answer := promote.Answer{By: a.actor.Person, Command: strings.TrimSpace(a.Text), Refused: true, Text: text}
	if !merged {
		answer.Text = comment.Reply(answer, comment.Options{})
	}
	return store.Answer{Reply: !merged, Answer: answer}
}

// done is the answer to a command that has an effect: what was done, and what comes of it now.
func (a asked) done(tx *store.Tx, text string) (store.Answer, error) {
	state, err := tx.State(a.repository.ID)
	if err != nil {
		return store.Answer{}, err
	}
	a.knowWriter(&state)
	for _, decision := range promote.Decide(state) {
		if decision.Environment == a.Command.Environment() {
			text += " " + promote.Outlook(decision)
		}
	}
	return store.Answer{Answer: promote.Answer{Text: strings.TrimSpace(text)}}, nil
}

// plannable says why a pull request is not planned; nil: it is.
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
