package githubsim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// MergeQueue is the protection of a branch that is changed through a merge queue
// alone.
type MergeQueue struct {
	// Branch is the default branch when empty.
	Branch string
	// Method is merge, squash or rebase; merge when empty.
	Method string
	// Required are the names of check runs, and contexts of statuses, that must
	// be good on a pull request before it may join, and on its group before it
	// is merged.
	Required []string
	// Timeout is how long a group waits for them, an hour when zero.
	Timeout time.Duration
	// Concurrency is how many groups are checked at a time, five when zero.
	Concurrency int
}

// mergeQueue is the queue of a branch with who stands in it.
type mergeQueue struct {
	MergeQueue
	entries []*queueEntry
}

// queueEntry is one pull request that waits to be merged.
type queueEntry struct {
	pull  *pull
	by    *account
	group *mergeGroup // nil until its turn to be checked
}

// mergeGroup is what a branch would be with a pull request and all before it.
type mergeGroup struct {
	branch     string // gh-readonly-queue/…
	base, head string
	since      time.Time
}

const (
	queuePrefix = "gh-readonly-queue/"
	queueLogin  = "github-merge-queue[bot]"
)

// queueBot is who acts for GitHub in a merge queue.
func (gh *GitHub) queueBot() *account { return gh.account(queueLogin, "Bot") }

// RequireMergeQueue protects a branch of a repository: from now on it is changed
// through its merge queue alone.
func (gh *GitHub) RequireMergeQueue(fullName string, rules MergeQueue) error {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return err
	}
	if rules.Branch == "" {
		rules.Branch = repo.defaultBranch
	}
	if rules.Method == "" {
		rules.Method = "merge"
	}
	if rules.Timeout == 0 {
		rules.Timeout = time.Hour
	}
	if rules.Concurrency == 0 {
		rules.Concurrency = 5
	}
	if strings.Contains(rules.Branch, "*") || !slices.Contains([]string{"merge", "squash", "rebase"}, rules.Method) {
		return invalid("BranchProtectionRule", "merge_queue", "invalid", "")
	}
	// Pushes over HTTP are git's to refuse.
	if _, err := repo.git.run("config", "--add", "receive.hideRefs", "refs/heads/"+rules.Branch); err != nil {
		return err
	}
	repo.queues = append(repo.queues, &mergeQueue{MergeQueue: rules})
	gh.touch()
	return nil
}

// queue is the merge queue that a branch requires, nil for none.
func (r *repository) queue(branch string) *mergeQueue {
	for _, held := range r.queues {
		if held.Branch == branch {
			return held
		}
	}
	return nil
}

// throughQueue refuses to change a branch in another way than through its queue,
// and to write the branches of groups at all.
func (r *repository) throughQueue(branch string) error {
	if strings.HasPrefix(branch, queuePrefix) {
		return &Problem{Status: http.StatusUnprocessableEntity, Message: "Cannot update this protected ref."}
	}
	if r.queue(branch) != nil {
		return &Problem{Status: http.StatusMethodNotAllowed, Message: "Changes must be made through the merge queue"}
	}
	return nil
}

// Enqueue puts a pull request at the end of the merge queue of its base branch,
// with the refusals of GitHub.
func (p *Person) Enqueue(fullName string, number int) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	repo, who, err := p.on(fullName, "write")
	if err != nil {
		return err
	}
	held, err := repo.pullRequest(number)
	if err != nil {
		return err
	}
	queue := repo.queue(held.base)
	if err := repo.joinProblem(queue, held); err != nil {
		return err
	}
	queue.entries = append(queue.entries, &queueEntry{pull: held, by: who})
	p.gh.note(held.issue, Entry{Kind: "added_to_merge_queue", Actor: who.login})
	p.gh.recordQueue(held, who, "added")
	p.gh.emitPull(held, "enqueued", who, nil)
	return p.gh.advance(repo, queue)
}

// joinProblem is why a pull request may not join a queue, nil if it may.
func (r *repository) joinProblem(queue *mergeQueue, held *pull) error {
	refused := func(format string, args ...any) error {
		return &Problem{Status: http.StatusUnprocessableEntity, Message: fmt.Sprintf(format, args...)}
	}
	switch {
	case queue == nil:
		return refused("Merge queue is not enabled for this branch")
	case held.issue.state != "open":
		return refused("Pull request is closed")
	case held.draft:
		return refused("Pull request is in draft state")
	case held.testMerge == "":
		return refused("Pull request has merge conflicts")
	case queue.entry(held) != nil:
		return refused("Pull request is already queued to merge")
	}
	for _, name := range queue.Required {
		switch r.required(name, held.headSHA) {
		case "":
		case "pending":
			return refused("Required status check %q is expected.", name)
		default:
			return refused("Required status check %q is failing.", name)
		}
	}
	return nil
}

// required is how a required check stands on a commit: pending, failure, or
// empty where it is good. Skipped and neutral runs are good.
func (r *repository) required(name, sha string) string {
	for _, run := range slices.Backward(r.runs) {
		if run.sha != sha || run.name != name {
			continue
		}
		switch {
		case run.status != "completed":
			return "pending"
		case slices.Contains([]string{"success", "neutral", "skipped"}, run.conclusion):
			return ""
		}
		return "failure"
	}
	for _, status := range r.latestStatuses(sha) {
		if status.context == name && status.state == "success" {
			return ""
		} else if status.context == name && status.state != "pending" {
			return "failure"
		}
	}
	return "pending"
}

// Dequeue takes a pull request out of the merge queue.
func (p *Person) Dequeue(fullName string, number int) error {
	p.gh.mu.Lock()
	defer p.gh.mu.Unlock()
	held, who, err := p.pull(fullName, number, "write")
	if err != nil {
		return err
	}
	queue := held.repo.queue(held.base)
	if queue == nil || queue.entry(held) == nil {
		return &Problem{Status: http.StatusUnprocessableEntity, Message: "Pull request is not in the merge queue"}
	}
	return p.gh.leaveQueue(held, who, "MANUAL")
}

// QueueView is one pull request in a merge queue, as the queue's page shows it.
type QueueView struct {
	Pull int
	// Branch, Base and Head are those of its group, empty until it has one.
	Branch, Base, Head string
}

// Queue shows who stands in the merge queue of a branch, the first first.
func (gh *GitHub) Queue(fullName, branch string) ([]QueueView, error) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	repo, err := gh.repo(fullName)
	if err != nil {
		return nil, err
	}
	queue := repo.queue(branch)
	if queue == nil {
		return nil, notFound()
	}
	var found []QueueView
	for _, entry := range queue.entries {
		view := QueueView{Pull: entry.pull.issue.number}
		if entry.group != nil {
			view.Branch, view.Base, view.Head = entry.group.branch, entry.group.base, entry.group.head
		}
		found = append(found, view)
	}
	return found, nil
}

func (q *mergeQueue) entry(held *pull) *queueEntry {
	for _, entry := range q.entries {
		if entry.pull == held {
			return entry
		}
	}
	return nil
}

func (gh *GitHub) recordQueue(held *pull, by *account, state string) {
	gh.record(Event{
		Actor: by.login, Kind: "queue", Repository: held.repo.fullName(), Pull: held.issue.number,
		SHA: held.headSHA, State: state, Body: held.issue.title,
	})
}
