package bot

import (
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote/deploy"
)

// observed is a target whose checks run in a directory of the test.
func observed(t *testing.T) *deploy.Target {
	dir := t.TempDir()
	return &deploy.Target{Planner: planner.Planner{State: t.TempDir()}, Check: func(_ config.Environment, check config.Check) process.Command {
		command := process.Shell(check.Run)
		command.Dir, command.Home, command.Log = dir, filepath.Join(dir, "checks"), filepath.Join(dir, "checks", "check.log")
		return command
	}}
}

// Headers are filled with what the environment's runs are given.
func TestObservingWithSecrets(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, r.Header.Get("Authorization")+" of "+r.Header.Get("X-Tenant"))
	}))
	t.Cleanup(server.Close)
	watched := config.Watch{HTTP: server.URL, Timeout: 10 * time.Second,
		Headers: []config.Header{{Name: "Authorization", Value: "Bearer ${TOKEN}"}, {Name: "X-Tenant", Value: "${TENANT}"}}}
	observe := observing(observed(t), map[string]string{"TOKEN": "abc\n"})
	seen := observe(t.Context(), config.Environment{Name: "dev", Variables: map[string]string{"TENANT": "acme"}}, watched)
	if seen.Status != http.StatusTeapot || seen.Said != "Bearer abc of acme" {
		t.Errorf("it is %+v", seen)
	}
	if watched.Headers[0].Value != "Bearer ${TOKEN}" {
		t.Error("the secret is in the configuration now")
	}
}

// A command that a killed Trunkline left behind is waited for, and not run beside.
func TestObservingBesideWhatWasLeftBehind(t *testing.T) {
	t.Parallel()
	target := observed(t)
	observe := observing(target, nil)
	watched := config.Watch{Name: "queue", Run: "echo 7", Timeout: 50 * time.Millisecond}
	locks := filepath.Join(target.Planner.State, ".steps", "dev-watch-*.lock")
	if seen := observe(t.Context(), config.Environment{Name: "dev"}, config.Watch{Name: "queue", Run: "echo 7", Timeout: time.Minute}); len(seen.Readings) != 1 || seen.Readings[0].Value != 7 {
		t.Fatalf("it is %+v", seen)
	}
	files, err := filepath.Glob(locks)
	if err != nil || len(files) != 1 {
		t.Fatalf("the locks are %v, %v", files, err)
	}
	// A program that another test starts at this moment has it too until it is that program.
	lock, err := process.TakeLock(t.Context(), files[0])
	if err != nil {
		t.Fatalf("the lock is not free: %v", err)
	}
	defer lock.Release()
	if seen := observe(t.Context(), config.Environment{Name: "dev"}, watched); !strings.HasPrefix(seen.Unreachable, "an earlier run of it has not ended") {
		t.Errorf("it is %+v", seen)
	}
	if seen := observe(t.Context(), config.Environment{Name: "prod"}, config.Watch{Name: "queue", Run: "echo 8", Timeout: time.Minute}); len(seen.Readings) != 1 || seen.Readings[0].Value != 8 {
		t.Errorf("that of another environment is %+v", seen)
	}
}
