package githubsim

import (
	"errors"
	"slices"
	"strings"
)

// zeroSHA stands for no commit in webhooks about branches that come or go.
const zeroSHA = "0000000000000000000000000000000000000000"

// move is a branch that moves. before or after is empty for a branch that comes
// or goes.
type move struct {
	repo          *repository
	branch        string
	before, after string
	by            *account
}

// moved tells the world that a branch moved: the push itself, then the pull
// requests whose head or base it is.
func (gh *GitHub) moved(m move) error {
	if m.before == m.after {
		return nil
	}
	m.repo.pushed = gh.now()
	if err := gh.emitPush(m); err != nil {
		return err
	}
	if m.after != "" {
		info, err := m.repo.git.info(m.after)
		if err != nil {
			return err
		}
		gh.record(Event{
			Actor: m.by.login, Kind: "push", Repository: m.repo.fullName(), Pull: gh.pullOf(m.repo, m.branch),
			SHA: m.after, State: m.branch, Body: info.message,
		})
	}
	for _, other := range gh.sortedRepos() {
		for _, held := range other.pulls() {
			if err := gh.follow(held, m); err != nil {
				return err
			}
		}
	}
	return gh.startOnPush(m)
}

// pullOf is the number of the open pull request that the branch is the head of,
// 0 for none.
func (gh *GitHub) pullOf(repo *repository, branch string) int {
	for _, held := range repo.pulls() {
		if held.issue.state == "open" && held.headRepo == repo && held.head == branch {
			return held.issue.number
		}
	}
	return 0
}

func (gh *GitHub) sortedRepos() []*repository {
	var found []*repository
	for _, repo := range gh.repositories {
		found = append(found, repo)
	}
	slices.SortFunc(found, func(a, b *repository) int { return strings.Compare(a.fullName(), b.fullName()) })
	return found
}

// follow brings an open pull request in line with a branch that moved.
func (gh *GitHub) follow(held *pull, m move) error {
	if held.issue.state != "open" {
		return nil
	}
	switch {
	case held.headRepo == m.repo && held.head == m.branch && m.after == "":
		return gh.closePull(held, m.by)
	case held.headRepo == m.repo && held.head == m.branch:
		return gh.synchronize(held, m.after, m.by)
	case held.repo == m.repo && held.base == m.branch && m.after != "":
		if m.repo.git.ancestor(held.headSHA, m.after) {
			return gh.markMerged(held, m.after, m.by)
		}
		return gh.tryMerge(held)
	}
	return nil
}

// synchronize gives a pull request its new head.
func (gh *GitHub) synchronize(held *pull, head string, by *account) error {
	before := held.headSHA
	if before == head {
		return nil
	}
	if err := gh.setHead(held, head); err != nil {
		return err
	}
	held.issue.updated = gh.now()
	held.issue.timeline = append(held.issue.timeline, Entry{At: gh.now(), Kind: "push", Actor: by.login, SHA: head})
	gh.emitPull(held, "synchronize", by, object{"before": before, "after": head})
	gh.touch()
	return gh.leaveQueue(held, by, "UNKNOWN_REMOVAL_REASON")
}

// setHead records the head of a pull request, publishes it as refs/pull/N/head
// and tries the merge.
func (gh *GitHub) setHead(held *pull, head string) error {
	git := held.repo.git
	if held.headRepo != held.repo {
		if err := git.borrow(held.headRepo.git, head, held.refName("head")); err != nil {
			return err
		}
	} else if err := git.setRef(held.refName("head"), head); err != nil {
		return err
	}
	held.headSHA, held.baseSHA = head, git.branch(held.base)
	commits, err := git.list("--reverse", "--topo-order", held.baseSHA+".."+head)
	if err != nil {
		return err
	}
	held.commitList = commits
	return gh.tryMerge(held)
}

// tryMerge finds out whether the pull request can be merged into its base as it
// is now, and publishes what would come out as refs/pull/N/merge.
func (gh *GitHub) tryMerge(held *pull) error {
	git, base := held.repo.git, held.repo.git.branch(held.base)
	tree, err := git.mergeTree(base, held.headSHA)
	if errors.Is(err, errConflict) {
		// GitHub leaves the last merge that worked behind; we take it away so
		// that nobody relies on it.
		held.testMerge = ""
		return git.deleteRef(held.refName("merge"))
	}
	if err != nil {
		return err
	}
	message := "Merge " + held.headSHA + " into " + base
	by := signature{held.issue.user, gh.now()}
	if held.testMerge, err = git.commitTree(tree, message, by, base, held.headSHA); err != nil {
		return err
	}
	return git.setRef(held.refName("merge"), held.testMerge)
}
