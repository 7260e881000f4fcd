package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// staircase is a repository that is deployed in waves, in each of which an instance goes up a staircase. Each step strikes once
// wherever it works: planning, before, amid and after applying, in its check and in what is watched.
var staircase = map[string]string{
	".github/trunkline.yml": `
version: 1
stacks:
  layout: folders
  path: live/{environment}/{region}/{component}
  engine:
    plan: |
      ` + strike + `
      what=$(echo $TRUNKLINE_STACK-$TRUNKLINE_COMPONENT | tr / -)
      strike plan-$what-$TRUNKLINE_WEIGHT
      echo "$(cat content) at ${TRUNKLINE_VAR_weight:-100}" | diff -NU0 --label deployed --label wanted "$DEPLOYED/$what" - || test $? = 1
    apply: |
      ` + strike + `
      what=$(echo $TRUNKLINE_STACK-$TRUNKLINE_COMPONENT | tr / -)
      strike before-$what-$TRUNKLINE_WEIGHT
      echo "$what $(cat content) at ${TRUNKLINE_VAR_weight:-100}" >> "$DEPLOYED/applies"
      strike between-$what-$TRUNKLINE_WEIGHT
      echo "$(cat content) at ${TRUNKLINE_VAR_weight:-100}" > "$DEPLOYED/$what"
      strike after-$what-$TRUNKLINE_WEIGHT
environments:
  prod:
    promote: auto
    waves:
      - stacks: prod/eu
        verify:
          - name: wave
            run: |
              ` + strike + `
              strike wave-$(echo $TRUNKLINE_WAVE | tr / -)
              grep -q 100 "$DEPLOYED/prod-eu-app"
      - stacks: prod/*
    canary:
      components: [app]
      variable: weight
      steps: [10, 50]
      verify:
        - name: step
          run: |
            ` + strike + `
            strike "verify-$(echo $TRUNKLINE_WAVE | tr ' /%' ---)"
            echo "$TRUNKLINE_WAVE" >> "$DEPLOYED/checked"
      watch:
        - name: alive
          run: |
            ` + strike + `
            strike "watch-$(echo $TRUNKLINE_WAVE | tr ' /%' ---)"
            wc -l < "$DEPLOYED/checked"
          for: 1s
          every: 1s
`,
	"live/prod/eu/app/content": "app 1\n",
	"live/prod/us/app/content": "app 1\n",
}

// The bot is killed at every line of two staircases in two waves: each step is applied once, in order, and none is left out.
func TestKilledOnAStaircase(t *testing.T) {
	t.Parallel()
	s := newStage(t, staircase, nil)
	s.strikes()
	s.says(s.bring("up", map[string]string{"live/prod/eu/app/content": "app 2\n", "live/prod/us/app/content": "app 2\n"}), "rollout", "Converged")
	want := []string{"prod-eu-app app 2 at 10", "prod-eu-app app 2 at 50", "prod-eu-app app 2 at 100",
		"prod-us-app app 2 at 10", "prod-us-app app 2 at 50", "prod-us-app app 2 at 100"}
	if got := s.lines("applies"); !slices.Equal(got, want) {
		t.Errorf("applied %q; want %q", got, want)
	}
	checked := slices.Compact(s.lines("checked"))
	if want := []string{"prod/eu/app at 10 %", "prod/eu/app at 50 %", "prod/us/app at 10 %", "prod/us/app at 50 %"}; !slices.Equal(checked, want) {
		t.Errorf("checked %q; want %q", checked, want)
	}
	struck, err := os.ReadDir(filepath.Join(s.deployed, "strikes"))
	// Plans, before, between and after of six steps, a check of each of four and of a wave, and what is watched if it knew its step.
	if err != nil || len(struck) < 6*4+4+1 || s.lives < 12 { // several strikes may come in one life
		t.Errorf("%d strikes, %d lives, %v", len(struck), s.lives, err)
	}
	t.Logf("%d strikes, %d lives", len(struck), s.lives)
}
