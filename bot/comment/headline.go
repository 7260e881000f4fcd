package comment

import (
	"strings"

	"github.com/trunkline/trunkline/planner"
)

// progress counts the instances of a preview.
type progress struct{ all, done, planned, failed, cancelled, removed, moved, later, changing int }

func progressOf(p planner.Preview) progress {
	c := progress{all: len(p.Instances)}
	for _, instance := range p.Instances {
		switch instance.Outcome {
		case planner.Waiting, planner.Planning:
			continue
		case planner.Planned:
			c.planned++
			if !tallied(instance).empty() {
				c.changing++
			}
		case planner.Failed:
			c.failed++
		case planner.Cancelled:
			c.cancelled++
		case planner.Moved:
			c.moved++
		case planner.KnownAfter:
			c.later++
		case planner.Removed:
			c.removed++
		}
		c.done++
	}
	return c
}

// headline says in one sentence what merging will do, or why that is not known.
func headline(p planner.Preview, o Options) line {
	c := progressOf(p)
	results := newChecked(p, o)
	running, unpassed := results.in(planner.CheckRunning), results.in(planner.CheckFailed)
	stopped := results.in(planner.CheckCancelled)
	switch {
	case p.Problem != nil:
		head := say("❌ {}", strong(say("{}.", text(strings.TrimRight(p.Problem.Title, ". ")))))
		if strings.HasPrefix(p.Problem.Title, "Not planned") {
			return head
		}
		return say("{} Nothing is planned.", head)
	case c.done < c.all:
		return say("⏳ **Planning what merging will change: {} of {} planned.**", number(c.done),
			count(c.all, "instance", "instances"))
	case len(running) > 0 && c.failed == 0:
		return say("⏳ **{}; {} still {}.**", checkedSoFar(c), listAtMost(running, 5), own(verb(len(running), "runs", "run")))
	case c.moved > 0:
		return say("🛑 **Merging would move the state of {}.**", count(c.moved, "instance", "instances"))
	case c.failed > 0:
		head := say("❌ **{} of {} failed.**", number(c.failed), count(c.all, "plan", "plans"))
		if c.changing > 0 {
			head = say("{} The others change {}: {}.", head, changed(p), tallied(p.Instances...).sentence())
		}
		return andKnownAfter(head, p)
	case len(unpassed) > 0:
		return say("❌ {} {}", strong(say("{} failed: {}.", count(len(unpassed), "check", "checks"), listAtMost(unpassed, 5))), consequences(c, p))
	case c.all == 0 && len(stopped) == 0:
		return say("✅ **Merging changes nothing**: {}.", nothingDepends(p.Environments))
	case c.all == 0 && len(p.Notes) > 0:
		return own("**Merging changes no instance**, but mind what follows.")
	case c.all == 0:
		return say("**The checks were stopped.** {} starts again.", o.typed("/plan"))
	case c.cancelled+len(stopped) > 0:
		return say("**Planning was stopped with {} of {} planned.** {} plans again.", number(c.planned),
			count(c.all, "instance", "instances"), o.typed("/plan"))
	case c.changing == 0 && c.later > 0:
		return onlyKnownAfter(p)
	case c.changing == 0 && c.removed > 0:
		return say("**Merging takes {} out of the configuration, and changes nothing else.**",
			count(c.removed, "instance", "instances"))
	case c.changing == 0:
		return say("✅ **Merging changes nothing**: {}, and no plan has a change.",
			count(c.all, "instance is affected", "instances are affected"))
	}
	return andKnownAfter(changesHeadline(p), p)
}

// checkedSoFar says how far the plans are while checks run.
func checkedSoFar(c progress) line {
	if c.all == 0 {
		return own("Merging changes no instance")
	}
	return say("{} planned", count(c.all, "instance", "instances"))
}

// consequences say what merging would do, where something else is the headline.
func consequences(c progress, p planner.Preview) line {
	switch {
	case c.all == 0:
		return own("Merging would change no instance.")
	case c.changing == 0 && c.later > 0:
		return onlyKnownAfter(p)
	case c.changing == 0:
		return own("No plan has a change.")
	}
	return andKnownAfter(say("Merging would change {}: {}.", changed(p), tallied(p.Instances...).sentence()), p)
}

func changesHeadline(p planner.Preview) line {
	total := tallied(p.Instances...)
	head := strong(say("Merging changes {}: {}.", changed(p), total.sentence()))
	if total.destructive() {
		head = say("⚠️ {}", head)
	}
	var same []string
	changing := map[string]bool{}
	for _, name := range changingEnvironments(p) {
		changing[name] = true
	}
	for _, later := range knownAfter(p.Instances) {
		changing[later.Instance.Environment] = true // nobody knows yet
	}
	for _, name := range p.Environments {
		if !changing[name] {
			same = append(same, name)
		}
	}
	if len(same) == 0 {
		return head
	}
	return say("{} {} {} as {}.", head, list(each(same, text)), own(verb(len(same), "stays", "stay")),
		own(verb(len(same), "it is", "they are")))
}

func changed(p planner.Preview) line { return listAtMost(each(changingEnvironments(p), text), 8) }

// changingEnvironments are those in which a plan has a change, in order.
func changingEnvironments(p planner.Preview) []string {
	changing := map[string]bool{}
	for _, instance := range p.Instances {
		if !tallied(instance).empty() {
			changing[instance.Instance.Environment] = true
		}
	}
	var names []string
	for _, environment := range newTotals(p).environments {
		if changing[environment] {
			names = append(names, environment)
		}
	}
	return names
}

func nothingDepends(environments []string) line {
	if len(environments) == 0 {
		return own("no instance depends on what it touches")
	}
	names := each(environments, text)
	return say("no instance in {} depends on what it touches", either(names))
}

// either is "a, b or c".
func either(lines []line) line {
	if len(lines) < 2 {
		return join(lines, "")
	}
	last := len(lines) - 1
	return say("{} or {}", join(lines[:last], ", "), lines[last])
}
