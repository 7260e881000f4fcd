package promote

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/trunkline/trunkline/config"
)

// migrationGates: what a contract step takes away is in use until its expand step has converged everywhere. So a contract
// step waits until every environment runs the expand steps of its migration that came before it on trunk, or with it; that
// keeps the two out of one range as well.
func migrationGates(q question) (gates []Gate) {
	for _, migration := range q.rules.repository.Migrations {
		gate := Gate{Name: GateMigrations, Who: migration.Name, Open: true,
			Text: fmt.Sprintf("no contract step of %s before its time", migration.Name)}
		for _, commit := range q.promotion.Commits {
			if reason := q.state.tooEarly(migration, commit); reason != "" {
				gate.Open, gate.Text, gate.Since = false, reason, commit.Merged
				gate.Command = q.beforeCommand(commit)
				break
			}
		}
		gates = append(gates, gate)
	}
	return gates
}

// beforeCommand asks for what can go before a commit, if there is something.
func (q question) beforeCommand(commit Commit) string {
	var before Commit
	for _, earlier := range q.promotion.Commits {
		if earlier.Position < commit.Position {
			before = earlier
		}
	}
	if before.SHA == "" {
		return ""
	}
	return fmt.Sprintf("/promote %s to %s", q.rules.Name, Short(before.SHA))
}

// beforeContract is the newest commit, up to the target, before which no contract step comes too early. Where the very
// first commit is one, it is the target itself: then the gate says what is waited for.
func (c *considered) beforeContract(target Commit) Commit {
	allowed := target
	for _, rules := range c.versions {
		for _, migration := range rules.repository.Migrations {
			reached := c.runs
			for _, commit := range c.state.between(c.runs, allowed).Commits {
				if c.state.tooEarly(migration, commit) != "" {
					allowed = reached
					break
				}
				reached = commit
			}
		}
	}
	if allowed.Position <= c.runs.Position {
		return target
	}
	return allowed
}

// tooEarly says why a commit with a contract step may not enter any environment yet; empty: it may, or has none.
func (s *State) tooEarly(migration config.Migration, commit Commit) string {
	if !touches(commit, migration.Contract) {
		return ""
	}
	if touches(commit, migration.Expand) {
		return fmt.Sprintf("%s has the expand and the contract step of %s at once: revert it, and merge them one after the other",
			Short(commit.SHA), migration.Name)
	}
	for _, expand := range s.Trunk {
		if expand.Position >= commit.Position || !touches(expand, migration.Expand) {
			continue
		}
		var lack []string
		for _, rules := range s.Rules.Environments {
			if !s.has(rules.Name, expand) {
				lack = append(lack, rules.Name)
			}
		}
		if len(lack) > 0 {
			slices.Sort(lack)
			return fmt.Sprintf("%s is the contract step of %s, whose expand step %s has not converged in %s",
				Short(commit.SHA), migration.Name, Short(expand.SHA), strings.Join(lack, ", "))
		}
	}
	return ""
}

func touches(commit Commit, patterns []string) bool {
	return slices.ContainsFunc(commit.Paths, func(path string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool { return doublestar.MatchUnvalidated(pattern, path) })
	})
}
