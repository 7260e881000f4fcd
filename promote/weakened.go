package promote

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/config/calendar"
)

// Weakening is a rule that a change of the configuration makes weaker. Until an environment runs the change, the former
// rule counts there too.
type Weakening struct {
	// Environment whose rule it is; empty: of all.
	Environment string
	// Key of the configuration.
	Key string
	// Text is a sentence without its full stop: what was, and what would be.
	Text string
	// AtOnce: it counts from the merge on, because the environment is gone that would have to be waited for.
	AtOnce bool
}

// Weakened are the rules that the new configuration makes weaker than the old one has them, for the preview of such a
// change. Where it cannot be told which of two rules is the stricter, the change is among them.
func Weakened(old, new config.Repository) (weaker []Weakening) {
	for _, before := range old.Environments {
		after, ok := new.Environment(before.Name)
		if !ok {
			weaker = append(weaker, Weakening{Environment: before.Name, Key: "environments", Text: fmt.Sprintf("%s is gone, and its gates with it", before.Name),
				AtOnce: leftBehind(old, new, before)})
			continue
		}
		w := weakening{old: old, before: before, after: after}
		w.order(new)
		w.proving()
		w.release()
		w.gates()
		w.people()
		w.back()
		weaker = append(weaker, w.found...)
	}
	return append(weaker, acrossEnvironments(old, new)...)
}

// leftBehind tells whether an environment is gone, and no other one, which has its stacks now or may be it by a new name, is held
// to its rules.
func leftBehind(old, new config.Repository, gone config.Environment) bool {
	if _, there := new.Environment(gone.Name); there {
		return false
	}
	return !slices.ContainsFunc(new.Environments, func(e config.Environment) bool {
		_, before := old.Environment(e.Name)
		return !before || takesFrom(e, old, new, gone)
	})
}

// weakening compares one environment's rules.
type weakening struct {
	old           config.Repository
	before, after config.Environment
	found         []Weakening
}

func (w *weakening) add(weaker bool, key, format string, args ...any) {
	if weaker {
		w.found = append(w.found, Weakening{Environment: w.before.Name, Key: key, Text: fmt.Sprintf(format, args...)})
	}
}

func (w *weakening) order(new config.Repository) {
	b, a := w.before, w.after
	for _, name := range b.After {
		before := len(w.found)
		w.add(!slices.Contains(a.After, name), "after", "it would not come after %s any more", name)
		if gone, _ := w.old.Environment(name); len(w.found) > before && leftBehind(w.old, new, gone) {
			w.found[before].Text += ", which is gone"
			w.found[before].AtOnce = true
		}
	}
	if len(b.AfterAny) > 0 {
		wider := len(a.AfterAny) == 0 && !slices.ContainsFunc(b.AfterAny, func(n string) bool { return slices.Contains(a.After, n) })
		for _, name := range a.AfterAny {
			wider = wider || !slices.Contains(b.AfterAny, name)
		}
		w.add(wider, "after", "it would not need one of %s any more", strings.Join(b.AfterAny, ", "))
	}
	w.add(b.OneByOne && !a.OneByOne, "one_by_one", "several commits could go together")
	w.checks("", b.Verify, a.Verify)
	for _, check := range b.Scheduled {
		same := func(c config.ScheduledCheck) bool {
			return c.Name == check.Name && c.Run == check.Run && c.Workflow.Equal(check.Workflow) && c.HTTP == check.HTTP && c.Status == check.Status && c.Schedule.Equal(check.Schedule)
		}
		w.add(!slices.ContainsFunc(a.Scheduled, same), "verify", "the scheduled check %s is changed or gone", check.Name)
	}
}

func (w *weakening) gates() {
	b, a := w.before, w.after
	w.add(b.Promote == config.Manual && a.Promote == config.Auto, "promote", "it would go by itself, and nobody would have to ask")
	w.add(a.AutoIf != nil && !a.AutoIf.Equal(b.AutoIf), "auto_if", "it would go by itself where `%s` holds", a.AutoIf)
	w.add(b.AutoIf != nil && a.AutoIf == nil && a.Promote == config.Auto, "auto_if", "`%s` would not be asked any more", b.AutoIf)
	w.add(a.Soak < b.Soak, "soak", "%s instead of %s", lasting(a.Soak), lasting(b.Soak))
	for _, name := range b.Require {
		w.add(!slices.Contains(a.Require, name), "require", "%s would not have to pass any more", name)
	}
	w.add(b.MaxRange.Commits > 0 && (a.MaxRange.Commits == 0 || a.MaxRange.Commits > b.MaxRange.Commits) ||
		b.MaxRange.Pulls > 0 && (a.MaxRange.Pulls == 0 || a.MaxRange.Pulls > b.MaxRange.Pulls), "max_range", "more could go at once")
	w.add(len(b.Windows) > 0 && !slices.EqualFunc(b.Windows, a.Windows, calendar.Window.Equal), "windows", "other windows than %s", windowsText(b.Windows))
	w.add(b.ConvergeWithin > 0 && (a.ConvergeWithin == 0 || a.ConvergeWithin > b.ConvergeWithin), "converge_within", "being late would be told later, or not at all")
}

func windowsText(windows []calendar.Window) string {
	texts := make([]string, len(windows))
	for i, window := range windows {
		texts[i] = window.String()
	}
	return strings.Join(texts, "; ")
}

func (w *weakening) people() {
	b, a := w.before, w.after
	w.approvals("approve", b.Approve, a.Approve)
	asked := len(b.Approve) > 0
	w.add(asked && !b.AuthorMayApprove && a.AuthorMayApprove, "author_may_approve", "authors could approve what they wrote")
	w.add(asked && !b.MergerMayApprove && a.MergerMayApprove, "merger_may_approve", "who merged could approve")
	w.add(asked && !b.PromoterMayApprove && a.PromoterMayApprove, "promoter_may_approve", "who asked could approve")
	w.add(!within(a.Allow.Promote, b.Allow.Promote), "allow", "others than %s could promote", b.Allow.Promote)
	w.add(!within(a.Allow.Override, b.Allow.Override) || b.Allow.Override.Anyone() && !a.Allow.Override.Anyone(), "allow", "others could override")
	w.add(!within(b.Allow.Hold, a.Allow.Hold), "allow", "some could not hold it any more")
}

// approvals compares the rules of which each has to be met.
func (w *weakening) approvals(key string, before, after []config.ApproveRule) {
	rest := slices.Clone(after)
	for _, rule := range before {
		i := slices.IndexFunc(rest, func(r config.ApproveRule) bool { return r.Count >= rule.Count && within(r.Who, rule.Who) })
		if i >= 0 {
			rest = slices.Delete(rest, i, i+1)
			continue
		}
		w.add(true, key, "%d of %s would not have to approve any more, or others could", rule.Count, rule.Who)
	}
}

// back compares the rules for going back.
func (w *weakening) back() {
	b, a := w.before.Rollback, w.after.Rollback
	w.approvals("rollback", b.Approve, a.Approve)
	for _, pattern := range b.Irreversible {
		w.add(!slices.Contains(a.Irreversible, pattern), "rollback", "`%s` would not be irreversible any more", pattern)
	}
	for _, pattern := range a.Stateless {
		w.add(!slices.Contains(b.Stateless, pattern), "rollback", "`%s` might be destroyed and replaced where it goes back", pattern)
	}
	w.add(w.before.OnFailure.Rollback && !w.after.OnFailure.Rollback, "on_failure", "nothing would go back by itself any more where a deployment fails")
}

// within tells whether everyone of the first is also among the second.
func within(who, of config.Who) bool {
	if of.Anyone() {
		return true
	}
	if who.Anyone() {
		return false
	}
	has := func(all []string) func(string) bool {
		return func(name string) bool {
			return !slices.ContainsFunc(all, func(other string) bool { return strings.EqualFold(name, other) })
		}
	}
	return !slices.ContainsFunc(who.Users, has(of.Users)) && !slices.ContainsFunc(who.Teams, has(of.Teams))
}

func acrossEnvironments(old, new config.Repository) (weaker []Weakening) {
	for _, environment := range new.Environments {
		for _, before := range old.Environments {
			if takesFrom(environment, old, new, before) {
				weaker = append(weaker, Weakening{Environment: before.Name, Key: "stacks", Text: fmt.Sprintf("stacks of %s could belong to %s, and have its gates", before.Name, environment.Name)})
			}
		}
	}
	for _, freeze := range old.Freezes {
		if !slices.ContainsFunc(new.Freezes, func(f config.Freeze) bool { return covers(f, freeze) }) {
			weaker = append(weaker, Weakening{Key: "freezes", Text: fmt.Sprintf("the freeze until %s (%s) is gone or shorter", when(freeze.To, old.Zone), freeze.Reason)})
		}
	}
	for _, migration := range old.Migrations {
		if !slices.ContainsFunc(new.Migrations, func(m config.Migration) bool {
			return subset(migration.Expand, m.Expand) && subset(migration.Contract, m.Contract)
		}) {
			weaker = append(weaker, Weakening{Key: "migrations", Text: fmt.Sprintf("the steps of %s are not told apart as before", migration.Name)})
		}
	}
	for _, divergence := range old.Diverge {
		if !slices.ContainsFunc(new.Diverge, func(d config.Divergence) bool {
			return !d.Until.Before(divergence.Until) && subset(divergence.Components, d.Components) && subset(divergence.Environments, d.Environments)
		}) {
			weaker = append(weaker, Weakening{Key: "diverge", Text: fmt.Sprintf("%s could converge before %s", strings.Join(divergence.Components, ", "), when(divergence.Until, old.Zone))})
		}
	}
	return weaker
}

// covers tells whether a freeze stops all that another stops.
func covers(freeze, other config.Freeze) bool {
	all := len(freeze.Environments) == 0 || len(other.Environments) > 0 && subset(other.Environments, freeze.Environments)
	return all && !freeze.From.After(other.From) && !freeze.To.Before(other.To)
}

// subset tells whether all of the first are among the second.
func subset(names, of []string) bool {
	return !slices.ContainsFunc(names, func(name string) bool { return !slices.Contains(of, name) })
}
