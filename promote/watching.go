package promote

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/trunkline/trunkline/config"
)

// WatchPhase is how far a watch is.
type WatchPhase string

const (
	// Watching: more samples are needed.
	Watching WatchPhase = "watching"
	// WatchPassed: the time is full, and what was found is borne.
	WatchPassed WatchPhase = "passed"
	// WatchFailed: more was bad than is borne, or nothing showed that it is healthy.
	WatchFailed WatchPhase = "failed"
)

// WatchVerdict is what the samples so far say about a watch.
type WatchVerdict struct {
	Phase WatchPhase
	// Again is when the next sample is due, while it is [Watching]; it may be past.
	Again time.Time
	// Taken counts the samples that fill the time, of Needed; Bad those that count as bad, Missing those that wait.
	Taken, Needed, Bad, Missing int
	// Text says how it stands or why it failed, in sentences.
	Text string
}

// Watch says how a watch stands that began at started. The first sample is due one interval later. Time fills with
// samples alone: what was missed, because Trunkline was down, is made up for, not taken for healthy. Samples that follow
// each other faster than the watch asks for fill it once. The order in which samples are given does not matter.
func Watch(watch config.Watch, started time.Time, samples []Sample) WatchVerdict {
	samples = slices.SortedFunc(slices.Values(samples), func(a, b Sample) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(rank(a.Outcome), rank(b.Outcome)))
	})
	v := WatchVerdict{Phase: Watching, Needed: watch.Samples(), Again: started.Add(watch.Every)}
	var good int
	var counted time.Time
	var last, worst Sample
	for _, sample := range samples {
		if v.Taken == 0 || sample.At.Sub(counted) >= watch.Every {
			v.Taken++
			counted = sample.At
		}
		switch counts(watch, sample) {
		case SampleGood:
			good++
		case SampleBad:
			v.Bad++
			worst = sample
		default:
			v.Missing++
		}
		last, v.Again = sample, sample.At.Add(watch.Every)
	}
	switch {
	case v.Bad > watch.Failures:
		v.fail(failedBy(watch, worst, len(samples), v.Bad))
	case v.Taken < v.Needed:
		v.Text = fmt.Sprintf("%d of %d samples", v.Taken, v.Needed) + v.borne()
	case counts(watch, last) != SampleGood && counts(watch, last) != SampleBad:
		v.waitForMore(watch, last)
	case good == 0:
		v.fail(fmt.Sprintf("None of %d samples was good. The last: %s.", len(samples), last.Text))
	default:
		v.Phase, v.Again = WatchPassed, time.Time{}
		v.Text = fmt.Sprintf("%d samples", len(samples)) + v.borne()
	}
	return v
}

// counts is what a sample counts as: what is missing counts as bad, unless the watch waits.
func counts(watch config.Watch, sample Sample) SampleOutcome {
	if sample.Outcome == SampleNoData && watch.NoData != config.MissingWaits ||
		sample.Outcome == SampleUnreachable && watch.Unreachable != config.MissingWaits {
		return SampleBad
	}
	return sample.Outcome
}

func (v *WatchVerdict) fail(text string) {
	v.Phase, v.Again, v.Text = WatchFailed, time.Time{}, text
}

// waitForMore goes on although the time is full, because the last sample says nothing: a metric that has vanished does
// not show that all is well. It does so for as long again as the watch takes.
func (v *WatchVerdict) waitForMore(watch config.Watch, last Sample) {
	if v.Taken < 2*v.Needed {
		v.Text = fmt.Sprintf("the time is full, but the last sample says nothing (%s)", last.Text) + v.borne()
		return
	}
	v.fail(fmt.Sprintf("Nothing shows that it is healthy: %s. %d of %d samples were missing, the last of them too, and after twice %s nothing more is waited for.",
		last.Text, v.Missing, v.Taken, watch.For))
}

func (v *WatchVerdict) borne() string {
	text := ""
	if v.Bad > 0 {
		text += fmt.Sprintf(", %d bad", v.Bad)
	}
	if v.Missing > 0 {
		text += fmt.Sprintf(", %d missing", v.Missing)
	}
	return text
}

// failedBy tells which sample was one too many.
func failedBy(watch config.Watch, sample Sample, taken, bad int) string {
	text := sentence(sample.Text)
	if watch.FailIf != nil && sample.Outcome == SampleBad {
		text += fmt.Sprintf(" It fails if %s.", watch.FailIf)
	}
	return fmt.Sprintf("%s %d of %d samples %s bad; %s.", text, bad, taken, plural(bad, "was", "were"), bears(watch.Failures))
}

func bears(failures int) string {
	switch failures {
	case 0:
		return "none is borne"
	case 1:
		return "one is borne"
	}
	return fmt.Sprintf("%d are borne", failures)
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	if first := text[0]; first >= 'a' && first <= 'z' {
		text = string(first-'a'+'A') + text[1:]
	}
	if end := text[len(text)-1]; end != '.' && end != '!' && end != '?' {
		text += "."
	}
	return text
}
