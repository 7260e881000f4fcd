package promote

import (
	"fmt"
	"time"
)

// Gate is one condition on entering an environment, with its answer.
type Gate struct {
	// Name of the condition; see the constants.
	Name string
	Open bool
	// Text is a sentence without its full stop: why it is closed, or what is met.
	Text string
	// OpensAt is when a closed gate may open by the clock alone; zero: it cannot tell.
	OpensAt time.Time
	// Since is when a gate closed that people want open; zero: it cannot tell.
	Since time.Time
	// Command that would help, if one would; such as "/approve prod".
	Command string
	// Who can open it, for people, such as "acme/platform"; empty: nobody in particular.
	Who string
	// Former is the commit that takes the rule away by which the gate is closed; empty: it is a rule of trunk.
	Former string
}

// Names of gates. An override does not pass those of the first group: what they are about is not a matter of consent.
const (
	GateConfiguration = "configuration"
	GateLineage       = "lineage"
	GateDeploying     = "deploying"
	// GateIrreversible is closed where a rollback would lose something for good.
	GateIrreversible = "irreversible"
	// GateReleasing is closed while the command of a release runs: it must not meet a deployment.
	GateReleasing = "releasing"

	GateUpstream   = "upstream"
	GateFailed     = "failed"
	GateHold       = "hold"
	GateSoak       = "soak"
	GateRequire    = "require"
	GateScheduled  = "scheduled"
	GateMigrations = "migrations"
	GateArtifacts  = "artifacts"
	GateMaxRange   = "max_range"
	GateFreeze     = "freeze"
	GateWindows    = "windows"
	GatePlan       = "plan"
	GateApprove    = "approve"
	GateManual     = "manual"
	GateWatched    = "watched"
	GateReleased   = "released"
)

// question is what a gate is asked about: one promotion by one version of the rules.
type question struct {
	*considered
	rules     ruleset
	promotion Promotion
}

// byRules are the gates that a configuration declares; each is asked by every version of the rules. They say nothing
// where they are not declared. byFacts are asked once.
var (
	byFacts = []func(question) []Gate{failedGate, holdGates, artifactGates, windowGates, watchedGates}
	byRules = []func(question) []Gate{upstreamGates, soakGates, requireGates, scheduledGates, migrationGates, rangeGates, approveGates, manualGate}
)

// gates are all gates on the promotion, in the order in which people read them: the closed ones first.
func (c *considered) gates(promotion Promotion) []Gate {
	current := question{c, c.versions[0], promotion}
	var all []Gate
	for _, gate := range byFacts {
		all = append(all, gate(current)...)
	}
	for _, gate := range byRules {
		all = append(all, gate(current)...)
		for _, rules := range c.versions[1:] {
			all = addFormer(all, rules, gate(question{c, rules, promotion}))
		}
	}
	return closedFirst(all)
}

// closedFirst puts the closed gates before the open ones.
func closedFirst(all []Gate) (gates []Gate) {
	for _, open := range []bool{false, true} {
		for _, gate := range all {
			if gate.Open == open {
				gates = append(gates, gate)
			}
		}
	}
	return gates
}

// addFormer adds the gates that former rules keep closed, unless those of trunk keep them closed with the same words.
func addFormer(all []Gate, rules ruleset, former []Gate) []Gate {
	for _, gate := range former {
		if gate.Open || closedAlready(all, gate) {
			continue
		}
		gate.Former = rules.former
		gate.Text += fmt.Sprintf(" (%s changes this rule; until %s runs it, the former one counts too)", Short(rules.former), rules.Name)
		all = append(all, gate)
	}
	return all
}

func closedAlready(all []Gate, gate Gate) bool {
	for _, other := range all {
		if !other.Open && other.Name == gate.Name && (other.Text == gate.Text || gate.Name == GateManual) {
			return true
		}
	}
	return false
}

// closed are the reasons of the gates that are not open.
func closed(gates []Gate) (reasons []Reason) {
	for _, gate := range gates {
		if !gate.Open {
			reasons = append(reasons, Reason{Gate: gate.Name, Text: gate.Text, Command: gate.Command, OpensAt: gate.OpensAt})
		}
	}
	return reasons
}
