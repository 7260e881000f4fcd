package bot

import (
	"fmt"
	"slices"

	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// knowWriter adds to what is known of people that the actor may write, as GitHub says now: where rules name nobody, everyone
// counts who may.
func (a asked) knowWriter(state *promote.State) {
	state.People.Writers = slices.DeleteFunc(slices.Clone(state.People.Writers), func(id int64) bool { return id == a.actor.ID })
	if a.actor.Write {
		state.People.Writers = append(state.People.Writers, a.actor.ID)
	}
}

// approve writes down consent to exactly what the person was shown.
func (a asked) approve(tx *store.Tx, state promote.State) (answer store.Answer, err error) {
	environment := a.Command.Environment()
	to, refusal, err := a.target(tx, state)
	if err != nil || refusal != nil {
		return a.refusing(state, refusal), err
	}
	approval, refusal := promote.Approve(state, promote.Consent{Environment: environment, By: a.actor.Person, App: a.via, Shown: to})
	if refusal != nil {
		return a.refusing(state, refusal), nil
	}
	if refusal, err = a.unseen(tx, state, approval); err != nil || refusal != nil {
		return a.refusing(state, refusal), err
	}
	if a.actor.Write {
		if err := tx.Writes(a.repository.ID, a.actor.ID); err != nil {
			return answer, err
		}
	}
	if err := tx.Approve(a.repository.ID, approval); err != nil {
		return answer, err
	}
	return a.done(tx, fmt.Sprintf("%s from `%s` to `%s` is approved by %s.", environment, promote.Short(approval.From), promote.Short(approval.To), a.actor.Login))
}

// unseen refuses an approval of a plan that was not shown when the person wrote; nil: it was. The newest pull request of the
// range is where it is shown.
func (a asked) unseen(tx *store.Tx, state promote.State, approval promote.Approval) (*promote.Refusal, error) {
	on := promote.ShownOn(state, approval.From, approval.To)
	if on == 0 {
		return nil, nil
	}
	printed, err := printed(tx, a.repository.ID, on)
	if err != nil {
		return nil, err
	}
	return notShown(printed.before(a.at), on, approval), nil
}

// notShown refuses an approval of another plan than what was printed on a pull request; nil: it is that plan.
func notShown(printed shown, on int, approval promote.Approval) *promote.Refusal {
	if printed.Plans[approval.Environment] == approval.PlanDigest {
		return nil
	}
	return &promote.Refusal{Rule: "An approval is for exactly the plan that was shown.",
		Fact: fmt.Sprintf("When this was written, #%d showed none for `%s`, or another one than that of now.", on, promote.Short(approval.To)),
		Next: fmt.Sprintf("Look at it; then `/approve %s %s`.", approval.Environment, promote.Short(approval.To))}
}
