package promote

import (
	"fmt"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// upstreamGates: a commit must have succeeded in everything that the environment comes after.
func upstreamGates(q question) []Gate {
	if len(q.rules.After)+len(q.rules.AfterAny) == 0 {
		return nil
	}
	if gates := q.unproven(); len(gates) > 0 {
		return gates
	}
	return []Gate{{Name: GateUpstream, Open: true, Text: fmt.Sprintf("%s proven in %s", Short(q.promotion.To.SHA), strings.Join(q.provenIn(), " and "))}}
}

// unproven are the environments that have not proven the target yet, each as a closed gate; of `any`, all as one.
func (q question) unproven() (gates []Gate) {
	target := q.promotion.To
	for _, name := range q.rules.After {
		if !q.state.has(name, target) {
			gate := Gate{Name: GateUpstream, Text: fmt.Sprintf("%s has not proven %s yet", name, Short(target.SHA)), Command: q.state.promotable(name, target)}
			if text, command := q.state.unreleased(name, target); text != "" {
				gate.Text, gate.Command = text, command
			}
			gates = append(gates, gate)
		}
	}
	var commands []string
	for _, name := range q.rules.AfterAny {
		if q.state.has(name, target) {
			return gates
		}
		if command := q.state.promotable(name, target); command != "" {
			commands = append(commands, command)
		}
	}
	if len(q.rules.AfterAny) > 0 {
		gate := Gate{Name: GateUpstream, Text: fmt.Sprintf("none of %s has proven %s yet", strings.Join(q.rules.AfterAny, ", "), Short(target.SHA))}
		if len(commands) > 0 {
			gate.Command = commands[0]
		}
		gates = append(gates, gate)
	}
	return gates
}

// provenIn are the environments whose proof counts: all of `after`, and those of `any` that have the target.
func (q question) provenIn() []string {
	names := append([]string{}, q.rules.After...)
	for _, name := range q.rules.AfterAny {
		if q.state.has(name, q.promotion.To) {
			names = append(names, name)
		}
	}
	return names
}

// promotable is the command that would bring the commit to the environment, where the environment may have it and needs
// a person to ask.
func (s *State) promotable(name string, target Commit) string {
	if text, command := s.unreleased(name, target); text != "" {
		return command
	}
	rules, _ := s.Rules.Environment(name)
	last := s.Environments[name].Last
	waits := rules.Promote == config.Manual || last != nil && (last.Phase == Failed || last.Phase == Aborted)
	if last != nil && last.Phase.Live() || !waits || candidateFor(*s, name).Position < target.Position {
		return ""
	}
	return "/promote " + name
}

// upstream says which environments have not proven the target yet.
func upstream(state State, rules config.Environment, target Commit) []Reason {
	state = state.indexed()
	c, _ := consider(&state, rules)
	return closed(question{c, c.versions[0], Promotion{Range: Range{To: target}}}.unproven())
}
