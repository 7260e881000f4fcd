package promote

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/config/condition"
)

// failIf compiles a threshold for a watch of anything.
func failIf(t testing.TB, text string) *condition.Threshold {
	t.Helper()
	if text == "" {
		return nil
	}
	threshold, problems := condition.CompileThreshold(text, true)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return threshold
}

func TestJudge(t *testing.T) {
	t.Parallel()
	none, infinite, small := math.NaN(), math.Inf(1), 0.5
	one := func(value float64) Observation { return Observation{Readings: []Reading{{Value: value}}} }
	query, probe, command := config.Watch{Prometheus: "up"}, config.Watch{HTTP: "http://a"}, config.Watch{Run: "x"}
	for _, test := range []struct {
		name   string
		watch  config.Watch
		failIf string
		seen   Observation
		before Baseline
		want   Sample
	}{
		{"good", query, "value > 1", one(1), nil, Sample{Outcome: SampleGood, Value: 1, Baseline: none, Text: "value is 1"}},
		{"bad", query, "value > 1", one(1.25), nil, Sample{Outcome: SampleBad, Value: 1.25, Baseline: none, Text: "value is 1.25"}},
		{"not a number", query, "value > 1", one(none), nil, Sample{Outcome: SampleNoData, Value: none, Baseline: none, Text: "no data: there is no value"}},
		{"infinite", query, "value > 1", one(infinite), nil, Sample{Outcome: SampleNoData, Value: none, Baseline: none, Text: "no data: the value is +Inf"}},
		{"infinite and below", query, "value < 1", one(-infinite), nil, Sample{Outcome: SampleNoData, Value: none, Baseline: none, Text: "no data: the value is -Inf"}},
		{"nothing", query, "value > 1", Observation{}, nil, Sample{Outcome: SampleNoData, Value: none, Baseline: none, Text: "no data"}},
		{"no answer", query, "value > 1", Observation{Unreachable: "connection refused"}, nil,
			Sample{Outcome: SampleUnreachable, Value: none, Baseline: none, Text: "no answer: connection refused"}},
		{"beside its baseline", query, "value > 2 * baseline", one(5), Baseline{"": 2},
			Sample{Outcome: SampleBad, Value: 5, Baseline: 2, Text: "value is 5, the baseline is 2"}},
		{"without a baseline", query, "value > 2 * baseline", one(5), nil,
			Sample{Outcome: SampleNoData, Value: 5, Baseline: none, Text: "value is 5, nothing to compare with: there was no value before the deployment"}},
		{"without a baseline, but with a stand-in", config.Watch{Prometheus: "up", NoBaseline: &small}, "value > 2 * baseline", one(5), nil,
			Sample{Outcome: SampleBad, Value: 5, Baseline: 0.5, Text: "value is 5, the baseline is 0.5"}},
		{"the label is the version", query, "value > 2 * baseline", Observation{Readings: []Reading{{`{version="2"}`, 5}}}, Baseline{`{version="1"}`: 4},
			Sample{Outcome: SampleGood, Value: 5, Baseline: 4, Text: `value is 5 for {version="2"}, the baseline is 4`}},
		{"several, one without a baseline", query, "value > 2 * baseline", Observation{Readings: []Reading{{`{pod="a"}`, 5}, {`{pod="b"}`, 5}}}, Baseline{`{pod="a"}`: 4},
			Sample{Outcome: SampleNoData, Value: 5, Baseline: none, Text: `value is 5 for {pod="b"}, nothing to compare with: there was no value before the deployment for {pod="b"}`}},
		{"good, but perhaps not all", query, "value > 1", Observation{Readings: []Reading{{"", 1}}, Doubt: "a store is gone"}, nil,
			Sample{Outcome: SampleNoData, Value: 1, Baseline: none, Text: "value is 1, which may not be all: a store is gone"}},
		{"bad, whatever else there is", query, "value > 1", Observation{Readings: []Reading{{"", 2}}, Doubt: "a store is gone"}, nil,
			Sample{Outcome: SampleBad, Value: 2, Baseline: none, Text: "value is 2"}},
		{"several, one bad", query, "value > 1", Observation{Readings: []Reading{{`{pod="a"}`, 0}, {`{pod="b"}`, none}, {`{pod="c"}`, 3}}}, nil,
			Sample{Outcome: SampleBad, Value: 3, Baseline: none, Text: `value is 3 for {pod="c"}`}},
		{"several, two bad", query, "value > 1", Observation{Readings: []Reading{{`{pod="a"}`, 2}, {`{pod="b"}`, 0}, {`{pod="c"}`, 3}}}, nil,
			Sample{Outcome: SampleBad, Value: 2, Baseline: none, Text: `value is 2 for {pod="a"}; 2 of 3 series are bad: {pod="a"}, {pod="c"}`}},
		{"many labels", query, "value > 1", Observation{Readings: []Reading{{strings.Repeat("é", 400), 2}}}, nil,
			Sample{Outcome: SampleBad, Value: 2, Baseline: none, Text: "value is 2 for " + strings.Repeat("é", 300) + "…"}},
		{"a probe", probe, "", Observation{Status: 204, Readings: []Reading{{"", 0.1}}}, nil,
			Sample{Outcome: SampleGood, Value: 0.1, Baseline: none, Text: "value is 0.1"}},
		{"a probe that is refused", probe, "", Observation{Status: 503, Readings: []Reading{{"", 0.1}}, Said: "no room"}, nil,
			Sample{Outcome: SampleBad, Value: none, Baseline: none, Text: "it answered with status 503: no room"}},
		{"fast, but refused", probe, "value > 1", Observation{Status: 500, Readings: []Reading{{"", 0.1}}}, nil,
			Sample{Outcome: SampleBad, Value: none, Baseline: none, Text: "it answered with status 500"}},
		{"a probe by its own rule", probe, "status != 401", Observation{Status: 401, Readings: []Reading{{"", 0.1}}}, nil,
			Sample{Outcome: SampleGood, Value: 0.1, Baseline: none, Text: "status is 401"}},
		{"a command", command, "", Observation{Readings: []Reading{{"", none}}}, nil, Sample{Outcome: SampleGood, Value: none, Baseline: none}},
		{"a command that fails", command, "", Observation{Status: 3, Readings: []Reading{{"", none}}, Said: "queue is full"}, nil,
			Sample{Outcome: SampleBad, Value: none, Baseline: none, Text: "it ended with exit code 3: queue is full"}},
		{"a command that prints no number", command, "value > 1", Observation{Readings: []Reading{{"", none}}}, nil,
			Sample{Outcome: SampleNoData, Value: none, Baseline: none, Text: "no data: there is no value"}},
		{"a command that prints a number and fails", command, "value > 1", Observation{Status: 1, Readings: []Reading{{"", 0}}}, nil,
			Sample{Outcome: SampleBad, Value: none, Baseline: none, Text: "it ended with exit code 1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.watch.FailIf = failIf(t, test.failIf)
			if diff := cmp.Diff(test.want, Judge(test.watch, test.seen, test.before), cmpopts.EquateNaNs()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBaselineFrom(t *testing.T) {
	t.Parallel()
	probe := config.Watch{HTTP: "http://a"}
	for _, test := range []struct {
		name string
		seen Observation
		want Baseline
		why  string
	}{
		{"values", Observation{Status: 200, Readings: []Reading{{"a", 1}, {"b", math.NaN()}, {"c", math.Inf(1)}}}, Baseline{"a": 1}, ""},
		{"no values", Observation{Status: 200, Readings: []Reading{{"b", math.NaN()}}}, Baseline{}, "no data"},
		{"no answer", Observation{Unreachable: "connection refused"}, Baseline{}, "no answer: connection refused"},
		{"perhaps not all", Observation{Status: 200, Readings: []Reading{{"a", 1}}, Doubt: "a store is gone"}, Baseline{}, "what was measured may not be all: a store is gone"},
		{"how long an error takes", Observation{Status: 500, Readings: []Reading{{"", 9}}}, Baseline{}, "it answered with status 500"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, why := BaselineFrom(probe, test.seen)
			if diff := cmp.Diff(test.want, got); diff != "" || why != test.why {
				t.Errorf("it says %q; want %q\n%s", why, test.why, diff)
			}
		})
	}
}
