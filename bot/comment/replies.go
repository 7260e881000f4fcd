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
	r := promote.Rollout{Stages: statusStages(s, decisions)}
	sections := []section{alarms(r)}
	if more := releases(r.Stages, o); !more.nothing() {
		sections = append(sections, more)
	}
	for _, stage := range r.Stages {
		if more := gates(stage, o); !more.nothing() {
			sections = append(sections, more)
		}
	}
	for _, more := range choose(sections, o.limit()-d.size()).documents {
		d.append(more)
	}
	return bounded(o.limit(), d, short)
}

// statusStages are the environments with what was decided about them.
func statusStages(s promote.State, decisions []promote.Decision) (stages []promote.Stage) {
	for _, decision := range decisions {
		rules, _ := s.Rules.Environment(decision.Environment)
		stage := promote.Stage{Environment: rules, Status: promote.HeldBack, Gates: decision.Gates, Approvals: decision.Approvals,
			Overdue: decision.Overdue, LeftOut: s.Environments[decision.Environment].LeftOut,
			Release: s.Environments[decision.Environment].Release, Released: s.Environments[decision.Environment].Released,
			ReleaseWaits: promote.ReleaseWaits(s, decision.Environment)}
		if decision.Promotion != nil {
			stage.Range = decision.Promotion.Range
		}
		stages = append(stages, stage)
	}
	return stages
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
	if d := stage.Deployment; d != nil && d.Phase.Live() && d.Rollback {
		return say("⏪ goes back to {}: {}", commit(d.To), howFar(d))
	} else if d != nil && d.Phase.Live() {
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
	if d := stage.Deployment; d != nil && d.Rollback && unsafe(d) && d.Phase == promote.Failed {
		return say("❌ cannot go back to {}: going back is not safe; {}", commit(d.To), next)
	}
	if d := stage.Deployment; d != nil && d.Rollback && (d.Phase == promote.Failed || d.Phase == promote.Aborted) {
		return say("❌ {} on the way back to {}; {} tries it again", whatFailed(d), commit(d.To), o.typed("/retry "+stage.Environment.Name))
	}
	if d := stage.Deployment; d != nil && (d.Phase == promote.Failed || d.Phase == promote.Aborted) && d.To != stage.Runs.SHA {
		return say("❌ {} on the way to {}; {}", whatFailed(d), commit(d.To), say("{} tries again", again(stage, o)))
	}
	return next
}
