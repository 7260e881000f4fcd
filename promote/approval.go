package promote

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config"
)

// Approval is one person's consent to exactly one promotion.
type Approval struct {
	ID          int64
	Environment string
	// From and To are the range, PlanDigest what it would change, RulesDigest the rules under which it was given.
	From, To, PlanDigest, RulesDigest string
	By                                Person
	// App: it was not a person.
	App bool
	At  time.Time
}

// Counted is an approval with whether it counts for the promotion that is considered.
type Counted struct {
	Approval
	Counts bool
	// Void says why it does not: "the plan is another one by now".
	Void string
}

// approveGates: each rule needs its people. One person's consent counts once, for one rule.
func approveGates(q question) []Gate {
	if len(q.rules.Approve) == 0 {
		return nil
	}
	if needs, why := q.needsPeople(); !needs {
		return []Gate{{Name: GateApprove, Open: true, Text: "needs no approval: " + why}}
	}
	var gates []Gate
	if plan := q.promotion.Plan; plan == nil {
		gates = append(gates, Gate{Name: GatePlan, Text: "what would be approved is being planned", Since: q.arrived()})
	} else if plan.Failure() != "" {
		gates = append(gates, Gate{Name: GatePlan, Text: "what would be approved cannot be planned: " + plan.Failure(), Command: "/plan " + q.rules.Name})
	}
	missing := q.missing()
	if len(missing) == 0 {
		return append(gates, Gate{Name: GateApprove, Open: true, Text: "approved by " + q.approvers()})
	}
	who := make([]string, len(missing))
	wants := make([]string, len(missing))
	for i, m := range missing {
		who[i] = m.rule.Who.String()
		wants[i] = fmt.Sprintf("%d %s of %s", m.count, plural(m.count, "approval", "approvals"), m.rule.Who)
		switch left, known := q.left(m.rule.Who); {
		case known && left == 0:
			wants[i] += " (all of whom have approved it or took part in it)"
		case known && left < m.count:
			wants[i] += fmt.Sprintf(" (of whom only %d took no part in it)", left)
		}
	}
	return append(gates, Gate{Name: GateApprove, Text: "needs " + strings.Join(wants, " and "), Since: q.arrived(),
		Command: fmt.Sprintf("/approve %s %s", q.rules.Name, Short(q.promotion.To.SHA)), Who: strings.Join(who, " and ")})
}

func plural(count int, one, more string) string {
	if count == 1 {
		return one
	}
	return more
}

// valid are the people whose approval counts, each once, by id.
func (q question) valid() (people []Person) {
	for _, approval := range q.environment.Approvals {
		if q.void(approval) == "" {
			people = append(people, approval.By)
		}
	}
	slices.SortFunc(people, func(a, b Person) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(people, func(a, b Person) bool { return a.ID == b.ID })
}

func (q question) approvers() string {
	var logins []string
	for _, person := range q.valid() {
		logins = append(logins, person.Login)
	}
	slices.Sort(logins)
	return strings.Join(logins, ", ")
}

// void says why an approval does not count for the promotion; empty: it does.
func (q question) void(approval Approval) string {
	p := q.promotion
	switch {
	case approval.From != p.From.SHA:
		return fmt.Sprintf("%s ran %s then, and runs %s now", q.rules.Name, Short(approval.From), Short(p.From.SHA))
	case approval.To != p.To.SHA:
		return fmt.Sprintf("it was for %s, and %s takes its place", Short(approval.To), Short(p.To.SHA))
	case p.Plan != nil && approval.PlanDigest != p.Plan.Digest():
		return "the plan is another one by now"
	case approval.RulesDigest != q.rulesDigest():
		return "the rules changed since"
	}
	return q.excluded(approval.By, approval.App)
}

// excluded says why a person may not approve the promotion; empty: the person may, or is not asked by any rule.
func (q question) excluded(by Person, app bool) string {
	if app {
		return "Apps do not approve"
	}
	if request := q.promotion.Request; request != nil && request.By.same(by) && !q.rules.PromoterMayApprove {
		if q.promotion.Back {
			return fmt.Sprintf("%s asked for the rollback", by.Login)
		}
		return fmt.Sprintf("%s asked for the promotion", by.Login)
	}
	for _, commit := range q.promotion.Commits {
		switch {
		case !q.rules.AuthorMayApprove && commit.Author.same(by):
			return fmt.Sprintf("%s is an author of %s", by.Login, commit.named())
		case !q.rules.AuthorMayApprove && slices.ContainsFunc(commit.CoAuthors, by.same):
			return fmt.Sprintf("%s is a co-author of %s", by.Login, commit.named())
		case !q.rules.MergerMayApprove && commit.Merger.same(by):
			return fmt.Sprintf("%s merged %s", by.Login, commit.named())
		}
	}
	return ""
}

// same tells whether two are one person: by id, or by login where an id is not known.
func (p Person) same(other Person) bool {
	if p.ID != 0 && other.ID != 0 {
		return p.ID == other.ID
	}
	return p.Login != "" && strings.EqualFold(p.Login, other.Login)
}

// named is how people call a commit: by its pull request where it has one.
func (c Commit) named() string {
	if c.Pull != 0 {
		return fmt.Sprintf("#%d", c.Pull)
	}
	return Short(c.SHA)
}

// rulesDigest is that of all rules which the environment is held to.
func (c *considered) rulesDigest() string {
	if c.digest == "" {
		digests := make([]string, len(c.versions))
		for i, rules := range c.versions {
			digests[i] = rules.digest()
		}
		slices.Sort(digests)
		if digests = slices.Compact(digests); len(digests) > 1 {
			digests[0] = sum(strings.Join(digests, "\n"))
		}
		c.digest = digests[0]
	}
	return c.digest
}

// counted are the approvals of what the environment runs now, each with whether it counts.
func (c *considered) counted(promotion Promotion) (counted []Counted) {
	for _, approval := range c.environment.Approvals {
		if approval.From != promotion.From.SHA && approval.To != promotion.To.SHA {
			continue
		}
		one := Counted{Approval: approval, Void: c.voidByAny(approval, promotion)}
		one.Counts = one.Void == ""
		counted = append(counted, one)
	}
	slices.SortStableFunc(counted, func(a, b Counted) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return slices.CompactFunc(counted, func(a, b Counted) bool { return a.Approval == b.Approval })
}

func (c *considered) voidByAny(approval Approval, promotion Promotion) string {
	asked := false
	for _, rules := range c.versions {
		q := question{c, rules, promotion}
		if void := q.void(approval); void != "" {
			return void
		}
		asked = asked || q.mayApprove(approval.By)
	}
	if !asked {
		return fmt.Sprintf("%s is not among those who may approve", approval.By.Login)
	}
	return ""
}

// mayApprove tells whether some rule asks for the person.
func (q question) mayApprove(by Person) bool {
	return slices.ContainsFunc(q.rules.Approve, func(rule config.ApproveRule) bool { return q.state.People.among(rule.Who, by.ID) })
}
