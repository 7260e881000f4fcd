package bot

import (
	"testing"
	"time"
)

func TestStrangers(t *testing.T) {
	t.Parallel()
	var s strangers
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for i := range mostStrangers + 3 {
		if got, want := s.ask(7, now.Add(time.Duration(i)*time.Second)), i < mostStrangers; got != want {
			t.Errorf("the %d. of a minute is asked about: %t", i+1, got)
		}
	}
	if !s.ask(8, now) {
		t.Error("another repository is not asked about")
	}
	if !s.ask(7, now.Add(2*time.Minute)) {
		t.Error("nobody is asked about any more")
	}
}
