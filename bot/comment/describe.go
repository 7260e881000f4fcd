package comment

import (
	"unicode/utf8"

	"github.com/trunkline/trunkline/promote"
)

// descriptionLimit is GitHub's for the description of a deployment status.
const descriptionLimit = 140

// Describe is the description of a deployment's status on GitHub: one plain line of at most 140 bytes.
func Describe(d promote.Deployment) string {
	var l line
	switch d.Phase {
	case promote.Succeeded:
		l = say("Runs {}: {}", commit(d.To), howFar(&d))
		if d.Rollback {
			l = say("Rolled back from {}. {}", commit(d.From), l)
		}
	case promote.Failed:
		l = say("Stopped: {}.{}", whatFailed(&d), stays(&d))
		if d.Rollback {
			l = say("The rollback stopped: {}.{}", whatFailed(&d), stays(&d))
		}
	case promote.Aborted:
		l = say("Aborted.{}", stays(&d))
	case promote.Void:
		l = own("Void: gates had closed before anything was applied")
		if d.Failure != nil && d.Failure.Message != "" {
			l = say("Void, nothing was applied: {}", text(d.Failure.Message))
		}
	default:
		l = say("Going {}: {}", fromTo(d.From, d.To), howFar(&d))
		if d.Rollback {
			l = say("Going back {}: {}", fromTo(d.From, d.To), howFar(&d))
		}
	}
	return inBytes(l.plain(), descriptionLimit)
}

// Deployment is the description of a deployment itself on GitHub, where it stays as it was made: what goes where, and
// who asked for it, but not how far it got. One plain line of at most 140 bytes.
func Deployment(d promote.Deployment) string {
	l := say("{} to {}", commit(d.To), text(d.Environment))
	if d.From != "" {
		l = say("{}, which ran {}", l, commit(d.From))
	}
	if d.Rollback {
		l = say("Rollback of {} {}", text(d.Environment), fromTo(d.From, d.To))
	}
	if d.By.Login != "" {
		l = say("{}; asked for by {}", l, text(d.By.Login))
	}
	return inBytes(l.plain(), descriptionLimit)
}

// inBytes cuts plain text to at most n bytes, so that it is short enough whether GitHub counts bytes or characters.
func inBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
