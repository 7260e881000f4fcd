package promote

import (
	"fmt"
	"strings"
	"time"
)

// PutOn says whether a hold may be put on; nil: yes.
func PutOn(state State, actor Actor, environment string, hold Hold) *Refusal {
	if refusal := May(state, actor, ActHold, environment); refusal != nil {
		return refusal
	}
	switch {
	case strings.TrimSpace(hold.Reason) == "":
		return &Refusal{"A hold has a reason.", "None was given.", fmt.Sprintf("`/hold %s because <reason>`", environment)}
	case !hold.Until.IsZero() && !hold.Until.After(state.Now):
		return &Refusal{"A hold ends after it begins.", fmt.Sprintf("%s is past.", when(hold.Until, state.Rules.Zone)),
			fmt.Sprintf("`/hold %s until <date> because <reason>`", environment)}
	}
	return nil
}

// Lift returns the holds that a person lifts from an environment, or why none. Everyone lifts their own. Lifting another's
// needs the right to promote, and a reason for its owner to read; Trunkline reads none.
func Lift(state State, actor Actor, environment, reason string) ([]Hold, *Refusal) {
	var own, others []Hold
	toTell := ""
	for _, hold := range state.Environments[environment].Holds {
		if !state.Now.IsZero() && !hold.Until.IsZero() && !state.Now.Before(hold.Until) {
			continue
		}
		if hold.Owner.ID != 0 && hold.Owner.ID == actor.ID {
			own = append(own, hold)
		} else {
			others = append(others, hold)
			if toTell == "" && hold.Owner.ID != 0 {
				toTell = hold.text(environment, state.Rules.Zone)
			}
		}
	}
	switch {
	case len(own)+len(others) == 0:
		return nil, nothingHeld(state, environment)
	case len(others) == 0:
		return own, nil
	}
	refusal := May(state, actor, ActUnhold, environment)
	if refusal == nil && strings.TrimSpace(reason) == "" && toTell != "" {
		refusal = &Refusal{"Lifting another's hold needs a reason, which its owner is told.",
			toTell + ".", fmt.Sprintf("`/unhold %s because <reason>`", environment)}
	}
	if refusal != nil {
		if len(own) > 0 {
			return own, nil
		}
		return nil, refusal
	}
	return append(own, others...), nil
}

// nothingHeld says what does stop the environment where it is not a hold that a command lifts.
func nothingHeld(state State, environment string) *Refusal {
	state = state.indexed()
	refusal := &Refusal{"Only what is held is lifted.", fmt.Sprintf("%s is not held.", environment), "`/status`"}
	rules, known := state.Rules.Environment(environment)
	if !known {
		return refusal
	}
	c, _ := consider(&state, rules)
	for _, gate := range windowGates(question{c, c.versions[0], Promotion{}}) {
		if gate.Name == GateFreeze {
			return &Refusal{"What the configuration declares ends there.", environment + " is " + gate.Text + ".", "Change it in a pull request, or use `/override " + environment + "`."}
		}
	}
	for _, hold := range c.versions[0].divergences() {
		return &Refusal{"What the configuration declares ends there.", hold.text(environment, state.Rules.Zone) + ".", "Change it in a pull request."}
	}
	return refusal
}

// Ended are the holds of an environment that ran out between two moments; their owners may want to know.
func Ended(environment Environment, from, to time.Time) (ended []Hold) {
	for _, hold := range environment.Holds {
		if !hold.Until.IsZero() && hold.Until.After(from) && !hold.Until.After(to) {
			ended = append(ended, hold)
		}
	}
	return ended
}
