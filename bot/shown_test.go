package bot

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A command means what the comment showed when it was written, also where the comment shows something else by the time the
// command is read.
func TestCommandsMeanWhatWasShown(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	print := func(former shown, target, plan string, since time.Duration) (s shown) {
		text, err := json.Marshal(shown{Targets: map[string]string{"prod": target}, Plans: map[string]string{"prod": plan}}.after(former))
		if err == nil {
			err = json.Unmarshal([]byte(strings.TrimPrefix(shownSince("moving "+string(text), at.Add(since)), "moving ")), &s)
		}
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := print(shown{}, "one", "plan", 0)
	same := print(first, "one", "plan", time.Minute)
	if diff := cmp.Diff(first, same); diff != "" {
		t.Errorf("what says the same is another (-first +same):\n%s", diff)
	}
	planned := print(same, "one", "another", 10*time.Minute)
	newer := print(planned, "two", "", 20*time.Minute)
	if newer.Former == nil || newer.Former.Former != nil {
		t.Errorf("it remembers %+v", newer.Former)
	}
	for _, test := range []struct {
		read         time.Duration
		target, plan string
	}{{15 * time.Minute, "one", "another"}, {19 * time.Minute, "one", "another"}, {20 * time.Minute, "two", ""}, {time.Hour, "two", ""}} {
		meant := newer.before(at.Add(test.read))
		if meant.Targets["prod"] != test.target || meant.Plans["prod"] != test.plan {
			t.Errorf("after %s it means %+v, want %s and %s", test.read, meant, test.target, test.plan)
		}
	}
	if got := first.before(at.Add(-time.Minute)); len(got.Targets) > 0 {
		t.Errorf("before there was a comment it meant %+v", got)
	}
	if got := newer.before(time.Time{}); got.Targets["prod"] != "two" {
		t.Errorf("without a time it means %+v", got)
	}
}

// Where an App writes in a person's name, GitHub says so.
func TestCommentsOfAppsInThePersonsName(t *testing.T) {
	t.Parallel()
	for payload, via := range map[string]bool{
		`{"action": "created", "comment": {"id": 1, "body": "/approve prod", "performed_via_github_app": {"id": 7}}}`: true,
		`{"action": "created", "comment": {"id": 1, "body": "/approve prod", "performed_via_github_app": null}}`:      false,
		`{"action": "created", "comment": {"id": 1, "body": "/approve prod"}}`:                                        false,
	} {
		event, err := parseDelivery("issue_comment", []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		comment := event.(*commentEvent)
		if comment.via != via || comment.GetComment().GetBody() != "/approve prod" {
			t.Errorf("%s: via %v, %q", payload, comment.via, comment.GetComment().GetBody())
		}
	}
}
