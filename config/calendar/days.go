package calendar

import (
	"fmt"
	"strings"
	"time"
)

// Days is a set of days of the week, one bit for each, Sunday the lowest. The zero value has none.
type Days uint8

// EveryDay of the week.
const EveryDay Days = 1<<7 - 1

// DayNames are what [ParseDays] reads besides full names, in the order of a working week.
var DayNames = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// Has tells whether the day is in the set.
func (d Days) Has(day time.Weekday) bool { return d&(1<<day) != 0 }

// ParseDays reads days and spans of days, separated by commas: "mon-thu", "sat,sun", "monday". A span may go over the
// end of the week: "fri-mon". The error names the word that is no day.
func ParseDays(text string) (Days, error) {
	var days Days
	for part := range strings.SplitSeq(strings.ToLower(text), ",") {
		first, last, span := strings.Cut(strings.TrimSpace(part), "-")
		from, err := parseDay(first)
		if err != nil {
			return 0, err
		}
		to := from
		if span {
			if to, err = parseDay(last); err != nil {
				return 0, err
			}
		}
		for day := from; ; day = (day + 1) % 7 {
			days |= 1 << day
			if day == to {
				break
			}
		}
	}
	return days, nil
}

// NotADay is the error of [ParseDays]: the word that is no day.
type NotADay string

// Error says what was expected.
func (n NotADay) Error() string {
	return fmt.Sprintf("%q is no day; expected days such as mon, sat,sun or mon-thu", string(n))
}

func parseDay(word string) (time.Weekday, error) {
	word = strings.TrimSpace(word)
	for day := time.Sunday; day <= time.Saturday; day++ {
		if name := strings.ToLower(day.String()); word == name || word == name[:3] {
			return day, nil
		}
	}
	return 0, NotADay(word)
}

// String is the set as [ParseDays] reads it, in the order of a working week.
func (d Days) String() string {
	if d == EveryDay {
		return "mon-sun"
	}
	var parts []string
	for i := 0; i < 7; i++ {
		if !d.Has(weekday(i)) {
			continue
		}
		last := i
		for last+1 < 7 && d.Has(weekday(last+1)) {
			last++
		}
		switch {
		case last == i:
			parts = append(parts, DayNames[i])
		case last == i+1:
			parts = append(parts, DayNames[i], DayNames[last])
		default:
			parts = append(parts, DayNames[i]+"-"+DayNames[last])
		}
		i = last
	}
	return strings.Join(parts, ",")
}

// weekday of an index into [DayNames].
func weekday(i int) time.Weekday { return time.Weekday((i + 1) % 7) }
