package promote

import "slices"

// release tells of the environment's release where the commit is a part of it.
func (s *Stage) release(state State, commit Commit, environment Environment) {
	r := environment.Release
	if r == nil || r.Commit != environment.Runs {
		return
	}
	among := slices.ContainsFunc(state.Released(*r).Commits, func(c Commit) bool { return c.SHA == commit.SHA })
	if among || commit.SHA == r.Commit {
		s.Release, s.Released, s.ReleaseWaits = r, environment.Released, ReleaseWaits(state, environment.Name)
	}
}

// Releasing tells whether a step of a release is under way, or waits: what is shown of it will change.
func (r Rollout) Releasing() bool {
	return slices.ContainsFunc(r.Stages, func(s Stage) bool {
		return s.Release != nil && (s.Release.Phase.Live() || s.Release.Phase == ReleaseWaiting)
	})
}
