package deploy

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// toItsEnd deploys pass after pass until the deployment has ended.
func (s *scene) toItsEnd() promote.Deployment {
	s.t.Helper()
	for {
		deployment, err := s.deploy(context.Background())
		if err != nil {
			s.t.Fatal(err)
		}
		if !deployment.Phase.Live() {
			return deployment
		}
	}
}

// watched has the scene watch its whole and two waves, and remember what was observed.
func (s *scene) watched(observed *[]string, healthy func(name string) bool) {
	watch := func(name string) []config.Watch {
		return []config.Watch{{Name: name, HTTP: "http://" + name, For: 2 * time.Millisecond, Every: time.Millisecond, Timeout: time.Second}}
	}
	environment := &s.target.Rules.Environments[0]
	environment.Verify = nil
	environment.Watch = watch("whole")
	environment.Waves = []config.Wave{{Name: "one", Components: []string{"network"}, Watch: watch("first")}, {Name: "two", Components: []string{"app"}, Watch: watch("second")}}
	s.target.Observe = func(_ context.Context, _ config.Environment, watch config.Watch) promote.Observation {
		*observed = append(*observed, watch.Name)
		if !healthy(watch.Name) {
			return promote.Observation{Status: 503, Readings: []promote.Reading{{Value: 0.1}}}
		}
		return promote.Observation{Status: 200, Readings: []promote.Reading{{Value: 0.1}}}
	}
}

// A wave that was found bad is found out about again when the deployment is tried again, although nothing is left to apply
// to it; the waves after it have not begun.
func TestABadWaveIsWatchedAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	healthy := false
	var observed []string
	s.watched(&observed, func(string) bool { return healthy })
	for range 2 {
		deployment := s.toItsEnd()
		want := promote.Failure{Step: "watch", Subject: "first", Message: "It answered with status 503. 1 of 1 samples was bad; none is borne."}
		if deployment.Failure == nil || *deployment.Failure != want {
			t.Fatalf("the failure is %+v; want %+v", deployment.Failure, want)
		}
		if !slices.Equal(s.applied, []string{"dev/network n1"}) {
			t.Errorf("applied %v; want the first wave alone", s.applied)
		}
		s.again()
	}
	healthy = true
	if deployment := s.toItsEnd(); deployment.Phase != promote.Succeeded {
		t.Fatalf("it is %s, %+v", deployment.Phase, deployment.Failure)
	}
	if want := []string{"first", "first", "first", "first", "second", "second", "whole", "whole"}; !slices.Equal(observed, want) {
		t.Errorf("observed %v; want %v", observed, want)
	}
}

// What fails at the end is watched again too, and a deployment that changes nothing is not watched.
func TestTheWholeIsWatchedAgain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	healthy := false
	var observed []string
	s.watched(&observed, func(name string) bool { return healthy || name != "whole" })
	if deployment := s.toItsEnd(); deployment.Failure == nil || deployment.Failure.Subject != "whole" {
		t.Fatalf("it is %s, %+v", deployment.Phase, deployment.Failure)
	}
	s.again()
	observed, healthy = nil, true
	if deployment := s.toItsEnd(); deployment.Phase != promote.Succeeded {
		t.Fatalf("it is %s, %+v", deployment.Phase, deployment.Failure)
	}
	if want := []string{"first", "first", "second", "second", "whole", "whole"}; !slices.Equal(observed, want) {
		t.Errorf("observed %v; want %v", observed, want)
	}
	observed = nil
	s.next("ccc")
	for name, resolved := range s.target.Instances {
		resolved.Digest = "new"
		s.target.Instances[name] = resolved
	}
	deployment := s.toItsEnd()
	if deployment.Phase != promote.Succeeded || len(observed) > 0 {
		t.Errorf("it is %s, and observed %v", deployment.Phase, observed)
	}
	if step, _ := deployment.Step(promote.StepWatch, "", "whole"); step.Phase != promote.StepSkipped || step.Message != "nothing was changed" {
		t.Errorf("the step is %+v", step)
	}
}

// Each watch is a step of its deployment, which says how it went.
func TestWatchIsAStepOfItsDeployment(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var observed []string
	s.watched(&observed, func(string) bool { return true })
	deployment := s.toItsEnd()
	var got []string
	for _, step := range deployment.Steps {
		got = append(got, string(step.Kind)+" "+step.Wave+" "+step.Name+" "+string(step.Phase)+": "+step.Message)
	}
	want := []string{"watch one first passed: 2 samples", "watch two second passed: 2 samples", "watch  whole passed: 2 samples"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Going back does not wait between waves: what it goes back to ran there before. The whole is watched when it is there.
func TestGoingBackIsWatchedAtItsEnd(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var observed []string
	s.watched(&observed, func(string) bool { return true })
	s.toItsEnd()
	s.next("ccc")
	s.toItsEnd()
	observed = nil
	for name, resolved := range s.target.Instances {
		resolved.Digest = "new"
		s.target.Instances[name] = resolved
		s.lacks[name] = []string{"back"}
	}
	s.write(func(tx *store.Tx) error {
		err := tx.RollBack(7, promote.Rollback{Environment: "dev", From: "ccc", To: "bbb", By: promote.Person{ID: 1, Login: "carol"}})
		if err = errors.Join(err, tx.Step(7)); err != nil {
			return err
		}
		state, err := tx.State(7)
		s.id = state.Environments["dev"].Last.ID
		return err
	})
	deployment := s.toItsEnd()
	if !deployment.Rollback || deployment.Phase != promote.Succeeded || !slices.Equal(observed, []string{"whole", "whole"}) {
		t.Errorf("it is %s, %+v, and observed %v", deployment.Phase, deployment.Failure, observed)
	}
}
