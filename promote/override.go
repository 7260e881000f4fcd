package promote

import (
	"fmt"
	"strings"
)

// Emergency is what a person says with /override.
type Emergency struct {
	Environment string
	By          Actor
	// To is the commit to bring, or its beginning; empty: the one that waits.
	To     string
	Reason string
}

// Overriding turns an emergency into an override of exactly one step, with the gates that it would pass now, or says why it
// has no effect. Holds on components are not passed: what they keep stays as it is.
func Overriding(state State, e Emergency) (Override, []Gate, *Refusal) {
	state = state.indexed()
	if refusal := May(state, e.By, ActOverride, e.Environment); refusal != nil {
		return Override{}, nil, refusal
	}
	if strings.TrimSpace(e.Reason) == "" {
		return Override{}, nil, &Refusal{"Passing gates needs a reason.", "None was given.", fmt.Sprintf("`/override %s because <reason>`", e.Environment)}
	}
	rules, _ := state.Rules.Environment(e.Environment)
	decision := decide(&state, rules)
	environment := state.Environments[e.Environment]
	override := Override{From: environment.Runs, By: e.By.Person, Reason: e.Reason, At: state.Now}
	switch {
	case len(decision.Gates) > 0 && impassable(decision.Gates[0].Name):
		return override, nil, &Refusal{"An override passes gates, and this is none.", decision.Gates[0].Text + ".", "`/status`"}
	case e.To != "":
		to, ok := state.Find(e.To)
		if runs, _ := state.commit(environment.Runs); !ok || to.Position <= runs.Position {
			return override, nil, &Refusal{"An override brings a commit of trunk that is newer than what the environment runs.",
				fmt.Sprintf("%s is none: %s runs %s.", code(e.To), e.Environment, code(environment.Runs)), "`/status`"}
		}
		override.To = to.SHA
	case decision.Promotion != nil:
		override.To = decision.Promotion.To.SHA
	default:
		return override, nil, &Refusal{"An override is for a promotion that waits.", fmt.Sprintf("Nothing waits for %s.", e.Environment), "`/status`"}
	}
	passed := state.passedBy(override, e.Environment)
	if len(passed) == 0 {
		return override, nil, &Refusal{"An override is for closed gates.", fmt.Sprintf("All gates of %s are open.", e.Environment), "`/promote " + e.Environment + "`"}
	}
	return override, passed, nil
}

func impassable(gate string) bool {
	return gate == GateConfiguration || gate == GateLineage || gate == GateDeploying || gate == GateIrreversible
}

// passedBy are the gates that an override would pass; that a person has to ask is none of them.
func (s State) passedBy(override Override, name string) (passed []Gate) {
	environment := s.Environments[name]
	environment.Override = &override
	others := make(map[string]Environment, len(s.Environments))
	for other, facts := range s.Environments {
		others[other] = facts
	}
	others[name] = environment
	s.Environments = others
	rules, _ := s.Rules.Environment(name)
	return decide(&s, rules).Passed
}
