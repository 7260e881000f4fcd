package bot

import (
	"testing"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// An hour of progress costs few edits, and what people wait for is told at once.
func TestRolloutPace(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	var p rolloutPace
	of := toldOf{repository: 1, pull: 2}
	deploying := func(applied int) promote.Rollout {
		d := &promote.Deployment{ID: 7, Environment: "dev", Phase: promote.Applying, Started: start}
		for i := range 40 {
			phase := promote.InstancePlanned
			if i < applied {
				phase = promote.InstanceApplied
			}
			d.Instances = append(d.Instances, promote.DeployedInstance{Name: "dev/app", Phase: phase})
		}
		return promote.Rollout{Stages: []promote.Stage{{Status: promote.Deploying, Deployment: d}}}
	}
	var edits []time.Duration
	for second := range 3600 {
		now := start.Add(time.Duration(second) * time.Second)
		due := p.due(of, deploying(second/90), now)
		if due {
			p.tell(of, deploying(second/90), now)
			edits = append(edits, now.Sub(start))
		} else if len(p.overdue(now)) > 0 {
			t.Fatalf("after %s progress is owed that was not due", now.Sub(start))
		}
	}
	if len(edits) != 9 || edits[1] != 30*time.Second || edits[4] != 18*time.Minute {
		t.Errorf("progress was told after %v; want at once, after 30s, 2m, 8m, and then every 10m", edits)
	}
	if overdue := p.overdue(start.Add(3 * time.Hour)); len(overdue) != 1 || overdue[0] != 1 {
		t.Errorf("what was kept back is never told: %v", overdue)
	}
	waits := deploying(40)
	waits.Stages[0].Deployment.WaitsUntil = start.Add(2 * time.Hour)
	if !p.due(of, waits, start.Add(time.Hour)) {
		t.Error("that a deployment waits in its midst is not told at once")
	}
	failed := deploying(40)
	failed.Stages[0].Status, failed.Stages[0].Deployment.Phase = promote.Stopped, promote.Failed
	if !p.due(of, failed, start.Add(time.Hour)) {
		t.Error("a failure is not told at once")
	}
}
