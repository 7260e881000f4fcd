package planner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/stack"
)

func TestMain(m *testing.M) {
	if os.Getenv("APPLY_FOR_TEST") != "" {
		applyAndBeKilled()
		return
	}
	goleak.VerifyTestMain(m)
}

// From a commit in a repository to what runs, and back.
func TestFromCommitToApplied(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("terraform"); err != nil {
		t.Skip("terraform is not on the PATH")
	}
	repository, rules := newRepository(t), folders("dev", "prod")
	rules.Stacks.Path = "components/{component}"
	first := repository.commit(
		"components/box/main.tf", `
variable "size" {}
resource "terraform_data" "box" { input = "${terraform.workspace} ${var.size}" }
module "name" { source = "../../modules/name" }`,
		"components/box/dev.tfvars", "size = 1\n", "components/box/prod.tfvars", "size = 2\n",
		"modules/name/main.tf", `resource "terraform_data" "name" { input = "first" }`)
	second := repository.commit("modules/name/main.tf", `resource "terraform_data" "name" { input = "second" }`)
	reverted := repository.commit("modules/name/main.tf", `resource "terraform_data" "name" { input = "first" }`)
	terraform, err := engine.New(rules.Stacks.Engine, engine.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	planner := Planner{Engine: terraform, State: t.TempDir(), Parallel: 2}

	runs := Snapshot{}
	for _, step := range []struct {
		commit string
		want   string
	}{
		{first, "dev/box: create terraform_data.box, create module.name.terraform_data.name\nprod/box: create terraform_data.box, create module.name.terraform_data.name"},
		{second, "dev/box: update module.name.terraform_data.name\nprod/box: update module.name.terraform_data.name"},
		{second, ""},
		{reverted, "dev/box: update module.name.terraform_data.name\nprod/box: update module.name.terraform_data.name"},
	} {
		target := repository.snapshot(step.commit, rules)
		var instances []stack.Instance
		for _, difference := range Affected(runs, target) {
			instances = append(instances, difference.Instance)
		}
		worktree, err := repository.mirror.Worktree(t.Context(), step.commit)
		if err != nil {
			t.Fatal(err)
		}
		place := Place{Commit: step.commit, Root: worktree.Dir, Scratch: t.TempDir(), Lock: true, Locks: []*process.Lock{worktree.Lock}}
		var got []string
		for _, plan := range planner.PlanAll(t.Context(), place, instances, Reports{}) {
			if plan.Err != nil {
				t.Fatal(plan.Err)
			}
			var changes []string
			for _, change := range plan.Plan.Changes {
				changes = append(changes, string(change.Action)+" "+change.Address)
			}
			got = append(got, plan.Instance.Name()+": "+strings.Join(changes, ", "))
			if err := terraform.Apply(t.Context(), planner.Work(place, plan.Instance), plan.Plan); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Join(got, "\n"); got != step.want {
			t.Errorf("at %s:\n%s\nwant\n%s", step.commit, got, step.want)
		}
		worktree.Release()
		runs = target
	}
}

// counting is an engine that counts how many plans are made at a time.
type counting struct {
	now, most atomic.Int32
	hold      chan struct{}
}

func (c *counting) Plan(ctx context.Context, work engine.Work) (engine.Plan, error) {
	now := c.now.Add(1)
	defer c.now.Add(-1)
	for most := c.most.Load(); now > most && !c.most.CompareAndSwap(most, now); most = c.most.Load() {
	}
	if work.Instance.Component == "bad" {
		return engine.Plan{}, &engine.Failure{Step: "plan", Message: "it is bad"}
	}
	select {
	case <-c.hold:
		return engine.Plan{Instance: work.Instance}, nil
	case <-ctx.Done():
		return engine.Plan{}, fmt.Errorf("plan: %w", context.Cause(ctx))
	}
}

func (c *counting) Apply(context.Context, engine.Work, engine.Plan) error { return nil }

func named(names ...string) []stack.Instance {
	var all []stack.Instance
	for _, name := range names {
		all = append(all, stack.Instance{Stack: "dev", Component: name})
	}
	return all
}

func TestPlanAllIsBoundedAndInOrder(t *testing.T) {
	t.Parallel()
	counting := &counting{hold: make(chan struct{})}
	planner := Planner{Engine: counting, Parallel: 3}
	var started, ended []string
	reports := Reports{
		Started: func(i stack.Instance) {
			if started = append(started, i.Component); len(started) == 3 {
				close(counting.hold)
			}
		},
		Ended: func(p InstancePlan) { ended = append(ended, p.Instance.Component) },
	}
	instances := named("a", "b", "c", "bad", "d", "e", "f")
	plans := planner.PlanAll(t.Context(), Place{}, instances, reports)
	for i, plan := range plans {
		if plan.Instance.Component != instances[i].Component {
			t.Errorf("%d is %s", i, plan.Instance.Component)
		}
		outcome, failure := plan.Outcome()
		if bad := plan.Instance.Component == "bad"; bad != (outcome == Failed && failure == "it is bad") || !bad && outcome != Planned {
			t.Errorf("%s is %s %s", plan.Instance.Component, outcome, failure)
		}
	}
	if most := counting.most.Load(); most > 3 || len(started) != 7 || len(ended) != 7 {
		t.Errorf("%d at a time; started %v, ended %v", most, started, ended)
	}
}

func TestPlanAllCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	planner := Planner{Engine: &counting{hold: make(chan struct{})}, Parallel: 2}
	plans := planner.PlanAll(ctx, Place{}, named("a", "b", "c"), Reports{Started: func(stack.Instance) { cancel(errors.New("a newer push")) }})
	for _, plan := range plans {
		if outcome, _ := plan.Outcome(); outcome != Cancelled || !strings.Contains(plan.Err.Error(), "a newer push") {
			t.Errorf("%s is %s: %v", plan.Instance.Component, outcome, plan.Err)
		}
	}
}

// slow is an engine of commands whose apply says that it began, and ends when it is told to.
func slow(t *testing.T) engine.Engine {
	slow, err := engine.New(config.Engine{
		Kind:  config.Command,
		Plan:  `diff -N "$TRUNKLINE_STATE/file" file || true`,
		Apply: `echo began > "$SIGNALS/began"; until [ -e "$SIGNALS/go" ]; do sleep 0.02; done; echo x >> "$SIGNALS/applied"; cp file "$TRUNKLINE_STATE/file"`,
	}, engine.Settings{})
	if err != nil && t != nil {
		t.Fatal(err)
	}
	return slow
}

func slowWork(dir string) (Planner, Place, stack.Instance) {
	planner := Planner{Engine: slow(nil), State: filepath.Join(dir, "state"), Env: map[string]string{"SIGNALS": dir}}
	place := Place{Commit: strings.Repeat("c", 40), Root: filepath.Join(dir, "root"), Scratch: filepath.Join(dir, "scratch")}
	return planner, place, stack.Instance{Environment: "dev", Stack: "dev", Component: "web", Path: "web", Workspace: "default"}
}

// applyAndBeKilled is the process that the test kills.
func applyAndBeKilled() {
	planner, place, instance := slowWork(os.Getenv("APPLY_FOR_TEST"))
	ctx := context.Background()
	lock, err := planner.TakeLock(ctx, instance)
	if err != nil {
		panic(err)
	}
	place.Locks = []*process.Lock{lock}
	work := planner.Work(place, instance)
	plan, err := planner.Engine.Plan(ctx, work)
	if err != nil {
		panic(err)
	}
	if err := planner.Engine.Apply(ctx, work, plan); err != nil {
		panic(err)
	}
}

// A bot is killed while it applies. The engine goes on; the next bot waits for it, and finds that all is done.
func TestKilledWhileApplying(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	planner, place, instance := slowWork(dir)
	if err := os.MkdirAll(filepath.Join(place.Root, "web"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(place.Root, "web", "file"), []byte("new\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	bot := exec.Command(os.Args[0])
	bot.Env = append(os.Environ(), "APPLY_FOR_TEST="+dir)
	if err := bot.Start(); err != nil {
		t.Fatal(err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for began := false; !began; {
		select {
		case <-tick.C:
			_, err := os.Stat(filepath.Join(dir, "began"))
			began = err == nil
		case <-t.Context().Done():
			t.Fatal("the apply did not begin")
		}
	}
	if err := bot.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = bot.Wait() // it was killed
	if lock, err := process.TryLock(filepath.Join(planner.State, instance.Folder()+".lock")); err != nil || lock != nil {
		t.Fatalf("the lock is free while the engine works: %v %v", lock, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
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
}
