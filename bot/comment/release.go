package comment

import (
	"strings"

	"github.com/trunkline/trunkline/promote"
)

// releaseShort is how it stands with a release, in a word or two.
func releaseShort(stage promote.Stage) line {
	r := stage.Release
	switch {
	case r.Phase == promote.ReleaseFailed:
		return say("⚠️ released: unknown, asked {}", percent(r.Percent))
	case r.Phase == promote.ReleaseWaiting && stage.Released != nil:
		r = stage.Released
	case r.Phase == promote.ReleaseWaiting:
		return own("not released")
	case r.Phase == promote.ReleaseRunning:
		return say("⏳ going to {}", percent(r.Percent))
	case r.Phase == promote.ReleaseWatching:
		return say("⏳ {}, watched", percent(r.Percent))
	}
	if r.Percent == 0 {
		return own("not released")
	}
	return say("released: {}", percent(r.Percent))
}

// releaseNext is what comes next in a release, or what is waited for.
func releaseNext(stage promote.Stage, o Options) line {
	r := stage.Release
	command := promote.NextRelease(stage.Environment, promote.Environment{Release: r})
	switch {
	case r.Phase == promote.ReleaseRunning:
		return own("the command runs")
	case r.Phase == promote.ReleaseWaiting && len(stage.ReleaseWaits) > 0:
		return because(stage.ReleaseWaits[0], o)
	case r.Phase == promote.ReleaseWatching:
		return own("what is watched must stay healthy")
	case command == "":
		return own("–")
	case r.Phase == promote.ReleaseFailed:
		return say("{} tries again", o.typed(command))
	}
	return o.typed(command)
}

// releases tell how many users have what environments run, and how it came to that.
func releases(stages []promote.Stage, o Options) section {
	var items []line
	messages := &document{}
	for _, stage := range stages {
		if stage.Release == nil {
			continue
		}
		items = append(items, say("{}: {}", text(stage.Environment.Name), releaseStands(stage, o)))
		if r := stage.Release; r.Phase == promote.ReleaseFailed && r.Text != "" {
			messages.append(messageBlock(r.Text, 30))
		}
	}
	if len(items) == 0 {
		return section{}
	}
	short := &document{}
	short.paragraph(own("**Released to users**"))
	short.items(items)
	full := &document{}
	full.append(short)
	full.append(messages)
	return versions(full, short)
}

// releaseStands is how it stands with a release, in sentences.
func releaseStands(stage promote.Stage, o Options) line {
	r, name := stage.Release, stage.Environment.Name
	next := promote.NextRelease(stage.Environment, promote.Environment{Release: r})
	goOn := own("")
	if next != "" {
		goOn = say("; next {}", o.typed(next))
	}
	switch r.Phase {
	case promote.ReleaseWaiting:
		has := 0
		if stage.Released != nil {
			has = stage.Released.Percent
		}
		l := say("released: {}; {} asked for {}, which waits", percent(has), text(person(r.By)), percent(r.Percent))
		if len(stage.ReleaseWaits) == 0 {
			return say("{}{}", l, goOn)
		}
		return say("{}: {}", l, join(each(stage.ReleaseWaits, func(reason promote.Reason) line { return because(reason, o) }), "; "))
	case promote.ReleaseRunning:
		return say("going from {} to {}{}", percent(r.From), percent(r.Percent), why(*r))
	case promote.ReleaseWatching:
		l := say("released: {} since {}{}, and watched", percent(r.Percent), clock(r.Since), why(*r))
		if r.Text != "" {
			l = say("{}: {}", l, prose(shortened(r.Text, 600)))
		}
		return say("{}. {} takes it away", l, o.typed("/go "+name+" 0%"))
	case promote.ReleaseFailed:
		l := say("⚠️ **unknown, asked {}**{}: it failed, and nobody knows how many users have {}; {} had it before.", percent(r.Percent),
			asker(*r), commit(r.Commit), percent(r.From))
		if next != "" {
			l = say("{} {} tries again,", l, o.typed(next))
		}
		return say("{} {} takes it away", l, o.typed("/go "+name+" 0%"))
	}
	switch {
	case r.Percent == 0 && r.By == (promote.Person{}) && !r.Back:
		if next == "" {
			return own("deployed, not released")
		}
		return say("deployed, not released: {}", o.typed(next))
	case r.Percent == 0:
		return say("not released any more since {}{}{}", clock(r.Since), why(*r), goOn)
	}
	l := say("released: {} since {}{}", percent(r.Percent), clock(r.Since), why(*r))
	if r.Up() && len(stage.Environment.Release.Watch) > 0 {
		l = say("{}, watch ok", l)
	}
	return say("{}{}", l, goOn)
}

// why a step was taken, after a comma: who asked for it, or what it takes back.
func why(r promote.Release) line {
	if r.Back {
		return say(", {}", prose(shortened(strings.TrimRight(r.Text, ".\n "), 600)))
	}
	return asker(r)
}

func asker(r promote.Release) line {
	if r.By.Login == "" {
		return own("")
	}
	return say(", asked by {}", text(r.By.Login))
}

func percent(n int) line { return say("{} %", number(n)) }
