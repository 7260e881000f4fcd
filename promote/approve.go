package promote

import (
	"fmt"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config"
)

// Consent is what a person says with /approve.
type Consent struct {
	Environment string
	By          Person
	// App: it is not a person.
	App bool
	// Shown is the commit that the person was shown as the target, or its beginning; empty: the person was shown
	// nothing, and means whatever waits.
	Shown string
	// At is when it was written, by GitHub's clock; zero: not known.
	At time.Time
}

// Approve turns consent into an approval of exactly what waits, or says why it has no effect. ID and At are the store's
// to fill in.
func Approve(state State, consent Consent) (Approval, *Refusal) {
	state = state.indexed()
	name := consent.Environment
	rules, known := state.Rules.Environment(name)
	if _, seen := state.Environments[name]; !known || !seen || len(state.Problems) > 0 {
		return Approval{}, &Refusal{"Only promotions of environments of the configuration are approved.", fmt.Sprintf("%s is not one of them.", name), "`/help`"}
	}
	c, onTrunk := consider(&state, rules)
	decision := decide(&state, rules)
	if decision.Promotion == nil || !onTrunk || decision.Start != nil && decision.Promotion.Override != nil {
		return Approval{}, nothingWaits(c, decision)
	}
	q := question{c, c.versions[0], *decision.Promotion}
	if refusal := q.refuseConsent(consent); refusal != nil {
		return Approval{}, refusal
	}
	return Approval{
		Environment: name, From: q.promotion.From.SHA, To: q.promotion.To.SHA, PlanDigest: q.promotion.Plan.Digest(),
		RulesDigest: c.rulesDigest(), By: consent.By, App: consent.App,
	}, nil
}

func nothingWaits(c *considered, decision Decision) *Refusal {
	fact := fmt.Sprintf("Nothing waits for %s: it runs %s.", c.environment.Name, code(c.environment.Runs))
	if len(decision.Waits) > 0 {
		fact = fmt.Sprintf("Nothing waits for approval: %s.", decision.Waits[0].Text)
	}
	return &Refusal{"An approval is for a promotion that waits.", fact, "`/status`"}
}

func (q question) refuseConsent(consent Consent) *Refusal {
	name, to := q.rules.Name, q.promotion.To.SHA
	approve := fmt.Sprintf("`/approve %s %s`", name, Short(to))
	var asked, missing bool
	void := ""
	for _, rules := range q.versions {
		version := question{q.considered, rules, q.promotion}
		if needs, _ := version.needsPeople(); !needs {
			continue
		}
		asked = asked || version.mayApprove(consent.By)
		missing = missing || len(version.missing()) > 0
		if void == "" {
			void = version.excluded(consent.By, consent.App)
		}
	}
	switch {
	case consent.Shown != "" && !strings.HasPrefix(to, strings.ToLower(consent.Shown)):
		return &Refusal{"An approval is for exactly what was shown.",
			fmt.Sprintf("%s was shown, and by now %s is what waits for %s.", code(consent.Shown), code(to), name), "Look at it; then " + approve + "."}
	case !q.asksApproval():
		return &Refusal{fmt.Sprintf("%s needs no approvals.", name), fmt.Sprintf("`%s` declares none for it.", config.Path), "`/status`"}
	case !missing:
		return &Refusal{"An approval is for a promotion that lacks one.", fmt.Sprintf("%s of %s lacks none.", code(to), name), "`/status`"}
	case !asked:
		return &Refusal{fmt.Sprintf("%s is approved by %s.", name, q.askedOf()), fmt.Sprintf("%s is not among them.", consent.By.Login), ""}
	case void != "":
		return &Refusal{"Who took part does not approve.", void + ".", ""}
	case q.alreadyGiven(consent.By):
		return &Refusal{"One person approves once.", fmt.Sprintf("%s has approved %s already.", consent.By.Login, code(to)), "`/status`"}
	case q.promotion.Plan == nil:
		return &Refusal{"An approval is for a plan.", fmt.Sprintf("That of %s for %s is being made.", code(to), name), "When it is shown, " + approve + "."}
	case q.promotion.Plan.Failure() != "":
		return &Refusal{"An approval is for a plan.", fmt.Sprintf("That of %s for %s failed: %s.", code(to), name, q.promotion.Plan.Failure()), ""}
	}
	return nil
}

func (q question) alreadyGiven(by Person) bool {
	for _, approval := range q.environment.Approvals {
		if approval.By.same(by) && q.voidByAny(approval, q.promotion) == "" {
			return true
		}
	}
	return false
}

// askedOf are those whom the rules ask, for people.
func (q question) askedOf() string {
	var who []string
	for _, rules := range q.versions {
		for _, rule := range rules.Approve {
			who = append(who, rule.Who.String())
		}
	}
	return strings.Join(who, " and ")
}
