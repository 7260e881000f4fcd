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
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/process"
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
