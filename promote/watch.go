package promote

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/config/condition"
)

// Observation is what one look at a watch's source brought.
type Observation struct {
	// Readings are what was measured: several where a query gives several series, none where there is no data.
	Readings []Reading
	// Status of the HTTP answer, or the exit code of the command.
	Status int
	// Unreachable says why there was no answer. Empty: there was one.
	Unreachable string
	// Said is what else there is to know, such as the end of a command's output; often empty.
	Said string
	// Doubt says why the readings may not be the whole, as when a server could not ask all that it asks; empty: they are.
	Doubt string
}

// Reading is one value of a source.
type Reading struct {
	// Series tells it from others, such as `{pod="api-1"}`; empty where there is but one.
	Series string
	// Value in the source's own unit; NaN: there is none.
	Value float64
}

// Baseline is what a watch measured before the deployment, by series. Empty: there was nothing.
type Baseline map[string]float64

// SampleOutcome is what a sample says.
type SampleOutcome string

const (
	// SampleGood: it was measured, and is as it should be.
	SampleGood SampleOutcome = "good"
	// SampleBad: it was measured, and the threshold says that it is bad.
	SampleBad SampleOutcome = "bad"
	// SampleNoData: there was an answer, but nothing to judge in it.
	SampleNoData SampleOutcome = "no data"
	// SampleUnreachable: there was no answer.
	SampleUnreachable SampleOutcome = "unreachable"
)

// Sample is one look at a watch, judged.
type Sample struct {
	// At is when it was begun.
	At      time.Time
	Outcome SampleOutcome
	// Value and Baseline of the reading that decided; NaN: there is none.
	Value, Baseline float64
	// Text says what was found, as a sentence without its full stop.
	Text string
}

// Judge tells what an observation says, by the threshold of the watch. Of several readings the worst counts.
func Judge(watch config.Watch, seen Observation, before Baseline) Sample {
	sample := Sample{Value: math.NaN(), Baseline: math.NaN()}
	if seen.Unreachable != "" {
		sample.Outcome, sample.Text = SampleUnreachable, "no answer: "+seen.Unreachable
		return sample
	}
	if text, bad := badStatus(watch, seen); bad {
		sample.Outcome, sample.Text = SampleBad, with(text, seen.Said)
		return sample
	}
	if len(seen.Readings) == 0 {
		sample.Outcome, sample.Text = SampleNoData, with("no data", seen.Said)
		return sample
	}
	var worst judged
	var bad []string
	for i, reading := range seen.Readings {
		one := judge(watch, seen, reading, baselineOf(watch, seen, reading, before))
		if one.outcome == SampleBad {
			bad = append(bad, shortSeries(reading.Series))
		}
		if i == 0 || rank(one.outcome) > rank(worst.outcome) {
			worst = one
		}
	}
	sample.Outcome, sample.Value, sample.Baseline, sample.Text = worst.outcome, worst.value, worst.baseline, worst.text
	if sample.Outcome == SampleGood && seen.Doubt != "" {
		sample.Outcome, sample.Text = SampleNoData, with(strings.TrimPrefix(sample.Text+", ", ", ")+"which may not be all", seen.Doubt)
	}
	if len(bad) > 1 {
		sample.Text += fmt.Sprintf("; %d of %d series are bad: %s", len(bad), len(seen.Readings), someOf(bad))
	}
	return sample
}

// badStatus is the rule for answers and exit codes where the threshold does not have its own.
func badStatus(watch config.Watch, seen Observation) (text string, bad bool) {
	switch {
	case watch.FailIf.Uses("status"):
		return "", false
	case watch.HTTP != "":
		return fmt.Sprintf("it answered with status %d", seen.Status), seen.Status < 200 || seen.Status > 399
	case watch.Run != "":
		return fmt.Sprintf("it ended with exit code %d", seen.Status), seen.Status != 0
	}
	return "", false
}

// judged is one reading, judged.
type judged struct {
	outcome         SampleOutcome
	value, baseline float64
	text            string
}

func judge(watch config.Watch, seen Observation, reading Reading, baseline float64) judged {
	one := judged{outcome: SampleGood, value: known(reading.Value), baseline: known(baseline)}
	var facts []string
	if !math.IsNaN(one.value) && (watch.FailIf == nil || watch.FailIf.Uses("value")) {
		facts = append(facts, "value is "+Figure(one.value)+forSeries(reading))
	}
	if watch.FailIf.Uses("baseline") && !math.IsNaN(one.baseline) {
		facts = append(facts, "the baseline is "+Figure(one.baseline))
	}
	if watch.FailIf.Uses("status") {
		facts = append(facts, fmt.Sprintf("status is %d", seen.Status))
	}
	if watch.FailIf != nil {
		fails, err := watch.FailIf.Fails(condition.Measured{Value: one.value, Baseline: one.baseline, Status: seen.Status})
		switch {
		case errors.Is(err, condition.ErrUnknown):
			one.outcome = SampleNoData
			facts = append(facts, unknownText(watch, reading, one))
		case err != nil:
			one.outcome = SampleNoData
			facts = append(facts, err.Error())
		case fails:
			one.outcome = SampleBad
		}
	}
	one.text = strings.Join(facts, ", ")
	if one.outcome == SampleBad {
		one.text = with(one.text, seen.Said)
	}
	return one
}

// unknownText says what the threshold asks for that is not there.
func unknownText(watch config.Watch, reading Reading, one judged) string {
	if math.IsNaN(one.value) && watch.FailIf.Uses("value") {
		if math.IsNaN(reading.Value) {
			return "no data: there is no value" + forSeries(reading)
		}
		return fmt.Sprintf("no data: the value is %g%s", reading.Value, forSeries(reading))
	}
	return "nothing to compare with: there was no value before the deployment" + forSeries(reading)
}

func forSeries(reading Reading) string {
	if reading.Series == "" {
		return ""
	}
	return " for " + shortSeries(reading.Series)
}

// longestSeries is how many letters of a series' labels are shown.
const longestSeries = 300

func shortSeries(series string) string {
	if letters := []rune(series); len(letters) > longestSeries {
		return string(letters[:longestSeries]) + "…"
	}
	return series
}

// baselineOf is what a reading is compared with. Where there was one series before and is one now, they are the same,
// whatever their labels: those may hold the version that has just changed.
func baselineOf(watch config.Watch, seen Observation, reading Reading, before Baseline) float64 {
	if value, ok := before[reading.Series]; ok {
		return value
	}
	if len(before) == 1 && len(seen.Readings) == 1 {
		for _, value := range before {
			return value
		}
	}
	if watch.NoBaseline != nil {
		return *watch.NoBaseline
	}
	return math.NaN()
}

// BaselineFrom is what an observation made before the deployment gives to compare with, or why it gives nothing.
func BaselineFrom(watch config.Watch, seen Observation) (Baseline, string) {
	before := Baseline{}
	if seen.Unreachable != "" {
		return before, "no answer: " + seen.Unreachable
	}
	if text, bad := badStatus(watch, seen); bad {
		return before, with(text, seen.Said)
	}
	if seen.Doubt != "" {
		return before, with("what was measured may not be all", seen.Doubt)
	}
	for _, reading := range seen.Readings {
		if value := known(reading.Value); !math.IsNaN(value) {
			before[reading.Series] = value
		}
	}
	if len(before) == 0 {
		return before, with("no data", seen.Said)
	}
	return before, ""
}

// known is a number that can be compared; NaN where it is none.
func known(number float64) float64 {
	if math.IsInf(number, 0) {
		return math.NaN()
	}
	return number
}

// Figure is a number for people: at most six digits that matter.
func Figure(number float64) string { return strconv.FormatFloat(number, 'g', 6, 64) }

func rank(outcome SampleOutcome) int {
	switch outcome {
	case SampleGood:
		return 0
	case SampleNoData:
		return 1
	case SampleUnreachable:
		return 2
	}
	return 3
}

func with(text, said string) string {
	if said = strings.TrimSpace(said); said != "" {
		return text + ": " + said
	}
	return text
}

// mostListed series are named.
const mostListed = 5

func someOf(names []string) string {
	if more := len(names) - mostListed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostListed], ", "), more)
	}
	return strings.Join(names, ", ")
}
