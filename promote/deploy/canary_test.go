package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// staircase is a scene in which app goes up a staircase. What an apply gets is its weight.
func staircase(t *testing.T, canary config.Canary) *scene {
	t.Helper()
	s := newScene(t)
	canary.Components, canary.Variable = []string{"app"}, "weight"
	s.target.Rules.Environments[0].Canary = []config.Canary{canary}
	return s
}

// weightOf is the weight that an engine's work gets: as a variable and in the environment alike.
func weightOf(work engine.Work) string {
	weight, ok := work.Instance.Variables["weight"]
	if !ok || fmt.Sprint(weight) != work.Env["TRUNKLINE_WEIGHT"] {
		return ""
	}
	return fmt.Sprintf(" at %v", weight)
}

func TestStaircase(t *testing.T) {
	t.Parallel()
	s := staircase(t, config.Canary{Steps: []int{1, 10}, Verify: []config.Check{writes("step")}, Pause: time.Hour})
	s.waitsFor(time.Hour)
	if want := []string{"dev/app a1+a2 at 1", "dev/network n1"}; !slices.Equal(s.applied, want) {
		t.Errorf("at the first step %v is applied; want %v", s.applied, want)
	}
	s.runs("aaa", map[string]string{"dev/app": "", "dev/network": "new", "dev/gone": "old"})
	s.lacks["dev/app"], s.passed = []string{"a2"}, time.Hour
	s.waitsFor(time.Hour)
	s.lacks["dev/app"], s.passed = []string{"a3"}, 2*time.Hour
	s.succeed("dev/app a1+a2 at 1", "dev/network n1", "dev/app a2 at 10", "dev/app a3")
	if s.wrote() != "step step" {
		t.Errorf("checked %s; want each step once", s.wrote())
	}
	s.runs("bbb", map[string]string{"dev/app": "new", "dev/network": "new"})
}

func TestBadStepStops(t *testing.T) {
	t.Parallel()
	s := staircase(t, config.Canary{Steps: []int{1, 10}, Verify: []config.Check{{Name: "errors", Run: "echo many; exit 1"}}})
	s.stop("verify", "errors", "many")
	if want := []string{"dev/app a1+a2 at 1"}; !slices.Equal(s.applied, want) {
		t.Errorf("applied %v; want %v", s.applied, want)
	}
}

// No step goes beyond what was planned for the whole.
func TestStepsBeyondThePlan(t *testing.T) {
	t.Parallel()
	s := staircase(t, config.Canary{Steps: []int{1}, Verify: []config.Check{writes("step")}})
	s.after = func(string) { s.lacks["dev/app"] = []string{"gone1"} }
	s.stop("apply", "dev/app", "would replace or destroy gone1", "2 to create")

	// What a step has made, a later one may take away.
	s = staircase(t, config.Canary{Steps: []int{1}, Verify: []config.Check{writes("step")}})
	s.atWeight = map[string][]string{" at 1": {"gone1"}}
	s.created = true
	s.after = func(string) { s.created = false; s.lacks["dev/app"] = []string{"gone1"} }
	s.succeed("dev/app gone1 at 1", "dev/app gone1", "dev/network n1")
}

// A process was killed in the midst of a step; the next one goes on with it, and proves what was applied.
func TestStepsAreTakenUpAgain(t *testing.T) {
	t.Parallel()
	for _, applied := range []bool{true, false} {
		s := staircase(t, config.Canary{Steps: []int{5}, Verify: []config.Check{writes("step")}})
		s.write(func(tx *store.Tx) error {
			step := promote.Step{Kind: promote.StepCanary, Wave: "dev/app", Name: "5 %"}
			return errors.Join(s.planned(tx, "a1", "a2"), tx.Apply(s.id), tx.BeginStep(s.id, step), tx.Applying(s.id, "dev/app"))
		})
		want := []string{"dev/app a1+a2 at 5", "dev/network n1"}
		if applied {
			s.lacks["dev/app"], want = nil, want[1:]
		}
		s.succeed(want...)
		if s.wrote() != "step" {
			t.Errorf("%q was checked", s.wrote())
		}
	}
}

func TestStepsThatChangeNothing(t *testing.T) {
	t.Parallel()
	s := staircase(t, config.Canary{Steps: []int{5}, Verify: []config.Check{writes("step")}})
	s.atWeight = map[string][]string{" at 5": {}}
	s.succeed("dev/app a1+a2", "dev/network n1")
	deployment, _ := s.deploy(context.Background())
	if step, found := deployment.Step(promote.StepCanary, "dev/app", "5 %"); !found || step.Phase != promote.StepSkipped || s.wrote() != "" {
		t.Errorf("the step is %+v, and %q was checked", step, s.wrote())
	}
}
