package comment

import (
	"github.com/trunkline/trunkline/planner"
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

// backStopped is the headline where a rollback did not get to its end.
func backStopped(stage promote.Stage, o Options) line {
	l := say("❌ **The rollback of {} {} stopped: {}.**", text(stage.Environment.Name), fromTo(stage.Range.From.SHA, stage.Range.To.SHA), whatFailed(stage.Deployment))
	if unsafe(stage.Deployment) {
		return l
	}
	return say("{} {} tries it again.", l, o.typed("/retry "+stage.Environment.Name))
}

// unsafe tells whether a rollback was given up because it would lose something for good: then it is in vain to try again.
func unsafe(d *promote.Deployment) bool {
	return d != nil && d.Failure != nil && d.Failure.Step == "rollback"
}

// forward says how it goes on after a rollback that did not get to its end.
func forward(stage promote.Stage, o Options) line {
	name := stage.Environment.Name
	l := say("Nothing happens by itself any more: {} is held. Mend it forward: merge what mends or reverts it, then {} and {}.", text(name),
		o.typed("/unhold "+name), o.typed("/promote "+name))
	if unsafe(stage.Deployment) {
		return l
	}
	return say("{} Or mend what the rollback met, and {} tries it again.", l, o.typed("/retry "+name))
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

// undone explains the failure that a rollback answers.
func undone(stage promote.Stage) section {
	d := stage.Undone
	if d == nil || d.Failure == nil {
		return section{}
	}
	var all []*document
	for _, most := range []int{60, 10} {
		part := &document{}
		part.paragraph(say("**What went back in {}**: {}.", text(stage.Environment.Name), whatFailed(d)))
		if d.Failure.Message != "" {
			part.append(messageBlock(d.Failure.Message, most))
		}
		if most > 10 {
			part.append(instanceTable(promote.Stage{Environment: stage.Environment, Deployment: d}, 50))
		}
		all = append(all, part)
	}
	return versions(all...)
}

// Back is a rollback that people are told of, or that was not to be.
type Back struct {
	Kind        promote.NoticeKind
	Environment string
	// Range that is taken back.
	promote.Range
	// Stays are the instances that are not in the older commit, with how to destroy them: what they deployed stays.
	Stays []planner.InstancePreview
	// Notice says what happened, as a sentence without its full stop.
	Notice string
}

// TakenBack tells those whose commits they are that an environment goes back, or could not, and how it goes on.
func TakenBack(b Back, o Options) string {
	d := &document{}
	var who []line
	seen := map[int64]bool{0: true} // a name that only Git tells has no id
	for _, commit := range b.Commits {
		if author := commit.Author; !seen[author.ID] && account.MatchString(author.Login) { // no App
			seen[author.ID] = true
			who = append(who, mention(author.Login))
		}
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
		d.paragraph(say("A rollback is never rolled back, so people go on from here: the comment about the rollout says how. {} is held.", text(name)))
	default:
		d.paragraph(say("Mend it forward: merge a commit that mends or reverts it, and {}. Until then {} keeps everything as it is.",
			o.typed("/promote "+name), o.typed("/hold "+name+" because <reason>")))
	}
	short := &document{}
	short.append(d)
	for _, warning := range removed(b.Stays) {
		d.paragraph(say("{}.", warning))
	}
	for _, part := range choose(removals(b.Stays), o.limit()-d.size()-leftOutSize).documents {
		d.append(part)
	}
	d.small(own("This is said once."))
	return bounded(o.limit(), d, short)
}

// RollbackIssue tells of a rollback where there is no pull request to say it on.
func RollbackIssue(environment, notice string, o Options) Issue {
	d := &document{}
	d.paragraph(say("{}.", sentence(notice)))
	d.small(say("{} shows what runs where.", o.typed("/status")))
	return Issue{Title: title(say("{} and its rollback", text(environment))), Body: bounded(o.limit(), d)}
}

// ReleaseIssue tells of a release where there is no pull request to say it on.
func ReleaseIssue(environment, notice string, o Options) Issue {
	d := &document{}
	d.paragraph(say("{}.", sentence(notice)))
	d.small(say("{} shows what runs where.", o.typed("/status")))
	return Issue{Title: title(say("{} and its release", text(environment))), Body: bounded(o.limit(), d)}
}

// Told tells somebody what became of a wish.
func Told(owner, notice string, o Options) string {
	d := &document{}
	d.paragraph(addressed(owner, say("{}.", sentence(notice))))
	return bounded(o.limit(), d)
}

// Reverting is what a pull request takes back on trunk.
type Reverting struct {
	promote.Range
	// Environment that went back, as By asked on the pull request AskedOn.
	Environment string
	By          promote.Person
	AskedOn     int
}

// RevertPull are the words of a pull request that takes a range back on trunk.
func RevertPull(r Reverting, o Options) Issue {
	what := contents(promote.Range{Commits: r.Commits})
	if what == nil {
		what = commit(r.From.SHA)
	}
	d := &document{}
	d.paragraph(say("Takes back on trunk {}: everything after {} up to {}.", what, commit(r.To.SHA), commit(r.From.SHA)))
	asked := say("{} went back from {} to {}", text(r.Environment), commit(r.From.SHA), commit(r.To.SHA))
	if r.By.Login != "" {
		asked = say("{}, as {} asked with {}", asked, text(r.By.Login), o.typed("/rollback "+r.Environment+" with revert"))
	}
	if r.AskedOn != 0 {
		asked = say("{} on {}", asked, pull(r.AskedOn))
	}
	d.paragraph(say("{}. Merging this brings trunk and {} together again: then {}.", asked, text(r.Environment), o.typed("/unhold "+r.Environment)))
	names := atMost(each(r.Pulls(), pull), 5)
	if len(names) == 0 {
		names = []line{commit(r.From.SHA)}
	}
	return Issue{Title: title(say("Take back {}", list(names))), Body: bounded(o.limit(), d)}
}
