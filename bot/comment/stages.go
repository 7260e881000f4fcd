package comment

import "github.com/trunkline/trunkline/promote"

// stageTable has a row for each environment.
func stageTable(d *document, r promote.Rollout, o Options) {
	if len(r.Stages) == 0 {
		return
	}
	var rows [][]line
	for _, stage := range r.Stages {
		rows = append(rows, []line{text(stage.Environment.Name), standing(stage, r, o), runs(stage), next(stage, r, o)})
	}
	d.table([]line{own("environment"), commit(r.Commit.SHA), own("runs"), own("next")}, rows)
}

// standing is how the commit stands in the environment, in a word or two.
func standing(stage promote.Stage, r promote.Rollout, o Options) line {
	switch stage.Status {
	case promote.Converged:
		if stage.Release != nil {
			return say("✅ there, {}", releaseShort(stage))
		}
		return own("✅ there")
	case promote.Deploying:
		if stage.Deployment != nil {
			return say("⏳ {}", o.toLog(own(phaseWord[stage.Deployment.Phase]), stage.Deployment))
		}
		return own("⏳ starting")
	case promote.GoingBack:
		return own("⏪ going back")
	case promote.Stopped:
		return say("❌ {}", o.toLog(own("stopped"), stage.Deployment))
	case promote.Ready:
		if len(r.Problems) == 0 {
			return own("ready")
		}
	}
	return own("waiting")
}

// toLog links words to the deployment's log, where there is an address of it.
func (o Options) toLog(words line, d *promote.Deployment) line {
	if d == nil || o.Log == nil {
		return words
	}
	return link(words, o.Log(d.ID))
}

// seeLog is a sentence that leads to the deployment's log; empty where there is no address of it.
func (o Options) seeLog(d *promote.Deployment) line {
	if d == nil || o.Log == nil || o.Log(d.ID) == "" {
		return own("")
	}
	return say(" All that was said is in {}.", link(own("the log"), o.Log(d.ID)))
}

var phaseWord = map[promote.Phase]literal{
	promote.Planning: "planning", promote.Applying: "applying", promote.Verifying: "checking",
	promote.Succeeded: "finishing", promote.Failed: "stopped", promote.Aborted: "aborted", promote.Void: "withdrawn",
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
	case stage.Status == promote.GoingBack && stage.Deployment != nil:
		return say("goes back to {}: {}", commit(stage.Range.To.SHA), howFar(stage.Deployment))
	case stage.Status == promote.Stopped && stage.Range.Back && unsafe(stage.Deployment):
		return own("only forward: going back is not safe")
	case stage.Status == promote.Stopped && stage.Range.Back:
		return say("{} tries the rollback again", o.typed("/retry "+stage.Environment.Name))
	case stage.Status == promote.Deploying:
		return say("goes to {}: {}", target(stage, r), howFar(stage.Deployment))
	case stage.Status == promote.Converged && stage.Release != nil && len(r.Problems) == 0:
		return releaseNext(stage, o)
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
