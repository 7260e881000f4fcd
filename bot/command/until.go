package command

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

var (
	whileForm = regexp.MustCompile(`^([1-9][0-9]{0,3}[wdhm])+$`)
	whilePart = regexp.MustCompile(`([0-9]+)([wdhm])`)
)

const minuteForm = time.DateOnly + " 15:04"

// moment is the end of a hold in the form that [Command.Until] has.
func moment(words []string) (text string, ok bool) {
	text = strings.ToUpper(strings.Join(words, " "))
	if at := strings.IndexByte(text, 'T'); at == len(time.DateOnly) {
		text = text[:at] + " " + text[at+1:]
	}
	for _, form := range []string{time.DateOnly, minuteForm} {
		if _, err := time.Parse(form, text); err == nil {
			return text, true
		}
	}
	text = strings.ToLower(text)
	return text, whileForm.MatchString(text)
}

// Ends is the first moment after a [Hold] that is put on now; the zero time: when somebody lifts it. Dates are those of the
// zone; a date without a time of day means its whole day.
func (c Command) Ends(now time.Time, zone *time.Location) time.Time {
	if zone == nil {
		zone = time.UTC
	}
	if day, err := time.ParseInLocation(time.DateOnly, c.Until, zone); err == nil {
		return day.AddDate(0, 0, 1)
	}
	if minute, err := time.ParseInLocation(minuteForm, c.Until, zone); err == nil {
		return minute
	}
	if c.Until == "" {
		return time.Time{}
	}
	end := now.In(zone)
	for _, part := range whilePart.FindAllStringSubmatch(c.Until, -1) {
		count, _ := strconv.Atoi(part[1]) // at most four digits
		switch part[2] {
		case "w":
			end = end.AddDate(0, 0, 7*count)
		case "d":
			end = end.AddDate(0, 0, count)
		case "h":
			end = end.Add(time.Duration(count) * time.Hour)
		case "m":
			end = end.Add(time.Duration(count) * time.Minute)
		}
	}
	return end
}
