package githubsim_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// queueing is a world whose main is changed through a merge queue that requires
// the check "plan", and three pull requests on which it is good.
type queueing struct {
	*world
	t      *testing.T
	client *github.Client
	// passed is how many nanoseconds have gone by.
	passed *atomic.Int64
}

func newQueueing(t *testing.T, rules githubsim.MergeQueue) *queueing {
	t.Helper()
	begin := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	q := &queueing{t: t, passed: new(atomic.Int64)}
	q.world = newWorld(t, githubsim.Options{Clock: func() time.Time { return begin.Add(time.Duration(q.passed.Load())) }})
	q.client = q.world.client()
	rules.Required = []string{"plan"}
	if err := q.RequireMergeQueue(infra, rules); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		number := q.pullRequest(fmt.Sprintf("topic%d", i+1), map[string]string{fmt.Sprintf("%d.txt", i+1): "new\n"})
		pull, err := q.Pull(infra, number)
		if err != nil {
			t.Fatal(err)
		}
		q.check(pull.HeadSHA, "success")
	}
	return q
}

// check reports the required check on a commit.
func (q *queueing) check(sha, conclusion string) {
	q.t.Helper()
	options := github.CreateCheckRunOptions{Name: "plan", HeadSHA: sha, Status: github.String("in_progress")}
	if conclusion != "" {
		options.Status, options.Conclusion = github.String("completed"), &conclusion
	}
	if _, _, err := q.client.Checks.CreateCheckRun(context.Background(), "acme", "infra", options); err != nil {
		q.t.Fatal(err)
	}
}

func (q *queueing) enqueue(numbers ...int) {
	q.t.Helper()
	for _, number := range numbers {
		if err := q.alice.Enqueue(infra, number); err != nil {
			q.t.Fatal(err)
		}
	}
}

// queue are the entries of the queue of main.
func (q *queueing) queue() []githubsim.QueueView {
	q.t.Helper()
	queue, err := q.Queue(infra, "main")
	if err != nil {
		q.t.Fatal(err)
	}
	return queue
}

// told lists the webhooks about groups and about what joined and left the queue.
func (q *queueing) told() (told []string) {
	q.settle()
	for _, letter := range q.hook.letters() {
		group, _ := letter.payload["merge_group"].(map[string]any)
		switch {
		case letter.event == "merge_group":
			branch, _, _ := strings.Cut(strings.TrimPrefix(group["head_ref"].(string), "refs/heads/gh-readonly-queue/main/"), "-"+group["base_sha"].(string))
			told = append(told, strings.TrimSuffix(fmt.Sprintf("%s %s %v", letter.action, branch, letter.payload["reason"]), " <nil>"))
		case strings.HasSuffix(letter.action, "queued"):
			told = append(told, strings.TrimSuffix(fmt.Sprintf("%s #%v %v", letter.action, letter.payload["number"], letter.payload["reason"]), " <nil>"))
		}
	}
	return told
}

func (q *queueing) main() string {
	repository, err := q.Repository(infra)
	if err != nil {
		q.t.Fatal(err)
	}
	return repository.Branches["main"]
}

func TestQueueMergesInOrder(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"merge", "squash", "rebase"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			q := newQueueing(t, githubsim.MergeQueue{Method: method})
			before := q.main()
			q.enqueue(1, 2)
			queue := q.queue()
			if len(queue) != 2 || queue[0].Base != before || queue[1].Base != queue[0].Head {
				t.Fatalf("the queue is %+v; want the second group on the first", queue)
			}
			repository, err := q.Repository(infra)
			if err != nil || repository.Branches[queue[1].Branch] != queue[1].Head {
				t.Errorf("branches %v: %v", repository.Branches, err)
			}
			// The second is good before the first: it waits.
			q.check(queue[1].Head, "success")
			if q.main() != before {
				t.Error("main moved although the first group is not good yet")
			}
			q.check(queue[0].Head, "")
			q.check(queue[0].Head, "success")
			if q.main() != queue[1].Head || len(q.queue()) != 0 {
				t.Errorf("main is at %s; want the second group's head %s", q.main(), queue[1].Head)
			}
			for number, want := range []string{queue[0].Head, queue[1].Head} {
				pull, err := q.Pull(infra, number+1)
				if err != nil || pull.State != "merged" || pull.MergeSHA != want {
					t.Errorf("#%d is %s as %s; want it merged as %s (%v)", number+1, pull.State, pull.MergeSHA, want, err)
				}
			}
			if repository, err := q.Repository(infra); err != nil || slices.ContainsFunc(keys(repository.Branches), func(name string) bool { return strings.HasPrefix(name, "gh-readonly") }) {
				t.Errorf("branches of groups are still there: %v, %v", repository.Branches, err)
			}
			want := []string{"enqueued #1", "checks_requested pr-1", "enqueued #2", "checks_requested pr-2",
				"dequeued #1 MERGE", "destroyed pr-1 merged", "dequeued #2 MERGE", "destroyed pr-2 merged"}
			if diff := cmp.Diff(want, q.told()); diff != "" {
				t.Errorf("webhooks (-want +got):\n%s", diff)
			}
		})
	}
}

func keys(of map[string]string) (names []string) {
	for name := range of {
		names = append(names, name)
	}
	return names
}

func TestQueueInvalidatesWhatIsBehind(t *testing.T) {
	t.Parallel()
	q := newQueueing(t, githubsim.MergeQueue{Concurrency: 2})
	q.enqueue(1, 2, 3)
	queue := q.queue()
	if queue[2].Head != "" {
		t.Errorf("the third has a group although two are checked at a time: %+v", queue)
	}
	q.check(queue[0].Head, "failure")
	after := q.queue()
	if len(after) != 2 || after[0].Pull != 2 || after[0].Base != q.main() || after[0].Head == queue[1].Head || after[1].Base != after[0].Head {
		t.Errorf("the queue is %+v; want #2 on main and #3 on it", after)
	}
	want := []string{"enqueued #1", "checks_requested pr-1", "enqueued #2", "checks_requested pr-2", "enqueued #3",
		"dequeued #1 CI_FAILURE", "destroyed pr-1 dequeued", "destroyed pr-2 invalidated", "checks_requested pr-2", "checks_requested pr-3"}
	if diff := cmp.Diff(want, q.told()); diff != "" {
		t.Errorf("webhooks (-want +got):\n%s", diff)
	}
}

func TestQueueTimesOut(t *testing.T) {
	t.Parallel()
	q := newQueueing(t, githubsim.MergeQueue{Timeout: 10 * time.Minute})
	q.enqueue(1)
	q.passed.Add(int64(9 * time.Minute))
	if err := q.ExpireQueues(); err != nil || len(q.queue()) != 1 {
		t.Errorf("after nine minutes the queue is %+v: %v", q.queue(), err)
	}
	q.passed.Add(int64(time.Minute))
	if err := q.ExpireQueues(); err != nil || len(q.queue()) != 0 {
		t.Errorf("after ten minutes the queue is %+v: %v", q.queue(), err)
	}
	if told := q.told(); !slices.Contains(told, "dequeued #1 CI_TIMEOUT") || !slices.Contains(told, "destroyed pr-1 dequeued") {
		t.Errorf("webhooks %v", told)
	}
}

// Whatever changes a pull request takes it out of the queue, and a conflict with what is before it does.
func TestQueueIsLeft(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*queueing) error{
		"push":    func(q *queueing) error { q.push("topic1", map[string]string{"more.txt": "1\n"}); return nil },
		"close":   func(q *queueing) error { return q.alice.Close(infra, 1) },
		"draft":   func(q *queueing) error { return q.alice.Draft(infra, 1) },
		"dequeue": func(q *queueing) error { return q.alice.Dequeue(infra, 1) },
		"retarget": func(q *queueing) error {
			q.push("other", map[string]string{"other.txt": "1\n"})
			return q.alice.Retarget(infra, 1, "other")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newQueueing(t, githubsim.MergeQueue{})
			q.enqueue(1)
			if err := leave(q); err != nil {
				t.Fatal(err)
			}
			if queue := q.queue(); len(queue) != 0 || !slices.Contains(q.told(), "destroyed pr-1 dequeued") {
				t.Errorf("the queue is %+v, webhooks %v", queue, q.told())
			}
		})
	}
	t.Run("conflict", func(t *testing.T) {
		t.Parallel()
		q := newQueueing(t, githubsim.MergeQueue{})
		number := q.pullRequest("clash", map[string]string{"1.txt": "other\n"})
		pull, err := q.Pull(infra, number)
		if err != nil {
			t.Fatal(err)
		}
		q.check(pull.HeadSHA, "success")
		q.enqueue(1, number)
		if queue := q.queue(); len(queue) != 1 || !slices.Contains(q.told(), fmt.Sprintf("dequeued #%d MERGE_CONFLICT", number)) {
			t.Errorf("the queue is %+v, webhooks %v", queue, q.told())
		}
	})
}

func TestQueueRefuses(t *testing.T) {
	t.Parallel()
	q := newQueueing(t, githubsim.MergeQueue{})
	unchecked := q.pullRequest("unchecked", map[string]string{"4.txt": "new\n"})
	failing := q.pullRequest("failing", map[string]string{"5.txt": "new\n"})
	pull, err := q.Pull(infra, failing)
	if err != nil {
		t.Fatal(err)
	}
	q.check(pull.HeadSHA, "failure")
	q.enqueue(3)
	if err := q.alice.Draft(infra, 2); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"without write access": {q.As("dave").Enqueue(infra, 1), http.StatusForbidden},
		"a check is missing":   {q.alice.Enqueue(infra, unchecked), http.StatusUnprocessableEntity},
		"a check failed":       {q.alice.Enqueue(infra, failing), http.StatusUnprocessableEntity},
		"a draft":              {q.alice.Enqueue(infra, 2), http.StatusUnprocessableEntity},
		"twice":                {q.alice.Enqueue(infra, 3), http.StatusUnprocessableEntity},
		"not queued":           {q.alice.Dequeue(infra, 1), http.StatusUnprocessableEntity},
		"merged past it":       {second(q.alice.Merge(infra, 1, "merge")), http.StatusMethodNotAllowed},
		"pushed past it":       {second(q.alice.Push(infra, "main", "past", map[string]*string{})), http.StatusMethodNotAllowed},
		"pushed to a group":    {second(q.alice.Push(infra, q.queue()[0].Branch, "into", map[string]*string{})), http.StatusUnprocessableEntity},
	} {
		if got := refusal(c.err); got != c.want {
			t.Errorf("%s: %v; want %d", name, c.err, c.want)
		}
	}
	if _, _, err := q.client.PullRequests.Merge(context.Background(), "acme", "infra", 1, "", nil); status(err) != http.StatusMethodNotAllowed {
		t.Errorf("merged by the API: %v", err)
	}
}

// The branches of groups are fetched like any other, and nobody pushes to them or past the queue.
func TestQueueOverGit(t *testing.T) {
	t.Parallel()
	q := newQueueing(t, githubsim.MergeQueue{})
	q.enqueue(1)
	group := q.queue()[0]
	writing := q.remote(&github.InstallationPermissions{Contents: github.String("write")})
	dir := t.TempDir()
	mustGit(t, dir, "init", "--quiet", "--bare", ".")
	mustGit(t, dir, "fetch", "--quiet", writing, "+refs/heads/gh-readonly-queue/*:refs/heads/gh-readonly-queue/*", "+refs/heads/main:refs/heads/main")
	if got := mustGit(t, dir, "rev-parse", "refs/heads/"+group.Branch); got != group.Head {
		t.Errorf("the group's branch is at %s, want %s", got, group.Head)
	}
	for _, refspec := range []string{"+refs/heads/main:refs/heads/" + group.Branch, "+refs/heads/" + group.Branch + ":refs/heads/main"} {
		if out, err := git(t, dir, "push", "--quiet", writing, refspec); err == nil {
			t.Errorf("%s was taken: %s", refspec, out)
		}
	}
	mustGit(t, dir, "push", "--quiet", writing, "refs/heads/main:refs/heads/other")
}

func second(_ string, err error) error { return err }

// Groups are told of to those who have subscribed and may know.
func TestGroupsNeedTheEventAndThePermission(t *testing.T) {
	t.Parallel()
	unsubscribed := strings.Replace(everything, "  - merge_group\n", "", 1)
	w := newWorld(t, githubsim.Options{Manifest: []byte(unsubscribed)})
	if err := w.RequireMergeQueue(infra, githubsim.MergeQueue{}); err != nil {
		t.Fatal(err)
	}
	if err := w.alice.Enqueue(infra, w.pullRequest("topic", map[string]string{"1.txt": "new\n"})); err != nil {
		t.Fatal(err)
	}
	w.settle()
	for _, letter := range w.hook.letters() {
		if letter.event == "merge_group" {
			t.Errorf("was told %s", letter.body)
		}
	}
	forbidden := strings.Replace(everything, "  merge_queues: read\n", "", 1)
	if _, err := githubsim.New(githubsim.Options{Dir: t.TempDir(), Manifest: []byte(forbidden), Key: testKey()}); err == nil {
		t.Error("the event could be subscribed to without the permission")
	}
}
