package promote

import (
	"fmt"
	"slices"

	"github.com/trunkline/trunkline/config"
)

// Action is what people do by commands and buttons.
type Action string

// The actions that rules say something about.
const (
	ActPromote  Action = "promote"
	ActApprove  Action = "approve"
	ActHold     Action = "hold"
	ActUnhold   Action = "unhold"
	ActOverride Action = "override"
	// ActRelease gives what is deployed to users, and ActApproveRelease consents to it.
	ActRelease        Action = "release"
	ActApproveRelease Action = "approve releases"
)

// Actor is who acts, with what GitHub says of the person's role in the repository now.
type Actor struct {
	Person
	// App: it is not a person.
	App bool
	// Write access to the repository, and Admin: its administration.
	Write, Admin bool
}

// May says whether somebody may do something in an environment; nil: yes. It is asked when a command comes, and again when
// it takes effect. Former rules count where the environment is still held to them.
func May(state State, actor Actor, action Action, environment string) *Refusal {
	state = state.indexed()
	rules, known := state.Rules.Environment(environment)
	if !known {
		return &Refusal{"Only environments of the configuration are moved.", fmt.Sprintf("%s is not one of them.", environment), "`/help`"}
	}
	c, _ := consider(&state, rules)
	var first *Refusal
	approves := action == ActApprove || action == ActApproveRelease
	for _, version := range c.versions {
		refusal := c.may(version, actor, action)
		switch {
		case refusal == nil && approves:
			// Each version needs its own people; one person need not be among those of all.
			return nil
		case refusal != nil && !approves:
			return refusal
		case first == nil:
			first = refusal
		}
	}
	return first
}

func (c *considered) may(rules ruleset, actor Actor, action Action) *Refusal {
	not := fmt.Sprintf("%s is not among them.", actor.Login)
	people := c.state.People
	people.Writers = nil
	allowed := func(who config.Who, otherwise bool) bool {
		if who.Anyone() {
			return otherwise
		}
		return people.among(who, actor.ID)
	}
	switch action {
	case ActApprove:
		q := question{c, rules, Promotion{}}
		asked := q.mayApprove(actor.Person) || actor.Write && (q.anyoneApproves() || len(rules.Approve) == 0)
		if !actor.App && !asked && len(rules.Approve) == 0 {
			return &Refusal{fmt.Sprintf("%s needs no approvals.", rules.Name), fmt.Sprintf("`%s` declares none for it.", config.Path), "`/status`"}
		}
		if !actor.App && !asked {
			return &Refusal{fmt.Sprintf("%s is approved by %s.", rules.Name, q.askedOf()), not, ""}
		}
	case ActHold:
		if who := rules.Allow.Hold; !allowed(who, actor.Write) {
			return &Refusal{fmt.Sprintf("%s is held by %s.", rules.Name, who), not, ""}
		}
	case ActOverride:
		if who := rules.Allow.Override; actor.App || !allowed(who, actor.Admin) {
			whose := who.String()
			if who.Anyone() {
				whose = "those who administer the repository"
			}
			return &Refusal{fmt.Sprintf("The gates of %s are overridden by %s.", rules.Name, whose), not, "`/status`"}
		}
	case ActPromote:
		if who := rules.Allow.Promote; !allowed(who, actor.Write) {
			return &Refusal{fmt.Sprintf("%s is promoted by %s.", rules.Name, who), not, ""}
		}
	case ActRelease:
		who := rules.Release.Allow
		if who.Anyone() {
			who = rules.Allow.Promote
		}
		if !allowed(who, actor.Write) {
			return &Refusal{fmt.Sprintf("%s is released by %s.", rules.Name, who), not, ""}
		}
	case ActApproveRelease:
		rules.Approve = rules.Release.Approve
		q := question{c, rules, Promotion{}}
		if actor.App || !q.mayApprove(actor.Person) && !(actor.Write && (q.anyoneApproves() || len(rules.Approve) == 0)) {
			return &Refusal{fmt.Sprintf("Releases of %s are approved by %s.", rules.Name, namesOf(rules.Approve)), not, ""}
		}
	case ActUnhold:
		if who := rules.Allow.Promote; !allowed(who, actor.Write) {
			return &Refusal{fmt.Sprintf("Holds of others on %s are lifted by %s, who may promote it.", rules.Name, who), not, "`/status`"}
		}
	default:
		return &Refusal{"What nobody is allowed is forbidden.", fmt.Sprintf("Nobody is allowed to %s.", action), ""}
	}
	return nil
}

// Named tells whether some rule of some environment names a person, by login or by team: to approve, or to be allowed
// something. Former rules count as long as they are among the state's.
func Named(state State, id int64) bool {
	for _, who := range Naming(state) {
		if !who.Anyone() && state.People.among(who, id) {
			return true
		}
	}
	return false
}

// Naming are all lists of people in the rules of all environments, former rules included. A list that names nobody stands for
// everyone with a right of their own.
func Naming(state State) (lists []config.Who) {
	for _, rules := range append(slices.Clone(state.Former), FormerRules{Rules: state.Rules}) {
		for _, environment := range rules.Rules.Environments {
			lists = append(lists, environment.Allow.Promote, environment.Allow.Hold, environment.Allow.Override, environment.Release.Allow)
			for _, rule := range slices.Concat(environment.Approve, environment.Rollback.Approve, environment.Release.Approve) {
				lists = append(lists, rule.Who)
			}
		}
	}
	return lists
}

func (q question) anyoneApproves() bool {
	return slices.ContainsFunc(q.rules.Approve, func(r config.ApproveRule) bool { return r.Anyone() })
}
