package runs

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote/store"
)

// Who has lost a plan may have broken off; somebody else makes it. Nobody makes an apply twice.
func TestLostRunners(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.options.Runners.LostAfter = 300 * time.Millisecond
	s.start()
	silent := s.raw("eu-token")
	remote := s.scope("any").Engine()
	type planned struct {
		engine.Plan
		error
	}
	plans := make(chan planned, 1)
	work := s.work("network", nil)
	go func() {
		plan, err := remote.Plan(t.Context(), work)
		plans <- planned{plan, err}
	}()
	lost := silent.next()
	stop := s.run("us-token")
	plan := <-plans
	if plan.error != nil || plan.Empty() {
		t.Fatalf("nobody else has planned: %+v", plan)
	}
	if status := silent.post(path(wire.ResultPath, lost.ID), wire.Outcome{Commit: commit, Plan: &engine.Plan{}}, nil); status != http.StatusConflict {
		t.Errorf("a late result is answered with %d", status)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	applied := make(chan error, 1)
	go func() { applied <- remote.Apply(t.Context(), work, plan.Plan) }()
	task := silent.next()
	if task.Kind != wire.Apply || task.Planned.Digest != plan.Digest {
		t.Errorf("the task is %+v", task)
	}
	said := failed(<-applied)
	if !strings.Contains(said, "The runner eu/raw was lost while it had the apply of prod/network in hand") || !strings.Contains(said, "`/retry prod` plans again") {
		t.Errorf("it is said: %s", said)
	}
	if status := silent.post(path(wire.ResultPath, task.ID), wire.Outcome{Commit: commit}, nil); status != http.StatusConflict {
		t.Errorf("a late result of an apply is answered with %d", status)
	}
	if !s.log.has("a task was lost") {
		t.Error("nobody is told of it")
	}
}

// What a runner says is a claim: for another task, another commit, another session, twice, or in no words of ours, it counts
// for nothing.
func TestHostileResults(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start()
	mine, other := s.raw("eu-token"), s.raw("us-token")
	remote := s.scope("eu").Engine()
	planning := func() (task wire.Task, ended chan error) {
		ended = make(chan error, 1)
		go func() {
			_, err := remote.Plan(t.Context(), s.work("network", nil))
			ended <- err
		}()
		return mine.next(), ended
	}
	task, ended := planning()
	sound := engine.Plan{Changes: []engine.Change{{Address: "network", Action: engine.Run, Digest: "d"}}}
	for name, post := range map[string]func() int{
		"another session":   func() int { return other.post(path(wire.ResultPath, task.ID), wire.Outcome{Commit: commit}, nil) },
		"another task":      func() int { return mine.post(path(wire.ResultPath, task.ID+1), wire.Outcome{Commit: commit}, nil) },
		"no task":           func() int { return mine.post(path(wire.ResultPath, -1), wire.Outcome{Commit: commit}, nil) },
		"output of another": func() int { return other.post(path(wire.OutputPath, task.ID)+"?offset=0", []byte("lies"), nil) },
		"files for another": func() int {
			return other.post(strings.Replace(path(wire.OutputPath, task.ID), "output", "result", 1), []byte("{}"), nil)
		},
	} {
		if status := post(); status != http.StatusConflict {
			t.Errorf("%s is answered with %d", name, status)
		}
	}
	if status := mine.post(path(wire.ResultPath, task.ID), []byte("<html>"), nil); status != http.StatusBadRequest {
		t.Errorf("nonsense is answered with %d", status)
	}
	if status := mine.post(path(wire.OutputPath, task.ID)+"?offset=0", bytes.Repeat([]byte("x"), wire.MaxChunk+1), nil); status != http.StatusRequestEntityTooLarge {
		t.Errorf("too much output is answered with %d", status)
	}
	// A plan that claims the digest of another.
	sound.Digest = strings.Repeat("0", 64)
	if status := mine.post(path(wire.ResultPath, task.ID), wire.Outcome{Commit: commit, Plan: &sound}, nil); status != http.StatusNoContent {
		t.Errorf("a result is answered with %d: %s", status, mine.said)
	}
	if err := <-ended; !strings.Contains(failed(err), "whose digest is not that of its changes") {
		t.Errorf("a plan with the digest of another counts: %v", err)
	}
	if status := mine.post(path(wire.ResultPath, task.ID), wire.Outcome{Commit: commit, Plan: &sound}, nil); status != http.StatusConflict {
		t.Errorf("a second result is answered with %d", status)
	}
	task, ended = planning()
	if status := mine.post(path(wire.ResultPath, task.ID), wire.Outcome{Commit: strings.Repeat("f", 40), Plan: &engine.Plan{}}, nil); status != http.StatusConflict {
		t.Errorf("a result for another commit is answered with %d", status)
	}
	if err := <-ended; !strings.Contains(failed(err), "worked on another commit than 0123456") {
		t.Errorf("a result for another commit counts: %v", err)
	}
	task, ended = planning()
	if status := mine.post(path(wire.ResultPath, task.ID), wire.Outcome{Commit: commit}, nil); status != http.StatusNoContent {
		t.Errorf("a result is answered with %d", status)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "no plan") {
		t.Errorf("no plan counts as one: %v", err)
	}
	if status := (&raw{s: s, token: "trs_guessed"}).post(wire.NextPath, []byte{}, nil); status != http.StatusUnauthorized {
		t.Errorf("a guessed session is answered with %d", status)
	}
}

// An apply goes on while the server is gone. The next waits for its end before anybody works on the instance, and knows the
// session that has it.
func TestApplyOutlivesTheServer(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start()
	holder := s.raw("eu-token")
	work := s.work("network", nil)
	plan := engine.Plan{Changes: []engine.Change{{Address: "network", Action: engine.Run, Digest: "d"}}}
	gone, leave := context.WithCancel(context.Background())
	defer leave()
	left := make(chan struct{})
	go func() {
		defer close(left)
		_ = s.scope("eu").Engine().Apply(context.WithoutCancel(gone), work, plan)
	}()
	task := holder.next()
	if status := holder.post(path(wire.OutputPath, task.ID)+"?offset=0", []byte("half "), nil); status != http.StatusOK {
		t.Fatalf("output is answered with %d", status)
	}
	before := s.hub
	s.stop()
	s.start()
	scope := s.scope("eu")
	if busy, err := scope.Busy(work.Instance); err != nil || !busy {
		t.Errorf("nobody knows that it is applied: %v", err)
	}
	if busy, _ := scope.Busy(s.work("app", nil).Instance); busy {
		t.Error("another instance is taken to be applied")
	}
	awaited := make(chan error, 1)
	go func() { awaited <- scope.Await(t.Context(), work.Instance) }()
	if status := holder.post(path(wire.OutputPath, task.ID)+"?offset=5", []byte("done\n"), nil); status != http.StatusOK {
		t.Errorf("output is answered with %d: %s", status, holder.said)
	}
	select {
	case err := <-awaited:
		t.Errorf("nobody waited for its end: %v", err)
	default:
	}
	if status := holder.post(path(wire.ResultPath, task.ID), wire.Outcome{Commit: commit}, nil); status != http.StatusNoContent {
		t.Errorf("the result is answered with %d: %s", status, holder.said)
	}
	if err := <-awaited; err != nil {
		t.Error(err)
	}
	if said, err := os.ReadFile(work.Log("apply")); err != nil || string(said) != "half done\n" {
		t.Errorf("what it said is %q %v", said, err)
	}
	before.mu.Lock()
	for _, e := range before.tasks { // the process that asked is gone; here it is a goroutine
		e.ended <- end{err: errors.New("gone")}
	}
	before.mu.Unlock()
	<-left
}

// What nobody wants any more is stopped where it runs.
func TestWithdrawn(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start()
	s.run("eu-token")
	ctx, cancel := context.WithCancel(t.Context())
	started, stopped := filepath.Join(s.deployed, "started"), filepath.Join(s.deployed, "stopped")
	command := process.Shell(`trap 'touch "` + stopped + `"; exit 1' INT TERM; touch "` + started + `"; while true; do sleep 0.02; done`)
	command.Home = t.TempDir()
	ended := make(chan error, 1)
	go func() {
		_, err := s.scope("eu").Command(ctx, Place{"prod", commit, "/x"}, command)
		ended <- err
	}()
	eventually(t, "it has started", func() bool { return exists(started) })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if !exists(stopped) {
		t.Error("it was not stopped before its end was told")
	}
	var unfinished []store.Task
	if err := s.store.Read(t.Context(), func(tx *store.Tx) (err error) {
		unfinished, err = tx.UnfinishedTasks()
		return err
	}); err != nil || len(unfinished) > 0 {
		t.Errorf("%+v is left (%v)", unfinished, err)
	}
}

// Who is asked to end lets an apply end, and gives back what others can do.
func TestRunnerEndsInOrder(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start()
	slow := filepath.Join(s.deployed, "slow")
	if err := os.WriteFile(slow, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	stop := s.run("eu-token")
	remote, work := s.scope("any").Engine(), s.work("network", nil)
	plan, err := remote.Plan(t.Context(), work)
	if err != nil {
		t.Fatal(err)
	}
	applied, over := make(chan error, 1), make(chan error, 1)
	go func() { applied <- remote.Apply(t.Context(), work, plan) }()
	eventually(t, "it applies", func() bool { return exists(filepath.Join(s.deployed, "applying")) })
	go func() { over <- stop() }()
	eventually(t, "it asks for nothing more", func() bool {
		s.hub.mu.Lock()
		defer s.hub.mu.Unlock()
		for _, one := range s.hub.sessions {
			if one.polling > 0 {
				return false
			}
		}
		return true
	})
	if err := os.Remove(slow); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(<-applied, <-over); err != nil {
		t.Errorf("it did not end in order: %v", err)
	}
}

// A plan is applied by another than who made it only if it is the same there.
func TestAnotherRunnerApplies(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start()
	stop := s.run("eu-token")
	remote := s.scope("any").Engine()
	network, app := s.work("network", nil), s.work("app", nil)
	plans := map[string]engine.Plan{}
	for _, work := range []engine.Work{network, app} {
		plan, err := remote.Plan(t.Context(), work)
		if err != nil {
			t.Fatal(err)
		}
		plans[work.Instance.Component] = plan
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.deployed, "app"), []byte("something else\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.run("us-token")
	if err := remote.Apply(t.Context(), network, plans["network"]); err != nil {
		t.Errorf("the same plan was not applied: %v", err)
	}
	err := remote.Apply(t.Context(), app, plans["app"])
	if said := failed(err); !strings.Contains(said, "the plan is another one") || !strings.Contains(said, "Nothing was applied") {
		t.Errorf("another plan than the one that was made was applied: %v", err)
	}
	if text, _ := os.ReadFile(filepath.Join(s.deployed, "app")); string(text) != "something else\n" {
		t.Errorf("it is %q", text)
	}
}
