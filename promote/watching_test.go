package promote

import (
	"math/rand"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/config"
	"pgregory.net/rapid"
)

var watchBegan = time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)

// letters are samples in short: good, bad, no data, unreachable; a dot is a sample that was missed.
var letters = map[rune]SampleOutcome{'g': SampleGood, 'b': SampleBad, 'n': SampleNoData, 'u': SampleUnreachable}

// sampled takes the samples in short, one every 30 seconds.
func sampled(text string) (samples []Sample) {
	for i, letter := range text {
		if outcome, ok := letters[letter]; ok {
			samples = append(samples, Sample{At: watchBegan.Add(time.Duration(i+1) * 30 * time.Second), Outcome: outcome, Text: string(outcome)})
		}
	}
	return samples
}

func TestWatch(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, samples string
		failures      int
		waits         bool
		phase         WatchPhase
		again         int // the half minute in which the next sample is due
		text          string
	}{
		{"begins", "", 0, false, Watching, 1, "0 of 4 samples"},
		{"goes on", "gg", 0, false, Watching, 3, "2 of 4 samples"},
		{"passes", "gggg", 0, false, WatchPassed, 0, "4 samples"},
		{"one bad is one too many", "gb", 0, false, WatchFailed, 0, "Bad. 1 of 2 samples was bad; none is borne."},
		{"one bad is borne", "gbgg", 1, false, WatchPassed, 0, "4 samples, 1 bad"},
		{"flaps within what is borne", "bgbg", 2, false, WatchPassed, 0, "4 samples, 2 bad"},
		{"flaps too often", "bgbgb", 2, false, WatchFailed, 0, "Bad. 3 of 5 samples were bad; 2 are borne."},
		{"rises at the end", "gggb", 0, false, WatchFailed, 0, "Bad. 1 of 4 samples was bad; none is borne."},
		{"vanishes", "ggn", 0, false, WatchFailed, 0, "No data. 1 of 3 samples was bad; none is borne."},
		{"its source dies", "ggu", 0, false, WatchFailed, 0, "Unreachable. 1 of 3 samples was bad; none is borne."},
		{"vanishes, and it waits", "gnnn", 0, true, Watching, 5, "the time is full, but the last sample says nothing (no data), 3 missing"},
		{"vanishes, it waits, and it comes back", "gnnng", 0, true, WatchPassed, 0, "5 samples, 3 missing"},
		{"vanishes for ever", "gnnnnnnn", 0, true, WatchFailed, 0, "Nothing shows that it is healthy: no data. 7 of 8 samples were missing, the last of them too, and after twice 2m0s nothing more is waited for."},
		{"was never there", "uuuuuuuu", 0, true, WatchFailed, 0, "Nothing shows that it is healthy: unreachable. 8 of 8 samples were missing, the last of them too, and after twice 2m0s nothing more is waited for."},
		{"is late", "nnng", 0, true, WatchPassed, 0, "4 samples, 3 missing"},
		{"comes back bad", "gnnnb", 0, true, WatchFailed, 0, "Bad. 1 of 5 samples was bad; none is borne."},
		{"never good", "bnnb", 3, true, WatchFailed, 0, "None of 4 samples was good. The last: bad."},
		{"missed are not good", "g......g", 0, false, Watching, 9, "2 of 4 samples"},
		{"missed are made up for", "g......ggg", 0, false, WatchPassed, 0, "4 samples"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			watch := config.Watch{For: 2 * time.Minute, Every: 30 * time.Second, Failures: test.failures, NoData: config.MissingFails, Unreachable: config.MissingFails}
			if test.waits {
				watch.NoData, watch.Unreachable = config.MissingWaits, config.MissingWaits
			}
			got := Watch(watch, watchBegan, sampled(test.samples))
			var again time.Time
			if test.again > 0 {
				again = watchBegan.Add(time.Duration(test.again) * 30 * time.Second)
			}
			if got.Phase != test.phase || !got.Again.Equal(again) || got.Text != test.text {
				t.Errorf("got %s, again at %s, %q\nwant %s, again at %s, %q", got.Phase, got.Again, got.Text, test.phase, again, test.text)
			}
		})
	}
}

// A watch that failed by what was measured names the rule.
func TestWatchNamesTheRule(t *testing.T) {
	t.Parallel()
	watch := config.Watch{For: time.Minute, Every: time.Minute, FailIf: failIf(t, "value > 0.01")}
	got := Watch(watch, watchBegan, []Sample{{At: watchBegan.Add(time.Minute), Outcome: SampleBad, Text: "value is 0.5"}})
	if want := "Value is 0.5. It fails if value > 0.01. 1 of 1 samples was bad; none is borne."; got.Text != want {
		t.Errorf("got %q; want %q", got.Text, want)
	}
}

func someWatch(t *rapid.T) config.Watch {
	missing := rapid.SampledFrom([]config.Missing{config.MissingFails, config.MissingWaits})
	every := time.Duration(rapid.IntRange(1, 90).Draw(t, "every")) * time.Second
	watch := config.Watch{Every: every, For: every*time.Duration(rapid.IntRange(1, 6).Draw(t, "samples")) + time.Duration(rapid.IntRange(0, 1).Draw(t, "more"))*time.Millisecond,
		NoData: missing.Draw(t, "no data"), Unreachable: missing.Draw(t, "unreachable")}
	watch.Failures = rapid.IntRange(0, watch.Samples()-1).Draw(t, "failures")
	return watch
}

// someSamples are of a bot that is now and then late, down for a while, or twice at work.
func someSamples(t *rapid.T, watch config.Watch) (samples []Sample) {
	at := watchBegan
	gap := rapid.SampledFrom([]time.Duration{watch.Every, watch.Every, watch.Every, watch.Every + time.Second, 20 * watch.Every, 0, watch.Every / 2})
	outcome := rapid.SampledFrom([]SampleOutcome{SampleGood, SampleGood, SampleGood, SampleBad, SampleNoData, SampleUnreachable})
	for range rapid.IntRange(0, 20).Draw(t, "count") {
		at = at.Add(gap.Draw(t, "gap"))
		samples = append(samples, Sample{At: at, Outcome: outcome.Draw(t, "outcome")})
	}
	return samples
}

// Whatever is measured: too many bad ones fail at once, whatever else there is; nothing passes without having been looked
// at for its whole time, without one good sample, or on a last sample that says nothing.
func TestWatchNeverPassesSilently(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		watch := someWatch(t)
		samples := someSamples(t, watch)
		bad, good := 0, 0
		var filled []time.Time
		for _, sample := range samples {
			missing := sample.Outcome == SampleNoData && watch.NoData == config.MissingFails || sample.Outcome == SampleUnreachable && watch.Unreachable == config.MissingFails
			if sample.Outcome == SampleBad || missing {
				bad++
			}
			if sample.Outcome == SampleGood {
				good++
			}
			if len(filled) == 0 || sample.At.Sub(filled[len(filled)-1]) >= watch.Every {
				filled = append(filled, sample.At)
			}
		}
		got := Watch(watch, watchBegan, samples)
		if bad > watch.Failures && got.Phase != WatchFailed {
			t.Fatalf("%d of %d bad ones are borne, and it is %s", bad, watch.Failures, got.Phase)
		}
		if got.Phase == WatchPassed {
			last := samples[len(samples)-1].Outcome
			switch {
			case good == 0:
				t.Fatal("it passes without a good sample")
			case time.Duration(len(filled))*watch.Every < watch.For:
				t.Fatalf("it passes after %d samples %s apart, although it is for %s", len(filled), watch.Every, watch.For)
			case (last == SampleNoData || last == SampleUnreachable) && bad == 0:
				t.Fatal("it passes on a sample that says nothing")
			}
		}
		if (got.Phase == Watching) != !got.Again.IsZero() {
			t.Fatalf("it is %s and due again at %s", got.Phase, got.Again)
		}
		if len(filled) >= 2*watch.Samples() && got.Phase == Watching {
			t.Fatal("it never ends")
		}
	})
}

// The order in which samples come out of the store, and samples that come twice, change nothing but counts.
func TestWatchInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		watch := someWatch(t)
		samples := someSamples(t, watch)
		want := Watch(watch, watchBegan, samples)
		shuffled := append([]Sample{}, samples...)
		rand.New(rand.NewSource(int64(rapid.IntRange(0, 1000).Draw(t, "seed")))).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if got := Watch(watch, watchBegan, shuffled); got != want {
			t.Fatalf("in another order it is %+v\nwant %+v", got, want)
		}
	})
}

// What has failed does not recover: no further sample makes it pass.
func TestWatchStaysFailed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		watch := someWatch(t)
		samples := someSamples(t, watch)
		for i := range samples {
			if got := Watch(watch, watchBegan, samples[:i]); got.Phase == WatchFailed && !strings.Contains(got.Text, "Nothing shows") && !strings.Contains(got.Text, "None of") {
				if all := Watch(watch, watchBegan, samples); all.Phase != WatchFailed {
					t.Fatalf("after %d samples it had failed, and after %d it is %s", i, len(samples), all.Phase)
				}
			}
		}
	})
}
