package comment

import (
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// The comment about a pull request's own environment in each of its phases, and what hostile code can make of it.
func TestOwnEnvironment(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	e := Environment{Name: "pr-7", Phase: EnvironmentReady, SHA: strings.Repeat("4d03e77", 5) + "00000", Head: strings.Repeat("9f1c2ab", 5) + "00000",
		By: promote.Person{ID: 3, Login: "carol"}, Address: "https://pr-7.preview.acme.dev", Created: at, Expires: at.Add(48 * time.Hour), Now: at.Add(150 * time.Minute),
		Instances: []EnvironmentInstance{{"pr-7/dev/app", "s3 bucket=acme key=app workspace=pr-7", "applied"}, {"pr-7/dev/web", "s3 bucket=acme key=web workspace=pr-7", "begun"}}}
	golden(t, "environment-ready.md", OwnEnvironment(e, Options{}))
	creating := e
	creating.Phase, creating.Head, creating.Address = EnvironmentCreating, e.SHA, ""
	golden(t, "environment-creating.md", OwnEnvironment(creating, Options{OnlyLong: true}))
	failed := e
	failed.Phase, failed.Failure = EnvironmentFailed, "pr-7/dev/web: apply: Error: @acme/owners ``` [x](http://evil) <!-- x -->\n```\n# A title"
	golden(t, "environment-failed.md", OwnEnvironment(failed, Options{}))
	stuck := failed
	stuck.Phase, stuck.Tries, stuck.Why = EnvironmentDestroying, 3, "#7 was closed"
	golden(t, "environment-stuck.md", OwnEnvironment(stuck, Options{}))
	golden(t, "environment-stuck-told.md", StuckEnvironment(stuck, Options{}))
	gone := e
	gone.Phase, gone.Why, gone.Ended = EnvironmentGone, "its time was over", at.Add(49*time.Hour)
	golden(t, "environment-gone.md", OwnEnvironment(gone, Options{}))

	hostile := e
	hostile.Address = "javascript:alert(1)"
	if text := OwnEnvironment(hostile, Options{}); strings.Contains(text, "](<javascript") {
		t.Error(text)
	}
	for _, one := range []Environment{e, creating, failed, stuck, gone} {
		one.Why = strings.Repeat("because ", 50)
		if text := DescribeEnvironment(one); len([]rune(text)) > descriptionLimit || text == "" {
			t.Errorf("%s is described as %q", one.Phase, text)
		}
	}
	many := e
	for range 3000 {
		many.Instances = append(many.Instances, e.Instances...)
	}
	if text := OwnEnvironment(many, Options{}); len(text) > DefaultLimit || !strings.Contains(text, e.Address) {
		t.Errorf("%d bytes", len(text))
	}
}
