package deploy

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// dispatches is a check that is a workflow.
func dispatches(name string) config.Check {
	return config.Check{Name: name, Workflow: config.Workflow{File: name + ".yml", Inputs: map[string]string{"suite": "full"}}, Timeout: time.Hour}
}

// called is the workflow that was asked for last.
func (s *scene) called() (w promote.WorkflowRun) {
	s.t.Helper()
	s.write(func(tx *store.Tx) (err error) {
		var id int64
		for {
			next, err := tx.Workflow(id + 1)
			if err != nil {
				return nil
			}
			w, id = next, id+1
		}
	})
	return w
}

// ends has the workflow end that was asked for last.
func (s *scene) ends(phase promote.WorkflowPhase, message string) {
	s.t.Helper()
	w := s.called()
	w.Phase, w.Message, w.URL = phase, message, "https://github.com/acme/infrastructure/actions/runs/9"
	s.write(func(tx *store.Tx) error { return tx.WorkflowEnds(w) })
}

func TestWorkflowAsCheck(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.target.Rules.Environments[0].Verify = []config.Check{dispatches("integration"), dispatches("integration")}
	s.waitsFor(time.Hour)
	s.waitsFor(time.Hour) // a pass that nothing has led to asks for nothing more
	w := s.called()
	want := promote.WorkflowCall{Repository: 7, Key: w.Key, Group: "environment/dev", File: "integration.yml", Timeout: time.Hour,
		Inputs: map[string]string{"commit": "bbb", "environment": "dev", "from": "aaa", "deployment": "1", "wave": "", "suite": "full"}}
	if diff := cmp.Diff(want, w.WorkflowCall); diff != "" || w.ID != 1 || !strings.HasPrefix(w.Correlation, "trunkline-") {
		t.Errorf("%d %s\n%s", w.ID, w.Correlation, diff)
	}
	s.ends(promote.WorkflowPassed, "")
	s.waitsFor(time.Hour)
	if again := s.called(); again.ID != 2 || again.Key == w.Key {
		t.Errorf("the second check of the same name is %+v", again)
	}
	s.ends(promote.WorkflowFailed, "job test: failure")
	deployment, err := s.deploy(context.Background())
	if diff := cmp.Diff(&promote.Failure{Step: "verify", Subject: "integration (2)", Message: "job test: failure"}, deployment.Failure); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if step, _ := deployment.Step(promote.StepVerify, "", "integration"); step.URL == "" || step.Phase != promote.StepPassed {
		t.Errorf("the first check is %+v", step)
	}
}

// A deployment that is stopped stops the workflow that it waits for, and no other.
func TestStoppedWorkflow(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.target.Rules.Hooks = []config.Hook{{Name: "backup", Moment: config.BeforeDeploy, Workflow: config.Workflow{File: "backup.yml"}}}
	s.waitsFor(time.Hour)
	if len(s.applied) > 0 {
		t.Errorf("applied before the hook: %v", s.applied)
	}
	s.write(func(tx *store.Tx) error {
		_, err := tx.CallWorkflow(promote.WorkflowCall{Repository: 7, Key: "other"}, store.Nudge{Topic: store.Deploy, Repository: 7, Subject: "99"})
		if err == nil {
			_, err = tx.AskAbort(s.id, promote.Person{ID: 2, Login: "dora"})
		}
		return err
	})
	if deployment, err := s.deploy(context.Background()); err != nil || deployment.Phase != promote.Aborted {
		t.Fatalf("it is %s, %v", deployment.Phase, err)
	}
	s.write(func(tx *store.Tx) error {
		hook, err := tx.Workflow(1)
		if err != nil || !hook.Stop {
			t.Errorf("the hook is %+v, %v", hook, err)
		}
		other, err := tx.Workflow(2)
		if err != nil || other.Stop {
			t.Errorf("the other is %+v, %v", other, err)
		}
		return nil
	})
}

// A run for a key that failed before whoever asks began is no answer; one that has not ended, or has passed, is.
func TestCallWorkflow(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	call := func(since time.Time) (w promote.WorkflowRun) {
		s.write(func(tx *store.Tx) (err error) {
			w, err = tx.CallWorkflow(promote.WorkflowCall{Repository: 7, Key: "artifact", Since: since, Group: "g"}, store.Nudge{Topic: store.Deploy, Repository: 7})
			return err
		})
		return w
	}
	first := call(time.Time{})
	if again := call(s.now().Add(time.Hour)); again.ID != first.ID {
		t.Errorf("asked again while it runs: %d, %d", first.ID, again.ID)
	}
	s.ends(promote.WorkflowFailed, "no")
	if again := call(s.now().Add(-time.Hour)); again.ID != first.ID || again.Message != "no" {
		t.Errorf("it failed meanwhile: %+v", again)
	}
	second := call(s.now().Add(time.Hour))
	if second.ID == first.ID || second.Correlation == first.Correlation {
		t.Errorf("it failed before: %+v", second)
	}
	s.ends(promote.WorkflowPassed, "")
	if again := call(s.now().Add(time.Hour)); again.ID != second.ID {
		t.Errorf("it has passed: %d, %d", second.ID, again.ID)
	}
}

func TestWorkflowAsRelease(t *testing.T) {
	t.Parallel()
	s := released(t, strings.Replace(releaseRules, releaseRules[strings.Index(releaseRules, "      run: |"):], "      workflow: traffic.yml\n      timeout: 5m\n", 1))
	ten := s.asks(10)
	s.gives(ten.ID, promote.ReleaseRunning, 10)
	w := s.called()
	if w.Group != "release/dev" || w.Inputs["percent"] != "10" || w.Inputs["from_percent"] != "0" || w.Timeout != 5*time.Minute {
		t.Errorf("called %+v", w)
	}
	s.ends(promote.WorkflowPassed, "")
	s.gives(ten.ID, promote.ReleaseDone, 10)
	all := s.asks(100)
	s.gives(all.ID, promote.ReleaseRunning, 100)
	none := s.asks(0)
	s.write(func(tx *store.Tx) error {
		w, err := tx.Workflow(w.ID + 1)
		if err != nil || !w.Stop {
			t.Errorf("what 0%% took the place of is %+v, %v", w, err)
		}
		return nil
	})
	s.gives(none.ID, promote.ReleaseRunning, 0)
	zero := s.called()
	s.write(func(tx *store.Tx) error {
		waits, err := tx.WorkflowWaits(zero)
		if err != nil || !waits {
			t.Errorf("0%% does not wait for the end of the other: %v", err)
		}
		return nil
	})
	s.ends(promote.WorkflowFailed, "no answer")
	if r := s.gives(none.ID, promote.ReleaseFailed, 0); !strings.Contains(r.Text, "no answer") {
		t.Errorf("it says %q", r.Text)
	}
}
