package promote

import (
	"testing"
	"time"
)

// Where all users must have a commit, it soaks from the moment when they do, and anew when it was taken away meanwhile.
func TestSoakOfARequiredRelease(t *testing.T) {
	t.Parallel()
	done := func(percent int) Release {
		return Release{Percent: percent, Good: percent, By: bob, Phase: ReleaseDone}
	}
	for _, test := range []struct {
		name string
		// steps are taken one hour after the other, the first with the deployment.
		steps    []Release
		required bool
		want     time.Duration // since the deployment; when it opens
	}{
		{"deployed is enough where it is not required", []Release{done(0)}, false, 30 * time.Minute},
		{"released to all later", []Release{done(0), done(10), done(100)}, true, 2*time.Hour + 30*time.Minute},
		{"taken away and given again", []Release{done(100), done(0), done(100)}, true, 2*time.Hour + 30*time.Minute},
		{"nobody knew for a while", []Release{done(100), {Percent: 50, Phase: ReleaseFailed}, done(100)}, true, 2*time.Hour + 30*time.Minute},
		{"asked for again", []Release{done(100), done(100)}, true, 30 * time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(rulesText(gradual))
			began := w.state.Now
			w.gradually(test.steps[0])
			w.state.Rules.Environments[0].Release.Required = test.required
			w.state.Rules.Environments[1].Soak = 30 * time.Minute
			for i, step := range test.steps[1:] {
				w.state.Now = began.Add(time.Duration(i+1) * time.Hour)
				w.release(step)
			}
			w.state.Now = began.Add(test.want - time.Minute)
			if gate := w.gate("prod", GateSoak); gate.Open || !gate.OpensAt.Equal(began.Add(test.want)) {
				t.Errorf("a minute before: %+v, want it to open at %s", gate, began.Add(test.want))
			}
			w.state.Now = began.Add(test.want)
			if gate := w.gate("prod", GateSoak); !gate.Open {
				t.Errorf("then: %+v", gate)
			}
		})
	}
}

// A commit keeps the time in which all users had it while a newer one is given to them.
func TestSoakWhileANewerOneIsReleased(t *testing.T) {
	t.Parallel()
	w := newWorld(rulesText(gradual))
	first := w.gradually(Release{Percent: 100, Good: 100, By: bob, Phase: ReleaseDone})
	since := w.state.Now
	w.state.Now = since.Add(time.Hour)
	newer := w.merge(ann, bob)
	w.end("dev", Succeeded)
	w.release(Release{Percent: 10, Good: 10, By: bob, Phase: ReleaseDone})
	state := w.state.indexed()
	if got := state.allSince(state.Environments["dev"], first); !got.Equal(since) && !got.IsZero() {
		t.Errorf("all have the first since %s, want no later than %s", got, since)
	}
	w.state.Now = since.Add(2 * time.Hour)
	w.release(Release{Percent: 100, Good: 100, By: bob, Phase: ReleaseDone})
	state = w.state.indexed()
	if got := state.allSince(state.Environments["dev"], newer); !got.Equal(w.state.Now) {
		t.Errorf("all have the newer since %s, want %s", got, w.state.Now)
	}
	if got := state.allSince(state.Environments["dev"], first); got.After(since) {
		t.Errorf("all have the first since %s, want no later than %s", got, since)
	}
}

// An environment whose users must all have a commit is overdue while not all have it, and that says what it is.
func TestOverdueRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(rulesText(gradual))
	commit := w.gradually(Release{Percent: 10, Good: 10, By: bob, Phase: ReleaseDone})
	w.state.Rules.Environments[0].ConvergeWithin = 4 * time.Hour
	due := commit.Merged.Add(4 * time.Hour)
	overdue := func() *Overdue { return Decide(w.state)[0].Overdue }
	if again := Again(w.state); again.Equal(due) {
		t.Errorf("it is looked at again at %s, although deployed is enough", again)
	}
	w.state.Rules.Environments[0].Release.Required = true
	if again := Again(w.state); !again.Equal(due) {
		t.Errorf("it is looked at again at %s, want %s", again, due)
	}
	if late := overdue(); late != nil {
		t.Errorf("before its time: %+v", late)
	}
	w.state.Now = due
	want := "dev is overdue: it lacks 1 commit, the oldest for 4h; not all users of dev have " + Short(commit.SHA) + " yet, since " + when(w.state.Environments["dev"].Since, time.UTC) + "; it is for bob or ann"
	if late := overdue(); late == nil || late.Text("dev", w.state.Now) != want || late.Cause.Command != "/go dev 50%" {
		t.Errorf("got %+v, want %q", late, want)
	}
	w.release(Release{Percent: 50, From: 10, Good: 10, By: bob, Phase: ReleaseWaiting, Asked: w.state.Now})
	if late := overdue(); late == nil || late.Cause.Text != "50% waits: needs 1 approval of acme/platform" || late.Cause.Who != "acme/platform" {
		t.Errorf("while it waits: %+v", late)
	}
	w.release(Release{Percent: 100, Good: 100, By: bob, Phase: ReleaseDone})
	if late := overdue(); late != nil {
		t.Errorf("when all have it: %+v", late)
	}
}
