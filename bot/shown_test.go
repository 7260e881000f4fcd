package bot

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A command means what the comment showed when it was written, also where the comment shows something else by the time the
// command is read.
func TestCommandsMeanWhatWasShown(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	first := shown{Targets: map[string]string{"prod": "one"}, Plans: map[string]string{"prod": "plan"}}.after(shown{}, at)
	same := shown{Targets: map[string]string{"prod": "one"}, Plans: map[string]string{"prod": "plan"}}.after(first, at.Add(time.Minute))
	if diff := cmp.Diff(first, same); diff != "" {
		t.Errorf("what says the same is another (-first +same):\n%s", diff)
	}
	planned := shown{Targets: map[string]string{"prod": "one"}, Plans: map[string]string{"prod": "another"}}.after(same, at.Add(10*time.Minute))
	newer := shown{Targets: map[string]string{"prod": "two"}}.after(planned, at.Add(20*time.Minute))
	if newer.Former == nil || newer.Former.Former != nil {
		t.Errorf("it remembers %+v", newer.Former)
	}
	text, err := json.Marshal(newer)
	if err != nil {
		t.Fatal(err)
	}
	var stored shown
	if err := json.Unmarshal(text, &stored); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		read         time.Duration
		target, plan string
	}{{15 * time.Minute, "one", "another"}, {19 * time.Minute, "one", "another"}, {20 * time.Minute, "two", ""}, {time.Hour, "two", ""}} {
		meant := stored.before(at.Add(test.read))
		if meant.Targets["prod"] != test.target || meant.Plans["prod"] != test.plan {
			t.Errorf("after %s it means %+v, want %s and %s", test.read, meant, test.target, test.plan)
		}
	}
	if got := first.before(at.Add(-time.Minute)); len(got.Targets) > 0 {
		t.Errorf("before there was a comment it meant %+v", got)
	}
	if got := stored.before(time.Time{}); got.Targets["prod"] != "two" {
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
