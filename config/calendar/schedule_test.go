package calendar

import (
	"testing"
	"time"
)

// On days on which the clock changes, a time that is skipped does not come, and one that comes twice is due once.
func TestScheduleWhenTheClockChanges(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		zone, schedule, after string
		want                  []string
	}{
		{"Europe/Berlin", "30 2 * * *", "2026-03-28T12:00:00Z", []string{"2026-03-30T02:30:00+02:00"}},
		{"Europe/Berlin", "0 3 * * *", "2026-03-28T12:00:00Z", []string{"2026-03-29T03:00:00+02:00", "2026-03-30T03:00:00+02:00"}},
		{"Europe/Berlin", "30 2 * * *", "2026-10-24T12:00:00Z", []string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
		{"Europe/Berlin", "30 2 * * *", "2026-10-25T01:10:00Z", []string{"2026-10-26T02:30:00+01:00"}},
		{"Europe/Berlin", "30 * * * *", "2026-10-25T00:00:00Z", []string{"2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00"}},
		{"Europe/Berlin", "30 * * * *", "2026-03-29T00:00:00Z", []string{"2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00"}},
		// The day has no midnight.
		{"Asia/Beirut", "0 0 * * *", "2026-03-28T12:00:00Z", []string{"2026-03-30T00:00:00+03:00"}},
		// The clock goes by half an hour.
		{"Australia/Lord_Howe", "0 0 * * *", "2026-04-04T12:00:00Z", []string{"2026-04-05T00:00:00+11:00", "2026-04-06T00:00:00+10:30", "2026-04-07T00:00:00+10:30"}},
		{"Australia/Lord_Howe", "0 2 * * *", "2026-04-04T12:00:00Z", []string{"2026-04-05T02:00:00+10:30", "2026-04-06T02:00:00+10:30"}},
		// A whole day that a country left out.
		{"Pacific/Apia", "0 9 * * *", "2011-12-29T20:00:00Z", []string{"2011-12-31T09:00:00+14:00"}},
		{"Europe/Berlin", "0 12 29 2 *", "2026-03-01T00:00:00Z", []string{"2028-02-29T12:00:00+01:00"}},
	} {
		zone, err := time.LoadLocation(test.zone)
		if err != nil {
			t.Fatal(err)
		}
		schedule, err := ParseSchedule(test.schedule, zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, test.after)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range test.want {
			at = schedule.Next(at)
			if got := at.In(zone).Format(time.RFC3339); got != want {
				t.Errorf("%s after %s: got %s, want %s", schedule, test.after, got, want)
			}
		}
	}
}
