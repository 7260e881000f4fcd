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
		rows = append(rows, []line{
			text(stage.Environment.Name), standing(stage), runs(stage), next(stage, r, o),
		})
	}
	d.table([]line{own("environment"), commit(r.Commit.SHA), own("runs"), own("next")}, rows)
}

// standing is how the commit stands in the environment, in a word or two.
func standing(stage promote.Stage) line {
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
		return own("ready")
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
		return say("{}, {} behind", commitOf(stage.Runs), number(stage.Behind))
	}
	return commitOf(stage.Runs)
}

// next is what happens next in the environment, or what is waited for.
func next(stage promote.Stage, r promote.Rollout, o Options) line {
	switch stage.Status {
	case promote.Converged:
		return own("–")
	case promote.Deploying:
		return say("goes to {}: {}", target(stage, r), howFar(stage.Deployment))
	case promote.Stopped:
		return say("{} tries again", again(stage, o))
	case promote.Ready:
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
	var versions []*document
	for _, most := range []int{30, 3} {
		d := &document{}
		d.items(atMost(items, most))
		if len(items) > 0 {
			d.paragraph(own("Mend them on trunk; everything goes on from there by itself."))
		}
		versions = append(versions, d)
	}
	return section{versions}
}

// ranges says what each environment gets that has not the commit yet.
func ranges(r promote.Rollout) section {
	var items []line
	for _, stage := range r.Stages {
		if stage.Status == promote.Converged || stage.Range.To.SHA == "" {
			continue
		}
		items = append(items, rangeOf(stage, r))
	}
	d := &document{}
	d.items(items)
	return section{[]*document{d}}
}

// rangeOf is "staging goes from 9f1c2ab to 4d03e77: #38, #40 and #42 by alice and bob".
func rangeOf(stage promote.Stage, r promote.Rollout) line {
	goes := own("would go")
	switch stage.Status {
	case promote.Deploying:
		goes = own("goes")
	case promote.Stopped:
		goes = own("was to go")
	}
	from := own("nothing")
	if stage.Range.From.SHA != "" {
		from = commit(stage.Range.From.SHA)
	}
	l := say("**{}** {} from {} to {}", text(stage.Environment.Name), goes, from, commit(stage.Range.To.SHA))
	if content := contents(stage.Range); content != nil {
		l = say("{}: {}", l, content)
	}
	if d := stage.Deployment; d != nil && stage.Status != promote.HeldBack && stage.Status != promote.Ready &&
		d.By.Login != "" {
		l = say("{}; {} asked for it", l, text(d.By.Login))
	}
	if stage.Range.To.SHA != r.Commit.SHA && r.Commit.Pull != 0 {
		with := commit(stage.Range.To.SHA)
		if stage.Range.To.Pull != 0 {
			with = pull(stage.Range.To.Pull)
		}
		l = say("{}. {} rides with {}", l, pull(r.Commit.Pull), with)
	}
	return l
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
		parts = append(parts, count(direct, "commit pushed directly", "commits pushed directly"))
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
	var versions []*document
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
		versions = append(versions, d)
	}
	return section{versions}
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
		d.details(own("How it came there"), inner)
	}
	return section{[]*document{d}}
}

// when a deployment ran, in UTC; empty where that is not known.
func when(d promote.Deployment) line {
	if d.Finished.IsZero() || d.Started.IsZero() {
		return own("")
	}
	took := d.Finished.Sub(d.Started).Round(time.Second)
	return say(", {} in {}", clock(d.Finished), own(literal(took.String())))
}

// clock is a moment as people of all zones read it.
func clock(t time.Time) line { return own(literal(t.UTC().Format("2006-01-02 15:04") + " UTC")) }
