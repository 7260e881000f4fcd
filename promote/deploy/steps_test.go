package deploy

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/config/condition"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// waves of a component each.
func waves(components ...string) (waves []config.Wave) {
	for _, component := range components {
		waves = append(waves, config.Wave{Name: component, Components: []string{component}})
	}
	return waves
}

// wrote is what commands of the repository wrote into a file.
func (s *scene) wrote() string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.root, "wrote"))
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	return strings.Join(strings.Fields(string(text)), " ")
}

// writes is a check that writes its name.
func writes(name string) config.Check {
	return config.Check{Name: name, Run: "echo " + name + " >> wrote"}
}

// waitsFor deploys, and wants the deployment to wait this long from now.
func (s *scene) waitsFor(wait time.Duration) {
	s.t.Helper()
	deployment, err := s.deploy(context.Background())
	if err != nil || !deployment.Phase.Live() {
		s.t.Fatalf("it is %s, %+v, %v", deployment.Phase, deployment.Failure, err)
	}
	s.write(func(tx *store.Tx) error {
		waiting, err := tx.Waiting(s.id)
		if got := waiting.Sub(tx.Now()); (got - wait).Abs() > time.Minute {
			s.t.Errorf("it waits for %s; want %s", got, wait)
		}
		return err
	})
}

func TestWaves(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.target.Rules.Environments[0].Waves = waves("network", "app")
	s.target.Rules.Environments[0].Waves[0].Pause = time.Hour
	s.target.Rules.Environments[0].Waves[0].Verify = []config.Check{writes("one")}
	s.target.Rules.Environments[0].Waves[1].Verify = []config.Check{writes("two")}
	s.target.Rules.Environments[0].Waves[1].Pause = time.Hour // there is nothing after it
	s.waitsFor(time.Hour)
	if !slices.Equal(s.applied, []string{"dev/network n1"}) || s.wrote() != "one" {
		t.Errorf("in the pause %v is applied, and %s checked", s.applied, s.wrote())
	}
	s.passed = 30 * time.Minute
	s.waitsFor(30 * time.Minute)
	s.passed = time.Hour
	s.succeed("dev/network n1", "dev/app a1+a2")
	if s.wrote() != "one two" {
		t.Errorf("checked %s; want each once", s.wrote())
	}
}

// The clock brings on what waits, once.
func TestWaitsEnd(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.target.Rules.Environments[0].Waves = waves("network", "app")
	s.target.Rules.Environments[0].Waves[0].Pause = time.Hour
	s.waitsFor(time.Hour)
	nudged := func() (at time.Time) {
		s.write(func(tx *store.Tx) (err error) {
			if err = tx.NudgeDue(); err == nil {
				at, err = tx.Waiting(s.id)
			}
			return err
		})
		return at
	}
	if nudged().IsZero() {
		t.Error("it was brought on before its time")
	}
	s.passed = time.Hour
	if at := nudged(); !at.IsZero() {
		t.Errorf("it still waits until %s", at)
	}
}

func TestFirstBadWaveStops(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.target.Rules.Environments[0].Waves = waves("network")
	s.target.Rules.Environments[0].Waves[0].Verify = []config.Check{{Name: "probe", Run: "echo 503; exit 1"}}
	s.stop("verify", "probe", "It ended with exit code 1.\n503")
	if !slices.Equal(s.applied, []string{"dev/network n1"}) {
		t.Errorf("applied %v; want nothing of the second wave", s.applied)
	}
	s.runs("aaa", map[string]string{"dev/app": "old", "dev/network": "new", "dev/gone": "old"})
}

// A wave in which nothing changes has nothing to be checked, nor to be waited for.
func TestWavesWithoutChanges(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.target.Rules.Environments[0].Waves = waves("network", "app")
	s.target.Rules.Environments[0].Waves[0].Pause = time.Hour
	s.target.Rules.Environments[0].Waves[0].Verify = []config.Check{writes("one")}
	s.lacks["dev/network"] = nil
	s.succeed("dev/app a1+a2")
	if s.wrote() != "" {
		t.Errorf("checked %s", s.wrote())
	}
}

// A person can stop a deployment that waits.
func TestAbortInAPause(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.target.Rules.Environments[0].Waves = waves("network", "app")
	s.target.Rules.Environments[0].Waves[0].Pause = time.Hour
	s.waitsFor(time.Hour)
	s.write(func(tx *store.Tx) error { return second(tx.AskAbort(s.id, promote.Person{ID: 3, Login: "bob"})) })
	if deployment, err := s.deploy(context.Background()); err != nil || deployment.Phase != promote.Aborted {
		t.Errorf("it is %s, %v", deployment.Phase, err)
	}
}

func hook(t *testing.T, moment config.HookMoment, name, when string) config.Hook {
	t.Helper()
	h := config.Hook{Name: name, Moment: moment, Run: "echo " + name + " >> wrote"}
	if when != "" {
		var problems []condition.Problem
		if h.When, problems = condition.Compile(when); len(problems) > 0 {
			t.Fatal(problems)
		}
	}
	return h
}

func TestHooks(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	elsewhere := hook(t, config.BeforeDeploy, "elsewhere", "")
	elsewhere.Environments = []string{"prod"}
	s.target.Rules.Hooks = []config.Hook{
		hook(t, config.AfterDeploy, "after", ""), hook(t, config.BeforeDeploy, "before", ""), elsewhere,
		hook(t, config.AfterDeploy, "flush", `changed("pipelines/**")`), hook(t, config.AfterDeploy, "many", "plan.changes == 3 && range.commits == 1"),
	}
	s.target.Rules.Environments[0].Verify = []config.Check{writes("check")}
	var before string
	s.during = func(step, _ string) {
		if step == "apply" {
			before = s.wrote()
		}
	}
	s.succeed("dev/app a1+a2", "dev/network n1")
	if before != "before" || s.wrote() != "before after many check" {
		t.Errorf("before anything was applied %q ran, in all %q", before, s.wrote())
	}
	deployment, _ := s.deploy(context.Background())
	step, found := deployment.Step(promote.StepAfter, "", "flush")
	if !found || step.Phase != promote.StepSkipped || !strings.Contains(step.Message, "does not hold") {
		t.Errorf("the hook that was not due is %+v", step)
	}
}

// A hook that fails stops the deployment, before anything is applied or before it counts as there.
func TestHooksFail(t *testing.T) {
	t.Parallel()
	for moment, applied := range map[config.HookMoment][]string{config.BeforeDeploy: nil, config.AfterDeploy: {"dev/app a1+a2", "dev/network n1"}} {
		s := newScene(t)
		h := hook(t, moment, "flush", "")
		h.Run = "echo no; exit 1"
		s.target.Rules.Hooks = []config.Hook{h}
		s.stop("hook", "flush", "It ended with exit code 1.\nno")
		if !slices.Equal(s.applied, applied) {
			t.Errorf("applied %v; want %v", s.applied, applied)
		}
	}
}

// What hangs is stopped at its time limit, and when a person stops the deployment.
func TestStepsThatHang(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	check := s.target.Check
	s.target.Check = func(environment config.Environment, one config.Check) (command process.Command) {
		command = check(environment, one)
		command.Limits.Timeout, command.Limits.Interrupt = one.Timeout, 10*time.Millisecond
		return command
	}
	s.target.Rules.Environments[0].Verify = []config.Check{{Name: "hangs", Run: "sleep 600", Timeout: 50 * time.Millisecond}}
	s.stop("verify", "hangs", "50ms")

	s = newScene(t)
	s.target.Rules.Environments[0].Verify = []config.Check{{Name: "hangs", Run: "touch wrote; sleep 600"}}
	go func() {
		for {
			if _, err := os.Stat(filepath.Join(s.root, "wrote")); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		s.write(func(tx *store.Tx) error { return second(tx.AskAbort(s.id, promote.Person{ID: 3, Login: "bob"})) })
	}()
	if deployment, err := s.deploy(context.Background()); err != nil || deployment.Phase != promote.Aborted {
		t.Errorf("it is %s, %v", deployment.Phase, err)
	}
}
