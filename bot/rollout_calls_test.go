package bot

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// mostRolloutCalls is what a rollout through three environments may cost, from the merge until it has converged, tokens
// among it.
const mostRolloutCalls = 25

// rolloutKinds are the environments of rollouts that are counted.
var rolloutKinds = map[string]string{
	"automatic": `
environments:
  dev: {promote: auto}
  staging: {after: [dev], promote: auto}
  prod: {after: [staging], promote: auto}
`,
	"with checks": `
environments:
  dev: {promote: auto, verify: [{name: smoke, run: "true"}]}
  staging: {after: [dev], promote: auto, verify: [{name: smoke, run: "true"}, {name: integration, run: "true"}]}
  prod: {after: [staging], promote: auto, verify: [{name: smoke, run: "true"}]}
`,
	"approved": `
environments:
  dev: {promote: auto}
  staging: {after: [dev], promote: auto}
  prod: {after: [staging], promote: manual, approve: [{users: [bob, carol], count: 1}]}
`,
}

// TestCallsOfARollout merges a pull request and counts the calls of GitHub's API, by a server that has no token yet,
// until all three environments run it. Each of them ran something before.
func TestCallsOfARollout(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	for kind, environments := range rolloutKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubsim.RepositoryOptions{Files: threeEnvironments(environments), Private: true})
			counted := w.rolloutCalls(1, kind == "approved")
			if kind == "automatic" || kind == "approved" {
				counted = w.rolloutCalls(2, kind == "approved")
				if counted["repos/create-deployment-status"] != 7 {
					t.Errorf("that production does not run what it ran before was not said: %v", counted)
				}
			}
			if total(counted) > mostRolloutCalls {
				t.Errorf("the rollout cost %d calls; want %d at most:", total(counted), mostRolloutCalls)
				for _, operation := range slices.Sorted(maps.Keys(counted)) {
					t.Errorf("  %3d %s", counted[operation], operation)
				}
			}
		})
	}
}

// BenchmarkRollout tells what a rollout through three environments costs, from the merge until it has converged.
//
//	calls   to GitHub, tokens among them
func BenchmarkRollout(b *testing.B) {
	for kind, environments := range rolloutKinds {
		b.Run(kind, func(b *testing.B) {
			most := 0
			for range b.N {
				w := newWorld(b, githubsim.RepositoryOptions{Files: threeEnvironments(environments), Private: true})
				most = max(most, total(w.rolloutCalls(1, kind == "approved")))
				w.stop()
			}
			b.ReportMetric(float64(most), "calls")
		})
	}
}

// threeEnvironments are a repository of ten instances in each of dev, staging and prod.
func threeEnvironments(environments string) map[string]string {
	files := map[string]string{".github/trunkline.yml": `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine:
    plan: cat content
    apply: cp content "$DEPLOYED/$TRUNKLINE_ENVIRONMENT-$TRUNKLINE_COMPONENT"
` + environments}
	for i := range 30 {
		files[fmt.Sprintf("environments/%s/component%d/content", []string{"dev", "staging", "prod"}[i%3], i/3)] = "first\n"
	}
	return files
}

// rolloutCalls merges a change of all instances, as pull request number, and counts the calls by operation until all
// environments run it.
func (w *world) rolloutCalls(number int, approved bool) map[string]int {
	w.t.Helper()
	alice, bob := w.gh.As("alice"), w.gh.As("bob")
	text := fmt.Sprintf("number %d\n", number)
	changes := map[string]*string{}
	for path := range threeEnvironments("") {
		if path != ".github/trunkline.yml" {
			changes[path] = &text
		}
	}
	branch := fmt.Sprintf("change%d", number)
	must(w.t, second(alice.Push(project, branch, "Change all", changes)))
	must(w.t, second(alice.OpenPull(project, branch, "Change all", "", githubsim.OpenOptions{})))
	w.settle()
	w.bot.clients.mu.Lock()
	clear(w.bot.clients.tokens)
	w.bot.clients.mu.Unlock()
	before := len(w.gh.Calls())
	must(w.t, second(bob.Merge(project, number, "squash")))
	w.settle()
	if approved {
		must(w.t, second(alice.Comment(project, number, "/promote prod")))
		w.settle()
		must(w.t, second(w.gh.As("carol").Comment(project, number, "/approve prod")))
		w.settle()
	}
	deployed, err := os.ReadDir(w.deployed)
	must(w.t, err)
	for _, file := range deployed {
		if runs, err := w.read(file.Name()); err != nil || runs != text || len(deployed) != 30 {
			w.t.Fatalf("of %d instances %s has not converged: it is %q, %v", len(deployed), file.Name(), runs, err)
		}
	}
	counted := map[string]int{}
	for _, call := range w.gh.Calls()[before:] {
		// That missed deliveries are looked for now and then has nothing to do with rollouts.
		if call.Operation != "apps/list-webhook-deliveries" {
			counted[call.Operation]++
		}
	}
	return counted
}

func total(counted map[string]int) (all int) {
	for _, count := range counted {
		all += count
	}
	return all
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
