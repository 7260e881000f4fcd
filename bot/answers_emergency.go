package bot

import (
	"fmt"

	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// abort stops the deployment under way in an environment between two steps, and takes back what somebody asked for.
func (a asked) abort(tx *store.Tx, state promote.State) (answer store.Answer, err error) {
	name := a.Command.Environment()
	live, waits, refusal := promote.Stoppable(state, name)
	if refusal != nil {
		// What is released is stopped where nothing else is.
		if stopped, err := tx.DropRelease(a.repository.ID, name, a.actor.Person); err != nil || stopped != nil {
			return a.stoppedRelease(tx, stopped, err)
		}
		return a.refusing(state, refusal), nil
	}
	if waits != nil {
		_, err := tx.Drop(a.repository.ID, name, a.actor.Person)
		if err == nil {
			_, err = tx.DropRollback(a.repository.ID, name, a.actor.Person)
		}
		if err != nil {
			return answer, err
		}
	}
	if live == nil {
		return a.done(tx, fmt.Sprintf("What %s asked for is taken back: `%s` for %s.", waits.By.Login, promote.Short(waits.To), name))
	}
	if _, err := tx.AskAbort(live.ID, a.actor.Person); err != nil {
		return answer, err
	}
	return store.Answer{Answer: promote.Answer{Text: fmt.Sprintf("The deployment of `%s` in %s stops before its next step. What is being applied is applied to its end.",
		promote.Short(live.To), name)}}, nil
}

// stoppedRelease is the answer where a step of a release was stopped.
func (a asked) stoppedRelease(tx *store.Tx, r *promote.Release, err error) (store.Answer, error) {
	if err != nil {
		return store.Answer{}, err
	}
	if r.Phase == promote.ReleaseWaiting {
		return a.done(tx, fmt.Sprintf("What %s asked for is taken back: %d%% of `%s` in %s.", r.By.Login, r.Percent, promote.Short(r.Commit), r.Environment))
	}
	return a.done(tx, fmt.Sprintf("The command that gives `%s` to %d%% of the users of %s is stopped. Nobody knows how many have it.", promote.Short(r.Commit), r.Percent, r.Environment))
}

// override passes the gates that are closed, once.
func (a asked) override(tx *store.Tx, state promote.State) (answer store.Answer, err error) {
	name := a.Command.Environment()
	to, refusal, err := a.target(tx, state)
	if err != nil || refusal != nil {
		return a.refusing(state, refusal), err
	}
	given, passed, refusal := promote.Overriding(state, promote.Emergency{Environment: name, By: a.actor, To: to, Reason: a.reason()})
	if refusal != nil {
		return a.refusing(state, refusal), nil
	}
	if err := tx.Override(a.repository.ID, name, given); err != nil {
		return answer, err
	}
	text := fmt.Sprintf("OVERRIDE: %s goes from `%s` to `%s` past closed gates.", name, promote.Short(given.From), promote.Short(given.To))
	for _, gate := range passed {
		text += fmt.Sprintf(" %s: %s.", gate.Name, gate.Text)
	}
	return store.Answer{Answer: promote.Answer{Text: text + " Reason: " + given.Reason}}, nil
}
