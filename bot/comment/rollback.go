package comment

import (
	"github.com/trunkline/trunkline/promote"
)

// goingBack is the headline of a commit that is being taken back, or that somebody wants to take back.
func goingBack(stage promote.Stage, sha line, o Options) line {
	name := text(stage.Environment.Name)
	if stage.Deployment != nil {
		return say("⏪ **{} goes back {}, without {}: {}.**", name, fromTo(stage.Range.From.SHA, stage.Range.To.SHA), sha, howFar(stage.Deployment))
	}
	return say("⏪ **{} is to go back {}, without {}:** {}.", name, fromTo(stage.Range.From.SHA, stage.Range.To.SHA), sha, firstReason(stage, o))
}

// backs tells of environments that went back without the commit.
func backs(r promote.Rollout, o Options) section {
	var items []line
	for _, stage := range r.Stages {
		d := stage.TakenBack
		if d == nil {
			continue
		}
		by := own("by itself")
		if d.By.Login != "" {
			by = say("as {} asked", text(d.By.Login))
		}
		l := say("⏪ **{} was rolled back** {}, {},{}", text(stage.Environment.Name), fromTo(d.From, d.To), by, when(*d))
		if d.Why != "" {
			l = say("{}: {}", l, prose(d.Why))
		}
		items = append(items, say("{}. It stays there until {}.", l, o.typed("/unhold "+stage.Environment.Name)))
	}
	d := &document{}
	d.items(items)
	return section{least: d}
}

// Back is a rollback that people are told of, or that was not to be.
type Back struct {
	Kind        promote.NoticeKind
	Environment string
	// Range that is taken back.
	promote.Range
	// By asked for it; the zero Person: it follows from a failure.
	By promote.Person
	// Notice says what happened, as a sentence without its full stop.
	Notice string
}

// TakenBack tells those whose commits they are that an environment goes back, or could not, and how it goes on.
func TakenBack(b Back, o Options) string {
	d := &document{}
	var who []line
	for _, author := range b.Authors() {
		who = append(who, mention(author.Login))
	}
	sign := own("⏪ ")
	if b.Kind != promote.NoticeRollback {
		sign = own("❌ ")
	}
	l := say("{}**{}.**", sign, sentence(b.Notice))
	if len(who) > 0 {
		l = say("{}: {}", listAtMost(who, 20), l)
	}
	if content := contents(b.Range); content != nil && b.Kind == promote.NoticeRollback {
		l = say("{} That takes back {}.", l, content)
	}
	d.paragraph(l)
	name := b.Environment
	switch b.Kind {
	case promote.NoticeRollback:
		d.paragraph(say("Nothing moves {} by itself from now on. When what mends it is merged, {} and {}.", text(name), o.typed("/unhold "+name), o.typed("/promote "+name)))
	case promote.NoticeRollbackStopped:
		d.paragraph(say("A rollback is never rolled back, so people go on from here: {} tries it again, or mend it forward: merge, then {} and {}.",
			o.typed("/retry "+name), o.typed("/unhold "+name), o.typed("/promote "+name)))
	default:
		d.paragraph(say("Mend it forward: merge a commit that mends or reverts it, and {}. Until then {} keeps everything as it is.",
			o.typed("/promote "+name), o.typed("/hold "+name+" because <reason>")))
	}
	d.small(own("This is said once."))
	return bounded(o.limit(), d)
}

// RollbackIssue tells of a rollback where there is no pull request to say it on.
func RollbackIssue(environment, notice string, o Options) Issue {
	d := &document{}
	d.paragraph(say("{}.", sentence(notice)))
	d.small(say("{} shows what runs where.", o.typed("/status")))
	return Issue{Title: title(say("{} and its rollback", text(environment))), Body: bounded(o.limit(), d)}
}

// Told tells somebody what became of a wish.
func Told(owner, notice string, o Options) string {
	d := &document{}
	d.paragraph(addressed(owner, say("{}.", sentence(notice))))
	return bounded(o.limit(), d)
}
