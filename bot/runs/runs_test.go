package runs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/runs/runner"
	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote/store"
)

func encoded(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// text is what a task has said, for looking at it meanwhile.
type text struct {
	mu  sync.Mutex
	all bytes.Buffer
}

// Write adds to it.
func (w *text) Write(piece []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.Write(piece)
}

// String is all of it.
func (w *text) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.all.String()
}

// path of a task.
func path(of string, task int64) string { return strings.Replace(of, "{id}", fmt.Sprint(task), 1) }

// eventually waits until something has happened.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for !happened() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain until %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// failed is what the engine said that failed; empty: it did not.
func failed(err error) string {
	if said := (*engine.Failure)(nil); errors.As(err, &said) {
		return said.Step + ": " + said.Message
	}
	return ""
}

// A worker plans and applies as the server would, in the same words and with the same digests.
func TestWorkerPlansAndApplies(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start()
	s.run("eu-token")
	remote := s.scope("eu").Engine()
	var said text
	work := s.work("network", &said)
	plan, err := remote.Plan(t.Context(), work)
	if err != nil {
		t.Fatal(err)
	}
	local, err := engine.New(s.rules().Stacks.Engine, engine.Settings{Key: []byte("key")})
	if err != nil {
		t.Fatal(err)
	}
	here := s.work("network", nil)
	if err := os.MkdirAll(filepath.Join(here.Root, "prod/network"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(here.Root, "prod/network/content"), []byte("network 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := local.Plan(t.Context(), here)
	if err != nil || plan.Digest != want.Digest || plan.Text != want.Text || !strings.Contains(plan.Text, "+network 1") {
		t.Errorf("it is %q %s; want %q %s (%v)", plan.Text, plan.Digest, want.Text, want.Digest, err)
	}
	if err := remote.Apply(t.Context(), work, plan); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(filepath.Join(s.deployed, "network")); err != nil || string(text) != "network 1\n" {
		t.Errorf("it deployed %q %v", text, err)
	}
	for _, line := range []string{"$ diff", "+network 1", "applying network with hunter22"} {
		if !strings.Contains(said.String(), line) {
			t.Errorf("it said %q, not %q", said.String(), line)
		}
	}
	again, err := remote.Plan(t.Context(), s.work("network", nil))
	if err != nil || !again.Empty() {
		t.Errorf("there is more to do: %+v %v", again, err)
	}
	if exists(work.Log("apply")) {
		t.Error("what it said is left on the server, unredacted")
	}
}

// Commands run at the root of the commit on the worker, with the results of commands here.
func TestWorkerRunsCommands(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start()
	s.run("eu-token")
	var said text
	run := func(line string, limit time.Duration) (process.Result, error) {
		command := process.Shell(line)
		command.Home, command.Copy, command.Limits.Timeout = t.TempDir(), &said, limit
		command.Log = filepath.Join(command.Home, "check.log")
		command.Env = map[string]string{"TRUNKLINE_ROOT": "/on/the/server", "COLOUR": "green"}
		command.Elsewhere = func(ctx context.Context, command process.Command) (process.Result, error) {
			return s.scope("eu").Command(ctx, Place{"prod", commit, "/on/the/server"}, command)
		}
		return process.Run(t.Context(), command)
	}
	result, err := run(`sh scripts/check.sh 3; code=$?; test "$TRUNKLINE_ROOT" = "$PWD" && echo "$COLOUR"; exit $code`, time.Minute)
	if err != nil || result.ExitCode != 3 || result.Log != "network 1\ngreen\n" || said.String() != result.Log {
		t.Errorf("it ended with %+v %v and said %q", result, err, said.String())
	}
	if _, err := run("exec sleep 600", 50*time.Millisecond); !errors.Is(err, process.ErrTimeout) {
		t.Errorf("a command that hangs ended with %v", err)
	}
}

// Many instances are shared out among all who are there.
func TestManyInstances(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for i := range 40 {
		s.files[fmt.Sprintf("prod/c%d/content", i)] = fmt.Sprintf("content %d\n", i)
	}
	s.start()
	s.run("eu-token")
	s.run("us-token")
	remote := s.scope("any").Engine()
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			work := s.work(fmt.Sprintf("c%d", i), nil)
			plan, err := remote.Plan(t.Context(), work)
			if err == nil {
				err = remote.Apply(t.Context(), work, plan)
			}
			if err != nil {
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	all.Wait()
	applies, err := os.ReadFile(filepath.Join(s.deployed, "applies"))
	if err != nil || strings.Count(string(applies), "\n") != 40 {
		t.Errorf("it applied %q %v", applies, err)
	}
}

// Nobody gets in without a token that the settings know, and who is in gets only what its labels and repositories allow.
func TestWhoMayHaveWhat(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.options.Runners.Wait = 100 * time.Millisecond
	other := s.worker("other")
	other.Repositories = []string{"acme/website"}
	s.options.Workers = append(s.options.Workers, other)
	s.start()
	for _, token := range []string{"", "eu", "eu-tokens", s.worker("eu").TokenSHA256, "a.b.c"} {
		refused := (*runner.Refused)(nil)
		stranger := &runner.Runner{Client: s.client(token), Dir: t.TempDir()}
		if err := stranger.Run(t.Context()); !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
			t.Errorf("%q gets in: %v", token, err)
		}
	}
	if !s.log.has("a runner was refused") {
		t.Error("nobody is told of it")
	}
	s.run("us-token")
	s.run("other-token")
	_, err := s.scope("eu").Engine().Plan(t.Context(), s.work("network", nil))
	if said := failed(err); !strings.Contains(said, "No worker with the labels eu that may work for this repository was there within 100ms.") {
		t.Errorf("somebody else did it: %v", err)
	}
	_, err = s.scope("other").Engine().Plan(t.Context(), s.work("network", nil))
	if failed(err) == "" {
		t.Errorf("a worker did something for a repository that is not its own: %v", err)
	}
	// A repository that takes the name of another gets nothing of its workers.
	taken := s.scope("us")
	taken.Repository = 8
	if _, err := taken.Engine().Plan(t.Context(), s.work("network", nil)); !strings.Contains(failed(err), "another repository that was named acme/infrastructure") {
		t.Errorf("another repository got a plan: %v", err)
	}
}

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

// State that would be lost with the runner fails before anybody is asked.
func TestStateBesideTheCode(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start()
	scope := s.scope("eu")
	scope.Rules.Stacks.Engine = config.Engine{Kind: config.Terraform}
	work := s.work("network", nil)
	if err := os.MkdirAll(filepath.Join(work.Root, "prod/network"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := scope.Engine().Plan(t.Context(), work)
	if said := failed(err); !strings.Contains(said, "Declare a backend in prod/network") {
		t.Errorf("it is planned: %v", err)
	}
}

// Secrets reach what runs, and neither people nor the database.
func TestSecretsOfTasks(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start()
	s.run("eu-token")
	scope := s.scope("eu")
	scope.Rules.Stacks.Engine.Plan = `echo "the token is $TOKEN, $PLAIN is plain"`
	plan, err := scope.Engine().Plan(t.Context(), s.work("network", nil))
	if err != nil || plan.Text != "the token is [redacted], plain is plain" {
		t.Errorf("it is %q %v", plan.Text, err)
	}
	scope.Rules.Stacks.Engine.Plan = `echo "no such token: $TOKEN" >&2; exit 3`
	if _, err := scope.Engine().Plan(t.Context(), s.work("network", nil)); !strings.Contains(failed(err), "no such token: [redacted]") {
		t.Errorf("it is said: %v", err)
	}
	s.stop()
	files, err := filepath.Glob(s.file + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no database: %v", err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err != nil || bytes.Contains(text, []byte("hunter22")) {
			t.Errorf("%s has the secret (%v)", file, err)
		}
	}
	if s.log.has("hunter22") || s.log.has("eu-token") {
		t.Error("the log has a secret")
	}
}
