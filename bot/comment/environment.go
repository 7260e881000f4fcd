package comment

import (
	"time"

	"github.com/trunkline/trunkline/promote"
)

// Environment is what a pull request has of its own for a while, as the comment about it shows it.
type Environment struct {
	Name  string
	Phase EnvironmentPhase
	// SHA that it has or is to have, and Head: the newest of the pull request.
	SHA, Head string
	// By asked for it.
	By promote.Person
	// Address at which it can be looked at; empty: none.
	Address                 string
	Created, Expires, Ended time.Time
	// Now, for its age.
	Now time.Time
	// Why it is destroyed, and Failure: what went wrong last.
	Why, Failure string
	// Tries is how often in a row it could not be destroyed.
	Tries     int
	Instances []EnvironmentInstance
}

// EnvironmentPhase is how far it is.
type EnvironmentPhase string

// The phases, in the words of the store.
const (
	EnvironmentCreating   EnvironmentPhase = "creating"
	EnvironmentReady      EnvironmentPhase = "ready"
	EnvironmentFailed     EnvironmentPhase = "failed"
	EnvironmentDestroying EnvironmentPhase = "destroying"
	EnvironmentGone       EnvironmentPhase = "gone"
)

// EnvironmentInstance is one instance of it, with the address of its state, and how far it is in a word.
type EnvironmentInstance struct{ Name, State, Phase string }

// OwnEnvironment is the comment about a pull request's own environment.
func OwnEnvironment(e Environment, o Options) string {
	short := &document{}
	short.paragraph(e.headline())
	if e.Failure != "" && e.Phase != EnvironmentGone {
		short.fence(plainText, shortened(e.Failure, 4000))
	}
	short.items(e.facts(o))
	d := &document{}
	d.append(short)
	if e.Phase != EnvironmentGone && len(e.Instances) > 0 {
		rows := eachRow(e.Instances, func(i EnvironmentInstance) []line { return []line{code(i.Name), text(i.Phase), code(i.State)} })
		inner := &document{}
		inner.table([]line{own("instance"), own("is"), own("state")}, rows)
		d.details(count(len(rows), "instance", "instances"), inner)
	}
	foot := e.foot(o)
	d.small(foot)
	short.small(foot)
	return bounded(o.limit(), d, short)
}

// eachRow makes a row of every element.
func eachRow[T any](all []T, show func(T) []line) [][]line {
	rows := make([][]line, len(all))
	for i, one := range all {
		rows[i] = show(one)
	}
	return rows
}

func (e Environment) headline() line {
	name, sha := code(e.Name), commit(e.SHA)
	switch e.Phase {
	case EnvironmentCreating:
		return say("⏳ **{} is brought to {}**, an environment of this pull request's own{}.", name, sha, e.progress("applied"))
	case EnvironmentReady:
		if e.Address == "" {
			return say("🌱 **{} runs {}**, an environment of this pull request's own.", name, sha)
		}
		return say("🌱 **{} runs {}**, an environment of this pull request's own: {}", name, sha, link(code(e.Address), e.Address))
	case EnvironmentFailed:
		return say("❌ **{} could not be brought to {}.** What there is of it is destroyed with it.", name, sha)
	case EnvironmentDestroying:
		if e.Tries > 0 {
			return say("❌ **{} could not be destroyed, and may still exist**, in whole or in part. It is to go because {}; it was tried {}, and is tried again until it is gone.",
				name, prose(e.Why), count(e.Tries, "time", "times"))
		}
		return say("🧹 **{} is destroyed:** {}{}.", name, prose(e.Why), e.progress("destroyed"))
	}
	return say("🧹 **{} is gone.** It was destroyed {}, after {}: {}.", name, clock(e.Ended), age(e.Ended.Sub(e.Created)), prose(e.Why))
}

// progress is how many of its instances are as far as they are to be, where some are not and one is.
func (e Environment) progress(phase literal) line {
	done, began := 0, false
	for _, instance := range e.Instances {
		began = began || instance.Phase == string(phase) || instance.Phase == "begun"
		if instance.Phase == string(phase) {
			done++
		}
	}
	if !began || done == len(e.Instances) {
		return own("")
	}
	return say(": {} of {} {}", number(done), count(len(e.Instances), "instance", "instances"), own(phase))
}

// facts are where it came from and how long it stays.
func (e Environment) facts(o Options) (items []line) {
	if e.Phase == EnvironmentGone || e.Phase == EnvironmentDestroying {
		return nil
	}
	items = append(items, say("{} asked for it; it is {} old, from {}", text(person(e.By)), age(e.Now.Sub(e.Created)), clock(e.Created)),
		say("it is destroyed {}, or when the pull request is closed or merged", clock(e.Expires)))
	if e.Head != e.SHA {
		items = append(items, say("the pull request is at {} by now: {} brings it there", commit(e.Head), o.typed("/preview")))
	}
	return items
}

func (e Environment) foot(o Options) line {
	switch e.Phase {
	case EnvironmentGone:
		return say("{} makes another, while the pull request is open", o.typed("/preview"))
	case EnvironmentDestroying:
		return say("{} tries at once", o.typed("/preview off"))
	}
	return say("{} brings it to the newest commit and lets it live longer · {} destroys it", o.typed("/preview"), o.typed("/preview off"))
}

// age is a length of time, roughly, so that it need not be written anew too often.
func age(d time.Duration) line {
	switch hours := int(d / time.Hour); {
	case hours < 1:
		return own("less than an hour")
	case hours < 48:
		return count(hours, "hour", "hours")
	default:
		return count(hours/24, "day", "days")
	}
}

// StuckEnvironment tells once whoever asked for an environment that it could not be destroyed.
func StuckEnvironment(e Environment, o Options) string {
	d := &document{}
	d.paragraph(addressed(e.By.Login, say("❌ **{} could not be destroyed, and may still exist and cost something.** It is tried again until it is gone; the comment about it says what is left, and why.", code(e.Name))))
	d.fence(plainText, shortened(e.Failure, 2000))
	d.items([]line{
		say("mend what it says, and it goes by itself; or destroy by hand what is left, and it is found to be gone"),
		say("if it takes another commit, reopen the pull request, push that, {}, and close it", o.typed("/preview")),
		say("what was said is kept: {} on the server", code("trunkline logs --environment "+e.Name)),
	})
	d.small(say("This is said once. {} tries at once.", o.typed("/preview off")))
	return bounded(o.limit(), d)
}

// DescribeEnvironment is the description of the status of its deployment on GitHub: one plain line of at most 140 characters.
func DescribeEnvironment(e Environment) string {
	var l line
	switch e.Phase {
	case EnvironmentCreating:
		l = say("Going to {}", commit(e.SHA))
	case EnvironmentReady:
		l = say("Runs {} until {}", commit(e.SHA), clock(e.Expires))
	case EnvironmentFailed:
		l = say("Could not be brought to {}", commit(e.SHA))
	case EnvironmentDestroying:
		l = say("Is destroyed: {}", text(e.Why))
		if e.Tries > 0 {
			l = own("Could not be destroyed, and may still exist")
		}
	case EnvironmentGone:
		l = say("Destroyed: {}", text(e.Why))
	default:
		l = own("A newer commit took its place")
	}
	return endCutAt(l.plain(), descriptionLimit)
}
