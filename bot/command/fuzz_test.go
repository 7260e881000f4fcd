package command

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Whatever a person types: reading it never panics, gives the same outcome each time, and what is quoted, code or
// commented out is no command.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"/promote prod", "/plan dev staging at 4d03e77\r\n/status", "/trunkline promote prod@4d03e77", "/promot prod",
		"/hold prod db, cache/* until 2026-12-15 16:00 because of `that`", "/override prod because x", "/approve prod 4d03e77", "/unhold prod x y", "/go prod 10%", "/go prod 1 %",
		"```\n/promote prod\n```\n/help", "> a\n/plan", "<details>\n\n/plan\n\n</details>\n/plan", "/plan --x", "a[^1]\n\n[^1]: b\n/plan",
		"<!-- \n/plan\n-->\n/plan", "- /plan\n\n/plan", "/plan\n===", "|a|\n|-|\n/plan", "/PLAN `x`\x00\xff",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		parsed := acme().Parse(body)
		if diff := cmp.Diff(parsed, acme().Parse(body)); diff != "" {
			t.Fatalf("two readings differ:\n%s", diff)
		}
		if len(parsed) > MaxCommands+1 {
			t.Fatalf("%d outcomes", len(parsed))
		}
		for _, line := range parsed {
			wellFormed(t, line)
		}
		for name, hidden := range hide(body) {
			if got := acme().Parse(hidden); len(got) > 0 {
				t.Fatalf("%s: %q was read as %+v", name, hidden, got[0])
			}
		}
	})
}

// wellFormed checks one outcome: there is exactly one, it stands at the start of its line, and a command says the
// same when it is typed again.
func wellFormed(t *testing.T, line Parsed) {
	t.Helper()
	if (line.Command == nil) == (line.Refusal == nil) {
		t.Fatalf("%+v is not exactly one of command and refusal", line)
	}
	if !strings.HasPrefix(line.Text, "/") {
		t.Fatalf("%q does not start with a slash", line.Text)
	}
	if line.Refusal != nil {
		if line.Refusal.Text() == "" || strings.Contains(line.Refusal.Text(), "\n") {
			t.Fatalf("refusal %q is not one paragraph", line.Refusal.Text())
		}
		if next := line.Refusal.Next; next != "" && (len(Parse(next)) != 1 || Parse(next)[0].Command == nil) {
			t.Fatalf("after %q: to type %q next would be refused", line.Text, next)
		}
		return
	}
	again := acme().Parse(line.Command.String())
	if len(again) != 1 || again[0].Command == nil {
		t.Fatalf("%q is not read again", line.Command)
	}
	if diff := cmp.Diff(line.Command, again[0].Command); diff != "" {
		t.Fatalf("%q is read otherwise the second time:\n%s", line.Command, diff)
	}
	if len(line.Command.String()) > len(line.Text)+len("/trunkline help") {
		t.Fatalf("%q became the longer %q", line.Text, line.Command)
	}
}

// hide puts a body where no reader would take it for a command.
func hide(body string) map[string]string {
	body = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(body)
	lines := strings.Split(body, "\n")
	hidden := map[string]string{
		"quote":         "> " + strings.Join(lines, "\n> "),
		"indented code": "    " + strings.Join(lines, "\n    "),
		"list":          "- x\n  " + strings.Join(lines, "\n  "),
		"fence":         strings.Repeat("`", longest(body, '`')+3) + "\n" + body + "\n",
		"tildes":        strings.Repeat("~", longest(body, '~')+3) + "\n" + body + "\n",
	}
	if !strings.Contains(body, "-->") {
		hidden["HTML comment"] = "<!--\n" + body + "\n-->\n"
	}
	if !strings.Contains(body, "</") {
		hidden["folded"] = "<details>\n\n" + body + "\n\n</details>"
	}
	return hidden
}

// longest run of a byte.
func longest(s string, c byte) int {
	most, run := 0, 0
	for i := range len(s) {
		if s[i] != c {
			run = 0
			continue
		}
		run++
		most = max(most, run)
	}
	return most
}
