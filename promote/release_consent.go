package promote

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
)

// releaseQuestions are the approvals of a step of a release as if they were those of a promotion: of all that not all users had
// before, by what each version of the rules asks for it.
func (c *considered) releaseQuestions(r Release) (questions []question) {
	own := *c
	own.environment.Approvals, own.digest, own.people = nil, "", nil
	for _, approval := range r.Approvals {
		own.environment.Approvals = append(own.environment.Approvals, Approval{Environment: r.Environment, From: r.Full, To: r.Commit, By: approval.By,
			App: approval.App, At: approval.At, RulesDigest: own.rulesDigest()})
	}
	runs, _ := c.state.commit(r.Commit)
	full, known := c.state.commit(r.Full)
	if !known {
		full.SHA = r.Full
	}
	promotion := Promotion{Environment: r.Environment, Range: c.state.between(full, runs), Request: &Request{Environment: r.Environment, To: r.Commit, By: r.By}}
	for _, rules := range c.versions {
		rules.Approve = rules.Release.Approve
		questions = append(questions, question{&own, rules, promotion})
	}
	return questions
}

// releaseApprovals: each rule needs its people, by all versions of the rules.
func (c *considered) releaseApprovals(r Release) (gates []Gate) {
	for _, q := range c.releaseQuestions(r) {
		if len(q.rules.Approve) == 0 {
			continue
		}
		missing := q.missing()
		if len(missing) == 0 {
			gates = append(gates, Gate{Name: GateApprove, Open: true, Text: "approved by " + q.approvers()})
			continue
		}
		var wants, who []string
		for _, m := range missing {
			wants = append(wants, fmt.Sprintf("%d %s of %s", m.count, plural(m.count, "approval", "approvals"), m.rule.Who))
			who = append(who, m.rule.Who.String())
		}
		gate := Gate{Name: GateApprove, Text: "needs " + strings.Join(wants, " and "), Since: r.Asked, Who: strings.Join(who, " and "),
			Command: fmt.Sprintf("/approve %s %d%%", r.Environment, r.Percent)}
		if !closedAlready(gates, gate) {
			gates = append(gates, gate)
		}
	}
	return gates
}

// ApproveRelease turns consent into an approval of exactly the step that waits, or says why it has no effect.
func ApproveRelease(state State, consent Consent, percent int) (ReleaseApproval, *Refusal) {
	state = state.indexed()
	name := consent.Environment
	rules, known := state.Rules.Environment(name)
	if !known || len(state.Problems) > 0 {
		return ReleaseApproval{}, &Refusal{"Only releases of environments of the configuration are approved.", fmt.Sprintf("%s is not one of them.", name), "`/help`"}
	}
	r := state.Environments[name].Release
	switch {
	case r == nil || r.Phase != ReleaseWaiting:
		return ReleaseApproval{}, &Refusal{"An approval is for a step of a release that waits.", fmt.Sprintf("None waits in %s.", name), fmt.Sprintf("`/go %s %d%%`", name, percent)}
	case r.Percent != percent:
		return ReleaseApproval{}, &Refusal{"An approval is for exactly what waits.", fmt.Sprintf("%s waits for %d%%, not for %d%%.", name, r.Percent, percent),
			fmt.Sprintf("`/approve %s %d%%`", name, r.Percent)}
	case !consent.At.IsZero() && consent.At.Unix() < r.Asked.Unix():
		return ReleaseApproval{}, &Refusal{"An approval is for exactly what waits.", fmt.Sprintf("When this was written, nobody had asked for %d%% of %s yet.", percent, code(r.Commit)),
			fmt.Sprintf("Look at it; then `/approve %s %d%%`.", name, percent)}
	}
	c, _ := consider(&state, rules)
	if refusal := refuseReleaseConsent(c.releaseQuestions(*r), *r, consent); refusal != nil {
		return ReleaseApproval{}, refusal
	}
	return ReleaseApproval{By: consent.By, App: consent.App}, nil
}

func refuseReleaseConsent(questions []question, r Release, consent Consent) *Refusal {
	var asked, missing, whose = false, false, []string(nil)
	void := ""
	for _, q := range questions {
		if len(q.rules.Approve) == 0 {
			continue
		}
		asked, missing = asked || q.mayApprove(consent.By), missing || len(q.missing()) > 0
		if who := q.askedOfThese(); !slices.Contains(whose, who) {
			whose = append(whose, who)
		}
		if r.By.same(consent.By) && !q.rules.PromoterMayApprove {
			void = consent.By.Login + " asked for the release"
		}
		if void == "" {
			void = q.excluded(consent.By, consent.App)
		}
	}
	given := slices.ContainsFunc(r.Approvals, func(a ReleaseApproval) bool { return a.By.same(consent.By) })
	switch {
	case !missing:
		return &Refusal{"An approval is for a step of a release that lacks one.", fmt.Sprintf("%d%% of %s lacks none.", r.Percent, r.Environment), "`/status`"}
	case !asked:
		return &Refusal{fmt.Sprintf("Releases of %s are approved by %s.", r.Environment, strings.Join(whose, " and ")), fmt.Sprintf("%s is not among them.", consent.By.Login), ""}
	case void != "":
		return &Refusal{"Who took part does not approve.", void + ".", ""}
	case given:
		return &Refusal{"One person approves once.", fmt.Sprintf("%s has approved %d%% of %s already.", consent.By.Login, r.Percent, code(r.Commit)), "`/status`"}
	}
	return nil
}

// askedOfThese are those whom this version of the rules asks, for people.
func (q question) askedOfThese() string { return namesOf(q.rules.Approve) }

func namesOf(rules []config.ApproveRule) string {
	var who []string
	for _, rule := range rules {
		who = append(who, rule.Who.String())
	}
	return strings.Join(who, " and ")
}
