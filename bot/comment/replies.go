package comment

import (
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
)

// manyAnswers is how many commands are shown with their outcome; older ones are folded.
const manyAnswers = 5

// answers to the commands on a pull request: the newest in sight, the older ones folded.
func answers(all []promote.Answer, o Options) section {
	if len(all) == 0 {
		return section{}
	}
	items := each(all, func(a promote.Answer) line { return answer(a, o) })
	split := max(0, len(items)-manyAnswers)
	shown := func(from int) *document {
		d := &document{}
		d.paragraph(own("**What was asked here**"))
		d.items(items[from:])
		return d
	}
	full := shown(split)
	if split > 0 {
		older := &document{}
		older.items(items[max(0, split-50):split])
		full.details(count(split, "earlier command", "earlier commands"), older)
	}
	return versions(full, shown(split), shown(len(items)-1))
}

// answer is one command with its outcome.
func answer(a promote.Answer, o Options) line {
	outcome := own("")
	if a.Refused {
		outcome = own("refused. ")
	}
	return say("{}: {} → {}{}", text(person(a.By)), code(shortened(a.Command, 120)), outcome,
		prose(shortened(a.Text, 1000)))
}

// person by login; the zero Person is Trunkline.
func person(p promote.Person) string {
	if p.Login == "" {
		return "Trunkline"
	}
	return p.Login
}

// Reply is the answer to one command as a comment of its own, where there is no comment about a rollout to show it.
func Reply(a promote.Answer, o Options) string {
	d := &document{}
	d.paragraph(answer(a, o))
	return bounded(o.limit(), d)
}

// Status is the answer to /status: what runs where, and what each environment waits for. Decisions are those that
// hold now, in any order.
func Status(s promote.State, decisions []promote.Decision, o Options) string {
	d := &document{}
	if len(s.Trunk) > 0 {
		d.paragraph(say("**Trunk is at {}.**", commitOf(s.Trunk[len(s.Trunk)-1])))
	}
	if len(s.Problems) > 0 {
		d.paragraph(say("❌ **Nothing moves: the configuration on trunk has {}.**",
			count(len(s.Problems), "error", "errors")))
		d.append(problems(promote.Rollout{Problems: s.Problems}).least)
	}
	var rows [][]line
	for _, environment := range s.Rules.Environments {
		rows = append(rows, statusRow(environment, s, decisions, o))
	}
	short := &document{}
	short.append(d)
	if len(rows) > 0 {
		d.table([]line{own("environment"), own("runs"), own("since"), own("next")}, rows)
	}
	return bounded(o.limit(), d, short)
}

func statusRow(rule config.Environment, s promote.State, decisions []promote.Decision, o Options) []line {
	environment := s.Environments[rule.Name]
	stage := promote.Stage{Environment: rule, Deployment: environment.Last}
	for i, c := range s.Trunk {
		if c.SHA == environment.Runs {
			stage.Runs, stage.Behind = c, len(s.Trunk)-1-i
		}
	}
	if stage.Runs.SHA == "" {
		stage.Runs.SHA = environment.Runs
	}
	since := own("–")
	if !environment.Since.IsZero() {
		since = clock(environment.Since)
	}
	return []line{text(rule.Name), runs(stage), since, statusNext(stage, decisions, o)}
}

// statusNext is what an environment does or waits for.
func statusNext(stage promote.Stage, decisions []promote.Decision, o Options) line {
	if d := stage.Deployment; d != nil && d.Phase.Live() {
		return say("⏳ goes to {}: {}", commit(d.To), howFar(d))
	}
	next := own("–")
	for _, decision := range decisions {
		if decision.Environment != stage.Environment.Name {
			continue
		}
		stage.Waits = decision.Waits
		switch {
		case decision.Start != nil:
			next = say("starts: {}", commit(decision.Start.To.SHA))
		case len(decision.Waits) > 0:
			next = firstReason(stage, o)
		}
	}
	if d := stage.Deployment; d != nil && d.Phase == promote.Failed && d.To != stage.Runs.SHA {
		return say("❌ {} on the way to {}; {}", whatFailed(d), commit(d.To), say("{} tries again", again(stage, o)))
	}
	return next
}

// Rights are what one person may do in a repository, for /help.
type Rights struct {
	// Person who asks.
	Person promote.Person
	// Write access to the repository: it is needed to plan and to promote.
	Write bool
}

// Help is the answer to /help: what can be typed here, and what this repository's rules let the person do.
func Help(environments []config.Environment, may Rights, o Options) string {
	d := &document{}
	if may.Write {
		d.paragraph(say("**{}, you may use all of these here.**", text(person(may.Person))))
	} else {
		d.paragraph(say("**{}, you have no write access here**, so only others can use {} and {}.",
			text(person(may.Person)), o.typed("/plan"), o.typed("/promote")))
	}
	d.table([]line{own("command"), own("effect")}, [][]line{
		{o.typed("/plan [environment…] [at <sha>]"),
			own("plan the pull request again; with a SHA, exactly that commit")},
		{o.typed("/promote <environment> [to <sha>]"),
			own("move an environment to the newest commit that it may have, or to the one you name")},
		{o.typed("/status"), own("what runs where, and what is waited for")},
		{o.typed("/help"), own("this")},
	})
	short := &document{}
	short.append(d)
	d.items(each(environments, func(e config.Environment) line { return moves(e, o) }))
	d.small(own("A command stands at the start of a line of a new comment; several lines are several commands."))
	return bounded(o.limit(), d, short)
}

// moves says who moves an environment, and after which others.
func moves(e config.Environment, o Options) line {
	l := say("**{}** moves with {}", text(e.Name), o.typed("/promote "+e.Name))
	if e.Promote == config.Auto {
		l = say("**{}** moves by itself", text(e.Name))
	}
	if len(e.After) > 0 {
		l = say("{}, after {}", l, listAtMost(each(e.After, text), 8))
	}
	if len(e.Verify) > 0 {
		l = say("{}; then {} must pass", l, listAtMost(each(e.Verify, func(c config.Check) line { return code(c.Name) }), 5))
	}
	return l
}
