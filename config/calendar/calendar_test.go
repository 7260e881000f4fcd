package calendar

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return moment
}

func window(days, from, to, zone string) Window {
	d, err := ParseDays(days)
	f, err2 := ParseClock(from)
	u, err3 := ParseClock(to)
	z, ok := ParseZone(zone)
	if err != nil || err2 != nil || err3 != nil || !ok {
		panic("the test's own window is wrong")
	}
	return Window{Days: d, From: f, To: u, Zone: z}
}

func not(w Window) Window {
	w.Exclude = true
	return w
}

func TestNext(t *testing.T) {
	t.Parallel()
	work := window("mon-thu", "09:00", "16:00", "Europe/Berlin")
	lunch := not(window("mon-sun", "12:00", "13:00", "Europe/Berlin"))
	night := window("fri", "22:00", "04:00", "Europe/Berlin")
	for name, test := range map[string]struct {
		windows []Window
		closed  []Span
		now     string
		want    string
	}{
		"none":                           {nil, nil, "2026-11-27T10:00:00Z", "2026-11-27T10:00:00Z"},
		"inside":                         {[]Window{work}, nil, "2026-11-26T08:00:00Z", "2026-11-26T08:00:00Z"},
		"before":                         {[]Window{work}, nil, "2026-11-26T07:59:59Z", "2026-11-26T08:00:00Z"},
		"the end is outside":             {[]Window{work}, nil, "2026-11-26T15:00:00Z", "2026-11-30T08:00:00Z"},
		"weekend":                        {[]Window{work}, nil, "2026-11-27T10:00:00Z", "2026-11-30T08:00:00Z"},
		"exclusion wins":                 {[]Window{work, lunch}, nil, "2026-11-26T11:30:00Z", "2026-11-26T12:00:00Z"},
		"only exclusions":                {[]Window{lunch}, nil, "2026-11-26T11:30:00Z", "2026-11-26T12:00:00Z"},
		"over midnight":                  {[]Window{night}, nil, "2026-11-28T02:00:00Z", "2026-11-28T02:00:00Z"},
		"over midnight, the day after":   {[]Window{night}, nil, "2026-11-28T03:00:00Z", "2026-12-04T21:00:00Z"},
		"freeze":                         {nil, []Span{{at(t, "2026-11-27T00:00:00Z"), at(t, "2026-11-28T00:00:00Z")}}, "2026-11-27T10:00:00Z", "2026-11-28T00:00:00Z"},
		"freeze, then the window":        {[]Window{work}, []Span{{at(t, "2026-11-30T00:00:00Z"), at(t, "2026-12-01T12:00:00Z")}}, "2026-11-27T10:00:00Z", "2026-12-01T12:00:00Z"},
		"freezes that follow each other": {nil, []Span{{at(t, "2026-11-28T00:00:00Z"), at(t, "2026-11-29T00:00:00Z")}, {at(t, "2026-11-27T00:00:00Z"), at(t, "2026-11-28T00:00:00Z")}}, "2026-11-27T10:00:00Z", "2026-11-29T00:00:00Z"},
		"never":                          {[]Window{window("sat", "00:00", "24:00", "UTC"), not(window("fri-sun", "00:00", "24:00", "UTC"))}, nil, "2026-11-26T11:30:00Z", ""},
		// On 2026-03-29 the clock in Berlin jumps from 02:00 to 03:00; on 2026-10-25 it goes back from 03:00 to 02:00.
		"an hour that does not come": {[]Window{window("sun", "02:15", "02:45", "Europe/Berlin")}, nil, "2026-03-28T12:00:00Z", "2026-04-05T00:15:00Z"},
		"begins in a skipped hour":   {[]Window{window("sun", "02:15", "04:00", "Europe/Berlin")}, nil, "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z"},
		"comes twice, first":         {[]Window{window("sun", "02:15", "02:45", "Europe/Berlin")}, nil, "2026-10-25T00:00:00Z", "2026-10-25T00:15:00Z"},
		"comes twice, again":         {[]Window{window("sun", "02:15", "02:45", "Europe/Berlin")}, nil, "2026-10-25T00:50:00Z", "2026-10-25T01:15:00Z"},
		"half an hour":               {[]Window{window("sun", "02:00", "02:20", "Australia/Lord_Howe")}, nil, "2026-04-03T12:00:00Z", "2026-04-04T15:30:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want time.Time
			if test.want != "" {
				want = at(t, test.want)
			}
			if got := Next([][]Window{test.windows}, test.closed, at(t, test.now)); !got.Equal(want) {
				t.Errorf("got %s; want %s", got.UTC().Format(time.RFC3339), test.want)
			}
		})
	}
}

// TestNextIsTheFirst compares with looking at every minute, in zones whose clocks change by an hour, by half an hour,
// at midnight, and not at all.
func TestNextIsTheFirst(t *testing.T) {
	t.Parallel()
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Beirut", "Asia/Kathmandu", "UTC"}
	changes := []time.Time{
		time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC), time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC), time.Date(2026, 3, 7, 12, 0, 0, 0, time.UTC),
		time.Date(2026, 10, 31, 12, 0, 0, 0, time.UTC), time.Date(2026, 4, 4, 0, 0, 0, 0, time.UTC), time.Date(2026, 9, 5, 12, 0, 0, 0, time.UTC),
		time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC),
	}
	rapid.Check(t, func(t *rapid.T) {
		windows := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Window {
			zone, _ := ParseZone(rapid.SampledFrom(zones).Draw(t, "zone"))
			from := Clock(rapid.IntRange(0, 24*4-1).Draw(t, "from") * 15)
			to := Clock(rapid.IntRange(0, 24*4).Draw(t, "to") * 15)
			if from == to {
				to = Midnight
			}
			return Window{Days: Days(rapid.IntRange(1, 127).Draw(t, "days")), From: from, To: to, Zone: zone, Exclude: rapid.IntRange(0, 3).Draw(t, "exclude") == 0}
		}), 1, 3).Draw(t, "windows")
		now := rapid.SampledFrom(changes).Draw(t, "near").Add(time.Duration(rapid.IntRange(0, 48*60).Draw(t, "minutes")) * time.Minute)
		next := Next([][]Window{windows}, nil, now)
		for minute := now; minute.Before(now.Add(8 * 24 * time.Hour)); minute = minute.Add(time.Minute) {
			if Open(windows, minute) {
				if !next.Equal(minute) {
					t.Fatalf("from %s: %s is open, and next is %s", now, minute, next)
				}
				return
			}
		}
		if !next.IsZero() && next.Before(now.Add(8*24*time.Hour)) {
			t.Fatalf("from %s: next is %s, where nothing is open", now, next)
		}
	})
}

func TestDays(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"mon-thu": "mon-thu", "Monday": "mon", "fri-mon": "mon,fri-sun", "sun,sat": "sat,sun", "mon-sun": "mon-sun", " tue , wed ": "tue,wed",
	} {
		days, err := ParseDays(text)
		if err != nil || days.String() != want {
			t.Errorf("%q: got %q, %v; want %q", text, days, err, want)
		}
	}
	for _, text := range []string{"", "mo", "mon-", "mon--tue", "mon;tue", "1-5"} {
		if days, err := ParseDays(text); err == nil {
			t.Errorf("%q is taken as %s", text, days)
		}
	}
}

func TestSchedule(t *testing.T) {
	t.Parallel()
	berlin, _ := ParseZone("Europe/Berlin")
	schedule, err := ParseSchedule(" 30  2 * * 1-5 ", berlin)
	if err != nil {
		t.Fatal(err)
	}
	if got := schedule.Next(at(t, "2026-11-27T10:00:00Z")); !got.Equal(at(t, "2026-11-30T01:30:00Z")) || schedule.String() != "30 2 * * 1-5 Europe/Berlin" {
		t.Errorf("%s: got %s", schedule, got)
	}
	if got := (Schedule{}).Next(time.Now()); !got.IsZero() {
		t.Errorf("no schedule is due at %s", got)
	}
	for _, text := range []string{"", "* * * *", "61 * * * *", "0 0 31 2 *", "@every 5m", "TZ=UTC 0 2 * * *", "@sometimes"} {
		if _, err := ParseSchedule(text, nil); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func FuzzSchedule(f *testing.F) {
	f.Add("0 2 * * *", int64(1774750000))
	f.Add("*/7 2-3 29 2 *", int64(1792890000))
	berlin, _ := ParseZone("Europe/Berlin")
	f.Fuzz(func(t *testing.T, text string, now int64) {
		schedule, err := ParseSchedule(text, berlin)
		moment := time.Unix(now%(1<<33), 0)
		if err != nil {
			return
		}
		if next := schedule.Next(moment); !next.IsZero() && !next.After(moment) {
			t.Errorf("%q after %s: %s", text, moment, next)
		}
	})
}
