package githubsim_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

func TestFaults(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	number := w.pullRequest("topic", map[string]string{"a": "1"})
	say := func() error {
		_, _, err := client.Issues.CreateComment(ctx, "acme", "infra", number, &github.IssueComment{Body: github.String("hello")})
		return err
	}
	inject := func(fault githubsim.Fault) {
		t.Helper()
		if _, err := w.Inject(fault); err != nil {
			t.Fatal(err)
		}
	}
	comments := func() int {
		view, err := w.Pull(infra, number)
		if err != nil {
			t.Fatal(err)
		}
		return len(view.Comments(""))
	}

	inject(githubsim.Fault{Operation: "issues/create-comment", Status: 502, Times: 2})
	for _, want := range []int{502, 502, 0} {
		if err := say(); status(err) != want {
			t.Errorf("%v, want %d", err, want)
		}
	}
	inject(githubsim.Fault{Path: `/comments$`, Status: 403, RetryAfter: 3 * time.Second, Times: 1})
	var limited *github.AbuseRateLimitError
	if err := say(); !errors.As(err, &limited) || limited.GetRetryAfter() != 3*time.Second {
		t.Errorf("%v, want a secondary rate limit", err)
	}
	client = w.client() // go-github itself waits after a limit
	before := comments()
	inject(githubsim.Fault{Operation: "issues/create-comment", DropBefore: true, Times: 1})
	if err := say(); err == nil || comments() != before {
		t.Errorf("dropped before: %v, %d comments", err, comments())
	}
	inject(githubsim.Fault{Operation: "issues/create-comment", DropAfter: true, Times: 1})
	if err := say(); err == nil || comments() != before+1 {
		t.Errorf("dropped after: %v, %d comments, want %d", err, comments(), before+1)
	}
	inject(githubsim.Fault{Operation: "issues/create-comment", Skip: 1, Times: 1, Status: 500})
	for _, want := range []int{0, 500, 0} {
		if err := say(); status(err) != want {
			t.Errorf("%v, want %d", err, want)
		}
	}
	remove, err := w.Inject(githubsim.Fault{Delay: time.Millisecond, Status: 500})
	if err != nil {
		t.Fatal(err)
	}
	if err := say(); status(err) != 500 {
		t.Errorf("%v, want 500", err)
	}
	remove()
	if err := say(); err != nil {
		t.Error(err)
	}
	if _, err := w.Inject(githubsim.Fault{Path: "("}); err == nil {
		t.Error("a path that is no pattern was accepted")
	}
}

func TestPrimaryLimit(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{Limits: githubsim.Limits{Hourly: 3}})
	client := w.client()
	for range 3 {
		if _, _, err := client.Repositories.Get(ctx, "acme", "infra"); err != nil {
			t.Fatal(err)
		}
	}
	rate, _, err := client.RateLimit.Get(ctx)
	if err != nil || rate.GetCore().Remaining != 0 {
		t.Errorf("rate %v: %v", rate, err)
	}
	_, _, err = w.client().Repositories.Get(ctx, "acme", "infra")
	var limited *github.RateLimitError
	if !errors.As(err, &limited) {
		t.Errorf("%v, want a rate limit", err)
	}
}

func TestSecondaryLimit(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{Limits: githubsim.Limits{Secondary: true}})
	client := w.client()
	number := w.pullRequest("topic", map[string]string{"a": "1"})
	var err error
	sent := 0
	for ; err == nil && sent < 100; sent++ {
		_, _, err = client.Issues.CreateComment(ctx, "acme", "infra", number, &github.IssueComment{Body: github.String("hello")})
	}
	var limited *github.AbuseRateLimitError
	if !errors.As(err, &limited) || sent != 81 {
		t.Errorf("after %d comments: %v, want a secondary limit at 81", sent, err)
	}
}
