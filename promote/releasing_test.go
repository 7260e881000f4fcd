package promote

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/config"
	"pgregory.net/rapid"
)

// What a wish becomes, beside what is now.
func TestReleasing(t *testing.T) {
	t.Parallel()
	held := func(w *world) { w.change("dev", func(e *Environment) { e.Holds = []Hold{{ID: 1, Owner: ann}} }) }
	deploying := func(w *world) { w.merge(ann, bob) }
	for _, test := range []struct {
		name    string
		now     Release
		but     func(*world)
		percent int
		want    string // phase, from, good; empty: refused
	}{
		{"the first step waits for approvals", Release{Phase: ReleaseDone}, nil, 1, "waiting from 0 good 0"},
		{"so does a later one", tenth, nil, 100, "waiting from 10 good 10"},
		{"fewer users wait for nobody", tenth, nil, 1, "running from 10 good 10"},
		{"none, as nobody was given it", Release{Phase: ReleaseDone}, nil, 0, "running from 0 good 0"},
		{"none, again", Release{Phase: ReleaseDone, By: bob}, nil, 0, ""},
		{"none, while it is held", tenth, held, 0, "running from 10 good 10"},
		{"none, while the configuration has an error", tenth, func(w *world) {
			w.state.Problems, w.state.Rules = config.Problems{{}}, config.Repository{}
		}, 0, "running from 10 good 10"},
		{"more, after a rollback", tenth, func(w *world) {
			w.change("dev", func(e *Environment) { e.Holds = []Hold{{ID: 1, Kind: HeldAfterRollback}} })
		}, 50, "waiting from 10 good 10"},
		{"fewer, while it is held", tenth, held, 1, "running from 10 good 10"},
		{"more, while it is held", tenth, held, 50, ""},
		{"none, while something is deployed", tenth, deploying, 0, "running from 10 good 10"},
		{"fewer, while something is deployed", tenth, deploying, 1, ""},
		{"none, while more runs", Release{Percent: 50, Good: 10, Phase: ReleaseRunning}, nil, 0, "running from 10 good 10"},
		{"what was before, while more runs", Release{Percent: 50, Good: 10, Phase: ReleaseRunning}, nil, 10, "running from 10 good 10"},
		{"between, while more runs", Release{Percent: 100, Good: 10, Phase: ReleaseRunning}, nil, 50, ""},
		{"between, while more is watched", Release{Percent: 100, Good: 10, Phase: ReleaseWatching}, nil, 50, "waiting from 100 good 10"},
		{"more, while it is watched", Release{Percent: 50, Good: 10, Phase: ReleaseWatching}, nil, 100, ""},
		{"the same again, which failed", Release{Percent: 50, Good: 10, Phase: ReleaseFailed}, nil, 50, "waiting from 10 good 10"},
		{"another, in place of one that waits", Release{Percent: 50, Good: 10, Phase: ReleaseWaiting}, nil, 100, "waiting from 10 good 10"},
	} {
		w := newWorld(rulesText(gradual))
		w.state.People.Users["ann"] = ann.ID
		w.gradually(test.now)
		if test.but != nil {
			test.but(w)
		}
		wish, refusal := Releasing(w.state, Release{Environment: "dev", Percent: test.percent, By: bob, Asked: w.state.Now})
		got := ""
		if refusal == nil {
			got = stands(wish)
		}
		if got != test.want {
			t.Errorf("%s: got %q (%+v), want %q", test.name, got, refusal, test.want)
		}
	}
}

func stands(r Release) string {
	return string(r.Phase) + " from " + Figure(float64(r.From)) + " good " + Figure(float64(r.Good))
}

// Whatever is asked: nobody gives users more past a hold, a freeze, a missing approval or a watch, and everybody can take it
// away from them.
func TestReleasingNeverGivesMoreThanItMay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(rulesText(gradual))
		percents := rapid.SampledFrom([]int{0, 1, 10, 50, 100})
		good := percents.Draw(t, "good")
		now := Release{Percent: percents.Draw(t, "now"), Good: good, By: bob,
			Phase: rapid.SampledFrom([]ReleasePhase{ReleaseWaiting, ReleaseRunning, ReleaseWatching, ReleaseDone, ReleaseFailed}).Draw(t, "phase")}
		if now.Phase == ReleaseDone {
			now.Good = now.Percent
		}
		w.gradually(now)
		held, live := rapid.Bool().Draw(t, "held"), rapid.Bool().Draw(t, "live")
		if held {
			w.change("dev", func(e *Environment) { e.Holds = []Hold{{ID: 1, Owner: ann}} })
		}
		if live {
			w.change("dev", func(e *Environment) { last := *e.Last; last.Phase = Applying; e.Last = &last })
		}
		percent := percents.Draw(t, "percent")
		wish, refusal := Releasing(w.state, Release{Environment: "dev", Percent: percent, By: bob, Asked: w.state.Now})
		more := percent > w.state.Environments["dev"].Released.Percent
		switch {
		case percent == 0 && refusal != nil && now.Percent != 0:
			t.Fatalf("it cannot be taken away: %s", refusal.Text())
		case refusal != nil:
		case more && (held || live):
			t.Fatalf("%+v goes up where it is held (%t) or deployed (%t)", wish, held, live)
		case more && wish.Phase == ReleaseRunning:
			t.Fatalf("%+v goes up without approval", wish)
		case more && now.Phase == ReleaseWatching && percent > now.Percent:
			t.Fatalf("%+v goes up although %d%% are watched", wish, now.Percent)
		case more && now.Phase == ReleaseRunning:
			t.Fatalf("%+v goes up while another runs", wish)
		case !more && wish.Phase != ReleaseRunning:
			t.Fatalf("%+v waits although it gives nobody more", wish)
		}
		if refusal == nil && wish.Up() != more {
			t.Fatalf("%+v is watched: %t, want %t", wish, wish.Up(), more)
		}
	})
}

// An approval counts for one step, by somebody who took no part in anything that not all users have.
func TestReleaseApprovals(t *testing.T) {
	t.Parallel()
	w := newWorld(rulesText(gradual))
	waits := asksTen
	w.gradually(waits)
	if ReleaseDue(w.state, "dev") {
		t.Fatal("it begins without approval")
	}
	for _, by := range []Person{dan, ann, bob} {
		if _, refusal := ApproveRelease(w.state, Consent{Environment: "dev", By: by}, 10); refusal == nil {
			t.Errorf("%s may approve", by.Login)
		}
	}
	approval, refusal := ApproveRelease(w.state, Consent{Environment: "dev", By: eve}, 10)
	if refusal != nil {
		t.Fatal(refusal.Text())
	}
	waits.Approvals = []ReleaseApproval{approval}
	w.release(waits)
	if !ReleaseDue(w.state, "dev") {
		t.Error("it does not begin although it is approved")
	}
	w.change("dev", func(e *Environment) { e.Holds = []Hold{{ID: 1, Owner: ann}} })
	if ReleaseDue(w.state, "dev") {
		t.Error("it begins although it is held")
	}
	w.change("dev", func(e *Environment) { e.Holds = nil })
	w.state.People.Teams["acme/platform"] = []int64{13}
	if ReleaseDue(w.state, "dev") {
		t.Error("it begins although who approved has left the team")
	}

	// Eve wrote a part of what users do not have yet: not of this deployment, but of the one before.
	w = newWorld(rulesText(gradual))
	w.merge(eve, bob)
	w.end("dev", Succeeded)
	full := w.state.Trunk[0].SHA
	w.gradually(asksTen)
	w.change("dev", func(e *Environment) { r := *e.Release; r.Full = full; e.Release = &r })
	if _, refusal := ApproveRelease(w.state, Consent{Environment: "dev", By: eve}, 10); refusal == nil {
		t.Error("an author of what is released approves it")
	}
}

// A watch that fails takes users back to what was good, and nothing takes that back.
func TestAfterWatch(t *testing.T) {
	t.Parallel()
	failed := Release{ID: 7, Environment: "dev", Commit: "b", Full: "a", Deployment: 3, From: 10, Percent: 50, Good: 10, By: bob, Pull: 4, Phase: ReleaseWatching}
	want := Release{Environment: "dev", Commit: "b", Full: "a", Deployment: 3, From: 50, Percent: 10, Good: 10, Pull: 4, Phase: ReleaseRunning, Back: true,
		Text: "taken back from 50%: it is slow"}
	got := AfterWatch(failed, "it is slow")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Up() {
		t.Error("what is taken back is watched again, and could be taken back again")
	}
}

// While a command runs nothing is deployed, and while it is watched only what goes back is.
func TestReleasesAndDeployments(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		phase ReleasePhase
		gate  string
	}{{ReleaseRunning, GateReleasing}, {ReleaseWatching, GateWatched}, {ReleaseWaiting, ""}, {ReleaseDone, ""}, {ReleaseFailed, ""}} {
		w := newWorld(rulesText(gradual))
		w.gradually(Release{Percent: 10, By: bob, Phase: test.phase})
		w.merge(ann, bob)
		gate := ""
		for _, decision := range Decide(w.state) {
			if decision.Environment == "dev" && len(decision.Waits) > 0 && decision.Waits[0].Gate != GateDeploying {
				gate = decision.Waits[0].Gate
			}
		}
		if gate != test.gate {
			t.Errorf("%s: the gate %q is closed, want %q", test.phase, gate, test.gate)
		}
	}
}

// Where all users must have it, what comes after waits for that; what not all have has not converged.
func TestRequiredRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(rulesText(gradual))
	commit := w.gradually(tenth)
	may := func() bool { _, refusal := Asked(w.state, "prod", commit.SHA); return refusal == nil }
	status := func() Status {
		rollout, _ := View(w.state, commit.SHA)
		return rollout.Stages[0].Status
	}
	if !may() || status() != Converged {
		t.Error("what is deployed is not enough, although the rules do not ask for more")
	}
	w.state.Rules.Environments[0].Release.Required = true
	if may() || status() != HeldBack {
		t.Error("what is deployed is enough, although all users must have it")
	}
	_, refusal := Asked(w.state, "prod", commit.SHA)
	if want := "/go dev 50%"; refusal == nil || refusal.Next != "`"+want+"`" {
		t.Errorf("got %+v, want the next step %s", refusal, want)
	}
	w.release(Release{Percent: 100, Good: 50, By: bob, Phase: ReleaseDone})
	if !may() || status() != Converged {
		t.Error("all users have it, and that is not enough")
	}
}

func TestNextRelease(t *testing.T) {
	t.Parallel()
	rules := rulesText(gradual).Environments[0]
	for _, test := range []struct {
		now  Release
		want string
	}{
		{Release{Phase: ReleaseDone}, "/go dev 1%"},
		{Release{Percent: 1, Phase: ReleaseDone}, "/go dev 10%"},
		{Release{Percent: 50, Phase: ReleaseDone}, "/go dev 100%"},
		{Release{Percent: 100, Phase: ReleaseDone}, ""},
		{Release{Percent: 10, Phase: ReleaseWaiting}, "/approve dev 10%"},
		{Release{Percent: 10, Phase: ReleaseRunning}, ""},
		{Release{Percent: 10, Phase: ReleaseWatching}, ""},
		{Release{Percent: 10, Phase: ReleaseFailed}, "/go dev 10%"},
		{Release{Percent: 0, Phase: ReleaseFailed}, "/go dev 0%"},
	} {
		if got := NextRelease(rules, Environment{Release: &test.now}); got != test.want {
			t.Errorf("after %d%% %s comes %q, want %q", test.now.Percent, test.now.Phase, got, test.want)
		}
	}
	rules.Release.Steps = nil
	if got := NextRelease(rules, Environment{Release: &Release{Percent: 7, Phase: ReleaseDone, Since: time.Time{}}}); got != "/go dev 100%" {
		t.Errorf("without steps comes %q", got)
	}
}
