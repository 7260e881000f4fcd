package comment

import (
	"regexp"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
)

// Issue is an issue to open. Title is plain text, Body Markdown.
type Issue struct{ Title, Body string }

// account is a login, or a team as "organisation/team". Nothing else is mentioned.
var account = regexp.MustCompile(`^[a-zA-Z\d](?:[a-zA-Z\d-]{0,38})(?:/[a-zA-Z\d](?:[a-zA-Z\d_.-]{0,99}))?$`)

// mention calls somebody by name on purpose. It is for those who have to hear of something; everywhere else names stay text.
func mention(owner string) line {
	if !account.MatchString(owner) {
		return text(owner)
	}
	return line{{kind: spanOwn, text: "@" + owner}}
}

// addressed begins a sentence with who is to hear it; an empty owner: nobody in particular.
func addressed(owner string, l line) line {
	if owner == "" {
		return l
	}
	return say("{}: {}", mention(owner), l)
}

// Overdue tells on a pull request that an environment is late with it. The notice is that of [promote.Overdue].
func Overdue(notice string, o Options) string {
	d := &document{}
	d.paragraph(say("⏰ **{}.**", prose(shortened(notice, 2000))))
	d.small(say("This is said once. {} shows what is waited for by now.", o.typed("/status")))
	return bounded(o.limit(), d)
}

// OverdueIssue tells that an environment is late where there is no pull request to say it on.
func OverdueIssue(environment, notice string, o Options) Issue {
	return Issue{Title: title(say("{} is overdue", text(environment))), Body: Overdue(notice, o)}
}

// Lifted tells the owner of a hold that somebody else took it away. The notice says who, and why.
func Lifted(owner, notice string, o Options) string {
	d := &document{}
	d.paragraph(addressed(owner, say("{}.", prose(shortened(notice, 2000)))))
	return bounded(o.limit(), d)
}

// Overridden is an emergency in which somebody passed closed gates.
type Overridden struct {
	Environment string
	By          promote.Person
	At          time.Time
	// From and To are what the environment ran and was brought to, as far as known.
	From, To promote.Commit
	Reason   string
	// Gates that were passed, with what they said.
	Gates []promote.Gate
}

// OverrideIssue follows up an emergency: who passed what, why, and what is to be made up for.
func OverrideIssue(e Overridden, o Options) Issue {
	d := &document{}
	d.paragraph(say("{} passed {} of **{}** on {}, to bring it from {} to {}.", mention(e.By.Login),
		count(len(e.Gates), "closed gate", "closed gates"), text(e.Environment), clock(e.At), commit(e.From.SHA), commitOf(e.To)))
	d.paragraph(say("**Reason:** {}", text(shortened(e.Reason, 2000))))
	d.paragraph(own("**To make up for**"))
	todo := []line{say("[ ] {} runs what was meant to be there, and is healthy", text(e.Environment))}
	for _, gate := range atMostGates(e.Gates) {
		todo = append(todo, say("[ ] {}: {}", code(gate.Name), prose(shortened(gate.Text, 500))))
	}
	if len(e.Gates) > mostGates {
		todo = append(todo, say("[ ] {} more gates", number(len(e.Gates)-mostGates)))
	}
	d.items(append(todo, own("[ ] What would have spared this is written down here")))
	d.small(own("Close this when it is done. The record of the repository keeps who passed which gates, and why."))
	return Issue{Title: title(say("Follow up: {} passed gates of {}", text(e.By.Login), text(e.Environment))), Body: bounded(o.limit(), d)}
}

// mostGates is how many gates are listed.
const mostGates = 50

func atMostGates(gates []promote.Gate) []promote.Gate { return gates[:min(len(gates), mostGates)] }

// OverrideFollowed tells on the pull request which issue follows up an emergency that brought it somewhere.
func OverrideFollowed(e Overridden, issue int, o Options) string {
	d := &document{}
	d.paragraph(say("⚠️ **{} passed {} of {}** to bring {} there: {}. {} follows it up.", text(person(e.By)),
		count(len(e.Gates), "closed gate", "closed gates"), text(e.Environment), commit(e.To.SHA), text(shortened(e.Reason, 500)), pull(issue)))
	return bounded(o.limit(), d)
}

// DivergenceIssue is about a planned divergence from its first notice on. Zone is that in which its end is meant; nil: UTC.
func DivergenceIssue(declared config.Divergence, notice string, o Options) Issue {
	d := &document{}
	d.paragraph(addressed(declared.Owner, say("{}.", sentence(notice))))
	d.paragraph(say("It is declared in {}, line {}. To go on with it, declare a later end there; to end it, take the declaration out.",
		code(config.Path), number(declared.At.Line)))
	d.small(own("What else there is to say of it comes here. This is closed when it is over."))
	what := say("Planned divergence of {} in {}: {}", listAtMost(each(declared.Components, text), 3), listAtMost(each(declared.Environments, text), 3), text(declared.Reason))
	return Issue{Title: title(what), Body: bounded(o.limit(), d)}
}

// Divergence is a later notice about a planned divergence, in its issue.
func Divergence(owner, notice string, o Options) string {
	d := &document{}
	d.paragraph(addressed(owner, say("{}.", sentence(notice))))
	return bounded(o.limit(), d)
}

// DivergenceGone says in the issue of a planned divergence that it is not declared any more.
func DivergenceGone(o Options) string {
	d := &document{}
	d.paragraph(say("{} on trunk does not declare this any more, or with another end or owner. So it is closed here.", code(config.Path)))
	return bounded(o.limit(), d)
}

// sentence is outside prose that begins with a capital letter.
func sentence(s string) line {
	if s != "" && s[0] >= 'a' && s[0] <= 'z' {
		s = string(s[0]-'a'+'A') + s[1:]
	}
	return prose(shortened(s, 2000))
}

// mostTitle is how long the title of an issue may be.
const mostTitle = 250

func title(l line) string { return shortened(l.plain(), mostTitle) }
