package calendar

import "time"

// horizon is how far ahead is looked: windows repeat every week, and two weeks are enough for an hour that a change
// of daylight saving time takes away once.
const horizon = 15

// Next is the first moment, at or after the given one, at which all sets of windows are open and none of the spans
// contains it. The zero time: there is none as far as windows can tell.
func Next(sets [][]Window, closed []Span, moment time.Time) time.Time {
	for range len(closed) + 2 {
		next := nextOpen(sets, moment)
		if next.IsZero() {
			return time.Time{}
		}
		after := next
		for _, span := range closed {
			if span.Contains(after) {
				after = span.To
			}
		}
		if after.Equal(next) {
			return next
		}
		moment = after
	}
	// More spans than there are cannot follow each other; this is not reached.
	return time.Time{}
}

func nextOpen(sets [][]Window, moment time.Time) time.Time {
	if allOpen(sets, moment) {
		return moment
	}
	var next time.Time
	for _, set := range sets {
		for _, window := range set {
			for _, edge := range edges(window, moment) {
				if edge.After(moment) && (next.IsZero() || edge.Before(next)) && allOpen(sets, edge) {
					next = edge
				}
			}
		}
	}
	return next
}

// Closes is the first moment after the given one, at which all sets are open, at which one of them is not. The zero time: they
// are not all open, or they stay so.
func Closes(sets [][]Window, moment time.Time) (closes time.Time) {
	if !allOpen(sets, moment) {
		return closes
	}
	for _, set := range sets {
		for _, window := range set {
			for _, edge := range edges(window, moment) {
				if edge.After(moment) && (closes.IsZero() || edge.Before(closes)) && !allOpen(sets, edge) {
					closes = edge
				}
			}
		}
	}
	return closes
}

func allOpen(sets [][]Window, moment time.Time) bool {
	for _, set := range sets {
		if !Open(set, moment) {
			return false
		}
	}
	return true
}

// edges are the moments within the horizon at which the window may open or close: where the wall clock comes to its
// From or its To, and where the wall clock jumps.
func edges(window Window, moment time.Time) (edges []time.Time) {
	zone := window.zone()
	year, month, day := moment.In(zone).Date()
	for ahead := -1; ahead <= horizon; ahead++ {
		noon := time.Date(year, month, day+ahead, 12, 0, 0, 0, zone)
		for _, clock := range []Clock{window.From, window.To} {
			edges = append(edges, wall(noon, clock)...)
		}
		if _, jump := noon.Add(-24 * time.Hour).ZoneBounds(); !jump.IsZero() && jump.Before(noon.Add(24*time.Hour)) {
			edges = append(edges, jump)
		}
	}
	return edges
}

// wall are the moments at which the wall clock shows the time on the day of noon: one, or two where the clock is set
// back over it, or none where it jumps over it.
func wall(noon time.Time, clock Clock) (moments []time.Time) {
	year, month, day := noon.Date()
	shown := time.Date(year, month, day, 0, int(clock), 0, 0, time.UTC)
	_, before := noon.Add(-36 * time.Hour).Zone()
	_, after := noon.Add(36 * time.Hour).Zone()
	offsets := []int{before}
	if after != before {
		offsets = append(offsets, after)
	}
	for _, offset := range offsets {
		moment := shown.Add(-time.Duration(offset) * time.Second).In(noon.Location())
		if _, is := moment.Zone(); is == offset {
			moments = append(moments, moment)
		}
	}
	return moments
}
