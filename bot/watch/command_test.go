package watch

import (
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/config/condition"
	"github.com/trunkline/trunkline/planner/process"
)

func TestCommand(t *testing.T) {
	t.Parallel()
	threshold, problems := condition.CompileThreshold("value > 1", true)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, test := range []struct {
		name, line string
		timeout    time.Duration
		failIf     *condition.Threshold
		status     int
		value      float64
		said       string
		// unreachable is what is said where there was no answer.
		unreachable string
	}{
		{"a number", "echo measuring; echo ' 1.5e2 '", time.Minute, threshold, 0, 150, "", ""},
		{"no number", "echo fine", time.Minute, nil, 0, math.NaN(), "", ""},
		{"no number where one is asked for", "echo fine", time.Minute, threshold, 0, math.NaN(), "fine", ""},
		{"a number that is not the last line", "echo 1; echo rows", time.Minute, threshold, 0, math.NaN(), "1\nrows", ""},
		{"a failure", "echo 7; echo queue is full >&2; exit 3", time.Minute, nil, 3, math.NaN(), "7\nqueue is full", ""},
		{"no such command", "./nothing-here", time.Minute, nil, 127, math.NaN(), "not found", ""},
		{"much to say", "yes line | head -1000; exit 1", time.Minute, nil, 1, math.NaN(), "…", ""},
		{"hangs", "echo still here; exec sleep 600", 50 * time.Millisecond, nil, 0, 0, "", "the time limit was reached after 50ms\nstill here"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			command := process.Shell(test.line)
			command.Dir, command.Home = t.TempDir(), t.TempDir()
			command.Log = filepath.Join(command.Home, "log")
			seen := Sources{}.Observe(t.Context(), config.Watch{Run: test.line, FailIf: test.failIf, Timeout: test.timeout}, command)
			if test.unreachable != "" {
				if !strings.HasSuffix(seen.Unreachable, test.unreachable) || len(seen.Readings) > 0 {
					t.Errorf("it is %+v; want %q", seen, test.unreachable)
				}
				return
			}
			if seen.Status != test.status || !is(test.value)(seen) || !strings.Contains(seen.Said, test.said) || test.said == "" && seen.Said != "" || len([]rune(seen.Said)) > mostSaid+1 {
				t.Errorf("it is %+v; want status %d, value %g, %q", seen, test.status, test.value, test.said)
			}
		})
	}
}
