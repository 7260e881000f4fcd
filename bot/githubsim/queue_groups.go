package githubsim

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// advance brings a merge queue on as far as it goes: what is good at its front
// is merged, what failed leaves it, and what has room is put into a group.
func (gh *GitHub) advance(repo *repository, queue *mergeQueue) error {
	for {
		failed, reason := gh.failedEntry(repo, queue)
		if failed != nil {
			if err := gh.remove(queue, failed, gh.queueBot(), reason); err != nil {
				return err
			}
			continue
		}
		if front := queue.front(repo); front != nil {
			if err := gh.mergeGroup(repo, queue, front); err != nil {
				return err
			}
			continue
		}
		built, err := gh.buildNext(repo, queue)
		if err != nil || !built {
			return err
		}
	}
}

// advanceAt brings on the queue whose group has the commit as its head.
func (gh *GitHub) advanceAt(repo *repository, sha string) error {
	for _, queue := range repo.queues {
		for _, entry := range queue.entries {
			if entry.group != nil && entry.group.head == sha {
				return gh.advance(repo, queue)
			}
		}
	}
	return nil
}

// ExpireQueues removes from all merge queues whose checks have taken too long by
// the clock. Call it after the clock has moved: nothing here looks at it by
// itself.
func (gh *GitHub) ExpireQueues() error {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	for _, repo := range gh.sortedRepos() {
		for _, queue := range repo.queues {
			if err := gh.advance(repo, queue); err != nil {
				return err
			}
		}
	}
	return nil
}

// failedEntry is the first entry whose group will not be merged, and why.
func (gh *GitHub) failedEntry(repo *repository, queue *mergeQueue) (*queueEntry, string) {
	for _, entry := range queue.entries {
		if entry.group == nil {
			continue
		}
		for _, name := range queue.Required {
			switch repo.required(name, entry.group.head) {
			case "failure":
				return entry, "CI_FAILURE"
			case "pending":
				if gh.now().Sub(entry.group.since) >= queue.Timeout {
					return entry, "CI_TIMEOUT"
				}
			}
		}
	}
	return nil, ""
}

// front is the first entry if its group is good.
func (q *mergeQueue) front(repo *repository) *queueEntry {
	if len(q.entries) == 0 || q.entries[0].group == nil {
		return nil
	}
	for _, name := range q.Required {
		if repo.required(name, q.entries[0].group.head) != "" {
			return nil
		}
	}
	return q.entries[0]
}

// buildNext makes the group of the first entry that has none, if there is room.
// An entry that conflicts with those before it leaves the queue.
func (gh *GitHub) buildNext(repo *repository, queue *mergeQueue) (built bool, err error) {
	base := repo.git.branch(queue.Branch)
	for i, entry := range queue.entries {
		if i >= queue.Concurrency {
			return false, nil
		}
		if entry.group != nil {
			base = entry.group.head
			continue
		}
		head, err := gh.groupHead(repo, queue, groupOf{entry.pull, base})
		if errors.Is(err, errConflict) {
			return true, gh.remove(queue, entry, gh.queueBot(), "MERGE_CONFLICT")
		}
		if err != nil {
			return false, err
		}
		entry.group = &mergeGroup{
			branch: fmt.Sprintf("%s%s/pr-%d-%s", queuePrefix, queue.Branch, entry.pull.issue.number, base),
			base:   base, head: head, since: gh.now(),
		}
		if err := repo.git.setRef("refs/heads/"+entry.group.branch, head); err != nil {
			return false, err
		}
		if err := gh.moved(move{repo, entry.group.branch, "", head, gh.queueBot()}); err != nil {
			return false, err
		}
		return true, gh.emitGroup(repo, queue, entry.group, "checks_requested", nil)
	}
	return false, nil
}

// groupOf is a pull request on a base.
type groupOf struct {
	pull *pull
	base string
}

// groupHead merges a pull request into the base in the queue's way. No two groups
// have the same head on GitHub, where time passes between them; here it does so
// for the commit alone.
func (gh *GitHub) groupHead(repo *repository, queue *mergeQueue, of groupOf) (string, error) {
	for at := gh.now(); ; at = at.Add(time.Second) {
		head, err := gh.mergeCommitAt(of.pull, of.base, merging{method: queue.Method, by: gh.queueBot()}, at)
		if err != nil || !slices.Contains(repo.groupHeads, head) {
			repo.groupHeads = append(repo.groupHeads, head)
			return head, err
		}
	}
}

// mergeGroup merges the first entry: the branch moves to the head of its group.
func (gh *GitHub) mergeGroup(repo *repository, queue *mergeQueue, entry *queueEntry) error {
	queue.entries = queue.entries[1:]
	before := repo.git.branch(queue.Branch)
	if err := repo.git.setRef("refs/heads/"+queue.Branch, entry.group.head); err != nil {
		return err
	}
	gh.recordQueue(entry.pull, gh.queueBot(), "merged")
	gh.emitPull(entry.pull, "dequeued", gh.queueBot(), object{"reason": "MERGE"})
	if err := gh.markMerged(entry.pull, entry.group.head, gh.queueBot()); err != nil {
		return err
	}
	if err := gh.moved(move{repo, queue.Branch, before, entry.group.head, gh.queueBot()}); err != nil {
		return err
	}
	return gh.destroy(repo, queue, entry, "merged")
}

// leaveQueue takes a pull request out of its base's queue, if it stands there.
func (gh *GitHub) leaveQueue(held *pull, by *account, reason string) error {
	for _, queue := range held.repo.queues {
		if entry := queue.entry(held); entry != nil {
			if err := gh.remove(queue, entry, by, reason); err != nil {
				return err
			}
			return gh.advance(held.repo, queue)
		}
	}
	return nil
}

// remove takes an entry out of the queue. The groups behind it contain it, so
// they are destroyed and will be built anew.
func (gh *GitHub) remove(queue *mergeQueue, entry *queueEntry, by *account, reason string) error {
	place := slices.Index(queue.entries, entry)
	behind := queue.entries[place+1:]
	queue.entries = slices.Delete(slices.Clone(queue.entries), place, place+1)
	held := entry.pull
	gh.note(held.issue, Entry{Kind: "removed_from_merge_queue", Actor: by.login, State: reason})
	gh.recordQueue(held, by, "removed, "+reason)
	gh.emitPull(held, "dequeued", by, object{"reason": reason})
	if err := gh.destroy(held.repo, queue, entry, "dequeued"); err != nil {
		return err
	}
	for _, one := range behind {
		if err := gh.destroy(held.repo, queue, one, "invalidated"); err != nil {
			return err
		}
	}
	return nil
}

// destroy takes the group of an entry away, with its branch.
func (gh *GitHub) destroy(repo *repository, queue *mergeQueue, entry *queueEntry, reason string) error {
	group := entry.group
	if group == nil {
		return nil
	}
	entry.group = nil
	if err := gh.emitGroup(repo, queue, group, "destroyed", object{"reason": reason}); err != nil {
		return err
	}
	if err := repo.git.deleteRef("refs/heads/" + group.branch); err != nil {
		return err
	}
	return gh.moved(move{repo, group.branch, group.head, "", gh.queueBot()})
}

// emitGroup queues the webhook about a group.
func (gh *GitHub) emitGroup(repo *repository, queue *mergeQueue, group *mergeGroup, action string, more object) error {
	info, err := repo.git.info(group.head)
	if err != nil {
		return err
	}
	person := func(p gitPerson) object { return object{"name": p.name, "email": p.email} }
	gh.emit(repo, "merge_group."+action, gh.queueBot(), merge(object{"merge_group": object{
		"head_sha": group.head, "head_ref": "refs/heads/" + group.branch,
		"base_sha": group.base, "base_ref": "refs/heads/" + queue.Branch,
		"head_commit": object{
			"id": info.sha, "tree_id": info.tree, "message": info.message, "timestamp": stamp(info.committer.at),
			"author": person(info.author), "committer": person(info.committer),
		},
	}}, more))
	return nil
}
