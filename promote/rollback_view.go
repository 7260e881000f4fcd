package promote

import "slices"

// goingBack is how a commit stands in an environment that goes back, or that did so last; ok is false where the rollback
// does not take this commit back, or has ended well: then it stands as it would without one.
func (s *Stage) goingBack(state State, commit Commit, last *Deployment, decision Decision) (ok bool) {
	takes := func(r Range) bool {
		return r.Back && slices.ContainsFunc(r.Commits, func(c Commit) bool { return c.SHA == commit.SHA })
	}
	next := decision.Promotion
	switch {
	case last != nil && last.Rollback && last.Phase.Live():
		s.Status, s.Deployment, s.Range = GoingBack, last, state.ofDeployment(last)
	case next != nil && next.Back:
		s.Status, s.Range, s.Waits, s.Gates, s.Approvals = GoingBack, next.Range, decision.Waits, decision.Gates, decision.Approvals
		if next.Plan != nil {
			s.PlanDigest = next.Plan.Digest()
		}
	case last != nil && last.Rollback && (last.Phase == Failed || last.Phase == Aborted):
		s.Status, s.Deployment, s.Range, s.Waits = Stopped, last, state.ofDeployment(last), decision.Waits
	case last != nil && last.Rollback && last.Phase == Succeeded && takes(state.ofDeployment(last)):
		s.TakenBack = last
		return false
	default:
		s.Undone = nil
		return false
	}
	if takes(s.Range) {
		return true
	}
	*s = s.unmoved()
	return false
}

// unmoved is the stage without what was said of a rollback that is not about its commit.
func (s *Stage) unmoved() Stage {
	return Stage{Environment: s.Environment, Runs: s.Runs, Behind: s.Behind, Since: s.Since, LeftOut: s.LeftOut, Overdue: s.Overdue,
		Release: s.Release, Released: s.Released, ReleaseWaits: s.ReleaseWaits}
}
