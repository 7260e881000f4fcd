package command

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/promote/refusaltest"
)

var update = flag.Bool("update", false, "rewrite the refusals")

func acme() Grammar { return Grammar{Environments: []string{"dev", "staging", "prod"}} }

// read shows what became of a comment, one outcome a line: a command as it would be typed, or the refusal's text.
func read(g Grammar, body string) string {
	var outcomes []string
	for _, parsed := range g.Parse(body) {
		if parsed.Command != nil {
			outcomes = append(outcomes, parsed.Command.String())
		} else {
			outcomes = append(outcomes, "refused: "+parsed.Refusal.Text())
		}
	}
	return strings.Join(outcomes, "\n")
}

func TestCommands(t *testing.T) {
	t.Parallel()
	tests := []struct{ body, want string }{
		{"/plan", "/plan"},
		{"/plan staging", "/plan staging"},
		{"/plan staging prod staging", "/plan staging prod"},
		{"/plan at 4d03e77", "/plan at 4d03e77"},
		{"/plan prod AT 4D03E77", "/plan prod at 4d03e77"},
		{"/promote prod", "/promote prod"},
		{"/PROMOTE Prod", "/promote prod"},
		{"/promote prod to 4d03e77", "/promote prod to 4d03e77"},
		{"/promote prod@4d03e77", "/promote prod to 4d03e77"},
		{"/rollback prod", "/rollback prod"},
		{"/rollback prod@4d03e77 with revert because it is slow", "/rollback prod to 4d03e77 with revert because it is slow"},
		{"/rollback prod With Revert to 4d03e77", "/rollback prod to 4d03e77 with revert"},
		{"/rollback prod because it goes with revert", "/rollback prod because it goes with revert"},
		{"/promote \t prod  \t", "/promote prod"},
		{"/promote prod\r\n", "/promote prod"},
		{"/promote prod\r", "/promote prod"},
		{"/approve prod", "/approve prod"},
		{"/approve prod 4D03E77", "/approve prod 4d03e77"},
		{"/approve prod@4d03e77", "/approve prod 4d03e77"},
		{"/trunkline approve prod 4d03e77", "/trunkline approve prod 4d03e77"},
		{"/hold prod because the database is being moved", "/hold prod because the database is being moved"},
		{"/hold prod database, cache/* until 2026-12-15 because PostgreSQL 13 to 15", "/hold prod database cache/* until 2026-12-15 because PostgreSQL 13 to 15"},
		{"/hold Prod UNTIL 2026-12-15 16:00 BECAUSE of Until because", "/hold prod until 2026-12-15 16:00 because of Until because"},
		{"/hold prod until 2026-12-15T16:00 because of --force — see the wiki", "/hold prod until 2026-12-15 16:00 because of --force — see the wiki"},
		{"/hold prod until 3D because x", "/hold prod until 3d because x"},
		{"/hold prod until 1w2d because x", "/hold prod until 1w2d because x"},
		{"/unhold prod", "/unhold prod"},
		{"/unhold prod because it is over", "/unhold prod because it is over"},
		{"/go prod 10%", "/go prod 10%"},
		{"/GO Prod 010 %", "/go prod 10%"},
		{"/go prod 0%", "/go prod 0%"},
		{"/trunkline go prod 100%", "/trunkline go prod 100%"},
		{"/approve prod 10%", "/approve prod 10%"},
		{"/retry prod", "/retry prod"},
		{"/abort prod", "/abort prod"},
		{"/override prod because customers cannot log in", "/override prod because customers cannot log in"},
		{"/override prod to 4d03e77 because customers cannot log in", "/override prod to 4d03e77 because customers cannot log in"},
		{"/override prod@4d03e77 because of a@b", "/override prod to 4d03e77 because of a@b"},
		{"/status", "/status"},
		{"/help", "/help"},
		{"/trunkline", "/trunkline help"},
		{"/trunkline promote prod", "/trunkline promote prod"},
		{"/Trunkline Status", "/trunkline status"},
		{"/plan dev\n/promote staging", "/plan dev\n/promote staging"},
		{"Looks good to me.\n/promote staging\nThanks!", "/promote staging"},
		{"/promote prod\n---\nAlice, by mail", "/promote prod"},
		{"<br>\n\n/status", "/status"},
		{"<details>\n<summary>log</summary>\n\ntext\n\n</details>\n\n/status", "/status"},
		{"List<String> is nice\n\n/status", "/status"},
	}
	for _, test := range tests {
		t.Run(test.body, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, read(acme(), test.body)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", test.body, diff)
			}
		})
	}
}

// refused are lines that get an answer, each with a reason to look at it. Their answers are in testdata/refusals.
var refused = []string{
	"/promote stagign", "/promote moon", "/promote", "/promote staging prod", "/promote prod 4d03e77", "/plan 4d03e77", "/promote prod to",
	"/promote prod@", "/promote prod to HEAD~1", "/promote prod to 4d03e77 now", "/promote prod --force", "/plan -- -var-file=/etc/passwd",
	"/status prod", "/promot prod", "/promote рrod", "/trunklin promote prod", "/trunkline promot prod", "/trunkline dance",
	"/trunkline promote prdo", "/trunkline go", "/preview prod", "/preview off at 4d03e77", "/preview 4d03e77", "/rollback prod with", "/rollback prod to 4d03e77 with force",
	"/approve", "/approve prdo", "/approve prod HEAD", "/approve prod 4d03e77 now", "/approve prod staging", "/aprove prod 4d03e77",
	"/hold", "/hold prod", "/hold prod because", "/hold prod because  ", "/hold prod database", "/hold prod the database is being moved",
	"/hold prod until tomorrow because x", "/hold prod until because x", "/hold prod until 2026-13-01 because x", "/hold prod $(rm) because x",
	"/hold prdo database until 2h because x", "/hold prod --force because x", "/hld prod because x",
	"/hold prod because " + strings.Repeat("x", MaxReason+1), "/hold because x",
	"/unhold", "/unhold prod database", "/unhold prod because", "/unhold prod it is over", "/trunkline unhold prod it is over",
	"/retry", "/retry prod 4d03e77", "/retry prod now", "/retyr prod", "/abort", "/abort prod now", "/abrot prod",
	"/go", "/go prod", "/go prdo 10%", "/go prdo", "/go prod 10", "/go prod 101%", "/go prod 1000%", "/go prod 0.5%", "/go prod -5%", "/go prod 10% now",
	"/go prod ten%", "/go prod to 4d03e77", "/trunkline go prod 10", "/approve prod 101%",
	"/override prod", "/override prod because", "/override prod 4d03e77", "/override prod to because x", "/override prod to HEAD because x",
	"/override prod customers cannot log in", "/override prod staging because x", "/overide prod because x",
	strings.Repeat("/status\n", MaxCommands+1),
}

// Every refusal, to be read by a person: what is typed, and what is answered.
func TestRefusals(t *testing.T) {
	t.Parallel()
	book := refusaltest.Book{File: "../../testdata/refusals/grammar.txt", Source: ".", Update: *update}
	for _, body := range refused {
		answer, found := "", false
		for _, parsed := range acme().Parse(body) {
			if parsed.Refusal != nil {
				answer, found = parsed.Refusal.Text(), true
			}
		}
		if !found {
			t.Errorf("%q is not refused", body)
		}
		if runes := []rune(body); len(runes) > 70 {
			body = string(runes[:70]) + "…"
		}
		book.Add(body, answer)
	}
	book.Check(t)
}

// Lines that are no business of ours, and lines that a reader does not see as a command.
func TestIgnored(t *testing.T) {
	t.Parallel()
	bodies := map[string]string{
		"nothing":                      "",
		"prose":                        "please /promote prod",
		"leading spaces":               "  /promote prod",
		"escaped slash":                `\/promote prod`,
		"entity":                       "&#47;promote prod",
		"look-alike slash":             "／promote prod",
		"path":                         "/etc/passwd is a file",
		"path of ours":                 "/plan/promote",
		"another bot":                  "/lgtm\n/improve\n/ready\n/approve-me\n/retest\n/ok-to-test\n/hello\n/label x\n/state\n/do it\n/got it",
		"quote":                        "> /promote prod",
		"continued quote":              "> said:\n/promote prod",
		"fence":                        "```\n/promote prod\n```",
		"fence without end":            "```\n/promote prod",
		"tildes":                       "~~~sh\n/promote prod\n~~~",
		"indented code":                "text\n\n    /promote prod",
		"code span":                    "`/promote prod`",
		"code span over lines":         "`a\n/promote prod\nb`",
		"list":                         "- /promote prod",
		"continued list":               "- one\n/promote prod",
		"paragraph in a list":          "1. one\n\n   /promote prod",
		"code in a list":               "- one\n\n  ```\n  /promote prod\n  ```",
		"HTML comment":                 "<!--\n/promote prod\n-->",
		"HTML comment in a line":       "a <!--\n/promote prod\n--> b",
		"HTML comment with empty line": "<!--\n\n/promote prod\n\n-->",
		"HTML comment inside HTML":     "<p><!--\n\n/promote prod\n\n--></p>",
		"HTML block":                   "<div>\n/promote prod\n</div>",
		"HTML quote":                   "<blockquote>\n\n/promote prod\n\n</blockquote>",
		"folded":                       "<details>\n\n/promote prod\n\n</details>",
		"torn tag":                     "<p title=\"\n\n/promote prod\n\n\">",
		"struck out by HTML":           "a <s>b\n\n/promote prod\n\n</s>",
		"struck out":                   "~~no\n/promote prod\nno~~",
		"link text":                    "[a\n/promote prod\nb](https://example.org)",
		"link title":                   "[a](https://example.org \"\n/promote prod\n\")",
		"link definition":              "[a]: https://example.org '\n/promote prod\n'",
		"footnote":                     "a[^1]\n\n[^1]: b\n/promote prod",
		"table":                        "/promote prod | x\n--- | ---\n/promote prod | y",
		"heading":                      "# /promote prod",
		"too large":                    "/promote prod\n" + strings.Repeat("x", MaxBody),
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := read(acme(), body); got != "" {
				t.Errorf("%q was read as\n%s", body, got)
			}
		})
	}
}

func TestOnlyLong(t *testing.T) {
	t.Parallel()
	grammar := acme()
	grammar.OnlyLong = true
	got := read(grammar, "/promote prod\n/promot prod\n/approve prod\n/hold\n/trunkline promote staging")
	if want := "/trunkline promote staging"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLinesAreCounted(t *testing.T) {
	t.Parallel()
	got := Parse("Hello\r\n\r\n/plan dev  \r\ntext\r\n/nonsense\r\n/status x\r\n")
	want := []Parsed{
		{Line: 3, Text: "/plan dev", Command: &Command{Kind: Plan, Environments: []string{"dev"}}},
		{Line: 6, Text: "/status x", Refusal: &Refusal{
			Rule: "`status` stands alone on its line", Fact: "`x` is too much", Next: "/status",
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAtMostTenCommands(t *testing.T) {
	t.Parallel()
	got := Parse(strings.Repeat("/status\n", 30))
	if len(got) != MaxCommands+1 {
		t.Fatalf("got %d outcomes, want %d", len(got), MaxCommands+1)
	}
	if last := got[MaxCommands]; last.Refusal == nil || last.Line != MaxCommands+1 {
		t.Errorf("the line after the last is %+v, want a refusal", last)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	parsed := Parse("/trunkline promote prdo")
	if len(parsed) != 1 || parsed[0].Command == nil {
		t.Fatalf("without names every name is read: got %+v", parsed)
	}
	refusal := parsed[0].Command.Check([]string{"dev", "prod"})
	if refusal == nil || refusal.Next != "/trunkline promote prod" {
		t.Errorf("got %+v, want the suggestion /trunkline promote prod", refusal)
	}
	if refusal := parsed[0].Command.Check(nil); refusal == nil {
		t.Error("a repository without environments has none to promote")
	}
	if refusal := parsed[0].Command.Check([]string{"prdo"}); refusal != nil {
		t.Errorf("got %+v, want none", refusal)
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"prod", "prod", 0}, {"prdo", "prod", 1}, {"stagign", "staging", 1},
		{"promot", "promote", 1}, {"kitten", "sitting", 3}, {"hello", "help", 2},
	}
	for _, test := range tests {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("distance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
		if got := distance(test.b, test.a); got != test.want {
			t.Errorf("distance(%q, %q) = %d, want %d", test.b, test.a, got, test.want)
		}
	}
}

func TestEnds(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	// The night after, clocks go forward: it is a short day.
	now := time.Date(2026, 3, 28, 9, 30, 0, 0, time.UTC)
	tests := []struct{ until, want string }{
		{"", "0001-01-01T00:00:00Z"},
		{"2026-03-28", "2026-03-29T00:00:00+01:00"},
		{"2026-03-29", "2026-03-30T00:00:00+02:00"},
		{"2026-03-29 16:00", "2026-03-29T16:00:00+02:00"},
		{"90m", "2026-03-28T12:00:00+01:00"},
		{"1d", "2026-03-29T10:30:00+02:00"},
		{"24h", "2026-03-29T11:30:00+02:00"},
		{"1w2d", "2026-04-06T10:30:00+02:00"},
	}
	for _, test := range tests {
		if got := (Command{Kind: Hold, Until: test.until}).Ends(now, berlin).Format(time.RFC3339); got != test.want {
			t.Errorf("until %q ends %s, want %s", test.until, got, test.want)
		}
	}
}
