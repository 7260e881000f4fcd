package deploy

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

const releaseRules = "version: 1\nstacks: {layout: folders, path: \"{environment}/{component}\", engine: terraform}\n" +
	"environments:\n  dev:\n    promote: auto\n    release:\n" +
	"      run: |\n        echo \"$TRUNKLINE_FROM_PERCENT-$TRUNKLINE_PERCENT\" >> wrote\n" +
	"        test ! -e broken || { echo no answer; exit 3; }\n" +
	"        while test -e \"hangs$TRUNKLINE_PERCENT\"; do sleep 0.05; done\n" +
	"        echo \"done-$TRUNKLINE_PERCENT\" >> wrote\n"

const releaseWatch = "      watch: {name: errors, run: test ! -e rises, for: 2m, every: 1m}\n"

// released is a scene whose commit is deployed.
func released(t *testing.T, rules string) *scene {
	t.Helper()
	s := newSceneOf(t, rules)
	s.target.Observe = func(_ context.Context, _ config.Environment, _ config.Watch) promote.Observation {
		seen := promote.Observation{Readings: []promote.Reading{{Value: 1}}}
		if _, err := os.Stat(filepath.Join(s.root, "rises")); err == nil {
			seen.Status = 1
		}
		return seen
	}
	if deployment, err := s.deploy(context.Background()); err != nil || deployment.Phase != promote.Succeeded {
		t.Fatalf("the deployment is %s: %+v, %v", deployment.Phase, deployment.Failure, err)
	}
	return s
}

// asks has somebody ask for a percentage, and returns the step.
func (s *scene) asks(percent int) promote.Release {
	s.t.Helper()
	s.write(func(tx *store.Tx) error {
		state, err := tx.State(7)
		if err != nil {
			return err
		}
		wish, refusal := promote.Releasing(state, promote.Release{Environment: "dev", Percent: percent, By: promote.Person{ID: 1, Login: "carol"}})
		if refusal != nil {
			s.t.Fatalf("%d%%: %s", percent, refusal.Text())
		}
		return tx.AskRelease(7, wish)
	})
	return s.stands()
}

// stands is the newest step.
func (s *scene) stands() (r promote.Release) {
	s.t.Helper()
	s.write(func(tx *store.Tx) error {
		state, err := tx.State(7)
		if release := state.Environments["dev"].Release; release != nil {
			r = *release
		}
		return err
	})
	return r
}

// gives brings a step on, and wants the newest to stand so then.
func (s *scene) gives(id int64, phase promote.ReleasePhase, percent int) promote.Release {
	s.t.Helper()
	if err := s.deployer.Release(context.Background(), releaseNudge(id)); err != nil {
		s.t.Fatal(err)
	}
	r := s.stands()
	if r.Phase != phase || r.Percent != percent {
		s.t.Errorf("%d%% is %s (%s); want %d%% to be %s", r.Percent, r.Phase, r.Text, percent, phase)
	}
	return r
}

func releaseNudge(id int64) store.Nudge {
	return store.Nudge{Topic: store.Releases, Repository: 7, Subject: strconv.FormatInt(id, 10)}
}

func (s *scene) touch(name string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.root, name), nil, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) remove(name string) {
	s.t.Helper()
	if err := os.Remove(filepath.Join(s.root, name)); err != nil {
		s.t.Fatal(err)
	}
}

// What a deployment brings is given to nobody, until somebody asks.
func TestRelease(t *testing.T) {
	t.Parallel()
	s := released(t, releaseRules)
	if r := s.stands(); r.Phase != promote.ReleaseDone || r.Percent != 0 || r.Commit != "bbb" || r.Full != "aaa" {
		t.Fatalf("after the deployment it stands %+v", r)
	}
	r := s.gives(s.asks(10).ID, promote.ReleaseDone, 10)
	s.gives(r.ID, promote.ReleaseDone, 10) // a nudge that comes twice
	s.gives(s.asks(100).ID, promote.ReleaseDone, 100)
	s.gives(s.asks(0).ID, promote.ReleaseDone, 0)
	if got, want := s.wrote(), "0-10 done-10 10-100 done-100 100-0 done-0"; got != want {
		t.Errorf("the command wrote %q; want %q", got, want)
	}
}

// A command that fails leaves a percentage that nobody knows; what was good is known.
func TestReleaseFails(t *testing.T) {
	t.Parallel()
	s := released(t, releaseRules)
	s.gives(s.asks(10).ID, promote.ReleaseDone, 10)
	s.touch("broken")
	r := s.gives(s.asks(50).ID, promote.ReleaseFailed, 50)
	if want := "It ended with exit code 3.\nno answer"; r.Text != want || r.Good != 10 {
		t.Errorf("it says %q, good is %d; want %q and 10", r.Text, r.Good, want)
	}
	s.remove("broken")
	s.gives(s.asks(50).ID, promote.ReleaseDone, 50)
}

// A watch that fails brings back what was good, once; where that fails, nothing follows.
func TestReleaseIsTakenBack(t *testing.T) {
	t.Parallel()
	s := released(t, releaseRules+releaseWatch)
	step := s.asks(10)
	if r := s.gives(step.ID, promote.ReleaseWatching, 10); !r.WaitsUntil.IsZero() {
		t.Errorf("the command has just ended, and it waits until %s", r.WaitsUntil)
	}
	if r := s.gives(step.ID, promote.ReleaseWatching, 10); r.WaitsUntil.IsZero() {
		t.Error("it does not wait for its first sample")
	}
	for _, phase := range []promote.ReleasePhase{promote.ReleaseWatching, promote.ReleaseDone} {
		s.passed += time.Minute + time.Second
		s.gives(step.ID, phase, 10)
	}
	step = s.asks(50)
	s.gives(step.ID, promote.ReleaseWatching, 50)
	s.gives(step.ID, promote.ReleaseWatching, 50)
	s.touch("rises")
	s.passed += time.Minute + time.Second
	back := s.gives(step.ID, promote.ReleaseRunning, 10)
	if !back.Back || back.Up() {
		t.Errorf("what is taken back is %+v", back)
	}
	s.touch("broken")
	s.gives(back.ID, promote.ReleaseFailed, 10)
	if r := s.gives(back.ID, promote.ReleaseFailed, 10); r.ID != back.ID {
		t.Errorf("what failed to be taken back is followed by %+v", r)
	}
}

// A server that is stopped while the command runs runs it again.
func TestReleaseIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	s := released(t, releaseRules)
	s.touch("hangs10")
	step := s.asks(10)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.deployer.Release(ctx, releaseNudge(step.ID)) }()
	s.waitsToRead("0-10")
	stop()
	if err := <-ended; err == nil {
		t.Error("a pass that was stopped says that it is done")
	}
	if r := s.stands(); r.Phase != promote.ReleaseRunning {
		t.Errorf("after the stop it stands %+v", r)
	}
	s.remove("hangs10")
	s.gives(step.ID, promote.ReleaseDone, 10)
	if got, want := s.wrote(), "0-10 0-10 done-10"; got != want {
		t.Errorf("the command wrote %q; want %q", got, want)
	}
}

// Taking it away does not wait for a command that hangs: that is ended first, and the two never meet.
func TestReleaseOfACommandThatHangs(t *testing.T) {
	t.Parallel()
	s := released(t, releaseRules)
	s.touch("hangs10")
	step := s.asks(10)
	ended := make(chan error, 1)
	go func() { ended <- s.deployer.Release(context.Background(), releaseNudge(step.ID)) }()
	s.waitsToRead("0-10")
	s.gives(s.asks(0).ID, promote.ReleaseDone, 0)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got, want := s.wrote(), "0-10 0-0 done-0"; got != want {
		t.Errorf("the command wrote %q; want %q", got, want)
	}
	if r := s.stands(); r.Phase != promote.ReleaseDone || r.Percent != 0 {
		t.Errorf("in the end it stands %+v", r)
	}
}

// waitsToRead waits until commands have written a text.
func (s *scene) waitsToRead(want string) {
	s.t.Helper()
	for tick, deadline := time.NewTicker(5*time.Millisecond), time.After(20*time.Second); s.wrote() != want; {
		select {
		case <-tick.C:
		case <-deadline:
			s.t.Fatalf("commands wrote %q; want %q", s.wrote(), want)
		}
	}
}

// replacedBy deploys another commit.
func (s *scene) replacedBy(to string) {
	s.t.Helper()
	s.next(to)
	s.write(func(tx *store.Tx) error {
		return tx.Advance(store.Advance{Repository: 7, Tip: to, Configured: true, Configuration: releaseRules})
	})
	if deployment := s.toItsEnd(); deployment.Phase != promote.Succeeded {
		s.t.Fatalf("the deployment of %s is %s: %+v", to, deployment.Phase, deployment.Failure)
	}
}

// What not all had stays what is to be released.
func TestReleaseAfterTheNext(t *testing.T) {
	t.Parallel()
	s := released(t, releaseRules)
	s.gives(s.asks(100).ID, promote.ReleaseDone, 100)
	s.replacedBy("ccc")
	if r := s.stands(); r.Commit != "ccc" || r.Percent != 0 || r.Full != "bbb" {
		t.Errorf("the next begins with %+v", r)
	}
	s.gives(s.asks(10).ID, promote.ReleaseDone, 10)
	s.replacedBy("ddd")
	if r := s.stands(); r.Commit != "ddd" || r.Percent != 0 || r.Full != "bbb" {
		t.Errorf("what not all users had is not part of what is to be released: %+v", r)
	}
}
