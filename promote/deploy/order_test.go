package deploy

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// dependent is a scene in which app depends on network.
func dependent(t *testing.T) *scene {
	t.Helper()
	s := newScene(t)
	s.target.Upstream = map[string][]string{"dev/app": {"dev/network"}}
	return s
}

// succeed deploys, and wants this to be applied.
func (s *scene) succeed(want ...string) {
	s.t.Helper()
	deployment, err := s.deploy(context.Background())
	if err != nil || deployment.Phase != promote.Succeeded {
		s.t.Fatalf("it is %s, %+v, %v", deployment.Phase, deployment.Failure, err)
	}
	if !slices.Equal(s.applied, want) {
		s.t.Errorf("applied %v; want %v", s.applied, want)
	}
}

// stop deploys, and wants it to stop with this failure.
func (s *scene) stop(step, subject string, says ...string) {
	s.t.Helper()
	deployment, err := s.deploy(context.Background())
	if err != nil || deployment.Failure == nil {
		s.t.Fatalf("it is %s, %v; want a failure", deployment.Phase, err)
	}
	if deployment.Failure.Step != step || deployment.Failure.Subject != subject {
		s.t.Errorf("stopped by %s %s; want %s %s", deployment.Failure.Step, deployment.Failure.Subject, step, subject)
	}
	for _, text := range says {
		if !strings.Contains(deployment.Failure.Message, text) {
			s.t.Errorf("the failure says %q; want %q in it", deployment.Failure.Message, text)
		}
	}
}

func TestUpstreamFirst(t *testing.T) {
	t.Parallel()
	s := dependent(t)
	s.target.Planner.Parallel = 4
	s.succeed("dev/network n1", "dev/app a1+a2")
}

// What lies between two instances need not be part of the deployment.
func TestUpstreamThroughOthers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.target.Instances["dev/between"] = planner.Resolved{Digest: "", Instance: stack.Instance{Environment: "dev", Stack: "dev", Component: "between"}}
	s.target.Upstream = map[string][]string{"dev/app": {"dev/between"}, "dev/between": {"dev/network"}}
	s.succeed("dev/network n1", "dev/app a1+a2")
}

// runsNew has the environment run an instance at its digest already.
func (s *scene) runsNew(name string) {
	s.lacks[name] = nil
	s.target.Instances[name] = planner.Resolved{Digest: "old", Instance: s.target.Instances[name].Instance}
}

// Outputs are not in a digest: what depends on an instance that changed is planned again.
func TestDownstreamIsPlannedAgain(t *testing.T) {
	t.Parallel()
	s := dependent(t)
	s.runsNew("dev/app")
	s.after = func(name string) {
		if name == "dev/network" {
			s.lacks["dev/app"] = []string{"a9"}
		}
	}
	s.succeed("dev/network n1", "dev/app a9")
	s.runs("bbb", map[string]string{"dev/app": "old", "dev/network": "new"})
}

// planned counts the plans of an instance from now on.
func (s *scene) plans(name string) *int {
	count := new(int)
	s.during = func(step, of string) {
		if step == "plan" && of == name {
			*count++
		}
	}
	return count
}

func TestDownstreamOfWhatDoesNotChange(t *testing.T) {
	t.Parallel()
	s := dependent(t)
	s.runsNew("dev/app")
	s.lacks["dev/network"] = nil
	plans := s.plans("dev/app")
	s.succeed()
	if *plans != 0 {
		t.Errorf("it was planned %d times; want none", *plans)
	}
}

// What is downstream of something downstream is planned only if that changes.
func TestDownstreamOfDownstream(t *testing.T) {
	t.Parallel()
	s := dependent(t)
	s.runsNew("dev/app")
	s.target.Instances["dev/web"] = planner.Resolved{Digest: "", Instance: stack.Instance{Environment: "dev", Stack: "dev", Component: "web"}}
	s.target.Upstream["dev/web"] = []string{"dev/app"}
	plans := s.plans("dev/web")
	s.succeed("dev/network n1")
	if *plans != 0 {
		t.Errorf("it was planned %d times, although app came out as it was", *plans)
	}
}

// Where the deployment stops between the two, the next one looks at what is downstream, although its digest is the same.
func TestDownstreamIsNotForgotten(t *testing.T) {
	t.Parallel()
	s := dependent(t)
	s.runsNew("dev/app")
	s.fails["plan dev/app"] = "no"
	s.stop("plan", "dev/app", "no")
	s.runs("aaa", map[string]string{"dev/app": "", "dev/network": "new", "dev/gone": "old"})
	s.again()
	s.fails, s.applied, s.lacks["dev/app"] = nil, nil, []string{"a9"}
	s.succeed("dev/app a9")
}

// A plan that was made before what it depends on was applied is not the one that is applied.
func TestPlansFromBeforeAreNotApplied(t *testing.T) {
	t.Parallel()
	s := dependent(t)
	s.after = func(name string) {
		if name == "dev/network" {
			s.lacks["dev/app"] = []string{"a1", "a3"}
		}
	}
	s.succeed("dev/network n1", "dev/app a1+a3")
}

// It is the same after a crash between the two.
func TestPlansFromBeforeAreNotAppliedByTheNextProcess(t *testing.T) {
	t.Parallel()
	s := dependent(t)
	ctx, stop := context.WithCancel(context.Background())
	s.after = func(string) { stop() }
	if deployment, err := s.deploy(ctx); err == nil || !deployment.Phase.Live() {
		t.Fatalf("it is %s, %v", deployment.Phase, err)
	}
	s.after, s.lacks["dev/app"] = nil, []string{"a1", "a3"}
	s.succeed("dev/network n1", "dev/app a1+a3")
}

// Whoever asked for a deployment has seen its plan: what would be destroyed besides needs them again.
func TestNewPlansThatDestroy(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"auto", "manual"} {
		s := newSceneOf(t, strings.Replace(rules, "promote: auto", "promote: "+mode, 1))
		s.target.Upstream = map[string][]string{"dev/app": {"dev/network"}}
		s.after = func(name string) {
			if name == "dev/network" {
				s.lacks["dev/app"] = []string{"a1", "gone1"}
			}
		}
		if mode == "auto" {
			s.succeed("dev/network n1", "dev/app a1+gone1")
			continue
		}
		s.stop("plan", "dev/app", "After dev/network was applied", "1 to create, 1 to destroy; 2 to create was planned before",
			"it replaces or destroys, which the plan that carol asked for did not", "It was not applied.")
		if want := []string{"dev/network n1"}; !slices.Equal(s.applied, want) {
			t.Errorf("applied %v; want %v", s.applied, want)
		}
	}
}

// What cannot be planned before something else is there is planned then, also where only its plan says so.
func TestPlansThatWaitForOthers(t *testing.T) {
	t.Parallel()
	for _, declared := range []bool{true, false} {
		s := newScene(t)
		if declared {
			s.target.Upstream = map[string][]string{"dev/app": {"dev/network"}}
		}
		s.target.Await = func(_ context.Context, plan *planner.InstancePlan) { plan.After = []string{"dev/network"} }
		s.fails["plan dev/app"] = "network has no output"
		s.after = func(string) { s.fails = nil }
		s.succeed("dev/network n1", "dev/app a1+a2")
	}
}

// What a plan has shown to come first stays so in the next pass, and is an order like every other.
func TestPlansThatWaitForOthersLater(t *testing.T) {
	t.Parallel()
	awaits := func() *scene {
		s := newScene(t)
		s.target.Await = func(_ context.Context, plan *planner.InstancePlan) { plan.After = []string{"dev/network"} }
		s.fails["plan dev/app"] = "network has no output"
		return s
	}
	s := awaits()
	s.fails["apply dev/network"] = "no room"
	s.stop("apply", "dev/network", "no room")
	s = awaits()
	stopping, stop := context.WithCancel(context.Background())
	s.after = func(string) { s.fails = nil; stop() }
	if _, err := s.deploy(stopping); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	s.target.Await, s.after = nil, nil // what the next process knows is what was written down
	s.succeed("dev/network n1", "dev/app a1+a2")
	s = awaits()
	s.target.Rules.Environments[0].Waves = waves("app", "network")
	s.stop("order", "dev/app", "dev/app depends on dev/network, which is in a later wave")
	s = awaits()
	s.runsNew("dev/network") // nobody would apply it
	s.stop("plan", "dev/app", "network has no output")
}

func TestDeploymentsWithoutOrder(t *testing.T) {
	t.Parallel()
	s := dependent(t)
	s.target.Upstream["dev/network"] = []string{"dev/app"}
	s.stop("order", "dev/app", "dev/app -> dev/network -> dev/app")
	s = dependent(t)
	s.target.Rules.Environments[0].Waves = waves("app", "network")
	s.stop("order", "dev/app", "dev/app depends on dev/network, which is in a later wave")
	if len(s.applied) > 0 {
		t.Errorf("applied %v", s.applied)
	}
}

// Several are applied at a time, but none before its turn, and none after an error.
func TestSeveralAtATime(t *testing.T) {
	t.Parallel()
	r := &run{target: &Target{Planner: planner.Planner{Parallel: 2}}}
	order := promote.Order{"c": {"a"}, "d": {"a", "b"}, "f": {"d"}}
	began, ended := make(chan string), make(chan error)
	goOn := map[string]chan error{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		goOn[name] = make(chan error, 1)
	}
	go func() {
		ended <- r.inOrder(context.Background(), []string{"f", "d", "c", "b", "a", "e"}, order, func(_ context.Context, name string) error {
			began <- name
			return <-goOn[name]
		})
	}()
	if both := []string{<-began, <-began}; !slices.Contains(both, "a") || !slices.Contains(both, "b") {
		t.Fatalf("began %v; want a and b", both)
	}
	for _, step := range []struct{ ends, begins string }{{"a", "c"}, {"b", "d"}, {"c", "e"}} {
		goOn[step.ends] <- nil
		if got := <-began; got != step.begins {
			t.Fatalf("after %s began %s; want %s", step.ends, got, step.begins)
		}
	}
	failure := errors.New("no")
	goOn["d"] <- failure
	goOn["e"] <- nil
	if err := <-ended; !errors.Is(err, failure) {
		t.Errorf("ended with %v", err)
	}
}

// An abort between two instances leaves the second as it is.
func TestAbortBetweenInstances(t *testing.T) {
	t.Parallel()
	s := dependent(t)
	s.after = func(string) {
		s.write(func(tx *store.Tx) error { return second(tx.AskAbort(s.id, promote.Person{ID: 3, Login: "bob"})) })
	}
	deployment, err := s.deploy(context.Background())
	if err != nil || deployment.Phase != promote.Aborted || !slices.Equal(s.applied, []string{"dev/network n1"}) {
		t.Errorf("it is %s with %v applied, %v", deployment.Phase, s.applied, err)
	}
}

func second(_ bool, err error) error { return err }
