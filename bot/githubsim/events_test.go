package githubsim_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

func TestSubscribeReplaysThePast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	w.push("main", map[string]string{"a": "1"})
	events, cancel := w.Subscribe()
	defer cancel()
	for i := range 300 {
		if _, err := w.alice.Comment(infra, w.once("topic"), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	var last githubsim.Event
	var at int
	for want := 0; want < 300; at++ {
		if last = <-events; last.Kind == "comment" {
			if last.Body != fmt.Sprint(want) {
				t.Fatalf("event %d is %q, want %d", at, last.Body, want)
			}
			want++
		}
	}
	cancel()
	for range events { // closed once cancelled
	}
}

// once opens a pull request the first time and finds it again later.
func (w *world) once(branch string) int {
	w.t.Helper()
	view, err := w.Repository(infra)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, one := range view.Pulls {
		if one.HeadBranch == branch {
			return one.Number
		}
	}
	return w.pullRequest(branch, map[string]string{branch: "1"})
}

func TestWaitLooksAgainAtEachChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	number := w.pullRequest("topic", map[string]string{"a": "1"})
	go client.Issues.CreateComment(context.Background(), "acme", "infra", number, &github.IssueComment{Body: github.String("here")})
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := w.Wait(ctx, func() bool {
		view, err := w.Pull(infra, number)
		return err == nil && len(view.Comments(w.BotLogin())) == 1
	}); err != nil {
		t.Error(err)
	}
	ended, end := context.WithCancel(context.Background())
	end()
	if err := w.Wait(ended, func() bool { return false }); err == nil {
		t.Error("Wait went on after its context")
	}
}

// People, the App and Git work at the same time.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	number := w.pullRequest("topic", map[string]string{"a": "1"})
	var working sync.WaitGroup
	for i := range 4 {
		working.Go(func() {
			for j := range 5 {
				text := fmt.Sprint(i, j)
				if _, err := w.As("alice").Push(infra, fmt.Sprint("branch", i), text, map[string]*string{"a": &text}); err != nil {
					t.Error(err)
				}
			}
		})
		working.Go(func() {
			for range 5 {
				if _, _, err := client.Issues.CreateComment(ctx, "acme", "infra", number, &github.IssueComment{Body: github.String("x")}); err != nil {
					t.Error(err)
				}
				if _, err := w.Pull(infra, number); err != nil {
					t.Error(err)
				}
			}
		})
	}
	working.Wait()
	w.settle()
	pushes := 0
	for _, name := range w.hook.names() {
		if name == "push" {
			pushes++
		}
	}
	if pushes != 21 {
		t.Errorf("%d pushes arrived, want 21", pushes)
	}
	if _, _, err := client.Meta.Get(ctx); err != nil {
		t.Error(err)
	}
}

func TestCallsAreCounted(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	if _, _, err := w.client().Repositories.Get(ctx, "acme", "infra"); err != nil {
		t.Fatal(err)
	}
	calls := w.Calls()
	if len(calls) != 2 || calls[0].Operation != "apps/create-installation-access-token" || calls[1].Operation != "repos/get" || calls[1].Status != 200 {
		t.Errorf("calls %+v", calls)
	}
	if w.Exercised()["repos/get"] != 1 {
		t.Errorf("exercised %v", w.Exercised())
	}
}
