package bot

import (
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// rollBack asks for an environment to go back: to the commit that is named, or else to the last that succeeded there before.
func (a asked) rollBack(tx *store.Tx, to string) (answer store.Answer, err error) {
	environment := a.Command.Environment()
	state, err := tx.StateBack(a.repository.ID, environment)
	if err != nil {
		return answer, err
	}
	a.knowWriter(&state)
	wish, back, refusal := promote.RollingBack(state, promote.Rollback{Environment: environment, To: to, By: a.actor.Person, Reason: a.reason(),
		Revert: a.Command.Revert, Pull: a.pull, At: state.Now})
	if refusal != nil {
		return a.refusing(state, refusal), nil
	}
	if a.actor.Write {
		if err := tx.Writes(a.repository.ID, a.actor.ID); err != nil {
			return answer, err
		}
	}
	if err := tx.RollBack(a.repository.ID, wish); err != nil {
		return answer, err
	}
	return a.done(tx, promote.TakenBack(environment, back))
}
