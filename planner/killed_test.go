package planner

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/stack"
)

// slow says that it began, waits until it is told to go on, and notes each time that it has ended.
const slow = `echo began > "$SIGNALS/began"; until [ -e "$SIGNALS/go" ]; do sleep 0.02; done; echo x >> "$SIGNALS/applied"`

// slowEngines are engines whose apply is slow, with the code that makes them so.
var slowEngines = map[config.EngineKind]struct {
	engine config.Engine
	code   string
}{
	config.Command: {config.Engine{
		Kind: config.Command, Plan: `diff -N "$TRUNKLINE_STATE/main.tf" main.tf || true`, Apply: slow + `; cp main.tf "$TRUNKLINE_STATE/main.tf"`,
	}, "new\n"},
	config.Terraform: {config.Engine{Kind: config.Terraform}, `
resource "terraform_data" "slow" {
  provisioner "local-exec" {
    command = <<-EOT
      ` + slow + `
    EOT
  }
}
`},
}

// slowWork is the work of the slow engine in the directory, the same for each process.
func slowWork(dir string) (Planner, Place, stack.Instance, error) {
	kind := config.EngineKind(filepath.Base(dir))
	slow, err := engine.New(slowEngines[kind].engine, engine.Settings{})
	planner := Planner{Engine: slow, State: filepath.Join(dir, "state"), Env: map[string]string{"SIGNALS": dir}}
	place := Place{Commit: strings.Repeat("c", 40), Root: filepath.Join(dir, "root"), Scratch: filepath.Join(dir, "scratch"), Lock: true}
	return planner, place, stack.Instance{Environment: "dev", Stack: "dev", Component: "web", Path: "web", Workspace: "default"}, err
}

// applyAndBeKilled is the bot that the test starts as another process, and kills.
func applyAndBeKilled(dir string) error {
	ctx := context.Background()
	planner, place, instance, err := slowWork(dir)
	if err != nil {
		return err
	}
	lock, err := planner.TakeLock(ctx, instance)
	if err != nil {
		return err
	}
	place.Locks = []*process.Lock{lock}
	work := planner.Work(place, instance)
	plan, err := planner.Engine.Plan(ctx, work)
	if err != nil {
		return err
	}
	return planner.Engine.Apply(ctx, work, plan)
}

// A bot is killed while it applies. The engine goes on; the next bot waits for it, and finds that all is done.
func TestKilledWhileApplying(t *testing.T) {
	t.Parallel()
	for kind, slow := range slowEngines {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath("terraform"); err != nil && kind == config.Terraform {
				t.Skip("terraform is not on the PATH")
			}
			dir := filepath.Join(t.TempDir(), string(kind))
			write(t, filepath.Join(dir, "root", "web", "main.tf"), slow.code)
			killWhenBegun(t, dir)
			planner, place, instance, err := slowWork(dir)
			if err != nil {
				t.Fatal(err)
			}
			if lock, err := process.TryLock(filepath.Join(planner.State, instance.Folder()+".lock")); err != nil || lock != nil {
				t.Fatalf("the lock is free while the engine works: %v %v", lock, err)
			}
			write(t, filepath.Join(dir, "go"), "")
			lock, err := planner.TakeLock(t.Context(), instance)
			if err != nil {
				t.Fatal(err)
			}
			defer lock.Release()
			place.Scratch = filepath.Join(dir, "another")
			plan, err := planner.Engine.Plan(t.Context(), planner.Work(place, instance))
			if err != nil {
				t.Fatal(err)
			}
			if applied, err := os.ReadFile(filepath.Join(dir, "applied")); err != nil || string(applied) != "x\n" || !plan.Empty() {
				t.Errorf("applied %q, %v, and the plan is %+v", applied, err, plan)
			}
		})
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// killWhenBegun starts a bot, and kills it once its apply has begun.
func killWhenBegun(t *testing.T, dir string) {
	t.Helper()
	bot := exec.Command(os.Args[0])
	bot.Env = append(os.Environ(), "TEST_APPLIES_IN="+dir)
	bot.Stderr = os.Stderr
	if err := bot.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- bot.Wait() }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for began := false; !began; {
		select {
		case err := <-ended:
			t.Fatalf("the bot ended by itself: %v", err)
		case <-tick.C:
			_, err := os.Stat(filepath.Join(dir, "began"))
			began = err == nil
		}
	}
	if err := bot.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-ended
}
