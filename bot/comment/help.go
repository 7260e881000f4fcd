package comment

import (
	"fmt"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/config/calendar"
	"github.com/trunkline/trunkline/promote"
)

// Rights are what a person may do in a repository.
type Rights struct {
	// Person who asks.
	Person promote.Person
	// Write access to the repository: it is needed to plan, and to promote where no rule says otherwise.
	Write bool
	// May is what the rules let the person do, by environment.
	May map[string][]promote.Action
}

// Help is the answer to /help: what can be typed here, what this repository's rules are, and what they let the person do.
func Help(environments []config.Environment, may Rights, o Options) string {
	d := &document{}
	if may.Write {
		d.paragraph(say("**{}, this is what can be typed here.**", text(person(may.Person))))
	} else {
		d.paragraph(say("**{}, you have no write access here**, so only others can use {} and {}.",
			text(person(may.Person)), o.typed("/plan"), o.typed("/promote")))
	}
	d.table([]line{own("command"), own("effect")}, [][]line{
		{o.typed("/plan [environment…] [at <sha>]"), own("plan the pull request again; with a SHA, exactly that commit")},
		{o.typed("/preview [off] [at <sha>]"), own("deploy the open pull request to an environment of its own, or destroy that")},
		{o.typed("/promote <environment> [to <sha>]"), own("move an environment to the commit that the comment shows, or to the one you name")},
		{o.typed("/approve <environment> [<sha>]"), own("approve the promotion that the comment shows")},
		{o.typed("/hold <environment> [component…] [until <date>] because <reason>"), own("nothing moves there, or these components do not")},
		{o.typed("/unhold <environment> [because <reason>]"), own("lift a hold; another person's needs a reason")},
		{o.typed("/rollback <environment> [to <sha>] [with revert] [because <reason>]"), own("back to the last commit that succeeded there before, or to the one you name; leaves a hold")},
		{o.typed("/go <environment> <percent>%"), own("give what runs there to so many of its users, where it has a release of its own")},
		{o.typed("/retry <environment>"), own("a deployment that failed, again")},
		{o.typed("/abort <environment>"), own("take back what waits, or stop what is under way after the step it is at")},
		{o.typed("/override <environment> [to <sha>] because <reason>"), own("an emergency: pass closed gates, on the record")},
		{o.typed("/status"), own("what runs where, and what is waited for")},
		{o.typed("/help"), own("this")},
	})
	short := &document{}
	short.append(d)
	d.items(each(environments, func(e config.Environment) line { return moves(e, may, o) }))
	d.small(own("A command stands at the start of a line of a new comment; several lines are several commands."))
	return bounded(o.limit(), d, short)
}

// moves says who moves an environment, after which others, through which gates, and what the person may do there.
func moves(e config.Environment, may Rights, o Options) line {
	l := say("**{}** moves with {}", text(e.Name), o.typed("/promote "+e.Name))
	if e.Promote == config.Auto {
		l = say("**{}** moves by itself", text(e.Name))
	}
	if e.AutoIf != nil {
		l = say("{}, by itself where {}", l, code(e.AutoIf.String()))
	}
	switch {
	case len(e.After) > 0:
		l = say("{}, after {}", l, listAtMost(each(e.After, text), 8))
	case len(e.AfterAny) > 0:
		l = say("{}, after one of {}", l, listAtMost(each(e.AfterAny, text), 8))
	}
	for _, rule := range gateRules(e) {
		l = say("{}; {}", l, rule)
	}
	if len(e.Verify) > 0 {
		l = say("{}; then {} must pass", l, listAtMost(each(e.Verify, func(c config.Check) line { return code(c.Name) }), 5))
	}
	if actions := may.May[e.Name]; len(actions) > 0 {
		l = say("{}. You may {}", l, listAtMost(each(actions, func(a promote.Action) line { return text(string(a)) }), 8))
	}
	return l
}

// gateRules are the conditions on entering an environment, a few words each.
func gateRules(e config.Environment) (rules []line) {
	if e.OneByOne {
		rules = append(rules, own("one commit at a time"))
	}
	if e.Soak > 0 {
		rules = append(rules, say("soaks for {}", lasting(e.Soak)))
	}
	if len(e.Require) > 0 {
		rules = append(rules, say("needs {} on the commit", listAtMost(each(e.Require, code), 5)))
	}
	for _, rule := range e.Approve {
		rules = append(rules, say("needs {} of {}", count(rule.Count, "approval", "approvals"), text(rule.Who.String())))
	}
	if len(e.Approve) > 0 && !e.AuthorMayApprove {
		rules = append(rules, own("authors do not approve what they wrote"))
	}
	if len(e.Windows) > 0 {
		rules = append(rules, say("open {}", listAtMost(each(e.Windows, func(w calendar.Window) line { return text(w.String()) }), 5)))
	}
	if e.MaxRange.Commits > 0 {
		rules = append(rules, say("at most {} at once", count(e.MaxRange.Commits, "commit", "commits")))
	}
	if e.MaxRange.Pulls > 0 {
		rules = append(rules, say("at most {} at once", count(e.MaxRange.Pulls, "pull request", "pull requests")))
	}
	for _, rule := range e.Rollback.Approve {
		rules = append(rules, say("a rollback needs {} of {}", count(rule.Count, "approval", "approvals"), text(rule.Who.String())))
	}
	if e.Release.Declared() {
		rules = append(rules, releaseRule(e.Release, e.Name))
	}
	if e.OnFailure.Rollback {
		rules = append(rules, own("goes back by itself where a deployment fails"))
	}
	if e.ConvergeWithin > 0 {
		rules = append(rules, say("converges within {}", lasting(e.ConvergeWithin)))
	}
	return rules
}

// releaseRule is how an environment is released to its users.
func releaseRule(r config.Release, name string) line {
	l := own("what is deployed is released with ")
	steps := r.Steps
	if len(steps) == 0 {
		steps = []int{100}
	}
	l = say("{}{}", l, listAtMost(each(steps, func(step int) line { return code(fmt.Sprintf("/go %s %d%%", name, step)) }), 8))
	for _, rule := range r.Approve {
		l = say("{}, which needs {} of {}", l, count(rule.Count, "approval", "approvals"), text(rule.Who.String()))
	}
	return l
}

// lasting is a length of time as people write it in the configuration.
func lasting(d time.Duration) line {
	const day = 24 * time.Hour
	switch {
	case d%day == 0:
		return say("{}d", number(int(d/day)))
	case d%time.Hour == 0:
		return say("{}h", number(int(d/time.Hour)))
	case d%time.Minute == 0:
		return say("{}m", number(int(d/time.Minute)))
	}
	return own(literal(d.String()))
}
