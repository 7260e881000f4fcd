package bot

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/promote"
)

// An environment that declares what it ran before Trunkline lacks what came since, with its pull requests and authors;
// nothing is applied only because it is new, and nobody is told of what is long merged.
func TestDeclaredBaseline(t *testing.T) {
	t.Parallel()
	var number int
	w := newWorldOf(t, githubsim.RepositoryOptions{Private: true, Files: copying}, setup{before: func(gh *githubsim.GitHub) {
		first, err := gh.File(project, "main", ".github/trunkline.yml")
		if err != nil {
			t.Fatal(err)
		}
		repository, err := gh.Repository(project)
		if err != nil {
			t.Fatal(err)
		}
		alice := gh.As("alice")
		if _, err := alice.Push(project, "change", "Change", contents("2\n")); err != nil {
			t.Fatal(err)
		}
		if number, err = alice.OpenPull(project, "change", "Change all", "", githubsim.OpenOptions{}); err != nil {
			t.Fatal(err)
		}
		if _, err := gh.As("bob").Merge(project, number, "merge"); err != nil {
			t.Fatal(err)
		}
		first = strings.Replace(first, "  prod:\n", "  prod:\n    baseline: "+strings.ToUpper(repository.Branches["main"][:9])+"\n    approve: [{user: carol}]\n", 1)
		if _, err := gh.As("bob").Push(project, "main", "Declare a baseline", map[string]*string{".github/trunkline.yml": &first}); err != nil {
			t.Fatal(err)
		}
	}})
	state := w.state()
	prod, dev := state.Environments["prod"].Runs, state.Environments["dev"].Runs
	if len(state.Problems) > 0 || len(state.Trunk) != 3 || prod != state.Trunk[0].SHA || dev != state.Trunk[2].SHA {
		t.Fatalf("dev runs %s and prod %s, of %+v, with %v", dev, prod, state.Trunk, state.Problems)
	}
	merged := state.Trunk[1]
	if merged.Pull != number || merged.Author != w.person("alice") || merged.Merger != w.person("bob") || len(merged.Paths) != 3 {
		t.Errorf("in between is %+v; want #%d by alice, merged by bob", merged, number)
	}
	if tip := state.Trunk[2]; tip.Title != "Declare a baseline" || tip.Author != w.person("bob") {
		t.Errorf("the tip is %+v", tip)
	}
	if runs := w.applied(); runs != "" {
		t.Errorf("applied %q", runs)
	}
	pull, err := w.gh.Pull(project, number)
	w.try(err)
	if said := pull.Comments(w.gh.BotLogin()); len(said) != 0 {
		t.Errorf("it says on what is long merged: %+v", said)
	}
	// What it lacks is a range like any other, and goes on with what comes next.
	_, err = w.gh.As("alice").Push(project, "next", "Next", contents("3\n"))
	w.try(err)
	next, err := w.gh.As("alice").OpenPull(project, "next", "Next", "", githubsim.OpenOptions{})
	w.try(err)
	w.settle()
	if text := w.preview(next); !strings.Contains(text, fmt.Sprintf("prod is 1 merge behind trunk**: this plan also contains #%d", number)) {
		t.Errorf("the preview says\n%s", text)
	}
	_, err = w.gh.As("bob").Merge(project, next, "merge")
	w.try(err)
	w.settle()
	for _, environment := range []string{"staging", "prod"} {
		_, err = w.gh.As("carol").Comment(project, next, "/promote "+environment)
		w.try(err)
		w.settle()
	}
	decisions := promote.Decide(w.state())
	if prod := decisions[2].Promotion; prod == nil || !slices.Equal(prod.Pulls(), []int{number, next}) || len(prod.Commits) != 3 {
		t.Errorf("prod would get %+v", prod)
	}
}

// applied is what engines wrote down that they applied.
func (w *world) applied() string {
	text, err := w.read("applies")
	if err != nil {
		return ""
	}
	return text
}

// A baseline that is not on trunk, or that says nothing of what ran, stops everything, and the check on the pull request that
// would bring it in fails at its line.
func TestWrongBaseline(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ baseline, want string }{
		"not on trunk": {"0123456789", `baseline of prod is "0123456789", which is no commit of main; expected the SHA of a commit that was merged or pushed there`},
		"on a branch":  {"$branch", `which is no commit of main`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, githubsim.RepositoryOptions{Private: true, Files: withRules("\n  dev:\n    promote: auto\n")})
			alice, bob := w.gh.As("alice"), w.gh.As("bob")
			branch, err := alice.Push(project, "branch", "Elsewhere", contents("9\n"))
			w.try(err)
			before := copying[".github/trunkline.yml"]
			rules := strings.Replace(before, "  prod:\n", "  prod:\n    baseline: "+strings.Replace(test.baseline, "$branch", branch, 1)+"\n", 1)
			line := strings.Count(rules[:strings.Index(rules, "baseline")], "\n") + 1
			_, err = alice.Push(project, "change", "Declare", map[string]*string{".github/trunkline.yml": &rules})
			w.try(err)
			number, err := alice.OpenPull(project, "change", "Declare", "", githubsim.OpenOptions{})
			w.try(err)
			w.settle()
			pull, err := w.gh.Pull(project, number)
			w.try(err)
			if check := pull.Checks[0]; check.Conclusion != "failure" || len(check.Annotations) != 1 || check.Annotations[0].Start != line ||
				!strings.Contains(check.Annotations[0].Message, test.want) {
				t.Errorf("the check is %+v; want it to fail at line %d", check, line)
			}
			_, err = bob.Merge(project, number, "squash")
			w.try(err)
			w.settle()
			state := w.state()
			if len(state.Problems) != 1 || state.Problems[0].At.Line != line || !strings.Contains(state.Problems[0].Message, test.want) {
				t.Errorf("the problems are %v", state.Problems)
			}
			if _, known := state.Environments["prod"]; known {
				t.Error("prod is known all the same")
			}
			_, err = bob.Push(project, "main", "Take it back", map[string]*string{".github/trunkline.yml": &before})
			w.try(err)
			w.settle()
			if state := w.state(); len(state.Problems) != 0 || state.Environments["prod"].Runs == "" {
				t.Errorf("then the problems are %v, and prod runs %q", state.Problems, state.Environments["prod"].Runs)
			}
		})
	}
}

// Rules that trunk had before it was rewritten count until the environments have what takes their place.
func TestRulesOfRewrittenTrunk(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.RepositoryOptions{Private: true, Files: withRules("\n  dev:\n  prod:\n")})
	bob := w.gh.As("bob")
	base := w.newest().SHA
	strict := withRules("\n  dev:\n  prod:\n    soak: 5d\n")[".github/trunkline.yml"]
	_, err := bob.Push(project, "main", "Soak", map[string]*string{".github/trunkline.yml": &strict})
	w.try(err)
	w.settle()
	// Without any commit that takes the rule out, it is gone.
	w.try(bob.ResetBranch(project, "main", base))
	_, err = bob.Push(project, "main", "Go on", contents("2\n"))
	w.try(err)
	w.settle()
	state := w.state()
	if len(state.Former) != 1 || state.Former[0].SHA != w.newest().SHA {
		t.Fatalf("former rules are %+v", state.Former)
	}
	if prod, _ := state.Former[0].Rules.Environment("prod"); prod.Soak == 0 {
		t.Errorf("formerly prod was %+v", prod)
	}
}
