package bot

import (
	"context"
	"fmt"
	"slices"

	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// action is something that people want of Trunkline.
type action string

// All actions, whatever the door by which they come: a command, a button, or a push whose code would be run.
const (
	// actPlan plans a pull request again, actRun lets its code run.
	actPlan action = "plan"
	actRun  action = "run"
	// actPreview deploys a pull request to an environment of its own, or destroys that.
	actPreview action = "preview"
	// actTell answers questions, such as /status and /help, and says why a line is no command.
	actTell action = "tell"

	actPromote  action = "promote"
	actRetry    action = "retry"
	actRollback action = "rollback"
	actApprove  action = "approve"
	actHold     action = "hold"
	actUnhold   action = "unhold"
	actAbort    action = "abort"
	actOverride action = "override"
	// actRelease gives what runs to users, actApproveRelease consents to that.
	actRelease        action = "go"
	actApproveRelease action = "approve releases"
)

// authorise is the one door: whether somebody may do something, to an environment where it is about one; nil: yes. The actor
// is what GitHub says of the person now, and so are the people in the state. What is not named here is nobody's.
func authorise(state promote.State, actor promote.Actor, what action, environment string) *promote.Refusal {
	if actor.App || actor.ID == 0 {
		return &promote.Refusal{Rule: "Only people give orders.", Fact: fmt.Sprintf("%s is none.", actor.Login)}
	}
	switch what {
	case actPlan, actRun:
		return needsWrite(actor, "Plans are made")
	case actPreview:
		return needsWrite(actor, "Environments of pull requests are made and destroyed")
	case actTell:
		if actor.Write || promote.Named(state, actor.ID) {
			return nil
		}
		return needsWrite(actor, "Questions are answered")
	case actApprove:
		// Whom the rules name may approve without being able to write.
		return promote.May(state, actor, promote.ActApprove, environment)
	case actApproveRelease:
		return promote.May(state, actor, promote.ActApproveRelease, environment)
	case actRelease:
		return writeAnd(state, actor, promote.ActRelease, environment)
	case actPromote, actRetry, actRollback:
		return writeAnd(state, actor, promote.ActPromote, environment)
	case actHold:
		return writeAnd(state, actor, promote.ActHold, environment)
	case actUnhold:
		// Everyone takes back what is their own; about others' holds promote.Lift asks.
		return needsWrite(actor, "Holds are lifted")
	case actAbort:
		// To stop something is for those who move it, and for those who may keep it from moving.
		if writeAnd(state, actor, promote.ActHold, environment) == nil {
			return nil
		}
		return writeAnd(state, actor, promote.ActPromote, environment)
	case actOverride:
		return writeAnd(state, actor, promote.ActOverride, environment)
	}
	return &promote.Refusal{Rule: "What nobody is allowed is forbidden.", Fact: fmt.Sprintf("Nobody is allowed to %s.", what)}
}

// writeAnd asks for write access, whoever rules name: they narrow who may, and open nothing.
func writeAnd(state promote.State, actor promote.Actor, what promote.Action, environment string) *promote.Refusal {
	if refusal := needsWrite(actor, "Environments are moved and stopped"); refusal != nil {
		return refusal
	}
	return promote.May(state, actor, what, environment)
}

func needsWrite(actor promote.Actor, what string) *promote.Refusal {
	if actor.Write {
		return nil
	}
	return &promote.Refusal{Rule: what + " by those who may write to the repository.", Fact: fmt.Sprintf("%s may not.", actor.Login)}
}

// may tells whether a person may do something that is about no environment, asked of GitHub now.
func (b *Bot) may(ctx context.Context, repository store.Repository, who promote.Person, what action) (bool, error) {
	actor, err := b.actor(ctx, repository, who)
	return err == nil && authorise(promote.State{}, actor, what, "") == nil, err
}

// actor is what GitHub says of a person now.
func (b *Bot) actor(ctx context.Context, repository store.Repository, who promote.Person) (promote.Actor, error) {
	actor := promote.Actor{Person: who}
	client, err := b.clients.forRepository(ctx, repository, talking)
	if err != nil {
		return actor, err
	}
	level, response, err := client.Repositories.GetPermissionLevel(ctx, repository.Owner, repository.Name, who.Login)
	if response != nil && response.StatusCode == 404 {
		return actor, nil
	}
	if err != nil {
		return actor, fmt.Errorf("ask what %s may do in %s/%s: %w", who.Login, repository.Owner, repository.Name, err)
	}
	// A name can be given up and taken by somebody else; the id cannot.
	id := level.GetUser().GetID()
	b.met.meet(repository.Installation, who.Login, id)
	if id != 0 && id != who.ID {
		return actor, nil
	}
	actor.Write = slices.Contains([]string{"admin", "maintain", "write"}, level.GetPermission())
	actor.Admin = level.GetPermission() == "admin"
	return actor, nil
}
