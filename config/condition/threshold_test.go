package condition

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestThreshold(t *testing.T) {
	t.Parallel()
	unknown := math.NaN()
	for _, test := range []struct {
		text            string
		value, baseline float64
		status          int
		want            bool
		err             error
	}{
		{"value > 0.01", 0.02, 0, 0, true, nil},
		{"value > 0.01", 0.01, 0, 0, false, nil},
		{"value > 1", 2, 0, 0, true, nil},
		{"value > 2 * baseline", 5, 2, 0, true, nil},
		{"value > baseline + 1u", 2.5, 2, 0, false, nil},
		{"value - baseline > baseline / 2", 4, 2, 0, true, nil},
		{"status >= 500", 0, 0, 503, true, nil},
		{"!(status in [200, 204])", 0, 0, 204, false, nil},
		{"status != 200 || value > 2", unknown, 0, 500, true, nil},
		{"status != 200 || value > 2", unknown, 0, 200, false, ErrUnknown},
		{"value > 1 && value > baseline", 0.5, unknown, 0, false, nil},
		{"value > 1 && value > baseline", 1.5, unknown, 0, false, ErrUnknown},
		{"value < 1", math.Inf(1), 0, 0, false, ErrUnknown},
		{"value < 1", math.Inf(-1), 0, 0, false, ErrUnknown},
		{"value > baseline", 1, math.Inf(1), 0, false, ErrUnknown},
		{"[1, 2, 3].exists_one(x, x == value)", 2, 0, 0, true, nil},
	} {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			threshold, problems := CompileThreshold(test.text, true)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			got, err := threshold.Fails(Measured{Value: test.value, Baseline: test.baseline, Status: test.status})
			if got != test.want || !errors.Is(err, test.err) {
				t.Errorf("with value %g, baseline %g, status %d it is %t, %v; want %t, %v", test.value, test.baseline, test.status, got, err, test.want, test.err)
			}
		})
	}
}

func TestThresholdUses(t *testing.T) {
	t.Parallel()
	threshold, problems := CompileThreshold("value > 2 * baseline", true)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if !threshold.Uses("value") || !threshold.Uses("baseline") || threshold.Uses("status") {
		t.Error("it uses value and baseline, and no status")
	}
	var none *Threshold
	if none.Uses("status") || none.String() != "" || none.Equal(threshold) || !none.Equal(nil) {
		t.Error("no threshold uses nothing")
	}
}

func TestThresholdProblems(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text, want string
		name       string
	}{
		{"valeu > 1", "there is no valeu", "valeu"},
		{"status > 1", "there is no status", "status"},
		{"value", "it gives double; expected true or false", ""},
		{"value > 'high'", "found no matching overload", ""},
		{"value >", "Syntax error", ""},
		{"1 > 2", "it asks for nothing that is measured", ""},
	} {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			_, problems := CompileThreshold(test.text, false)
			if len(problems) == 0 || !strings.Contains(problems[0].Message, test.want) || problems[0].Name != test.name {
				t.Errorf("got %+v\nwant something with %q", problems, test.want)
			}
		})
	}
}
