package comment

import (
	"time"

	"github.com/trunkline/trunkline/promote"
)

// stageTable has a row for each environment.
func stageTable(d *document, r promote.Rollout, o Options) {
	if len(r.Stages) == 0 {
		return
	}
	var rows [][]line
	for _, stage := range r.Stages {
		rows = append(rows, []line{text(stage.Environment.Name), standing(stage, r), runs(stage), next(stage, r, o)})
	}
	d.table([]line{own("environment"), commit(r.Commit.SHA), own("runs"), own("next")}, rows)
}

// standing is how the commit stands in the environment, in a word or two.
func standing(stage promote.Stage, r promote.Rollout) line {
	switch stage.Status {
	case promote.Converged:
		return own("✅ there")
	case promote.Deploying:
		if stage.Deployment != nil {
			return say("⏳ {}", own(phaseWord[stage.Deployment.Phase]))
		}
		return own("⏳ starting")
	case promote.Stopped:
		return own("❌ stopped")
	case promote.Ready:
		if len(r.Problems) == 0 {
			return own("ready")
		}
	}
	return own("waiting")
}

var phaseWord = map[promote.Phase]literal{
	promote.Planning: "planning", promote.Applying: "applying", promote.Verifying: "checking",
	promote.Succeeded: "finishing", promote.Failed: "stopped",
}

func runs(stage promote.Stage) line {
	if stage.Runs.SHA == "" {
		return own("nothing yet")
	}
	if stage.Behind > 0 {
		return say("{}, {} behind trunk", commitOf(stage.Runs), number(stage.Behind))
	}
	return commitOf(stage.Runs)
}

// next is what happens next in the environment, or what is waited for.
func next(stage promote.Stage, r promote.Rollout, o Options) line {
	switch {
	case stage.Status == promote.Deploying:
		return say("goes to {}: {}", target(stage, r), howFar(stage.Deployment))
	case stage.Status == promote.Converged, len(r.Problems) > 0:
		return own("–")
	case stage.Status == promote.Stopped:
		return say("{} tries again", again(stage, o))
	case stage.Status == promote.Ready:
		return again(stage, o)
	}
	return firstReason(stage, o)
}

// target of a stage's range; the commit itself where no range is known.
func target(stage promote.Stage, r promote.Rollout) line {
	if stage.Range.To.SHA == "" {
		return commit(r.Commit.SHA)
	}
	return commit(stage.Range.To.SHA)
}

// problems of the configuration on trunk.
func problems(r promote.Rollout) section {
	var items []line
	for _, p := range r.Problems {
		place := place(p.File, p.At.Line, p.At.Column)
		items = append(items, say("{}: {}", place, prose(shortened(p.Message, 600))))
	}
	var all []*document
	for _, most := range []int{30, 3} {
		d := &document{}
		d.items(atMost(items, most))
		if len(items) > 0 {
			d.paragraph(own("Mend them on trunk; everything goes on from there by itself."))
		}
		all = append(all, d)
	}
	return versions(all...)
}

// ranges says what each environment gets that has not the commit yet. Environments that get the same in the same way
// share a line.
func ranges(r promote.Rollout) section {
	type move struct {
		verb     literal
		from, to string
		by       string
	}
	var moves []move
	names := map[move][]line{}
	content := map[move]promote.Range{}
	for _, stage := range r.Stages {
		if stage.Status == promote.Converged || stage.Range.To.SHA == "" {
			continue
		}
		m := move{goes(stage), stage.Range.From.SHA, stage.Range.To.SHA, askedBy(stage)}
		if names[m] == nil {
			moves = append(moves, m)
			content[m] = stage.Range
		}
		names[m] = append(names[m], strong(text(stage.Environment.Name)))
	}
	var items []line
	for _, m := range moves {
		l := say("{} {} {}", list(names[m]), own(m.verb), rangeOf(content[m]))
		if m.by != "" {
			l = say("{}, asked for by {}", l, text(m.by))
		}
		if m.to != r.Commit.SHA && r.Commit.Pull != 0 {
			l = say("{}. {} rides with {}", l, pull(r.Commit.Pull), reference(content[m].To))
		}
		items = append(items, l)
	}
	d := &document{}
	if len(items) > 0 {
		d.paragraph(own("**What is still to go**"))
		d.items(items)
	}
	return section{least: d}
}

// goes is the verb for a stage's range.
func goes(stage promote.Stage) literal {
	switch stage.Status {
	case promote.Deploying:
		return "goes"
	case promote.Stopped:
		return "was to go"
	}
	return "would go"
}

// askedBy is who asked for the deployment that carries the range; empty: nobody, or there is none.
func askedBy(stage promote.Stage) string {
	if stage.Deployment == nil || stage.Status != promote.Deploying && stage.Status != promote.Stopped {
		return ""
	}
	return stage.Deployment.By.Login
}

// rangeOf is "from 9f1c2ab to 4d03e77: #38, #40 and #42 by alice and bob".
func rangeOf(r promote.Range) line {
	from := own("nothing")
	if r.From.SHA != "" {
		from = commit(r.From.SHA)
	}
	l := say("from {} to {}", from, commit(r.To.SHA))
	if content := contents(r); content != nil {
		l = say("{}: {}", l, content)
	}
	return l
}

// reference to a commit: its pull request where there is one.
func reference(c promote.Commit) line {
	if c.Pull == 0 {
		return commit(c.SHA)
	}
	return pull(c.Pull)
}

// contents of a range: its pull requests, its commits without one, and its authors. Nil: it is empty.
func contents(r promote.Range) line {
	parts := atMost(each(r.Pulls(), pull), 15)
	direct := 0
	for _, c := range r.Commits {
		if c.Pull == 0 {
			direct++
		}
	}
	if direct > 0 {
		parts = append(parts, count(direct, "direct commit", "direct commits"))
	}
	if len(parts) == 0 {
		return nil
	}
	authors := each(r.Authors(), func(p promote.Person) line { return text(p.Login) })
	if len(authors) == 0 {
		return list(parts)
	}
	return say("{} by {}", list(parts), listAtMost(authors, 8))
}

// stopped explains a failed deployment: what failed, what the engine or the check said, and how it goes on.
func stopped(stage promote.Stage, o Options) section {
	if stage.Deployment == nil {
		return section{}
	}
	var all []*document
	for _, most := range []int{60, 10} {
		d := &document{}
		d.paragraph(say("**{} stopped**: {}.{}", text(stage.Environment.Name), whatFailed(stage.Deployment),
			stays(stage.Deployment)))
		if f := stage.Deployment.Failure; f != nil && f.Message != "" {
			d.append(messageBlock(f.Message, most))
		}
		d.paragraph(say("Mend it and merge, or type {}: it goes on from there and applies nothing twice.",
			again(stage, o)))
		if len(stage.Deployment.Instances) > 0 && most > 10 {
			d.append(instanceTable(stage, 50))
		}
		all = append(all, d)
	}
	return versions(all...)
}

// stays says what a failed deployment leaves behind.
func stays(d *promote.Deployment) line {
	applied, all := appliedOf(d), len(d.Instances)
	switch {
	case all == 0:
		return own("")
	case applied == 0:
		return own(" Nothing was applied.")
	case applied == all:
		return own(" Everything was applied and stays.")
	}
	return say(" {} of {} applied and stay so.", number(applied), count(all, "instance is", "instances are"))
}

// instanceTable folds the instances of a deployment, with their plans and how far each got.
func instanceTable(stage promote.Stage, most int) *document {
	d := &document{}
	if stage.Deployment == nil || len(stage.Deployment.Instances) == 0 {
		return d
	}
	instances := stage.Deployment.Instances
	var rows [][]line
	for _, instance := range instances[:min(most, len(instances))] {
		plan := own("–")
		if instance.Summary != "" {
			plan = text(instance.Summary)
		}
		if instance.Destructive {
			plan = say("⚠️ {}", plan)
		}
		rows = append(rows, []line{code(instance.Name), plan, own(instanceWord[instance.Phase])})
	}
	inner := &document{}
	inner.table([]line{own("instance"), own("plan"), own("state")}, rows)
	if left := len(instances) - most; left > 0 {
		inner.paragraph(say("and {}.", count(left, "more instance", "more instances")))
	}
	d.details(say("{} in {}, {} applied", count(len(instances), "instance", "instances"),
		text(stage.Environment.Name), number(appliedOf(stage.Deployment))), inner)
	return d
}

var instanceWord = map[promote.InstancePhase]literal{
	promote.InstanceWaiting: "waiting", promote.InstancePlanned: "planned", promote.InstanceApplying: "⏳ applying",
	promote.InstanceApplied: "✅ applied", promote.InstanceFailed: "❌ failed",
}

// history folds the deployments that brought the commit where it is.
func history(r promote.Rollout) section {
	var items []line
	for _, stage := range r.Stages {
		d := stage.Deployment
		if stage.Status != promote.Converged || d == nil || d.Phase != promote.Succeeded {
			continue
		}
		by := own("by itself")
		if d.By.Login != "" {
			by = say("asked for by {}", text(d.By.Login))
		}
		items = append(items, say("**{}**: {} to {}, {}, {}{}", text(stage.Environment.Name), commit(d.From),
			commit(d.To), by, count(appliedOf(d), "instance applied", "instances applied"), when(*d)))
	}
	d := &document{}
	if len(items) > 0 {
		inner := &document{}
		inner.items(items)
		d.details(own("How it got there"), inner)
	}
	return section{least: d}
}

// when a deployment ran, in UTC; empty where that is not known.
func when(d promote.Deployment) line {
	if d.Finished.IsZero() || d.Started.IsZero() {
		return own("")
	}
	took := d.Finished.Sub(d.Started).Round(time.Second)
	return say(" in {}, {}", own(literal(took.String())), clock(d.Finished))
}

// clock is a moment as people of all zones read it.
func clock(t time.Time) line { return own(literal(t.UTC().Format("2006-01-02 15:04") + " UTC")) }
