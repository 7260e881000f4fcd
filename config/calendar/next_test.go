package calendar

import (
	"testing"
	"time"
)

func TestCloses(t *testing.T) {
	t.Parallel()
	office := []Window{{Days: 0x7e, From: 9 * 60, To: 16 * 60}}
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) // a Monday
	lunch := Window{Days: 0x7f, From: 12*60 + 30, To: 13 * 60, Exclude: true}
	for name, test := range map[string]struct {
		sets [][]Window
		at   time.Time
		want time.Time
	}{
		"nothing is declared":   {nil, noon, time.Time{}},
		"at the end of the day": {[][]Window{office}, noon, noon.Add(4 * time.Hour)},
		"for lunch":             {[][]Window{append(office[:1:1], lunch)}, noon, noon.Add(30 * time.Minute)},
		"the first of two":      {[][]Window{office, {{Days: 0x7f, From: 0, To: 13 * 60}}}, noon, noon.Add(time.Hour)},
		"closed already":        {[][]Window{office}, noon.Add(5 * time.Hour), time.Time{}},
	} {
		if got := Closes(test.sets, test.at); !got.Equal(test.want) {
			t.Errorf("%s: it closes at %s, want %s", name, got, test.want)
		}
	}
}
