package githubsim

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// opening is a pull request to be opened.
type opening struct {
	repo, headRepo *repository
	head, base     string
	title, body    string
	draft          bool
	by             *account
}

// open opens a pull request, with the refusals of GitHub.
func (gh *GitHub) open(o opening) (*pull, error) {
	head, base := o.headRepo.git.branch(o.head), o.repo.git.branch(o.base)
	switch {
	case head == "":
		return nil, invalid("PullRequest", "head", "invalid", "")
	case base == "":
		return nil, invalid("PullRequest", "base", "invalid", "")
	case strings.TrimSpace(o.title) == "":
		return nil, invalid("PullRequest", "title", "missing_field", "")
	}
	for _, held := range o.repo.pulls() {
		if held.issue.state == "open" && held.headRepo == o.headRepo && held.head == o.head && held.base == o.base {
			return nil, invalid("PullRequest", "", "custom", fmt.Sprintf("A pull request already exists for %s:%s.", o.headRepo.owner.login, o.head))
		}
	}
	if o.headRepo == o.repo && o.repo.git.ancestor(head, base) {
		return nil, invalid("PullRequest", "", "custom", fmt.Sprintf("No commits between %s and %s", o.base, o.head))
	}
	made := gh.newIssue(o.repo, o.by, o.title, o.body)
	made.pull = &pull{
		id: gh.id(), issue: made, repo: o.repo, base: o.base, headRepo: o.headRepo, head: o.head, draft: o.draft,
	}
	if err := gh.setHead(made.pull, head); err != nil {
		delete(o.repo.issues, made.number)
		return nil, err
	}
	gh.note(made, Entry{Kind: "opened", Actor: o.by.login, SHA: head, Body: o.body})
	gh.recordPull(made.pull, o.by, "opened", o.title)
	gh.emitPull(made.pull, "opened", o.by, nil)
	return made.pull, nil
}

// newIssue makes an issue with the repository's next number.
func (gh *GitHub) newIssue(repo *repository, by *account, title, body string) *issue {
	repo.lastNumber++
	made := &issue{
		id: gh.id(), repo: repo, number: repo.lastNumber, title: title, body: body, user: by, state: "open",
		created: gh.now(), updated: gh.now(),
	}
	repo.issues[made.number] = made
	return made
}

// note adds an entry to the conversation.
func (gh *GitHub) note(held *issue, entry Entry) {
	entry.At = gh.now()
	held.updated = entry.At
	held.timeline = append(held.timeline, entry)
}

func (gh *GitHub) recordPull(held *pull, by *account, state, body string) {
	gh.record(Event{
		Actor: by.login, Kind: "pull", Repository: held.repo.fullName(), Pull: held.issue.number,
		SHA: held.headSHA, State: state, Body: body,
	})
}

func (gh *GitHub) closePull(held *pull, by *account) error {
	held.issue.state, held.issue.closed, held.issue.closedBy = "closed", gh.now(), by
	gh.note(held.issue, Entry{Kind: "closed", Actor: by.login})
	gh.recordPull(held, by, "closed", "")
	gh.emitPull(held, "closed", by, nil)
	return gh.leaveQueue(held, by, "UNKNOWN_REMOVAL_REASON")
}

// markMerged closes a pull request whose changes are on its base branch.
func (gh *GitHub) markMerged(held *pull, sha string, by *account) error {
	now := gh.now()
	held.merged, held.mergedBy, held.mergeSHA, held.testMerge = now, by, sha, ""
	held.issue.state, held.issue.closed, held.issue.closedBy = "closed", now, by
	gh.note(held.issue, Entry{Kind: "merged", Actor: by.login, SHA: sha})
	gh.record(Event{
		Actor: by.login, Kind: "merge", Repository: held.repo.fullName(), Pull: held.issue.number,
		SHA: sha, State: "merged", Body: held.issue.title,
	})
	gh.emitPull(held, "closed", by, nil)
	// The ref of the trial merge goes with the pull request.
	return held.repo.git.deleteRef(held.refName("merge"))
}

// merging is a wish to merge.
type merging struct {
	method string // merge, squash or rebase
	sha    string // what the head must be, empty for anything
	title  string
	by     *account
}

// merge merges a pull request, with the refusals of GitHub, and returns the
// commit that the base branch is at then.
func (gh *GitHub) merge(held *pull, m merging) (string, error) {
	switch {
	case !held.merged.IsZero() || held.issue.state != "open":
		return "", &Problem{Status: http.StatusMethodNotAllowed, Message: "Pull Request is not mergeable"}
	case held.draft:
		return "", &Problem{Status: http.StatusMethodNotAllowed, Message: "Pull Request is still a draft"}
	case m.sha != "" && m.sha != held.headSHA:
		return "", &Problem{Status: http.StatusConflict, Message: "Head branch was modified. Review and try the merge again."}
	case held.testMerge == "":
		return "", &Problem{Status: http.StatusMethodNotAllowed, Message: "Pull Request is not mergeable"}
	}
	if err := held.repo.throughQueue(held.base); err != nil {
		return "", err
	}
	before := held.repo.git.branch(held.base)
	after, err := gh.mergeCommit(held, before, m)
	if err != nil {
		return "", err
	}
	if err := held.repo.git.setRef("refs/heads/"+held.base, after); err != nil {
		return "", err
	}
	if m.method == "rebase" {
		if held.rebased, err = held.repo.git.list(before + ".." + after); err != nil {
			return "", err
		}
	}
	if err := gh.markMerged(held, after, m.by); err != nil {
		return "", err
	}
	return after, gh.moved(move{held.repo, held.base, before, after, m.by})
}

// mergeCommit makes what the base branch will be at.
func (gh *GitHub) mergeCommit(held *pull, base string, m merging) (string, error) {
	return gh.mergeCommitAt(held, base, m, gh.now())
}

func (gh *GitHub) mergeCommitAt(held *pull, base string, m merging, at time.Time) (string, error) {
	git, by := held.repo.git, signature{m.by, at}
	if m.method == "rebase" {
		commits, err := git.list("--reverse", "--topo-order", "--no-merges", base+".."+held.headSHA)
		if err != nil {
			return "", err
		}
		return git.rebase(base, commits, by)
	}
	tree, err := git.mergeTree(base, held.headSHA)
	if err != nil {
		return "", err
	}
	switch m.method {
	case "squash":
		title := m.title
		if title == "" {
			title = fmt.Sprintf("%s (#%d)", held.issue.title, held.issue.number)
		}
		by.who = held.issue.user
		others, err := git.coAuthors(base, held.headSHA, by.who)
		if err != nil {
			return "", err
		}
		return git.commitTree(tree, title+"\n"+others, by, base)
	case "merge", "":
		title := m.title
		if title == "" {
			title = fmt.Sprintf("Merge pull request #%d from %s/%s", held.issue.number, held.headRepo.owner.login, held.head)
		}
		return git.commitTree(tree, title+"\n\n"+held.issue.title+"\n", by, base, held.headSHA)
	}
	return "", invalid("PullRequest", "merge_method", "invalid", "")
}
