package promote

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config/calendar"

	"github.com/trunkline/trunkline/config"
)

// NoticeKind says what people are told about.
type NoticeKind string

const (
	// NoticeWeek and NoticeDay: planned divergence ends within a week, or a day.
	NoticeWeek NoticeKind = "divergence ends in a week"
	NoticeDay  NoticeKind = "divergence ends in a day"
	// NoticeEnded: it is past its end, and nothing diverges any more; its declaration can go.
	NoticeEnded NoticeKind = "divergence ended"
	// NoticePast: it is past its end, and components still diverge: its owner gets an issue.
	NoticePast NoticeKind = "divergence overdue"
	// NoticeOverdue: an environment did not converge in time; see [Overdue].
	NoticeOverdue NoticeKind = "environment overdue"
	// NoticeOverride: somebody passed closed gates; an issue asks to follow it up.
	NoticeOverride NoticeKind = "override"
	// NoticeLifted: somebody lifted another's hold; its owner is told.
	NoticeLifted NoticeKind = "hold lifted"
	// NoticeRollback: an environment goes back; NoticeRollbackStopped: it could not. Subject: the deployment. Those whose
	// commits are taken back are told.
	NoticeRollback        NoticeKind = "rollback"
	NoticeRollbackStopped NoticeKind = "rollback stopped"
	// NoticeRollbackRefused: what somebody asked for would lose something for good. Subject: the wish.
	NoticeRollbackRefused NoticeKind = "rollback refused"
	// NoticeRevert: there is a pull request that takes commits back on trunk, or there can be none. Subject: the wish for it.
	NoticeRevert NoticeKind = "revert"
	// NoticeNotBack: a deployment failed and is not rolled back although the rules ask for it. Subject: the deployment.
	NoticeNotBack NoticeKind = "not rolled back"
	// NoticeRelease: a step of a release failed, or is taken back. Subject: the step.
	NoticeRelease NoticeKind = "release"
)

// Given is a notice that was given.
type Given struct {
	Kind        NoticeKind
	Environment string
	// Subject tells apart what it was about; see [Notice].
	Subject string
	At      time.Time
}

// Notice is something that people are to be told, once.
type Notice struct {
	Kind        NoticeKind
	Environment string
	// Subject is the same for the same matter, and another one for another: kept in [Given].
	Subject string
	// Owner is a login or a team; empty: nobody in particular.
	Owner string
	// Text is a sentence without its full stop.
	Text string
	// Issue: it is worth an issue of its own.
	Issue bool
}

// NoticesDue are what people are to be told now and were not told yet, in a fixed order.
func NoticesDue(state State) (due []Notice) {
	state = state.indexed()
	if len(state.Problems) > 0 {
		return nil
	}
	for _, rules := range state.Rules.Environments {
		environment, known := state.Environments[rules.Name]
		if !known {
			continue
		}
		decision := decide(&state, rules)
		if late := decision.Overdue; late != nil && late.Alarm {
			due = append(due, Notice{Kind: NoticeOverdue, Environment: rules.Name, Subject: late.Oldest.SHA, Text: late.Text(rules.Name, inZone(state))})
		}
		if last := environment.Last; decision.NotBack != "" && last != nil && !last.Rollback {
			notice := Notice{Kind: NoticeNotBack, Environment: rules.Name, Subject: fmt.Sprint(last.ID), Text: fmt.Sprintf(
				"%s is not rolled back after the failure of %s, because %s", rules.Name, code(last.To), decision.NotBack)}
			if !state.wasGiven(notice) {
				due = append(due, notice)
			}
		}
		for _, hold := range (ruleset{Environment: rules, repository: &state.Rules, calls: rules.Name}).divergences() {
			if notice, is := state.ofDivergence(environment, hold); is && !state.wasGiven(notice) {
				due = append(due, notice)
			}
		}
	}
	return due
}

func inZone(state State) time.Time {
	if state.Rules.Zone == nil {
		return state.Now.UTC()
	}
	return state.Now.In(state.Rules.Zone)
}

// ofDivergence is the notice that its end calls for now. Only the last one counts: who declares a divergence for three days
// need not hear of a week.
func (s *State) ofDivergence(environment Environment, hold Hold) (n Notice, is bool) {
	left := hold.Until.Sub(s.Now)
	n = Notice{Environment: environment.Name, Owner: hold.OwnerName, Subject: hold.subject()}
	what := fmt.Sprintf("planned divergence of %s in %s (%s)", strings.Join(hold.Components, ", "), environment.Name, hold.Reason)
	end := when(hold.Until, s.Rules.Zone)
	diverging := slices.ContainsFunc(environment.LeftOut, func(l LeftOut) bool { return named(hold.Components, l.Component) })
	switch {
	case left > 7*24*time.Hour:
		return n, false
	case left > 24*time.Hour:
		n.Kind, n.Text = NoticeWeek, fmt.Sprintf("%s ends %s", what, end)
	case left > 0:
		n.Kind, n.Text = NoticeDay, fmt.Sprintf("%s ends %s", what, end)
	case diverging:
		n.Kind, n.Issue = NoticePast, true
		n.Text = fmt.Sprintf("%s was to end %s, and is overdue: `/promote %s` brings the components up, or declare a later end", what, end, environment.Name)
	default:
		n.Kind, n.Text = NoticeEnded, fmt.Sprintf("%s ended %s, and nothing diverges: its declaration can be taken out", what, end)
	}
	return n, true
}

// SubjectOf is the subject of all notices about a declared divergence: the same in each of its environments, and another one
// where what diverges, its owner or its end is another.
func SubjectOf(declared config.Divergence) string {
	return Hold{Components: declared.Components, OwnerName: declared.Owner, Until: declared.Until}.subject()
}

// subject of a divergence: what, whose and until when. With another end it is another matter.
func (h Hold) subject() string {
	components := slices.Sorted(slices.Values(h.Components))
	return fmt.Sprintf("%s %s %s", strings.Join(components, ","), h.OwnerName, h.Until.UTC().Format(time.RFC3339))
}

func (s *State) wasGiven(notice Notice) bool {
	return slices.ContainsFunc(s.Notices, func(g Given) bool {
		return g.Kind == notice.Kind && g.Environment == notice.Environment && g.Subject == notice.Subject
	})
}

// Again is when the state is to be decided about even if nothing happens: when a gate opens, a hold ends, or a notice is
// due. The zero time: time alone changes nothing.
func Again(state State) time.Time {
	state = state.indexed()
	var next []time.Time
	for _, rules := range state.Rules.Environments {
		if _, known := state.Environments[rules.Name]; !known {
			continue
		}
		c, _ := consider(&state, rules)
		decision := decide(&state, rules)
		for _, gate := range decision.Gates {
			if !gate.Open {
				next = append(next, gate.OpensAt)
			}
		}
		next = append(next, c.changes(decision)...)
	}
	next = slices.DeleteFunc(next, func(t time.Time) bool { return !t.After(state.Now) })
	if len(next) == 0 {
		return time.Time{}
	}
	return slices.MinFunc(next, time.Time.Compare)
}

// changes are moments at which something else than a gate changes.
func (c *considered) changes(decision Decision) (moments []time.Time) {
	for _, hold := range c.environment.Holds {
		moments = append(moments, hold.From, hold.Until)
	}
	for _, hold := range c.versions[0].divergences() {
		moments = append(moments, hold.Until.AddDate(0, 0, -7), hold.Until.Add(-24*time.Hour), hold.Until)
	}
	if lacks := c.lacks(); len(lacks) > 0 && c.versions[0].ConvergeWithin > 0 {
		moments = append(moments, lacks[0].Merged.Add(c.versions[0].ConvergeWithin))
	}
	if decision.Promotion != nil {
		// What people read says which gates are open: it changes when they close, too.
		q := question{c, c.versions[0], *decision.Promotion}
		sets, _ := q.windows()
		spans, _ := q.freezes()
		moments = append(moments, calendar.Closes(sets, c.state.Now))
		for _, span := range spans {
			moments = append(moments, span.From)
		}
	}
	for _, rules := range c.versions {
		if decision.Promotion != nil && rules.AutoIf != nil && rules.AutoIf.UsesTime() {
			moments = append(moments, c.state.Now.Truncate(time.Minute).Add(time.Minute))
		}
	}
	slices.SortFunc(moments, func(a, b time.Time) int { return cmp.Compare(a.UnixNano(), b.UnixNano()) })
	return moments
}
