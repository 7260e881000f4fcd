package promote

import (
	"slices"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/config"
	"pgregory.net/rapid"
)

func TestCommitTravels(t *testing.T) {
	t.Parallel()
	h := newHistory(chain(config.Manual)...)
	commit := h.merge()
	h.step()
	h.end("dev", Succeeded)
	h.runs(t, "dev", commit)
	if h.state.Environments["staging"].Last != nil {
		t.Fatal("staging is manual and started by itself")
	}
	if refusal := h.ask("staging", ""); refusal != nil {
		t.Fatal(refusal)
	}
	h.end("staging", Succeeded)
	if refusal := h.ask("prod", Short(commit.SHA)); refusal != nil {
		t.Fatal(refusal)
	}
	h.end("prod", Succeeded)
	if rollout, _ := View(h.state, commit.SHA); !rollout.Converged() {
		t.Errorf("not converged: %+v", rollout)
	}
}

func TestSeveralMergesAreOneRange(t *testing.T) {
	t.Parallel()
	h := newHistory(chain(config.Auto)...)
	first := h.merge()
	h.step() // dev starts with first
	second, third := h.merge(), h.merge()
	h.step()
	h.end("dev", Succeeded)
	h.end("dev", Succeeded)
	want := []int{second.Pull, third.Pull}
	if got := h.starts[len(h.starts)-1]; !slices.Equal(got.Pulls(), want) && h.starts[1].To.SHA != third.SHA {
		t.Errorf("got %v; want %v in one range", got.Pulls(), want)
	}
	if last := h.state.Environments["dev"].Last; last.From != first.SHA || last.To != third.SHA {
		t.Errorf("dev went from %s to %s", Short(last.From), Short(last.To))
	}
}

// A failed step is not tried again by itself, but a newer commit is another step.
func TestFailureWaitsForPeopleOrForANewerCommit(t *testing.T) {
	t.Parallel()
	h := newHistory(chain(config.Auto)...)
	broken := h.merge()
	h.step()
	h.end("dev", Failed)
	if len(h.starts) != 1 {
		t.Fatal("a failed deployment started again by itself")
	}
	rollout, _ := View(h.state, broken.SHA)
	if stage := rollout.Stages[0]; stage.Status != Stopped || stage.Waits[0].Command != "/promote dev" {
		t.Errorf("got %+v", stage)
	}
	mended := h.merge()
	h.step()
	h.end("dev", Succeeded)
	h.runs(t, "dev", mended)
	h.end("staging", Failed)
	if refusal := h.ask("staging", ""); refusal != nil {
		t.Fatal(refusal)
	}
	h.end("staging", Succeeded)
	h.runs(t, "staging", mended)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		prepare func(h *history)
		ask, to string
		want    Refusal
	}{
		{"nothing new", func(*history) {}, "dev", "", Refusal{
			"A promotion goes from one commit of trunk to a newer one.",
			"dev runs `0001111` already, the newest commit of trunk: there is nothing to promote.", "`/status`"}},
		{"upstream has not proven it", func(h *history) { h.merge(); h.step(); h.end("dev", Succeeded) }, "prod", "", Refusal{
			"prod comes after staging: a commit must have succeeded there first.",
			"staging has not proven `0002222` yet: it runs `0001111`.", "`/promote staging`"}},
		{"upstream is deploying", func(h *history) { h.merge(); h.step() }, "staging", "", Refusal{
			"staging comes after dev: a commit must have succeeded there first.",
			"dev has not proven `0002222` yet: it is being brought to `0002222` right now.", "Wait for dev; `/status` shows where it is."}},
		{"unknown commit", func(h *history) { h.merge() }, "dev", "fffffff", Refusal{
			"Only commits of trunk are promoted, and only to an environment that runs an older one.",
			"`fffffff` is not on trunk after `0001111`, which dev runs.", "`/status`"}},
		{"deploying", func(h *history) { h.merge(); h.step() }, "dev", "", Refusal{
			"One deployment at a time in an environment.", "dev is being brought to `0002222` right now.",
			"Wait for it to end; then `/promote dev`."}},
		{"error on trunk", func(h *history) {
			h.state.Problems = config.Problems{{File: config.Path, At: config.Position{Line: 3, Column: 1}, Message: "unknown key \"x\""}}
		}, "dev", "", Refusal{
			"Nothing is promoted while the configuration on trunk has an error.",
			"`.github/trunkline.yml` has one in line 3: unknown key \"x\".",
			"Mend it in a pull request; then `/promote dev` again."}},
		{"rewritten trunk", func(h *history) { h.state.Trunk = h.state.Trunk[1:]; h.merge() }, "dev", "", Refusal{
			"A promotion goes from one commit of trunk to a newer one.", "dev runs `0001111`, which is not on trunk any more.", ""}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHistory(chain(config.Manual)...)
			test.prepare(h)
			got := h.ask(test.ask, test.to)
			if got == nil {
				t.Fatal("it was taken")
			}
			if *got != test.want {
				t.Errorf("got  %+v\nwant %+v", *got, test.want)
			}
		})
	}
}

// TestAnyHistory plays random histories and looks at every start: nothing starts that is not proven upstream,
// nothing starts twice, nothing goes backwards; and when failures end and people ask, everything converges.
func TestAnyHistory(t *testing.T) {
	t.Parallel()
	graph := append(chain(config.Manual), config.Environment{Name: "prod-us", Promote: config.Auto, After: []string{"staging", "dev"}})
	names := []string{"dev", "staging", "prod", "prod-us"}
	rapid.Check(t, func(t *rapid.T) {
		h := newHistory(graph...)
		name := rapid.SampledFrom(names)
		t.Repeat(map[string]func(*rapid.T){
			"merge":   func(*rapid.T) { h.merge(); h.step() },
			"succeed": func(t *rapid.T) { h.end(name.Draw(t, "environment"), Succeeded) },
			"fail":    func(t *rapid.T) { h.end(name.Draw(t, "environment"), Failed) },
			"ask": func(t *rapid.T) {
				to := ""
				if rapid.Bool().Draw(t, "named") {
					to = rapid.SampledFrom(h.state.Trunk).Draw(t, "commit").SHA
				}
				h.ask(name.Draw(t, "environment"), to)
			},
			"decide again": func(*rapid.T) { h.step() },
			"": func(t *rapid.T) {
				for _, environment := range h.state.Environments {
					proven(t, h.state, environment)
				}
			},
		})
		settle(t, h, names)
	})
}

// proven checks that what an environment is being brought to has succeeded in all that it comes after.
func proven(t *rapid.T, state State, environment Environment) {
	last := environment.Last
	if last == nil || !last.Phase.Live() {
		return
	}
	from, _ := state.commit(last.From)
	target, ok := state.commit(last.To)
	if !ok || target.Position <= from.Position || last.From != environment.Runs {
		t.Fatalf("%s goes from %s to %s", environment.Name, Short(last.From), Short(last.To))
	}
	rules, _ := state.Rules.Environment(environment.Name)
	for _, name := range rules.After {
		if runs, _ := state.commit(state.Environments[name].Runs); runs.Position < target.Position {
			t.Fatalf("%s skips %s", environment.Name, name)
		}
	}
}

func settle(t *rapid.T, h *history, names []string) {
	for range 2 * len(names) {
		for _, name := range names {
			h.end(name, Succeeded)
			h.ask(name, "")
			h.end(name, Succeeded)
		}
	}
	tip := h.state.tip()
	rollout, _ := View(h.state, tip.SHA)
	if !rollout.Converged() {
		t.Fatalf("not converged to %s: %s", Short(tip.SHA), strings.Join(statuses(rollout), ", "))
	}
}

func statuses(rollout Rollout) (texts []string) {
	for _, stage := range rollout.Stages {
		texts = append(texts, stage.Environment.Name+" "+string(stage.Status))
	}
	return texts
}
