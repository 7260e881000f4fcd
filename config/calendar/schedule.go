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
	cron cron.Schedule
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
	if spec, ok := parsed.(*cron.SpecSchedule); ok {
		spec.Location = zone
	}
	schedule := Schedule{text: text, zone: zone, cron: parsed}
	if schedule.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, fmt.Errorf("there is no such day: it would never be due")
	}
	return schedule, nil
}

// Next is the first moment after the given one at which it is due. The zero time: never.
func (s Schedule) Next(after time.Time) time.Time {
	if s.cron == nil {
		return time.Time{}
	}
	return s.cron.Next(after)
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
