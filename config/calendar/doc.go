// Package calendar knows when something may happen: on which days and hours ([Window]), and when something is due
// ([Schedule]).
//
// A window is about the clock on the wall of its time zone. Whether a moment lies in it is read from that clock, so
// an hour that a change of daylight saving time skips never comes, and one that comes twice counts twice.
//
// The package is pure: whoever asks says what time it is.
package calendar
