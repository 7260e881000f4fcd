package bot

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/promote"
)

// What opens by time opens although nobody says anything: the clock alone brings it about.
func TestTicks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Private: true, Files: withRules("\n  dev:\n    promote: auto\n  prod:\n    promote: auto\n    soak: 30m\n")})
	w.merged(everywhere("2\n"))
	w.now.goOn(30*time.Minute - time.Second)
	w.settle()
	if text, err := w.read("prod"); err == nil {
		t.Fatalf("prod runs %q before its time", text)
	}
	w.now.goOn(time.Second)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := w.gh.Wait(ctx, func() bool {
		deployments, err := w.gh.Deployments(project)
		return err == nil && deployments[0].Environment == "prod" && deployments[0].State == "success"
	})
	if err != nil {
		t.Fatal("nothing came to prod")
	}
	w.settle()
}

// nightly is a repository with a check at two o'clock that waits for the file "go" and passes if there is the file "good". It adds a
// line to the file "runs".
var nightly = withRules(`
  dev:
    promote: auto
    verify:
      - {name: night/ly, schedule: "0 2 * * *", run: "echo $TRUNKLINE_COMMIT $TRUNKLINE_ENVIRONMENT >> $DEPLOYED/runs; while ! test -e $DEPLOYED/go; do sleep 0.05; done; test -e $DEPLOYED/good"}
  prod:
    promote: auto
`)

// put writes a file to where things are deployed.
func (w *world) put(name string) {
	w.t.Helper()
	w.try(os.WriteFile(filepath.Join(w.deployed, name), nil, 0o600))
}

// untilRun waits until the nightly check has begun as often as that.
func (w *world) untilRun(times int) {
	w.t.Helper()
	deadline := time.After(time.Minute)
	for {
		text, _ := w.read("runs")
		if strings.Count(text, "\n") >= times {
			return
		}
		select {
		case <-deadline:
			w.t.Fatalf("the check ran %d times; want %d", strings.Count(text, "\n"), times)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// A check that a crash breaks off runs again, and counts once; one that failed counts until it passes.
func TestScheduledCheckIsBrokenOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Private: true, Files: nightly})
	w.merged(everywhere("2\n"))
	w.now.goOn(17 * time.Hour)
	w.try(w.bot.nudgeDue(context.Background()))
	w.untilRun(1)
	w.stop()
	if runs := w.runsAfter(); len(runs) != 0 {
		t.Errorf("what was broken off counts: %+v", runs)
	}
	w.put("go")
	w.untilRun(2)
	w.settle()
	runs := w.state().Environments["dev"].CheckRuns
	if len(runs) != 1 || runs[0].Passed || runs[0].Check != "night/ly" || runs[0].SHA != w.newest().SHA {
		t.Fatalf("the runs are %+v", runs)
	}
	w.put("good")
	w.passes(24 * time.Hour)
	if runs = w.state().Environments["dev"].CheckRuns; len(runs) != 2 || w.state().Environments["prod"].Runs != w.newest().SHA {
		t.Errorf("the next night the runs are %+v, and prod runs %s", runs, w.state().Environments["prod"].Runs)
	}
	if text, _ := w.read("runs"); strings.Count(text, "\n") != 3 || !strings.HasPrefix(text, w.newest().SHA+" dev\n") {
		t.Errorf("it ran as %q", text)
	}
}

// runsAfter starts the bot again and returns the runs that it finds.
func (w *world) runsAfter() []promote.CheckRun {
	w.t.Helper()
	w.start()
	return w.state().Environments["dev"].CheckRuns
}

// A check that is gone from trunk runs on as long as what comes after its environment waits for it by the former rules, and
// then no more.
func TestScheduledCheckIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Private: true, Files: nightly})
	w.put("go")
	w.merged(everywhere("2\n"))
	rules := strings.ReplaceAll(withRules("\n  dev: {promote: auto}\n  prod: {promote: auto}\n")[".github/trunkline.yml"], "$DEPLOYED", w.deployed)
	_, err := w.gh.As("bob").Push(project, "main", "No check", map[string]*string{".github/trunkline.yml": &rules})
	w.try(err)
	w.settle()
	w.passes(48 * time.Hour)
	before, err := w.read("runs")
	w.try(err)
	w.put("good")
	w.passes(24 * time.Hour)
	passed, err := w.read("runs")
	w.try(err)
	if passed == before {
		t.Error("it did not run while prod waited for it")
	}
	w.passes(48 * time.Hour)
	if after, err := w.read("runs"); err != nil || after != passed {
		t.Errorf("it ran as %q, and %q (%v) after nobody waited for it", passed, after, err)
	}
}

// A check that is gone when its time comes, and that no former rules ask for, is nobody's business.
func TestScheduledCheckIsNobodysBusiness(t *testing.T) {
	t.Parallel()
	files := withRules("\n  dev:\n    promote: auto\n  prod:\n    promote: auto\n    verify: [{name: nightly, schedule: \"0 2 * * *\", run: echo >> $DEPLOYED/runs}]\n")
	for name, change := range map[string]string{"the check": withRules("\n  dev:\n    promote: auto\n  prod:\n    promote: auto\n")[".github/trunkline.yml"],
		"the environment": withRules("\n  dev:\n    promote: auto\n")[".github/trunkline.yml"]} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubsim.RepositoryOptions{Private: true, Files: files})
			w.merged(everywhere("2\n"))
			w.passes(24 * time.Hour)
			if text, _ := w.read("runs"); text != "\n" {
				t.Errorf("before it is gone it ran as %q", text)
			}
			placed := w.placed(change)
			_, err := w.gh.As("bob").Push(project, "main", "Gone", map[string]*string{".github/trunkline.yml": &placed})
			w.try(err)
			w.settle()
			w.passes(48 * time.Hour)
			if text, _ := w.read("runs"); text != "\n" {
				t.Errorf("then it ran as %q", text)
			}
		})
	}
}
