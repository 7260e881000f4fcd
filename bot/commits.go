package bot

import (
	"context"
	"slices"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// describe is what is to be known of a commit of trunk: where it came from, and what it changes.
func (b *Bot) describe(ctx context.Context, repository store.Repository, commit mirror.Commit) (promote.Commit, error) {
	described, err := b.named(ctx, repository, commit)
	if err != nil {
		return described, err
	}
	described.Paths, err = b.mirrors.of(repository).ChangedPaths(ctx, firstParent(commit), commit.SHA)
	return described, err
}

// firstParent of a commit; empty: it has none.
func firstParent(commit mirror.Commit) string {
	if len(commit.Parents) == 0 {
		return ""
	}
	return commit.Parents[0]
}

// unnamed is a commit of trunk as Git alone knows it.
func unnamed(commit mirror.Commit) promote.Commit {
	return promote.Commit{SHA: commit.SHA, Title: commit.Subject, Author: promote.Person{Login: commit.AuthorName}}
}

// named finds the pull request that a commit of trunk came from: among those we know, else by asking GitHub.
func (b *Bot) named(ctx context.Context, repository store.Repository, commit mirror.Commit) (promote.Commit, error) {
	named := unnamed(commit)
	var pull store.PullRequest
	var known bool
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		pull, known, err = tx.PullOfMerge(repository.ID, commit.SHA)
		if err == nil && !known && len(commit.Parents) == 2 {
			pull, known, err = tx.PullMerging(repository.ID, repository.Trunk, commit.Parents[1])
		}
		return err
	})
	if err != nil || known {
		named.Pull, named.Author, named.Title, named.Merger = pull.Number, pull.Author, pull.Title, pull.Merger
		return named, err
	}
	client, err := b.clients.forRepository(ctx, repository, talking)
	if err != nil {
		return named, err
	}
	pulls, _, err := client.PullRequests.ListPullRequestsWithCommit(ctx, repository.Owner, repository.Name, commit.SHA, nil)
	if err != nil {
		// Without it the commit is shown without its pull request; that is no reason to hold up trunk.
		zerolog.Ctx(ctx).Warn().Err(err).Str("sha", commit.SHA).Msg("cannot ask which pull request a commit came from")
		return named, nil
	}
	for _, p := range pulls {
		into := p.GetBase().GetRef() == repository.Trunk && (p.GetMergeCommitSHA() == commit.SHA || p.MergedAt != nil)
		// What was merged before trunk got its name goes into the former one for ever.
		before := named.Pull == 0 && p.MergedAt != nil && p.GetMergeCommitSHA() == commit.SHA
		if into || before {
			named.Pull, named.Author, named.Title = p.GetNumber(), person(p.GetUser()), p.GetTitle()
		}
	}
	return named, nil
}

// addPushers says of new commits who pushed them, where nobody is known who merged their pull request. A push is told of
// by the newest of its commits.
func (b *Bot) addPushers(ctx context.Context, repository store.Repository, a *store.Advance) error {
	var pushers map[string]promote.Person
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		pushers, err = tx.Pushers(repository.ID)
		return err
	})
	if err != nil {
		return err
	}
	var by promote.Person
	for i, commit := range slices.Backward(a.Commits) {
		if pusher, told := pushers[commit.SHA]; told {
			by = pusher
		}
		if commit.Merger.ID == 0 {
			a.Commits[i].Merger = by
		}
	}
	return nil
}

// mostPaths is how many paths are kept of one commit.
const mostPaths = 10_000

// limitPaths keeps of commits that change very many paths those that migrations are about, and as many of the others as
// there is room for.
func limitPaths(a *store.Advance, rules config.Repository) {
	for _, commits := range [][]promote.Commit{a.Older, a.Commits} {
		for i := range commits {
			if len(commits[i].Paths) <= mostPaths {
				continue
			}
			var first, others []string
			for _, path := range commits[i].Paths {
				if migrates(rules, path) {
					first = append(first, path)
				} else {
					others = append(others, path)
				}
			}
			commits[i].Paths = slices.Concat(first, others)[:mostPaths]
		}
	}
}

// migrates tells whether a path belongs to a step of a migration, or is declared irreversible.
func migrates(rules config.Repository, path string) bool {
	among := func(patterns []string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool { return doublestar.MatchUnvalidated(pattern, path) })
	}
	return slices.ContainsFunc(rules.Migrations, func(m config.Migration) bool { return among(m.Expand) || among(m.Contract) }) ||
		slices.ContainsFunc(rules.Environments, func(e config.Environment) bool { return among(e.Rollback.Irreversible) })
}
