package comment

import "github.com/trunkline/trunkline/promote"

// riding is the comment of a commit that goes on with newer ones, see [promote.Rollout.Rides]. It says nothing that
// each newer merge changes: many pull requests may ride at a time, and every edit of a comment costs a request. What
// the ranges hold and wait for is told on the newest pull request that is in them.
func riding(r promote.Rollout, o Options) string {
	d := &document{}
	d.paragraph(ridingHeadline(r))
	var rows [][]line
	for _, stage := range r.Stages {
		rows = append(rows, []line{text(stage.Environment.Name), ridingState(stage)})
	}
	d.table([]line{own("environment"), commit(r.Commit.SHA)}, rows)
	foot := &document{}
	notes := []line{say("{} shows what runs where", o.typed("/status"))}
	if _, found := first(r, promote.Stopped); !found {
		means := say("{} without a commit means exactly {} here", o.typed("/promote <environment>"), commit(r.Commit.SHA))
		notes = append([]line{means}, notes...)
	}
	foot.small(join(notes, " · "))

	short := &document{}
	short.append(d)
	short.append(foot)
	if asked := answers(r.Answers, o); asked.least != nil {
		for _, part := range choose([]section{asked}, o.limit()-short.size()).documents {
			d.append(part)
		}
	}
	d.append(foot)
	return bounded(o.limit(), d, short)
}

// ridingHeadline names what carries the commit where a deployment does, and else the pull request that was merged next:
// what would carry it changes with every merge, but that stays.
func ridingHeadline(r promote.Rollout) line {
	where := own("is on trunk")
	var there []line
	for _, stage := range r.Stages {
		if stage.Status == promote.Converged {
			there = append(there, text(stage.Environment.Name))
		}
	}
	if len(there) > 0 {
		where = say("is in {}", listAtMost(there, 8))
	}
	so := say("{} {}", commitOf(r.Commit), where)
	if stage, found := first(r, promote.Stopped); found {
		return say("❌ **{}; it stopped in {} with {}: see there.**", so, text(stage.Environment.Name), reference(stage.Range.To))
	}
	if stage, found := first(r, promote.Deploying); found {
		return say("⏳ **{} and on its way into {} with {}: see there.**", so, text(stage.Environment.Name), reference(stage.Range.To))
	}
	return say("**{} and rides with {} or what is newer: see there.**", so, pull(nextPull(r)))
}

// nextPull is the pull request that was merged next, of those that the commit rides with.
func nextPull(r promote.Rollout) int {
	for _, stage := range r.Stages {
		for _, c := range stage.Range.Commits {
			if stage.Status != promote.Converged && c.Position > r.Commit.Position && c.Pull != 0 && c.Pull != r.Commit.Pull {
				return c.Pull
			}
		}
	}
	return r.Tip.Pull
}

// ridingState is how a commit that rides stands in the environment.
func ridingState(stage promote.Stage) line {
	switch stage.Status {
	case promote.Converged:
		return own("✅ there")
	case promote.Deploying:
		return say("⏳ with {}", reference(stage.Range.To))
	case promote.Stopped:
		return say("❌ stopped with {}", reference(stage.Range.To))
	}
	return own("waiting")
}
