package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The bot is killed while it measures the baseline and while it takes samples, by what it measures with. What was not
// written down is measured again: it does not count as good.
func TestKilledWhileItWatches(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	for path, text := range commands {
		files[path] = text
	}
	const samples, strikes = 3, 4
	files[".github/trunkline.yml"] = strings.Replace(files[".github/trunkline.yml"], "    promote: auto\n", `    promote: auto
    watch:
      - name: alive
        run: |
          `+strike+`
          echo look >> "$DEPLOYED/looks"
          look=$(wc -l < "$DEPLOYED/looks")
          if test $look -le 5 && test $look -ne 3; then strike watch-$look; fi
          echo $look
        fail_if: value < baseline
        for: 3s
        every: 1s
`, 1)
	s := newStage(t, files, nil)
	if err := os.Mkdir(filepath.Join(s.deployed, "strikes"), 0o700); err != nil {
		t.Fatal(err)
	}
	number := s.story(changed())
	s.converged(number, deployedFiles)
	struck, err := filepath.Glob(filepath.Join(s.deployed, "strikes", "watch-*"))
	if err != nil || len(struck) != strikes {
		t.Errorf("struck %v, %v; want %d times", struck, err, strikes)
	}
	text, err := os.ReadFile(filepath.Join(s.deployed, "looks"))
	if looks := strings.Count(string(text), "\n"); err != nil || looks < 1+samples+strikes {
		t.Errorf("looked %d times, %v; want a baseline, %d samples, and what the %d strikes took away", looks, err, samples, strikes)
	}
}
