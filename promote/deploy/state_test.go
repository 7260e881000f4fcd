package deploy

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

func inBucket(key string) planner.Whereabouts {
	return planner.Whereabouts{Environment: "dev", Path: "app", Address: engine.Address{Backend: "s3", Settings: map[string]string{"bucket": "b", "key": key}, Workspace: "default"}}
}

// at changes where the target has the state of an instance, and what is declared of it.
func (s *scene) at(name string, whereabouts planner.Whereabouts, from ...string) {
	resolved := s.target.Instances[name]
	resolved.State, resolved.MovedFrom = whereabouts, from
	s.target.Instances[name] = resolved
}

// next starts a deployment after the one before.
func (s *scene) next(to string) {
	s.write(func(tx *store.Tx) error {
		err := errors.Join(tx.Advance(store.Advance{Repository: 7, Tip: to, Configured: true, Configuration: rules, Commits: []promote.Commit{{SHA: to}}}), tx.Step(7))
		if err != nil {
			return err
		}
		state, err := tx.State(7)
		s.id = state.Environments["dev"].Last.ID
		return err
	})
	for name, resolved := range s.target.Instances {
		resolved.Digest = to
		s.target.Instances[name] = resolved
		s.lacks[name] = []string{to}
	}
}

// What was deployed last says where the state is; another place stops the next deployment before anything is planned,
// until someone declares it. That the first deployment failed half-way does not make it forgotten.
func TestStateThatMoves(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.at("dev/app", inBucket("one"))
	s.fails["apply dev/app"] = "half done"
	if deployment, err := s.deploy(context.Background()); err != nil || deployment.Failure == nil || deployment.Failure.Step != "apply" {
		t.Fatalf("%+v, %v", deployment.Failure, err)
	}

	s.fails = map[string]string{}
	s.next("ccc")
	s.at("dev/app", inBucket("two"))
	planned := false
	s.during = func(string, string) { planned = true }
	deployment, err := s.deploy(context.Background())
	if err != nil || deployment.Phase != promote.Failed || deployment.Failure.Step != "state" || deployment.Failure.Subject != "dev/app" {
		t.Fatalf("%+v, %v", deployment, err)
	}
	if planned {
		t.Error("something was planned")
	}
	for _, words := range []string{"key: one -> two", `to keep it where it is: key = "one"`, `state_moved: [{instance: "dev/app", from: "s3 bucket=b key=one workspace=default"}]`} {
		if !strings.Contains(deployment.Failure.Message, words) {
			t.Errorf("it does not say %q:\n%s", words, deployment.Failure.Message)
		}
	}

	s.next("ddd")
	s.at("dev/app", inBucket("two"), "s3 bucket=b key=one workspace=default")
	if deployment, err = s.deploy(context.Background()); err != nil || deployment.Phase != promote.Succeeded {
		t.Fatalf("declared: %+v, %v", deployment.Failure, err)
	}
	// From now on it is there: to go back is a move too, and the old declaration is none.
	s.next("eee")
	s.at("dev/app", inBucket("one"), "s3 bucket=b key=one workspace=default")
	if deployment, err = s.deploy(context.Background()); err != nil || deployment.Phase != promote.Failed || deployment.Failure.Step != "state" {
		t.Fatalf("back: %+v, %v", deployment.Failure, err)
	}
}

// Nobody wrote down where the state of a baseline of before was: that stops nothing.
func TestStateThatNobodyKnows(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.at("dev/app", inBucket("one"))
	if deployment, err := s.deploy(context.Background()); err != nil || deployment.Phase != promote.Succeeded {
		t.Fatalf("%+v, %v", deployment.Failure, err)
	}
}
