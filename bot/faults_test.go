package bot

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// copying is a repository whose engine copies files. Each apply adds a line to the file applies.
var copying = map[string]string{
	".github/trunkline.yml": `
version: 1
stacks:
  layout: folders
  path: environments/{environment}/{component}
  engine:
    plan: diff -NU0 --label deployed --label wanted "$DEPLOYED/$TRUNKLINE_ENVIRONMENT" content || test $? = 1
    apply: echo "$TRUNKLINE_ENVIRONMENT $(cat content)" >> "$DEPLOYED/applies"; cp content "$DEPLOYED/$TRUNKLINE_ENVIRONMENT"
environments:
  dev:
    promote: auto
  staging:
  prod:
`,
	"environments/dev/app/content":     "1\n",
	"environments/staging/app/content": "1\n",
	"environments/prod/app/content":    "1\n",
}

// contents are the same instances with other content.
func contents(text string) map[string]*string {
	return map[string]*string{"environments/dev/app/content": &text, "environments/staging/app/content": &text,
		"environments/prod/app/content": &text}
}

// story is a pull request's life in a world where things go wrong: preview, a second push, merge, dev by itself,
// staging and prod when carol asks.
func (w *world) story() {
	w.t.Helper()
	alice, bob, carol := w.gh.As("alice"), w.gh.As("bob"), w.gh.As("carol")
	try := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	_, err := alice.Push(project, "change", "Change all", contents("2\n"))
	try(err)
	number, err := alice.OpenPull(project, "change", "Change all", "", githubsim.OpenOptions{})
	try(err)
	_, err = alice.Push(project, "change", "Change all again", contents("3\n"))
	try(err)
	w.settle()
	_, err = bob.Merge(project, number, "merge")
	try(err)
	w.settle()
	for _, command := range []string{"/promote staging", "/promote prod"} {
		_, err = carol.Comment(project, number, command)
		try(err)
		w.settle()
	}
	w.converged(number)
}

// converged checks what the story must have come to, whatever went wrong: everything is deployed and was applied once,
// and GitHub shows one of each thing.
func (w *world) converged(number int) {
	w.t.Helper()
	for _, environment := range []string{"dev", "staging", "prod"} {
		if text, err := os.ReadFile(filepath.Join(w.deployed, environment)); err != nil || string(text) != "3\n" {
			w.t.Errorf("%s runs %q (%v); want 3", environment, text, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(w.deployed, "applies")); err != nil || string(text) != "dev 3\nstaging 3\nprod 3\n" {
		w.t.Errorf("applied %q (%v); want each environment once", text, err)
	}
	pull, err := w.gh.Pull(project, number)
	if err != nil {
		w.t.Fatal(err)
	}
	var kinds []string
	for _, entry := range pull.Comments(w.gh.BotLogin()) {
		_, marker, _ := strings.Cut(entry.Body, "<!-- trunkline: ")
		kinds = append(kinds, strings.TrimSuffix(marker, " -->"))
		if strings.HasPrefix(marker, "rollout") && !strings.Contains(entry.Body, "Converged") {
			w.t.Errorf("the rollout comment says\n%s", entry.Body)
		}
	}
	if slices.Sort(kinds); !slices.Equal(kinds, []string{"preview 1", "rollout 1"}) {
		w.t.Errorf("there are the comments %v; want one preview and one rollout", kinds)
	}
	for _, event := range w.gh.Events() {
		if strings.Contains(event.Body, "changes nothing") {
			w.t.Errorf("it was said for a while: %s", event.Body)
		}
	}
	w.once(pull)
}

// once checks that nothing was made twice on GitHub, and that all of it says that it ended well.
func (w *world) once(pull githubsim.PullView) {
	w.t.Helper()
	made := map[string]int{}
	for _, call := range w.gh.Calls() {
		if call.Status == http.StatusCreated {
			made[call.Operation]++
		}
	}
	// The first head may have been planned or not, before the second came.
	if got := made["checks/create"]; got != 1 && got != 2 {
		w.t.Errorf("%d check runs were made; want one for each head", got)
	}
	if made["issues/create-comment"] != 2 || made["repos/create-deployment"] != 3 {
		w.t.Errorf("made %d comments and %d deployments; want 2 and 3", made["issues/create-comment"], made["repos/create-deployment"])
	}
	if len(pull.Checks) != 1 || pull.Checks[0].Conclusion != "success" {
		w.t.Errorf("the head has the checks %+v; want one success", pull.Checks)
	}
	repository, err := w.gh.Repository(project)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, deployment := range repository.Deployments {
		if deployment.State != "success" {
			w.t.Errorf("the deployment in %s is %s", deployment.Environment, deployment.State)
		}
	}
}

// ticking is a clock that no two events share.
func ticking() func() time.Time {
	var ticks atomic.Int64
	begin := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	return func() time.Time { return begin.Add(time.Duration(ticks.Add(1)) * time.Second) }
}

// Every kind of call that the bot makes goes wrong once, or some twice, in one of the ways in which calls do, and the story ends as
// if none had.
func TestStoryWithFaults(t *testing.T) {
	t.Parallel()
	for i, test := range []struct {
		name  string
		fault githubsim.Fault
	}{
		{"bad gateway", githubsim.Fault{Status: 502, Times: 1}},
		{"bad gateway twice", githubsim.Fault{Status: 502, Times: 2, Path: "comments$|statuses$|check-runs/"}},
		{"internal error, later", githubsim.Fault{Status: 500, Times: 1, Skip: 1}},
		{"unavailable, later still", githubsim.Fault{Status: 503, Times: 1, Skip: 2}},
		{"secondary limit", githubsim.Fault{Status: 403, Times: 1, RetryAfter: time.Second}},
		{"too many requests", githubsim.Fault{Status: 429, Times: 1, Skip: 1, RetryAfter: time.Second}},
		{"connection lost before the effect", githubsim.Fault{DropBefore: true, Times: 1}},
		{"connection lost after the effect", githubsim.Fault{DropAfter: true, Times: 1}},
		{"connection lost after the effect, later", githubsim.Fault{DropAfter: true, Times: 1, Skip: 1}},
	} {
		if testing.Short() && i%3 != 1 {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOf(t, githubsim.RepositoryOptions{Private: true, Files: copying}, setup{clock: ticking(), before: func(gh *githubsim.GitHub) {
				for operation := range maps.Values(operations) {
					fault := test.fault
					fault.Operation = operation
					if _, err := gh.Inject(fault); err != nil {
						t.Error(err)
					}
				}
			}})
			w.story()
		})
	}
}

// Webhooks come twice, in another order, late or not at the first attempt, and the story ends as if they had not.
func TestStoryWithDisturbedWebhooks(t *testing.T) {
	t.Parallel()
	for i, test := range []struct {
		name string
		fate func(number int) githubsim.Fate
	}{
		{"duplicated", func(int) githubsim.Fate { return githubsim.Fate{Copies: 2} }},
		{"swapped", func(number int) githubsim.Fate { return githubsim.Fate{Behind: (number + 1) % 2} }},
		{"swapped the other way", func(number int) githubsim.Fate { return githubsim.Fate{Behind: number % 2} }},
		{"far behind", func(number int) githubsim.Fate { return githubsim.Fate{Behind: (number * 7) % 4} }},
		{"failed", func(int) githubsim.Fate { return githubsim.Fate{Fail: true} }},
		{"some failed, some twice, some behind", func(number int) githubsim.Fate {
			return githubsim.Fate{Fail: number%3 == 0, Copies: number % 2, Behind: (number * 5) % 3}
		}},
	} {
		if testing.Short() && i%3 != 1 {
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			seen := map[string]bool{}
			w := newWorldOf(t, githubsim.RepositoryOptions{Private: true, Files: copying}, setup{clock: ticking(), before: func(gh *githubsim.GitHub) {
				gh.Disturb(func(webhook githubsim.Webhook) githubsim.Fate {
					mu.Lock()
					defer mu.Unlock()
					if seen[webhook.GUID] {
						return githubsim.Fate{} // what is sent again comes
					}
					seen[webhook.GUID] = true
					return test.fate(len(seen))
				})
			}})
			w.story()
		})
	}
}
