package bot

import (
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
)

// building is a repository with an artifact that is another one whenever it is asked for.
func building(more string) map[string]string {
	files := withRules(`
  dev:
    promote: auto
  staging:
    promote: auto
    after: []
  prod:
`)
	files[".github/trunkline.yml"] = strings.ReplaceAll(files[".github/trunkline.yml"], "applies\"; cp", "applies\"; echo \"$TRUNKLINE_ENVIRONMENT $API\" >> \"$DEPLOYED/given\"; cp") + `
artifacts:
  - name: api
    run: echo >> "$DEPLOYED/asked"; cat "$DEPLOYED/tag" 2>/dev/null || echo "build-$(wc -l < "$DEPLOYED/asked" | tr -d ' ')"
    variable: API` + more + "\n"
	return files
}

// mergeAll merges a pull request that changes all environments.
func (w *world) mergeAll(content string) (number int, sha string) {
	w.t.Helper()
	_, err := w.gh.As("alice").Push(project, "change"+strings.TrimSpace(content), "Change all", contents(content))
	w.try(err)
	number, err = w.gh.As("alice").OpenPull(project, "change"+strings.TrimSpace(content), "Change all", "", githubsim.OpenOptions{})
	w.try(err)
	w.settle()
	sha, err = w.gh.As("bob").Merge(project, number, "merge")
	w.try(err)
	w.settle()
	return number, sha
}

func TestArtifactsAreResolvedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Files: building(""), Private: true})
	number, sha := w.mergeAll("2\n")
	_, err := w.gh.As("carol").Comment(project, number, "/promote prod")
	w.try(err)
	w.settle()
	given, err := w.read("given")
	w.try(err)
	for _, want := range []string{"dev build-1\n", "staging build-1\n", "prod build-1\n"} {
		if !strings.Contains(given, want) {
			t.Errorf("given was %q; want %q among it", given, want)
		}
	}
	if asked, err := w.read("asked"); err != nil || asked != "\n" {
		t.Errorf("it was asked for %d times (%v); want once", len(asked), err)
	}
	w.mergeAll("3\n")
	if given, err := w.read("given"); err != nil || !strings.Contains(given, "dev build-2\n") || !strings.Contains(given, "staging build-2\n") {
		t.Errorf("of the next commit given was %q (%v)", given, err)
	}
	if state := w.state(); len(state.Artifacts[sha]) != 1 || state.Artifacts[sha][0].Digest != "build-1" {
		t.Errorf("written down is %+v", state.Artifacts)
	}
}

// TestArtifactsAtOnce: whoever comes first resolves it, and the others wait for that.
func TestArtifactsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Files: building(""), Private: true})
	rules, err := config.Parse(config.Path, []byte(w.placed(building("")[".github/trunkline.yml"])))
	w.try(err)
	repository, err := w.bot.repository(t.Context(), w.repositoryID())
	w.try(err)
	var asking sync.WaitGroup
	for range 5 {
		asking.Go(func() {
			given, err := w.bot.artifacts(t.Context(), built{repository: repository, rules: rules, sha: w.newest().SHA})
			if err != nil || given["API"] != "build-1" {
				t.Errorf("given was %v (%v)", given, err)
			}
		})
	}
	asking.Wait()
}

// TestArtifactsThatChange: with recheck, what is another one than it was goes nowhere until it is the same again.
func TestArtifactsThatChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Files: building("\n    recheck: true"), Private: true})
	tag := func(text string) { w.try(os.WriteFile(w.deployed+"/tag", []byte(text+"\n"), 0o600)) }
	tag("v1")
	number, sha := w.mergeAll("2\n")
	tag("v2")
	carol := w.gh.As("carol")
	_, err := carol.Comment(project, number, "/promote prod")
	w.try(err)
	w.settle()
	if text, err := w.read("prod"); err == nil {
		t.Fatalf("prod runs %q", text)
	}
	changed := w.state().Artifacts[sha]
	if len(changed) != 1 || changed[0].Digest != "v1" || changed[0].Changed != "v2" {
		t.Fatalf("written down is %+v", changed)
	}
	if said := w.rollout(number); !strings.Contains(said, "the artifact `api` is not there") || !strings.Contains(said, "`v1`, and was `v2` when it was asked for again") {
		t.Errorf("it is said\n%s", said)
	}
	_, err = carol.Comment(project, number, "/promote prod")
	w.try(err)
	w.settle()
	if said := w.rollout(number); !strings.Contains(said, "was v1 when it was resolved, and is v2 now") {
		t.Errorf("of the gate it is said\n%s", said)
	}
	tag("v1")
	w.passes(2 * promote.ArtifactsAgainAfter)
	w.settle()
	if text, err := w.read("prod"); err != nil || text != "2\n" {
		t.Errorf("prod runs %q (%v)", text, err)
	}
	if given, err := w.read("given"); err != nil || !strings.HasSuffix(given, "prod v1\n") {
		t.Errorf("given was %q (%v)", given, err)
	}
}

// rollout is what the rollout comment says on a pull request.
func (w *world) rollout(number int) string {
	w.t.Helper()
	pull, err := w.gh.Pull(project, number)
	w.try(err)
	for _, entry := range pull.Comments(w.gh.BotLogin()) {
		if strings.Contains(entry.Body, "<!-- trunkline: rollout") {
			return entry.Body
		}
	}
	return ""
}

// TestArtifactsThatCannotBeGiven are printed by commands that are wrong.
func TestArtifactsThatCannotBeGiven(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Files: building(""), Private: true})
	repository, err := w.bot.repository(t.Context(), w.repositoryID())
	w.try(err)
	defer w.bot.redactor.Hide("canary-9")()
	for run, want := range map[string]string{
		"true":                               "printed nothing to standard output",
		"echo a; echo b":                     "something else than one line",
		"echo 'a b'":                         "something else than one line",
		"echo '<script>'":                    "something else than one line",
		"head -c 400 /dev/zero | tr '\\0' a": "something else than one line",
		"echo canary-9":                      "looks like a secret",
		"echo canary-9 >&2; exit 3":          "ended with exit code 3.\n[redacted]",
		"sleep 600":                          "the time limit was reached",
	} {
		declared := config.Artifact{Name: "x", Run: run, Variable: "X"}
		if strings.HasPrefix(run, "sleep") {
			declared.Timeout = 100e6
		}
		rules := config.Repository{Artifacts: []config.Artifact{declared}}
		if given, err := w.bot.artifacts(t.Context(), built{repository: repository, rules: rules, sha: w.newest().SHA}); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("of %q: got %v, %v; want something with %q", run, given, err, want)
		}
	}
}

// TestArtifactsOfWhatHasBegun: what is being deployed is not asked for again, whatever has become of it; going back goes on where
// nobody answers, and stops where the answer is another one.
func TestArtifactsOfWhatHasBegun(t *testing.T) {
	withoutRace(t)
	t.Parallel()
	files := withRules(`
  dev:
    promote: auto
    watch: {name: alive, run: test "$API" = v2 || test "$API" = v1, for: 2m, every: 1m}
`)
	files[".github/trunkline.yml"] += `
artifacts:
  - name: api
    run: echo >> "$DEPLOYED/asked"; cat "$DEPLOYED/tag"
    variable: API
    recheck: true
`
	w := newWorld(t, githubsim.RepositoryOptions{Files: files, Private: true})
	tag := func(text string) {
		if w.try(os.RemoveAll(w.deployed + "/tag")); text != "" {
			w.try(os.WriteFile(w.deployed+"/tag", []byte(text+"\n"), 0o600))
		}
	}
	ends := func() promote.Deployment {
		for range 3 {
			w.passes(time.Minute)
			w.settle()
		}
		return *w.state().Environments["dev"].Last
	}
	tag("v1")
	_, first := w.mergeAll("2\n")
	asked, err := w.read("asked")
	w.try(err)
	tag("")
	if last := ends(); last.Phase != promote.Succeeded {
		t.Fatalf("without an answer while it was watched, it %s: %+v", last.Phase, last.Failure)
	}
	if again, err := w.read("asked"); err != nil || again != asked {
		t.Errorf("while it was watched it was asked for %d times (%v)", len(again)-len(asked), err)
	}
	tag("v2")
	number, _ := w.mergeAll("3\n")
	tag("v3")
	if last := ends(); last.Phase != promote.Succeeded {
		t.Fatalf("with another answer while it was watched, it %s: %+v", last.Phase, last.Failure)
	}
	carol := w.gh.As("carol")
	_, err = carol.Comment(project, number, "/rollback dev")
	w.try(err)
	w.settle()
	if last := *w.state().Environments["dev"].Last; !last.Rollback || last.Phase != promote.Failed || !strings.Contains(last.Failure.Message, "was v1 when it was resolved") {
		t.Fatalf("going back to what is another one now, it %s: %+v", last.Phase, last.Failure)
	}
	tag("v1")
	w.passes(2 * promote.ArtifactsAgainAfter)
	w.settle()
	tag("")
	_, err = carol.Comment(project, number, "/retry dev")
	w.try(err)
	w.settle()
	if last := ends(); !last.Rollback || last.Phase != promote.Succeeded || last.To != first {
		t.Errorf("going back where nobody answers, it %s: %+v", last.Phase, last.Failure)
	}
}
