package calendar

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Schedule says when something is due, in the five fields of cron: minute, hour, day of the month, month, day of the
// week. The zero Schedule is never due.
type Schedule struct {
	text string
	zone *time.Location
	cron *cron.SpecSchedule
}

// ParseSchedule reads five fields of cron, or one of @hourly, @daily, @weekly, @monthly, @yearly.
func ParseSchedule(text string, zone *time.Location) (Schedule, error) {
	text = strings.Join(strings.Fields(text), " ")
	if zone == nil {
		zone = time.UTC
	}
	// A zone in the text or "@every", which has no fixed moments, would be read by the parser as well.
	if strings.Contains(text, "TZ=") || strings.HasPrefix(text, "@every") {
		return Schedule{}, fmt.Errorf("expected five fields such as \"0 2 * * *\"; the time zone stands in `zone`")
	}
	parsed, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor).Parse(text)
	if err != nil {
		return Schedule{}, fmt.Errorf("expected five fields such as \"0 2 * * *\" (minute, hour, day of the month, month, day of the week): %w", err)
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		return Schedule{}, fmt.Errorf("expected five fields such as \"0 2 * * *\"")
	}
	schedule := Schedule{text: text, zone: zone, cron: spec}
	if schedule.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, fmt.Errorf("there is no such day: it would never be due")
	}
	return schedule, nil
}

// Next is the first moment after the given one at which it is due. The zero time: never.
//
// A time that a change of the clock skips does not come. One that comes twice is due the first time, unless it is due in every
// hour.
func (s Schedule) Next(after time.Time) time.Time {
	if s.cron == nil {
		return time.Time{}
	}
	// From one change of the clock to the next, since between them a day is a day.
	for from, in := after, after; ; {
		_, until := in.In(s.zone).ZoneBounds()
		_, offset := in.In(s.zone).Zone()
		steady := *s.cron
		steady.Location = time.FixedZone("", offset)
		next := steady.Next(from)
		switch {
		case next.IsZero():
			return next
		case !until.IsZero() && !next.Before(until):
			from, in = until.Add(-time.Second), until // what is due then is due at the first second after
		case s.repeats(next):
			from, in = next, next
		default:
			return next.In(after.Location())
		}
	}
}

// everyHour is the bit by which the library tells a star from a list of all hours.
const everyHour = 1 << 63

// repeats tells whether a moment is the second of its time on a day on which the clock was put back, and the first was enough.
func (s Schedule) repeats(at time.Time) bool {
	began, _ := at.In(s.zone).ZoneBounds()
	if s.cron.Hour&everyHour != 0 || began.IsZero() {
		return false
	}
	_, now := at.In(s.zone).Zone()
	_, before := began.Add(-time.Second).In(s.zone).Zone()
	return at.Sub(began) < time.Duration(before-now)*time.Second
}

// IsZero tells whether it is never due.
func (s Schedule) IsZero() bool { return s.cron == nil }

// String is for people: "0 2 * * * Europe/Berlin".
func (s Schedule) String() string {
	if s.cron == nil {
		return "never"
	}
	return s.text + " " + s.zone.String()
}

// Equal tells whether two schedules are the same.
func (s Schedule) Equal(other Schedule) bool { return s.String() == other.String() }
