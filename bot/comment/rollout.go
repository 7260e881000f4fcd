package comment

import "github.com/trunkline/trunkline/promote"

// Rollout is the one comment on a merged pull request: how its commit travels through the environments, what is
// waited for, and what became of the commands that people typed.
func Rollout(r promote.Rollout, o Options) string {
	if r.Rides() {
		return riding(r, o)
	}
	d := &document{}
	d.paragraph(rolloutHeadline(r, o))
	foot := rolloutFoot(r, o)
	table := &document{}
	stageTable(table, r, o)

	artifacts(table, r)

	room := o.limit() - d.size() - table.size() - foot.size() - leftOutSize
	parts := choose(rolloutSections(r, o), room)
	d.append(table)
	for _, part := range parts.documents {
		d.append(part)
	}
	if parts.left+parts.shortened > 0 {
		d.paragraph(own("**Too long for a comment.** Some details are left out."))
	}
	d.append(foot)
	return bounded(o.limit(), d, foot)
}

// rolloutSections are what follows the table, in order of importance.
func rolloutSections(r promote.Rollout, o Options) []section {
	all := []section{problems(r), alarms(r), bypasses(r, o), answers(r.Answers, o)}
	all = append(all, releases(r.Stages, o))
	for _, stage := range r.Stages {
		if stage.Status == promote.Stopped {
			all = append(all, stopped(stage, o))
		}
	}
	all = append(all, backs(r, o))
	for _, stage := range r.Stages {
		all = append(all, undone(stage))
	}
	for _, stage := range r.Stages {
		all = append(all, gates(stage, o))
	}
	all = append(all, ranges(r))
	all = append(all, impacts(r, o)...)
	for _, stage := range r.Stages {
		if stage.Status == promote.Deploying || stage.Status == promote.GoingBack && stage.Deployment != nil {
			all = append(all, versions(instanceTable(stage, 100), instanceTable(stage, 10)))
			all = append(all, versions(stepTable(stage, 50), stepTable(stage, 5)))
		}
	}
	all = append(all, history(r))
	var kept []section
	for _, s := range all {
		if !s.nothing() {
			kept = append(kept, s)
		}
	}
	return kept
}

// rolloutHeadline says in one sentence where the commit is and what comes next.
func rolloutHeadline(r promote.Rollout, o Options) line {
	sha := commit(r.Commit.SHA)
	switch {
	case len(r.Problems) > 0:
		return say("❌ **Nothing moves: the configuration on trunk has {}.**",
			count(len(r.Problems), "error", "errors"))
	case len(r.Stages) == 0:
		return say("**{} is on trunk; no environment is configured.**", sha)
	case r.Converged():
		return converged(r)
	}
	if stage, found := first(r, promote.GoingBack); found {
		return goingBack(stage, sha, o)
	}
	if stage, found := first(r, promote.Stopped); found && stage.Range.Back {
		return backStopped(stage, o)
	} else if found {
		return say("❌ **{} stopped in {}: {}.** {} tries again from there.", sha, text(stage.Environment.Name),
			whatFailed(stage.Deployment), again(stage, o))
	}
	so := say("{} {}", sha, whereItIs(r))
	if stage, found := first(r, promote.Deploying); found {
		return say("⏳ **{} and is on its way into {}: {}.**", so, text(stage.Environment.Name),
			howFar(stage.Deployment))
	}
	if stage, found := first(r, promote.Ready); found {
		return say("**{}; {} is ready:** {}", so, text(stage.Environment.Name), again(stage, o))
	}
	stage, _ := first(r, promote.HeldBack)
	return say("**{}; {} waits:** {}.", so, text(stage.Environment.Name), firstReason(stage, o))
}

func converged(r promote.Rollout) line {
	var newer []line
	for _, stage := range r.Stages {
		if stage.Runs.SHA != r.Commit.SHA {
			newer = append(newer, say("{} runs {}", text(stage.Environment.Name), commit(stage.Runs.SHA)))
		}
	}
	if len(newer) == 0 {
		return say("✅ **Converged: all environments run {}.**", commit(r.Commit.SHA))
	}
	return say("✅ **Converged: all environments have {}.** Newer already: {}.", commit(r.Commit.SHA),
		listAtMost(newer, 8))
}

// whereItIs is the environments that have the commit, as the predicate of a sentence about it.
func whereItIs(r promote.Rollout) line {
	var there []line
	is := own("runs in")
	for _, stage := range r.Stages {
		if stage.Status == promote.Converged {
			there = append(there, text(stage.Environment.Name))
			if stage.Runs.SHA != r.Commit.SHA {
				is = own("is in") // what runs there is newer, and contains it
			}
		}
	}
	if len(there) == 0 {
		return own("is on trunk")
	}
	return say("{} {}", is, listAtMost(there, 8))
}

// first stage of a status.
func first(r promote.Rollout, status promote.Status) (promote.Stage, bool) {
	for _, stage := range r.Stages {
		if stage.Status == status {
			return stage, true
		}
	}
	return promote.Stage{}, false
}

// again is the command that moves a stage on: the one that a closed gate names, else its promotion.
func again(stage promote.Stage, o Options) line {
	for _, reason := range stage.Waits {
		if reason.Command != "" {
			return o.typed(reason.Command)
		}
	}
	return o.typed("/promote " + stage.Environment.Name)
}

// firstReason is what a stage waits for, with the number of reasons that are not told here.
func firstReason(stage promote.Stage, o Options) line {
	if len(stage.Waits) == 0 {
		return own("its turn")
	}
	reason := because(stage.Waits[0], o)
	if more := len(stage.Waits) - 1; more > 0 {
		return say("{} (and {})", reason, count(more, "more reason", "more reasons"))
	}
	return reason
}

// because is a reason with the command that would change it.
func because(reason promote.Reason, o Options) line {
	if reason.Command == "" {
		return prose(reason.Text)
	}
	return say("{}: {}", prose(reason.Text), o.typed(reason.Command))
}

// rolloutFoot says whose journey this is, and where trunk is by now.
func rolloutFoot(r promote.Rollout, o Options) *document {
	var notes []line
	if r.Tip.SHA != "" && r.Tip.SHA != r.Commit.SHA {
		notes = append(notes, say("trunk is at {} by now", commitOf(r.Tip)))
	}
	notes = append(notes, say("{} shows what runs where", o.typed("/status")),
		say("{} lists what can be typed here", o.typed("/help")))
	d := &document{}
	d.small(join(notes, " · "))
	return d
}

// commitOf is a commit with the pull request that it came from.
func commitOf(c promote.Commit) line {
	if c.Pull == 0 {
		return commit(c.SHA)
	}
	return say("{} ({})", commit(c.SHA), pull(c.Pull))
}
