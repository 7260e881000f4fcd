package bot

import (
	"fmt"

	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// release gives what an environment runs to so many of its users, or has that wait for approvals.
func (a asked) release(tx *store.Tx, state promote.State) (answer store.Answer, err error) {
	name := a.Command.Environment()
	wish, refusal := promote.Releasing(state, promote.Release{Environment: name, Percent: *a.Command.Percent, By: a.actor.Person, Pull: a.pull, Asked: a.at})
	if refusal != nil {
		return a.refusing(state, refusal), nil
	}
	if a.actor.Write {
		if err := tx.Writes(a.repository.ID, a.actor.ID); err != nil {
			return answer, err
		}
	}
	if err := tx.AskRelease(a.repository.ID, wish); err != nil {
		return answer, err
	}
	get := "get"
	if wish.Phase == promote.ReleaseWaiting {
		get = "are to get"
	}
	text := fmt.Sprintf("%d%% of the users of %s %s `%s`; %d%% had it.", wish.Percent, name, get, promote.Short(wish.Commit), wish.From)
	if wish.Percent == 0 {
		text = fmt.Sprintf("`%s` is taken away from the users of %s; %d%% had it.", promote.Short(wish.Commit), name, wish.From)
	}
	return a.released(tx, text)
}

// approveRelease writes down consent to exactly the step that waits.
func (a asked) approveRelease(tx *store.Tx, state promote.State) (answer store.Answer, err error) {
	name := a.Command.Environment()
	approval, refusal := promote.ApproveRelease(state, promote.Consent{Environment: name, By: a.actor.Person, App: a.via, At: a.at}, *a.Command.Percent)
	if refusal != nil {
		return a.refusing(state, refusal), nil
	}
	if a.actor.Write {
		if err := tx.Writes(a.repository.ID, a.actor.ID); err != nil {
			return answer, err
		}
	}
	r := *state.Environments[name].Release
	if err := tx.ApproveRelease(a.repository.ID, r, approval); err != nil {
		return answer, err
	}
	return a.released(tx, fmt.Sprintf("%d%% of `%s` in %s is approved by %s.", r.Percent, promote.Short(r.Commit), name, a.actor.Login))
}

// released is the answer to a command that has an effect on a release: what was done, and what it still waits for.
func (a asked) released(tx *store.Tx, text string) (answer store.Answer, err error) {
	state, err := tx.State(a.repository.ID)
	if err != nil {
		return answer, err
	}
	a.knowWriter(&state)
	for _, gate := range promote.ReleaseGates(state, a.Command.Environment()) {
		if !gate.Open {
			text += fmt.Sprintf(" It waits: %s.", gate.Text)
		}
		if !gate.Open && gate.Command != "" {
			text += fmt.Sprintf(" Type `%s`.", gate.Command)
		}
	}
	return store.Answer{Answer: promote.Answer{Text: text}}, nil
}
