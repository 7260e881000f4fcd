package promote

import "github.com/trunkline/trunkline/config"

// candidate is the newest commit that what the environment comes after has converged to and proven: the oldest of what
// all those of `after` run, and at most the newest of what those of `any` run. A commit is proven where it succeeded.
func candidate(state State, rules config.Environment) Commit {
	newest := state.tip()
	for _, name := range rules.After {
		runs, ok := state.provenCommit(name)
		if !ok {
			return Commit{}
		}
		if runs.Position < newest.Position {
			newest = runs
		}
	}
	if len(rules.AfterAny) == 0 {
		return newest
	}
	var any Commit
	for _, name := range rules.AfterAny {
		if runs, ok := state.provenCommit(name); ok && runs.Position > any.Position {
			any = runs
		}
	}
	if any.Position < newest.Position {
		return any
	}
	return newest
}

// candidateFor is the candidate by all rules that the environment is held to.
func candidateFor(state State, name string) Commit {
	rules, ok := state.Rules.Environment(name)
	if !ok {
		return Commit{}
	}
	runs, _ := state.commit(state.Environments[name].Runs)
	return newestProven(state, (&state).versions(rules, runs))
}

func newestProven(state State, versions []ruleset) Commit {
	newest := candidate(state, versions[0].Environment)
	for _, rules := range versions[1:] {
		if other := candidate(state, rules.Environment); other.Position < newest.Position {
			newest = other
		}
	}
	return newest
}

// has tells whether an environment has converged to the commit, or to a newer one; see [State.provenCommit].
func (s State) has(name string, commit Commit) bool {
	runs, ok := s.provenCommit(name)
	return ok && runs.Position >= commit.Position
}
