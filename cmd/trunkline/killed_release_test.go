package main

import (
	"slices"
	"testing"

	"github.com/trunkline/trunkline/promote"
)

// given is a repository whose commits are given to users step by step. The command strikes once before and once after it has
// done its work, for each percentage, and so does what is watched.
var given = map[string]string{
	".github/trunkline.yml": `
version: 1
stacks:
  layout: folders
  path: live/{environment}/{component}
  engine:
    plan: diff -NU0 --label deployed --label wanted "$DEPLOYED/$TRUNKLINE_COMPONENT" content || test $? = 1
    apply: cp content "$DEPLOYED/$TRUNKLINE_COMPONENT"
environments:
  prod:
    promote: auto
    release:
      run: |
        ` + strike + `
        strike before-$TRUNKLINE_PERCENT
        echo $TRUNKLINE_FROM_PERCENT to $TRUNKLINE_PERCENT >> "$DEPLOYED/given"
        strike after-$TRUNKLINE_PERCENT
      watch:
        - name: alive
          run: |
            ` + strike + `
            strike watch-$TRUNKLINE_PERCENT
            test $TRUNKLINE_PERCENT != 60
          for: 1s
          every: 1s
`,
	"live/prod/app/content": "app 1\n",
}

// The bot is killed around each step of a release: each is taken, in order, and the one whose watch fails is taken back, once.
func TestKilledAmidARelease(t *testing.T) {
	t.Parallel()
	s := newStage(t, given, nil)
	s.strikes()
	number := s.bring("up", map[string]string{"live/prod/app/content": "app 2\n"})
	s.says(number, "rollout", "Converged")
	carol := s.gh.As("carol")
	for _, step := range []struct {
		command string
		percent int
		back    bool
	}{{"/go prod 50%", 50, false}, {"/go prod 60%", 50, true}, {"/go prod 100%", 100, false}} {
		if _, err := carol.Comment(project, number, step.command); err != nil {
			t.Fatal(err)
		}
		s.wait(step.command+" has ended", func() bool {
			r := s.looked("prod").Release
			return r != nil && r.Phase == promote.ReleaseDone && r.Percent == step.percent && r.Back == step.back
		})
	}
	// A command that was struck is run again for the same percentage.
	want := []string{"0 to 50", "50 to 60", "60 to 50", "50 to 100"}
	if got := slices.Compact(s.lines("given")); !slices.Equal(got, want) {
		t.Errorf("it was given %q, want %q", got, want)
	}
	if s.lives < 7 {
		t.Errorf("it was killed %d times; want at least 6", s.lives-1)
	}
	t.Logf("%d lives", s.lives)
}
