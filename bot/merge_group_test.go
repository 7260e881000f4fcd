package bot

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/promote/store"
)

// queueing is a world whose trunk is changed through a merge queue that requires our check run and "ci", and with a pull
// request on which both are good.
type queueing struct {
	*world
	number int
	// stopped: the bot was, and may have begun a check run again that it had just begun.
	stopped bool
}

// queued is a repository whose plans hang while there is a file that says so, and write down that they were made.
var queued = map[string]string{
	".github/trunkline.yml": `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine:
    plan: |
      touch "$DEPLOYED/planned"
      if test -e "$DEPLOYED/hang"; then
        sleep 600 & echo "$! $$" > "$DEPLOYED/hanging"
        wait
      fi
      cat content
    apply: "true"
environments:
  dev:
    promote: manual
`,
	"environments/dev/app/content": "first\n",
	"README.md":                    "hello\n",
}

// newQueueing begins with a pull request of this content.
func newQueueing(t *testing.T, content string) *queueing {
	t.Helper()
	q := &queueing{world: newWorld(t, githubsim.RepositoryOptions{Files: queued})}
	q.must(q.gh.RequireMergeQueue(project, githubsim.MergeQueue{Required: []string{checkName, "ci"}}))
	q.number = q.ready("change", content)
	return q
}

func (q *queueing) must(err error) {
	q.t.Helper()
	if err != nil {
		q.t.Fatal(err)
	}
}

// ready opens a pull request and waits until it may join the queue.
func (q *queueing) ready(branch, content string) int {
	q.t.Helper()
	alice := q.gh.As("alice")
	_, err := alice.Push(project, branch, "Change", map[string]*string{"environments/dev/" + branch + "/content": &content})
	q.must(err)
	number, err := alice.OpenPull(project, branch, "Change", "", githubsim.OpenOptions{})
	q.must(err)
	q.settle()
	pull, err := q.gh.Pull(project, number)
	q.must(err)
	q.must(alice.Status(project, pull.HeadSHA, "ci", "success"))
	q.settle()
	return number
}

// queue are those who stand in the queue.
func (q *queueing) queue() []githubsim.QueueView {
	q.t.Helper()
	queue, err := q.gh.Queue(project, "main")
	q.must(err)
	return queue
}

// group is the group of the first in the queue.
func (q *queueing) group() githubsim.QueueView {
	q.t.Helper()
	queue := q.queue()
	if len(queue) == 0 {
		q.t.Fatal("the queue is empty")
	}
	return queue[0]
}

// check is our check run on a commit, its conclusion or else its status; there must be one at most.
func (q *queueing) check(sha string) string {
	q.t.Helper()
	made := 0
	for _, event := range q.gh.Events() {
		if event.Kind == "check" && event.SHA == sha && event.Actor == q.gh.BotLogin() && event.State == "in_progress" {
			made++
		}
	}
	checks, err := q.gh.Checks(project, sha)
	q.must(err)
	switch {
	case made > 1 && !q.stopped || len(checks) > 1:
		q.t.Errorf("%d check runs were begun on %s, and there are %d; want one", made, sha, len(checks))
	case len(checks) == 0:
		return ""
	case checks[0].Conclusion != "":
		return checks[0].Conclusion
	}
	return checks[0].Status
}

// Whatever happens to deliveries about groups, they are planned, and once.
func TestGroupsWithoutOrderlyDeliveries(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	about := func(webhook githubsim.Webhook, action string) bool {
		return webhook.Event == "merge_group" && webhook.Action == action
	}
	for name, fate := range map[string]func(githubsim.Webhook) githubsim.Fate{
		"asked for twice": func(w githubsim.Webhook) githubsim.Fate {
			return githubsim.Fate{Copies: 2 * btoi(about(w, "checks_requested"))}
		},
		"asked for late": func(w githubsim.Webhook) githubsim.Fate {
			return githubsim.Fate{Behind: 3 * btoi(about(w, "checks_requested"))}
		},
		"the asking is lost":    func(w githubsim.Webhook) githubsim.Fate { return githubsim.Fate{Drop: about(w, "checks_requested")} },
		"the asking fails":      func(w githubsim.Webhook) githubsim.Fate { return githubsim.Fate{Fail: about(w, "checks_requested")} },
		"nothing tells the end": func(w githubsim.Webhook) githubsim.Fate { return githubsim.Fate{Drop: about(w, "destroyed")} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newQueueing(t, "second\n")
			tries := map[string]bool{}
			q.gh.Disturb(func(webhook githubsim.Webhook) githubsim.Fate {
				again := tries[webhook.GUID]
				tries[webhook.GUID] = true
				if again {
					return githubsim.Fate{} // a redelivery comes through
				}
				return fate(webhook)
			})
			q.must(q.gh.As("bob").Enqueue(project, q.number))
			group := q.group()
			waitFor(t, "the group is planned", func() bool { return q.check(group.Head) == "success" })
			q.must(q.gh.As("alice").Status(project, group.Head, "ci", "success"))
			waitFor(t, "it is merged", func() bool { return len(q.queue()) == 0 })
			q.gh.Disturb(nil)
			q.settle()
			waitFor(t, "trunk is read", func() bool { return q.tip() == group.Head })
			if got := q.check(group.Head); got != "success" {
				t.Errorf("the check run of the group is %q", got)
			}
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// tip is the newest commit of trunk that the bot has read.
func (q *queueing) tip() (tip string) {
	q.t.Helper()
	repository, err := q.gh.Repository(project)
	q.must(err)
	q.must(q.store.Read(q.t.Context(), func(tx *store.Tx) error {
		known, err := tx.Repository(repository.ID)
		tip = known.Tip
		return err
	}))
	return tip
}

// hang makes plans hang from now on, until the returned function is called.
func (q *queueing) hang() (goOn func()) {
	q.t.Helper()
	file := filepath.Join(q.deployed, "hang")
	q.must(os.WriteFile(file, nil, 0o600))
	return func() { q.must(os.Remove(file)) }
}

// hanging queues a second pull request behind the first, whose group is planned and hangs.
func (q *queueing) hanging() (group githubsim.QueueView, goOn func()) {
	q.t.Helper()
	bob := q.gh.As("bob")
	second := q.ready("second", "third\n")
	q.must(bob.Enqueue(project, q.number))
	waitFor(q.t, "the first group has the plans of its pull request", func() bool { return q.check(q.group().Head) == "success" })
	goOn = q.hang()
	q.must(bob.Enqueue(project, second))
	q.planning("hanging")
	waitFor(q.t, "the check run of the group is in progress", func() bool { return q.check(q.queue()[1].Head) == "in_progress" })
	return q.queue()[1], goOn
}

// What left the queue is not planned any more, and its check run says so.
func TestGroupsThatLeaveAreStopped(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	for name, leave := range map[string]func(*queueing) error{
		"dequeued": func(q *queueing) error { return q.gh.As("alice").Dequeue(project, q.queue()[1].Pull) },
		"pushed to": func(q *queueing) error {
			return second(q.gh.As("alice").Push(project, "second", "More", map[string]*string{"README.md": nil}))
		},
		"invalidated": func(q *queueing) error { return q.gh.As("alice").Status(project, q.queue()[0].Head, "ci", "failure") },
		"without being told": func(q *queueing) error {
			q.gh.Disturb(func(webhook githubsim.Webhook) githubsim.Fate {
				return githubsim.Fate{Drop: webhook.Action == "destroyed"}
			})
			if err := q.gh.As("alice").Dequeue(project, q.queue()[1].Pull); err != nil {
				return err
			}
			q.stop()
			q.now.goOn(queuePatience)
			q.start()
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newQueueing(t, "second\n")
			group, goOn := q.hanging()
			q.must(leave(q))
			waitFor(t, "its check run has ended", func() bool { return q.check(group.Head) == "cancelled" })
			goOn() // not before: a bot that comes back may plan the group before it looks at the queue
			waitFor(t, "its processes have ended", func() bool { return q.ended("hanging") })
			q.settle()
			for _, entry := range q.queue() {
				if got := q.check(entry.Head); got != "success" {
					t.Errorf("the check run of the group of #%d, which is in the queue, is %q", entry.Pull, got)
				}
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

// A group that is planned while we are stopped is planned when we are back, in the same check run.
func TestGroupsOutliveStops(t *testing.T) {
	t.Parallel()
	q := newQueueing(t, "second\n")
	group, goOn := q.hanging()
	q.stop()
	q.stopped = true
	goOn()
	q.start()
	waitFor(t, "it is planned", func() bool { return q.check(group.Head) == "success" })
	q.settle()
}

// A group that is gone before it is heard of is not planned.
func TestGroupsGoneBeforeTheyAreHeardOf(t *testing.T) {
	t.Parallel()
	q := newQueueing(t, "second\n")
	q.gh.Disturb(func(webhook githubsim.Webhook) githubsim.Fate {
		return githubsim.Fate{Behind: 10 * btoi(webhook.Action == "checks_requested"), Drop: webhook.Action == "enqueued"}
	})
	bob := q.gh.As("bob")
	q.must(bob.Enqueue(project, q.number))
	group := q.group()
	q.must(bob.Dequeue(project, q.number))
	q.settle()
	if got := q.check(group.Head); got != "" {
		t.Errorf("it has a check run that is %q", got)
	}
}

// Plans of the pull request stand for its group only while nothing can have changed.
func TestGroupsTakeNoPlansThatMayBeOld(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	for name, c := range map[string]struct {
		anew   bool
		change func(*queueing) (number int)
	}{
		"just planned":     {false, func(q *queueing) int { return q.number }},
		"planned long ago": {true, func(q *queueing) int { q.stop(); q.now.goOn(reuseFor + time.Minute); q.start(); return q.number }},
		"planned in part": {true, func(q *queueing) int {
			q.must(second(q.gh.As("bob").Comment(project, q.number, "/plan dev")))
			return q.number
		}},
		"deployed meanwhile": {true, func(q *queueing) int {
			q.merge(q.number)
			next := q.ready("second", "third\n")
			q.must(second(q.gh.As("bob").Comment(project, q.number, "/promote dev")))
			return next
		}},
		"trunk has gone on": {true, func(q *queueing) int {
			next := q.ready("second", "third\n")
			q.merge(q.number)
			return next
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newQueueing(t, "second\n")
			number := c.change(q)
			q.settle()
			q.must(os.Remove(filepath.Join(q.deployed, "planned")))
			q.must(q.gh.As("bob").Enqueue(project, number))
			q.settle()
			if got := q.check(q.group().Head); got != "success" {
				t.Errorf("its check run is %q", got)
			}
			if _, err := os.Stat(filepath.Join(q.deployed, "planned")); (err == nil) != c.anew {
				t.Errorf("planned anew: %v; want %v", err == nil, c.anew)
			}
		})
	}
}

// merge has a pull request merged by the queue.
func (q *queueing) merge(number int) {
	q.t.Helper()
	q.must(q.gh.As("bob").Enqueue(project, number))
	group := q.group()
	q.must(q.gh.As("bob").Status(project, group.Head, "ci", "success"))
	q.settle()
	if len(q.queue()) != 0 || q.tip() != group.Head {
		q.t.Fatalf("#%d is not merged", number)
	}
}

// Someone who has lost the right to press the button, or never had it, has no effect.
func TestButtonWithoutWriteAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Files: slow})
	content := "second\n"
	if _, err := w.gh.As("alice").Push(project, "change", "Change", map[string]*string{"environments/dev/app/content": &content}); err != nil {
		t.Fatal(err)
	}
	number, err := w.gh.As("alice").OpenPull(project, "change", "Change", "", githubsim.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.settle()
	pull, err := w.gh.Pull(project, number)
	if err != nil {
		t.Fatal(err)
	}
	before := len(w.gh.Events())
	if err := w.gh.As("mallory").RequestAction(project, pull.Checks[0].ID, planAgain); err == nil {
		t.Error("GitHub lets mallory press the button")
	}
	// Bob presses it, and is no collaborator any more when the delivery comes.
	w.stop()
	if err := w.gh.As("bob").RequestAction(project, pull.Checks[0].ID, planAgain); err != nil {
		t.Fatal(err)
	}
	if err := w.gh.SetRole(project, "bob", "read"); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.settle()
	for _, event := range w.gh.Events()[before:] {
		if event.Actor == w.gh.BotLogin() {
			t.Errorf("the bot did %+v", event)
		}
	}
}

// A pull request that becomes a draft is not planned any more; one that someone asked for as a draft is, also after a stop.
func TestDraftsWhilePlanning(t *testing.T) {
	t.Parallel()
	q := newQueueing(t, "second\n")
	alice := q.gh.As("alice")
	content := "third\n"
	goOn := q.hang()
	sha, err := alice.Push(project, "change", "More", map[string]*string{"environments/dev/change/content": &content})
	q.must(err)
	q.planning("hanging")
	q.must(alice.Draft(project, q.number))
	waitFor(t, "its check run has ended", func() bool { return q.check(sha) == "cancelled" })
	waitFor(t, "its processes have ended", func() bool { return q.ended("hanging") })
	q.must(os.Remove(filepath.Join(q.deployed, "hanging")))
	q.must(second(q.gh.As("bob").Comment(project, q.number, "/plan")))
	q.planning("hanging")
	q.stop()
	goOn()
	q.start()
	q.settle()
	pull, err := q.gh.Pull(project, q.number)
	q.must(err)
	if got := pull.Checks[0]; got.Conclusion != "success" || !pull.Draft {
		t.Errorf("the check run of the draft that was asked for is %s %s", got.Status, got.Conclusion)
	}
}
