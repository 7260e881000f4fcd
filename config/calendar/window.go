package calendar

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Clock is a time of day in minutes after midnight, from 0 to [Midnight].
type Clock int

// Midnight at the end of a day.
const Midnight Clock = 24 * 60

// ParseClock reads a time of day such as "09:00" or "24:00".
func ParseClock(text string) (Clock, error) {
	hour, minute, ok := strings.Cut(text, ":")
	h, err := strconv.Atoi(hour)
	m, err2 := strconv.Atoi(minute)
	clock := Clock(h*60 + m)
	if !ok || err != nil || err2 != nil || len(hour) > 2 || len(minute) != 2 || h < 0 || m < 0 || m > 59 || clock > Midnight {
		return 0, fmt.Errorf("%q is no time of day; expected one such as \"09:00\", from \"00:00\" to \"24:00\"", text)
	}
	return clock, nil
}

// String is the clock as [ParseClock] reads it.
func (c Clock) String() string { return fmt.Sprintf("%02d:%02d", int(c)/60, int(c)%60) }

// Window is hours on days of the week. One whose To is not after its From goes over midnight and belongs to the day
// on which it begins.
type Window struct {
	Days Days
	// From is the first minute, To the first after the window.
	From, To Clock
	// Zone on whose clock it is; nil: UTC.
	Zone *time.Location
	// Exclude: in this window nothing may happen, whatever other windows say.
	Exclude bool
}

// Contains tells whether the moment lies in the window.
func (w Window) Contains(moment time.Time) bool {
	local := moment.In(w.zone())
	clock := Clock(local.Hour()*60 + local.Minute())
	today := w.Days.Has(local.Weekday())
	if w.From < w.To {
		return today && clock >= w.From && clock < w.To
	}
	yesterday := w.Days.Has((local.Weekday() + 6) % 7)
	return today && clock >= w.From || yesterday && clock < w.To
}

// String is for people: "mon-thu 09:00-16:00 Europe/Berlin".
func (w Window) String() string {
	text := fmt.Sprintf("%s %s-%s %s", w.Days, w.From, w.To, w.zone())
	if w.Exclude {
		return "not " + text
	}
	return text
}

// Equal tells whether two windows are the same.
func (w Window) Equal(other Window) bool { return w.String() == other.String() }

func (w Window) zone() *time.Location {
	if w.Zone == nil {
		return time.UTC
	}
	return w.Zone
}

// Span is a stretch of time, from its first moment to before To.
type Span struct{ From, To time.Time }

// Contains tells whether the moment lies in the span.
func (s Span) Contains(moment time.Time) bool { return !moment.Before(s.From) && moment.Before(s.To) }

// Open tells whether the windows are open: one that does not exclude contains the moment, or there is none of these;
// and none that excludes contains it.
func Open(windows []Window, moment time.Time) bool {
	open, any := false, false
	for _, window := range windows {
		contains := window.Contains(moment)
		if window.Exclude && contains {
			return false
		}
		any = any || !window.Exclude
		open = open || contains && !window.Exclude
	}
	return open || !any
}
