package deploy

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

const rules = "version: 1\nstacks: {layout: folders, path: \"{environment}/{component}\", engine: terraform}\n" +
	"environments:\n  dev: {promote: auto, verify: [{name: smoke, run: test ! -e unhealthy}]}\n"

// scene is one environment with two instances, app and network, that are to be brought from commit aaa to bbb, and an
// engine that only remembers. What it plans is what each instance lacks.
type scene struct {
	t        *testing.T
	store    *store.Store
	deployer *Deployer
	id       int64
	root     string

	lacks map[string][]string
	// fails, by step and instance, is what the engine says.
	fails map[string]string
	// says, by step and instance, is what the engine prints; secrets are those in every plan.
	says    map[string]string
	secrets []string
	// reveals are sensitive values that an apply makes.
	reveals []string
	// during is called when a step of an instance begins.
	during func(step, name string)
	// atWeight is what app lacks when it is planned with a weight; created: what is gone otherwise, is made.
	atWeight map[string][]string
	created  bool
	// after is called when an instance is applied.
	after   func(name string)
	applied []string
	target  Target
	// hangs, if not nil, is closed when a commit is being checked out, which then never ends by itself.
	hangs chan struct{}
	// passed is how long ago the test began, besides what has really passed.
	passed time.Duration
}

func (s *scene) now() time.Time { return time.Now().Add(s.passed) }

func newScene(t *testing.T) *scene {
	t.Helper()
	return newSceneOf(t, rules)
}

// newSceneOf is one with other rules on trunk.
func newSceneOf(t *testing.T, rules string) *scene {
	t.Helper()
	s := &scene{t: t, root: t.TempDir(), fails: map[string]string{}, lacks: map[string][]string{"dev/app": {"a1", "a2"}, "dev/network": {"n1"}}}
	ctx := context.Background()
	var err error
	if s.store, err = store.Open(ctx, filepath.Join(t.TempDir(), "trunkline.db"), s.now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.store.Close(); err != nil {
			t.Error(err)
		}
	})
	parsed, err := config.Parse(config.Path, []byte(rules))
	if err != nil {
		t.Fatal(err)
	}
	s.target = Target{
		Rules: parsed, Instances: map[string]planner.Resolved{}, Redact: func(text string) string { return text }, Release: func() {},
		Planner: planner.Planner{Engine: s, State: t.TempDir(), Parallel: 1}, Place: planner.Place{Commit: "bbb", Root: s.root, Scratch: t.TempDir()},
		Check: func(_ config.Environment, check config.Check) process.Command {
			command := process.Shell(check.Run)
			command.Dir, command.Home, command.Log = s.root, t.TempDir(), filepath.Join(t.TempDir(), "log")
			return command
		},
	}
	for _, component := range []string{"app", "network"} {
		s.target.Instances["dev/"+component] = planner.Resolved{Digest: "new", Instance: stack.Instance{Environment: "dev", Stack: "dev", Component: component}}
	}
	s.deployer = &Deployer{Store: s.store, Source: s}
	s.write(func(tx *store.Tx) error {
		err := errors.Join(tx.SaveRepository(store.Repository{ID: 7, Owner: "acme", Name: "infrastructure", Trunk: "main"}),
			tx.Advance(store.Advance{Repository: 7, Tip: "bbb", Configured: true, Configuration: rules,
				Commits:   []promote.Commit{{SHA: "aaa"}, {SHA: "bbb", Pull: 1}},
				Baselines: []store.Baseline{{Environment: "dev", SHA: "aaa", Digests: map[string]string{"dev/app": "old", "dev/network": "old", "dev/gone": "old"}}}}),
			tx.Step(7))
		if parsed.Environments[0].Promote == config.Manual {
			request := promote.Request{Environment: "dev", To: "bbb", By: promote.Person{ID: 1, Login: "carol"}}
			err = errors.Join(err, tx.Request(7, request), tx.Step(7))
		}
		if err != nil {
			return err
		}
		state, err := tx.State(7)
		s.id = state.Environments["dev"].Last.ID
		return err
	})
	return s
}

// LookUp has nobody to look up.
func (s *scene) LookUp(context.Context, int64, string) error { return nil }

// JobsSettled has no more jobs than were told of.
func (s *scene) JobsSettled(context.Context, JobsAsked) (bool, error) { return true, nil }

// RunLink has no pages.
func (s *scene) RunLink(context.Context, int64, int64) string { return "" }

// CheckOut returns the target.
func (s *scene) CheckOut(ctx context.Context, _ Wanted) (*Target, error) {
	if s.hangs != nil {
		close(s.hangs)
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	target := s.target // each pass has its own
	return &target, nil
}

func (s *scene) step(ctx context.Context, step string, work engine.Work) error {
	name := work.Instance.Name()
	if s.during != nil {
		s.during(step, name)
	}
	if said := s.says[step+" "+name]; said != "" {
		fmt.Fprintln(work.Output, said)
	}
	if said, fails := s.fails[step+" "+name]; fails {
		return &engine.Failure{Step: step, Message: said}
	}
	return ctx.Err()
}

// Plan plans what the instance lacks.
func (s *scene) Plan(ctx context.Context, work engine.Work) (engine.Plan, error) {
	lacks := s.lacks[work.Instance.Name()]
	if at, otherwise := s.atWeight[weightOf(work)]; otherwise {
		lacks = at
	}
	plan := engine.Plan{Instance: work.Instance, Digest: strings.Join(lacks, "+"), Secrets: s.secrets, Reveals: len(s.reveals) > 0}
	for _, digest := range lacks {
		change := engine.Change{Address: digest, Action: engine.Create, Digest: digest}
		if strings.HasPrefix(digest, "gone") && !s.created {
			change.Action = engine.Destroy
		}
		plan.Changes = append(plan.Changes, change)
	}
	return plan, s.step(ctx, "plan", work)
}

// Apply makes the instance lack nothing.
func (s *scene) Apply(ctx context.Context, work engine.Work, plan engine.Plan) error {
	if err := s.step(ctx, "apply", work); err != nil {
		return err
	}
	s.applied = append(s.applied, work.Instance.Name()+" "+plan.Digest+weightOf(work))
	s.lacks[work.Instance.Name()] = nil
	if s.after != nil {
		s.after(work.Instance.Name())
	}
	return nil
}

// Revealed returns what an apply has made.
func (s *scene) Revealed(context.Context, engine.Work) ([]string, error) { return s.reveals, nil }

func (s *scene) write(change func(*store.Tx) error) {
	s.t.Helper()
	if err := s.store.Write(context.Background(), change); err != nil {
		s.t.Fatal(err)
	}
}

// deploy makes one pass over the deployment and returns how it is then.
func (s *scene) deploy(ctx context.Context) (deployment promote.Deployment, err error) {
	s.t.Helper()
	err = s.deployer.Deploy(ctx, store.Nudge{Topic: store.Deploy, Repository: 7, Subject: strconv.FormatInt(s.id, 10)})
	s.write(func(tx *store.Tx) (err error) {
		deployment, _, err = tx.Deployment(s.id)
		return err
	})
	return deployment, err
}

// planned is what a process that died had written down of the plans.
func (s *scene) planned(tx *store.Tx, app ...string) error {
	return errors.Join(tx.Include(s.id, s.target.Instances["dev/app"]), tx.Include(s.id, s.target.Instances["dev/network"]),
		tx.Planned(s.id, promote.DeployedInstance{Name: "dev/app", PlanDigest: strings.Join(app, "+"), ChangeDigests: app, Summary: "2 to create"}),
		tx.Planned(s.id, promote.DeployedInstance{Name: "dev/network", PlanDigest: "n1", ChangeDigests: []string{"n1"}, Summary: "1 to create"}))
}

// A process was killed with this much written down; the next one goes on.
func TestTakenUpAgain(t *testing.T) {
	t.Parallel()
	both := []string{"dev/app a1+a2", "dev/network n1"}
	for _, test := range []struct {
		name string
		// died is what was written down, and what the world was like then.
		died    func(s *scene, tx *store.Tx) error
		applied []string
		failure *promote.Failure
	}{
		{"nothing", func(*scene, *store.Tx) error { return nil }, both, nil},
		{"what there is to plan", func(s *scene, tx *store.Tx) error { return tx.Include(s.id, s.target.Instances["dev/app"]) }, both, nil},
		{"plans", func(s *scene, tx *store.Tx) error { return s.planned(tx, "a1", "a2") }, both, nil},
		{"that it is to be applied", func(s *scene, tx *store.Tx) error {
			return errors.Join(s.planned(tx, "a1", "a2"), tx.Apply(s.id))
		}, both, nil},
		{"the intent to apply, and it was not", func(s *scene, tx *store.Tx) error {
			return errors.Join(s.planned(tx, "a1", "a2"), tx.Apply(s.id), tx.Applying(s.id, "dev/app"))
		}, both, nil},
		{"the intent to apply, and it was", func(s *scene, tx *store.Tx) error {
			s.lacks["dev/app"] = nil
			return errors.Join(s.planned(tx, "a1", "a2"), tx.Apply(s.id), tx.Applying(s.id, "dev/app"))
		}, []string{"dev/network n1"}, nil},
		{"the intent to apply, and it was in part", func(s *scene, tx *store.Tx) error {
			s.lacks["dev/app"] = []string{"a2"}
			return errors.Join(s.planned(tx, "a1", "a2"), tx.Apply(s.id), tx.Applying(s.id, "dev/app"))
		}, []string{"dev/app a2", "dev/network n1"}, nil},
		{"the intent to apply, and the world moved", func(s *scene, tx *store.Tx) error {
			s.lacks["dev/app"] = []string{"a2", "a3"}
			return errors.Join(s.planned(tx, "a1", "a2"), tx.Apply(s.id), tx.Applying(s.id, "dev/app"))
		}, nil, &promote.Failure{Step: "apply", Subject: "dev/app",
			Message: "The plan is another one than before the interruption: 2 to create, where 2 to create was planned. Nothing more was applied to it."}},
		{"that one is applied", func(s *scene, tx *store.Tx) error {
			s.lacks["dev/app"] = nil
			return errors.Join(s.planned(tx, "a1", "a2"), tx.Apply(s.id), tx.Applying(s.id, "dev/app"), tx.Applied(s.id, "dev/app"))
		}, []string{"dev/network n1"}, nil},
		{"that one could not be planned, but not that the deployment failed", func(s *scene, tx *store.Tx) error {
			return errors.Join(tx.Include(s.id, s.target.Instances["dev/app"]), tx.Include(s.id, s.target.Instances["dev/network"]), tx.InstanceFailed(s.id, "dev/app"))
		}, both, nil},
		{"that one could not be applied, but not that the deployment failed", func(s *scene, tx *store.Tx) error {
			return errors.Join(s.planned(tx, "a1", "a2"), tx.Apply(s.id), tx.Applying(s.id, "dev/app"), tx.InstanceFailed(s.id, "dev/app"))
		}, both, nil},
		{"that both are applied", func(s *scene, tx *store.Tx) error {
			s.lacks = map[string][]string{}
			return errors.Join(s.planned(tx, "a1", "a2"), tx.Apply(s.id), tx.Applied(s.id, "dev/app"), tx.Applied(s.id, "dev/network"))
		}, nil, nil},
		{"that it is verified", func(s *scene, tx *store.Tx) error {
			s.lacks = map[string][]string{"dev/app": {"drift"}}
			return errors.Join(s.planned(tx, "a1", "a2"), tx.Apply(s.id), tx.Applied(s.id, "dev/app"), tx.Applied(s.id, "dev/network"), tx.Verify(s.id))
		}, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.write(func(tx *store.Tx) error { return test.died(s, tx) })
			deployment, err := s.deploy(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.failure, deployment.Failure); diff != "" {
				t.Errorf("the failure is another one (-want +got):\n%s", diff)
			}
			if !slices.Equal(s.applied, test.applied) {
				t.Errorf("applied %v; want %v", s.applied, test.applied)
			}
			if test.failure == nil {
				s.runs("bbb", map[string]string{"dev/app": "new", "dev/network": "new"})
			}
			// What has ended is not done again.
			before := len(s.applied)
			if _, err := s.deploy(context.Background()); err != nil || len(s.applied) != before {
				t.Errorf("a deployment that had ended was done again: %v, %v", s.applied, err)
			}
		})
	}
}

// runs checks what the environment runs.
func (s *scene) runs(sha string, want map[string]string) {
	s.t.Helper()
	s.write(func(tx *store.Tx) error {
		state, err := tx.State(7)
		if err != nil {
			return err
		}
		if got := state.Environments["dev"].Runs; got != sha {
			s.t.Errorf("dev runs %s; want %s", got, sha)
		}
		instances, err := tx.Instances(7, "dev")
		if diff := cmp.Diff(want, instances); diff != "" {
			s.t.Errorf("dev runs something else (-want +got):\n%s", diff)
		}
		return err
	})
}

// What fails ends the deployment; what was applied stays so, and the next deployment does the rest.
func TestFailures(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, step, subject string
		applied             []string
		// runs is what the environment runs after the failure, then is what the next deployment applies.
		runs map[string]string
		then []string
	}{
		{"plan", "plan", "dev/network", nil, map[string]string{"dev/app": "old", "dev/network": "old", "dev/gone": "old"},
			[]string{"dev/app a1+a2", "dev/network n1"}},
		{"apply", "apply", "dev/network", []string{"dev/app a1+a2"}, map[string]string{"dev/app": "new", "dev/network": "", "dev/gone": "old"},
			[]string{"dev/network n1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			s.fails[test.step+" "+test.subject] = "no"
			deployment, err := s.deploy(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if want := (promote.Failure{Step: test.step, Subject: test.subject, Message: "no"}); deployment.Failure == nil || *deployment.Failure != want {
				t.Errorf("the failure is %+v; want %+v", deployment.Failure, want)
			}
			if !slices.Equal(s.applied, test.applied) {
				t.Errorf("applied %v; want %v", s.applied, test.applied)
			}
			s.runs("aaa", test.runs)
			s.again()
			s.fails, s.applied = nil, nil
			if deployment, err = s.deploy(context.Background()); err != nil || deployment.Phase != promote.Succeeded {
				t.Fatalf("the next deployment is %s, %v", deployment.Phase, err)
			}
			if !slices.Equal(s.applied, test.then) {
				t.Errorf("then applied %v; want %v", s.applied, test.then)
			}
			s.runs("bbb", map[string]string{"dev/app": "new", "dev/network": "new"})
		})
	}
}

// again asks for the deployment again.
func (s *scene) again() {
	s.t.Helper()
	s.write(func(tx *store.Tx) error {
		if err := tx.Request(7, promote.Request{Environment: "dev", To: "bbb", By: promote.Person{ID: 1, Login: "carol"}}); err != nil {
			return err
		}
		if err := tx.Step(7); err != nil {
			return err
		}
		state, err := tx.State(7)
		s.id = state.Environments["dev"].Last.ID
		return err
	})
}

func TestVerifyFails(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.target.Rules.Environments[0].Verify = []config.Check{{Name: "smoke", Run: "echo no answer; exit 3"}}
	deployment, err := s.deploy(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	want := promote.Failure{Step: "verify", Subject: "smoke", Message: "It ended with exit code 3.\nno answer"}
	if deployment.Failure == nil || *deployment.Failure != want {
		t.Errorf("the failure is %+v; want %+v", deployment.Failure, want)
	}
	s.runs("aaa", map[string]string{"dev/app": "new", "dev/network": "new", "dev/gone": "old"})
}

// Stopping fails nothing: the next start goes on, and applies nothing twice.
func TestStoppedAtEachStep(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"plan dev/app", "plan dev/network", "apply dev/app", "apply dev/network"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			s := newScene(t)
			ctx, stop := context.WithCancel(context.Background())
			s.during = func(step, name string) {
				if step+" "+name == at {
					stop()
				}
			}
			deployment, err := s.deploy(ctx)
			if err == nil || !deployment.Phase.Live() || deployment.Failure != nil {
				t.Errorf("when it was stopped it was %s, %v, %v; want it live, and an error for the queue", deployment.Phase, deployment.Failure, err)
			}
			s.during = nil
			if deployment, err = s.deploy(context.Background()); err != nil || deployment.Phase != promote.Succeeded {
				t.Fatalf("it is %s, %v", deployment.Phase, err)
			}
			if want := []string{"dev/app a1+a2", "dev/network n1"}; !slices.Equal(s.applied, want) {
				t.Errorf("applied %v; want %v", s.applied, want)
			}
		})
	}
}

// Where the commit's own rules do not know the environment, a person has to mend them.
func TestUnknownEnvironment(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.target.Rules.Environments = nil
	deployment, err := s.deploy(context.Background())
	if err != nil || deployment.Failure == nil || deployment.Failure.Step != "configuration" {
		t.Errorf("it is %s, %+v, %v", deployment.Phase, deployment.Failure, err)
	}
}

// Validate is not what deployments ask for.
func (s *scene) Validate(context.Context, engine.Work) ([]engine.Diagnostic, error) { return nil, nil }
