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
