package runs

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

// fakeGitHub notes what is dispatched, and answers as it is told.
type fakeGitHub struct {
	mu         sync.Mutex
	dispatched []store.Run
	answer     func(tries int) (int64, error)
	state      RunState
}

// Dispatch notes the run.
func (g *fakeGitHub) Dispatch(_ context.Context, run store.Run) (int64, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dispatched = append(g.dispatched, run)
	return g.answer(len(g.dispatched))
}

// Find finds the run under the number of its correlation's length.
func (g *fakeGitHub) Find(_ context.Context, run store.Run) (int64, error) {
	return int64(len(run.Correlation)), nil
}

// Look says what it was told to say.
func (g *fakeGitHub) Look(context.Context, store.Run) (RunState, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.state, nil
}

func (g *fakeGitHub) runs() []store.Run {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.dispatched
}

// planMany has instances planned in Actions and returns what became of each.
func (s *stage) planMany(count int) (errs []error) {
	scope := s.scope()
	scope.Rules.Runner = config.Runner{Kind: config.RunnerActions, Workflow: "infra.yml", PlanEnvironment: "plan"}
	scope.Rules.Environments = []config.Environment{{Name: "prod"}}
	remote := scope.Engine()
	errs = make([]error, count)
	var all sync.WaitGroup
	for i := range count {
		work := s.work(fmt.Sprintf("c%d", i), nil)
		all.Go(func() { _, errs[i] = remote.Plan(context.Background(), work) })
	}
	all.Wait()
	return errs
}

// Tasks that come together make one run, with a job for every twenty of them; where it is refused, all are told why.
func TestRunForManyTasks(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	gh := &fakeGitHub{answer: func(int) (int64, error) { return 0, &Refused{Why: "There is no such workflow."} }}
	s.options.Actions = &Actions{GitHub: gh}
	// Time stands still until all of them wait, however long that takes.
	began, gathered := time.Now(), atomic.Bool{}
	s.options.Now = func() time.Time {
		if gathered.Load() {
			return time.Now()
		}
		return began
	}
	s.start()
	go func() {
		for waiting := 0; waiting < 45; time.Sleep(time.Millisecond) {
			s.hub.mu.Lock()
			waiting = len(s.hub.tasks)
			s.hub.mu.Unlock()
		}
		gathered.Store(true)
	}()
	for i, err := range s.planMany(45) {
		if !strings.Contains(failed(err), "There is no such workflow.") {
			t.Errorf("%d: %v", i, err)
		}
	}
	runs := gh.runs()
	if len(runs) != 1 || runs[0].Shards != 3 || runs[0].Workflow != "infra.yml" || runs[0].Place != "plan" || runs[0].SHA != commit || runs[0].Purpose != store.ToPlan || len(runs[0].Correlation) < 20 {
		t.Errorf("dispatched was %+v", runs)
	}
}

// GitHub is asked again where it does not answer. A run whose id it has not said is found by its correlation; one that ends
// without having called is said to have.
func TestRunThatIsFoundAgain(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	gh := &fakeGitHub{answer: func(tries int) (int64, error) {
		if tries == 1 {
			return 0, errors.New("502 Bad Gateway")
		}
		return 0, nil
	}, state: RunState{Ended: true, Conclusion: "failure", URL: "https://github.example/runs/26"}}
	s.options.Actions = &Actions{GitHub: gh}
	s.start()
	err := s.planMany(1)[0]
	if said := failed(err); !strings.Contains(said, "The run https://github.example/runs/26 of infra.yml ended (failure) before any of its jobs had called the server") {
		t.Errorf("it is said: %v", err)
	}
	runs := gh.runs()
	if len(runs) != 2 || runs[0].Correlation != runs[1].Correlation {
		t.Errorf("dispatched was %+v", runs)
	}
	var known bool
	if err := s.store.Read(t.Context(), func(tx *store.Tx) (err error) {
		_, known, err = tx.RunAtGitHub(7, int64(len(runs[0].Correlation)))
		return err
	}); err != nil || !known {
		t.Errorf("its id is not written down: %v", err)
	}
}

// A job that nobody hears of is not waited for for ever.
func TestRunThatNeverCalls(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.options.Runners.Wait = 400 * time.Millisecond
	s.options.Actions = &Actions{GitHub: &fakeGitHub{answer: func(int) (int64, error) { return 9, nil }}}
	s.start()
	if err := s.planMany(1)[0]; !strings.Contains(failed(err), "has called within 400ms") {
		t.Errorf("it ended with %v", err)
	}
}
