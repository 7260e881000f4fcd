package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// goesBack is a repository whose only environment goes back by itself. What is broken is found out by its check, after all of
// it was applied. Everything strikes once for each commit.
var goesBack = map[string]string{
	".github/trunkline.yml": `
version: 1
stacks:
  layout: folders
  path: live/{environment}/{component}
  engine:
    plan: |
      ` + strike + `
      strike plan-$TRUNKLINE_COMPONENT-$TRUNKLINE_COMMIT
      diff -NU0 --label deployed --label wanted "$DEPLOYED/$TRUNKLINE_COMPONENT" content || test $? = 1
    apply: |
      ` + strike + `
      strike before-$TRUNKLINE_COMPONENT-$TRUNKLINE_COMMIT
      cat content >> "$DEPLOYED/applies"
      strike between-$TRUNKLINE_COMPONENT-$TRUNKLINE_COMMIT
      cp content "$DEPLOYED/$TRUNKLINE_COMPONENT"
      strike after-$TRUNKLINE_COMPONENT-$TRUNKLINE_COMMIT
environments:
  prod:
    promote: auto
    on_failure: rollback
    verify:
      - name: healthy
        run: |
          ` + strike + `
          strike verify-$TRUNKLINE_COMMIT
          ! grep -q broken "$DEPLOYED/app"
    watch:
      - name: alive
        run: |
          ` + strike + `
          strike watch-$TRUNKLINE_COMMIT
          wc -l < "$DEPLOYED/app"
        for: 2s
        every: 1s
hooks:
  - name: flush
    after: deploy
    run: |
      ` + strike + `
      strike hook-$TRUNKLINE_COMMIT
`,
	"live/prod/app/content":     "app 1\n",
	"live/prod/network/content": "network 1\n",
}

// bring merges a change of files.
func (s *stage) bring(branch string, files map[string]string) (number int) {
	s.t.Helper()
	pushed := map[string]*string{}
	for path, text := range files {
		pushed[path] = &text
	}
	alice := s.gh.As("alice")
	if _, err := alice.Push(project, branch, "Change "+branch, pushed); err != nil {
		s.t.Fatal(err)
	}
	number, err := alice.OpenPull(project, branch, "Change "+branch, "", githubsim.OpenOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.gh.As("bob").Merge(project, number, "merge"); err != nil {
		s.t.Fatal(err)
	}
	return number
}

// strikes makes what strikes do so from now on.
func (s *stage) strikes() {
	s.t.Helper()
	if err := os.Mkdir(filepath.Join(s.deployed, "strikes"), 0o700); err != nil {
		s.t.Fatal(err)
	}
}

// lines of a file among what is deployed.
func (s *stage) lines(name string) []string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.deployed, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}

// looked is what the bot's database knows of an environment.
func (s *stage) looked(environment string) promote.Environment {
	s.t.Helper()
	opened, err := store.View(s.t.Context(), filepath.Join(s.data, "trunkline.db"), time.Now)
	if err != nil {
		s.t.Fatal(err)
	}
	defer opened.Close()
	looked, err := opened.Look(s.t.Context(), project)
	if err != nil {
		s.t.Fatal(err)
	}
	return looked.State.Environments[environment]
}

// outcomes are how the GitHub deployments ended, the newest first.
func (s *stage) outcomes() (ended []string) {
	s.t.Helper()
	repository, err := s.gh.Repository(project)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, deployment := range repository.Deployments {
		ended = append(ended, deployment.Statuses[len(deployment.Statuses)-1].State)
	}
	return ended
}

// The bot is killed at each step of a deployment that fails and of the rollback that follows: it goes back once, applies
// each thing once, and leaves one hold.
func TestKilledAmidARollback(t *testing.T) {
	t.Parallel()
	s := newStage(t, goesBack, nil)
	if err := os.WriteFile(filepath.Join(s.deployed, "applies"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.says(s.bring("good", map[string]string{"live/prod/app/content": "app 2\n", "live/prod/network/content": "network 2\n"}), "rollout", "Converged")
	s.strikes()
	number := s.bring("bad", map[string]string{"live/prod/app/content": "app broken\n", "live/prod/network/content": "network broken\n"})
	s.says(number, "rollout", "was rolled back")
	s.wait("GitHub shows that it went back", func() bool { return slices.Equal(s.outcomes(), []string{"success", "failure", "inactive"}) })
	for name, want := range map[string]string{"app": "app 2", "network": "network 2"} {
		if got := s.lines(name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %q; want %q", name, got, want)
		}
	}
	applies := s.lines("applies")
	if len(applies) != 6 {
		t.Errorf("applied %q; want two instances, three times", applies)
	}
	for i := 0; i+2 <= len(applies); i += 2 {
		want := []string{"app 2", "network 2"}
		if i == 2 {
			want = []string{"app broken", "network broken"}
		}
		if slices.Sort(applies[i : i+2]); !slices.Equal(applies[i:i+2], want) {
			t.Errorf("applied %q; want %q", applies[i:i+2], want)
		}
	}
	if s.lives < 12 {
		t.Errorf("it was killed %d times; want at least 12", s.lives-1)
	}
	t.Logf("%d lives", s.lives)
	if facts := s.looked("prod"); len(facts.Holds) != 1 || facts.Holds[0].Kind != promote.HeldAfterRollback {
		t.Errorf("it left the holds %+v; want one, of the rollback", facts.Holds)
	}
}
