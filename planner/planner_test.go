package planner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/stack"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv("TEST_APPLIES_IN"); dir != "" {
		if err := applyAndBeKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
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
		for _, difference := range affected(t, runs, target) {
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

func (c *counting) Validate(context.Context, engine.Work) ([]engine.Diagnostic, error) {
	return nil, nil
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
