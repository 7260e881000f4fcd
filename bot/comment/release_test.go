package comment

import (
	"testing"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
)

// released is a rollout whose commit is in prod, with a step of its release.
func released(step promote.Release, good int) promote.Rollout {
	dev, prod := there(0, subnet, promote.Person{}), there(2, subnet, bob)
	prod.Environment.Release = config.Release{Run: "./traffic.sh", Steps: []int{1, 10, 50, 100}, Watch: []config.Watch{{Name: "errors"}}}
	step.Environment, step.Commit, step.Full, step.Since = "prod", subnet.SHA, old.SHA, noon
	prod.Release = &step
	prod.Released = &promote.Release{Environment: "prod", Commit: subnet.SHA, Full: old.SHA, Percent: good, Phase: promote.ReleaseDone, By: carol, Since: noon.Add(-time.Hour)}
	return promote.Rollout{Commit: subnet, Tip: subnet, Stages: []promote.Stage{dev, prod}}
}

// How a release stands is told in every phase of it.
func TestReleases(t *testing.T) {
	t.Parallel()
	for name, rollout := range map[string]promote.Rollout{
		"not":      released(promote.Release{Phase: promote.ReleaseDone}, 0),
		"waiting":  released(promote.Release{Percent: 50, From: 10, Good: 10, By: bob, Phase: promote.ReleaseWaiting}, 10),
		"running":  released(promote.Release{Percent: 50, From: 10, Good: 10, By: bob, Phase: promote.ReleaseRunning}, 10),
		"watching": released(promote.Release{Percent: 50, From: 10, Good: 10, By: bob, Phase: promote.ReleaseWatching, Text: "errors: 2 of 5 samples"}, 10),
		"done":     released(promote.Release{Percent: 10, Good: 1, By: bob, Phase: promote.ReleaseDone}, 10),
		"full":     released(promote.Release{Percent: 100, From: 50, Good: 50, By: bob, Phase: promote.ReleaseDone}, 100),
		"back": released(promote.Release{Percent: 10, From: 50, Good: 10, Back: true, Phase: promote.ReleaseDone,
			Text: "taken back from 50%: The watch errors failed. Value is 9."}, 10),
		"failed":  released(promote.Release{Percent: 50, From: 10, Good: 10, By: bob, Phase: promote.ReleaseFailed, Text: "It ended with exit code 3.\nno answer"}, 10),
		"nothing": released(promote.Release{Percent: 0, From: 10, Good: 10, By: bob, Phase: promote.ReleaseDone}, 0),
	} {
		if rollout.Stages[1].Release.Phase == promote.ReleaseWaiting {
			rollout.Stages[1].ReleaseWaits = []promote.Reason{{Gate: promote.GateApprove, Text: "needs 1 approval of acme/sre", Command: "/approve prod 50%"}}
		}
		golden(t, "release-"+name+".md", Rollout(rollout, Options{}))
	}
}
