package promote

import (
	"time"

	"github.com/trunkline/trunkline/config"
)

const gradual = `
version: 1
stacks: {layout: folders, path: "environments/{environment}/{component}"}
environments:
  dev:
    promote: auto
    release: {run: ./traffic.sh, steps: [1, 10, 50, 100], approve: [{team: acme/platform}], watch: {name: errors, run: ./errors.sh, for: 5m}, allow: [bob, ann]}
  prod: {after: [dev]}
`

// gradually has a commit deployed to dev, which is released step by step, and is as far as the step.
func (w *world) gradually(step Release) Commit {
	w.state.Rules = rulesText(gradual)
	commit := w.merge(ann, bob)
	w.end("dev", Succeeded)
	w.release(step)
	return commit
}

// release has the release of dev stand so.
func (w *world) release(step Release) {
	w.change("dev", func(e *Environment) {
		step.ID, step.Environment, step.Commit, step.Full, step.Deployment = w.id(), e.Name, e.Runs, e.Last.From, e.Last.ID
		e.Release, e.Released = &step, &Release{Commit: e.Runs, Full: e.Last.From, Percent: step.Good, Phase: ReleaseDone}
		if step.Phase == ReleaseDone {
			e.Released = &step
		}
		if step.Phase == ReleaseDone || step.Phase == ReleaseFailed {
			e.Releases = append(e.Releases, ReleaseEnd{e.Runs, step.Full, step.Percent == 100 && step.Phase == ReleaseDone, w.state.Now})
		}
	})
}

func (w *world) goes(percent int) *Refusal {
	_, refusal := Releasing(w.state, Release{Environment: "dev", Percent: percent, By: bob, Asked: w.state.Now})
	return refusal
}

func (w *world) agrees(by Person, percent int) *Refusal {
	_, refusal := ApproveRelease(w.state, Consent{Environment: "dev", By: by, At: w.state.Now}, percent)
	return refusal
}

var (
	tenth   = Release{Percent: 10, Good: 1, By: bob, Phase: ReleaseDone}
	asksTen = Release{Percent: 10, By: bob, Phase: ReleaseWaiting}
)

var releaseExamples = []example{
	{"/go dev 10%, with an error on trunk", func(w *world) *Refusal {
		w.state.Problems = config.Problems{{File: config.Path, At: config.Position{Line: 3, Column: 1}, Message: `unknown key "x"`}}
		return w.goes(10)
	}},
	{"/go moon 10%", func(w *world) *Refusal {
		_, refusal := Releasing(w.state, Release{Environment: "moon", Percent: 10})
		return refusal
	}},
	{"/go dev 10%, which has no release", func(w *world) *Refusal { return w.goes(10) }},
	{"/go dev 10%, where nothing was deployed", func(w *world) *Refusal { w.state.Rules = rulesText(gradual); return w.goes(10) }},
	{"/go dev 10%, which runs what has no release yet", func(w *world) *Refusal {
		w.gradually(tenth)
		w.change("dev", func(e *Environment) { e.Release, e.Released = nil, nil })
		return w.goes(10)
	}},
	{"/go dev 50%, which runs what is not on trunk any more", func(w *world) *Refusal {
		w.gradually(tenth)
		w.state.Trunk = w.state.Trunk[:1]
		return w.goes(50)
	}},
	{"/go dev 50%, which is being deployed", func(w *world) *Refusal { w.gradually(tenth); w.merge(ann, bob); return w.goes(50) }},
	{"/go dev 10%, which has 10%", func(w *world) *Refusal { w.gradually(tenth); return w.goes(10) }},
	{"/go dev 10%, which waits", func(w *world) *Refusal { w.gradually(asksTen); return w.goes(10) }},
	{"/go dev 10%, which runs", func(w *world) *Refusal {
		w.gradually(Release{Percent: 10, By: bob, Phase: ReleaseRunning})
		return w.goes(10)
	}},
	{"/go dev 45%", func(w *world) *Refusal { w.gradually(tenth); return w.goes(45) }},
	{"/go dev 50%, read after something else was deployed", func(w *world) *Refusal {
		w.gradually(tenth)
		_, refusal := Releasing(w.state, Release{Environment: "dev", Percent: 50, By: bob, Asked: w.state.Now.Add(-time.Minute)})
		return refusal
	}},
	{"/go dev 50%, on a pull request that is not there yet", func(w *world) *Refusal {
		w.gradually(tenth)
		commit := w.merge(ann, bob)
		w.change("dev", func(e *Environment) { e.Last.Phase = Failed })
		_, refusal := Releasing(w.state, Release{Environment: "dev", Percent: 50, By: bob, Pull: commit.Pull, Asked: w.state.Now})
		return refusal
	}},
	{"/go dev 50%, while 10% is on its way", func(w *world) *Refusal {
		w.gradually(Release{Percent: 10, By: bob, Phase: ReleaseRunning})
		return w.goes(50)
	}},
	{"/go dev 50%, while 10% is watched", func(w *world) *Refusal {
		w.gradually(Release{Percent: 10, By: bob, Phase: ReleaseWatching, Text: "errors: 2 of 10 samples"})
		return w.goes(50)
	}},
	{"/go dev 50%, which is held", func(w *world) *Refusal {
		w.gradually(tenth)
		w.change("dev", func(e *Environment) { e.Holds = []Hold{{ID: 1, Owner: ann, Reason: "a demo"}} })
		return w.goes(50)
	}},
	{"/go dev 50%, in a freeze", func(w *world) *Refusal {
		w.gradually(tenth)
		w.state.Rules = rulesText(gradual + "freezes: [{from: 2026-11-20, to: 2026-11-30, reason: holidays}]\n")
		return w.goes(50)
	}},

	{"/go dev 10%, by dan", func(w *world) *Refusal {
		w.gradually(tenth)
		return May(w.state, actor(dan, true, false), ActRelease, "dev")
	}},
	{"/approve dev 10%, by dan", func(w *world) *Refusal {
		w.gradually(tenth)
		return May(w.state, actor(dan, true, false), ActApproveRelease, "dev")
	}},

	{"/approve moon 10%", func(w *world) *Refusal {
		_, refusal := ApproveRelease(w.state, Consent{Environment: "moon"}, 10)
		return refusal
	}},
	{"/approve dev 50%, where none waits", func(w *world) *Refusal { w.gradually(tenth); return w.agrees(eve, 50) }},
	{"/approve dev 50%, where 10% waits", func(w *world) *Refusal { w.gradually(asksTen); return w.agrees(eve, 50) }},
	{"/approve dev 10%, read after it was asked for anew", func(w *world) *Refusal {
		anew := asksTen
		anew.Asked = w.state.Now.Add(time.Minute)
		w.gradually(anew)
		return w.agrees(eve, 10)
	}},
	{"/approve dev 10%, which has all approvals", func(w *world) *Refusal {
		enough := asksTen
		enough.Approvals = []ReleaseApproval{{By: eve}}
		w.gradually(enough)
		return w.agrees(gil, 10)
	}},
	{"/approve dev 10%, by dan, who is not asked", func(w *world) *Refusal { w.gradually(asksTen); return w.agrees(dan, 10) }},
	{"/approve dev 10%, by who asked", func(w *world) *Refusal {
		own := asksTen
		own.By = eve
		w.gradually(own)
		return w.agrees(eve, 10)
	}},
	{"/approve dev 10%, a second time", func(w *world) *Refusal {
		half := asksTen
		half.Approvals = []ReleaseApproval{{By: eve}}
		w.gradually(half)
		w.state.Rules.Environments[0].Release.Approve[0].Count = 2
		return w.agrees(eve, 10)
	}},
}
