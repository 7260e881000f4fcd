package command

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
		{"/promote \t prod  \t", "/promote prod"},
		{"/promote prod\r\n", "/promote prod"},
		{"/promote prod\r", "/promote prod"},
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

func TestRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct{ body, want string }{
		{"/promote stagign", "`promote <environment> [to <sha>]` takes the environments of this repository. " +
			"There is no `stagign`; did you mean `staging`? Type `/promote staging`."},
		{"/promote moon", "`promote <environment> [to <sha>]` takes the environments of this repository. " +
			"There is no `moon`; there is `dev`, `staging` and `prod`."},
		{"/promote", "`promote <environment> [to <sha>]` names the environment. " +
			"None was named; there is `dev`, `staging` and `prod`. Type `/promote dev`."},
		{"/promote staging prod", "`promote` moves one environment; for several, write several lines. " +
			"`prod` is too much. Type `/promote staging`."},
		{"/promote prod 4d03e77", "A commit follows the word `to`. `4d03e77` looks like a commit. " +
			"Type `/promote prod to 4d03e77`."},
		{"/plan 4d03e77", "A commit follows the word `at`. `4d03e77` looks like a commit. Type `/plan at 4d03e77`."},
		{"/promote prod to", "After `to` comes the SHA of a commit, at least its first seven digits. There is none. " +
			"Type `/promote prod`."},
		{"/promote prod@", "After `to` comes the SHA of a commit, at least its first seven digits. There is none. " +
			"Type `/promote prod`."},
		{"/promote prod to HEAD~1", "After `to` comes the SHA of a commit, at least its first seven digits. " +
			"`HEAD~1` is not one. Type `/promote prod`."},
		{"/promote prod to 4d03e77 now", "The command ends with the SHA. `now` is too much. " +
			"Type `/promote prod to 4d03e77`."},
		{"/promote prod --force", "Commands take no flags, and none is passed on to any tool. " +
			"`--force` looks like one. Type `/promote prod`."},
		{"/plan -- -var-file=/etc/passwd", "Commands take no flags, and none is passed on to any tool. " +
			"`--` looks like one. Type `/plan`."},
		{"/status prod", "`status` stands alone on its line. `prod` is too much. Type `/status`."},
		{"/promot prod", "There is no command `/promot`; did you mean `promote`? Type `/promote prod`."},
		{"/promote рrod", "`promote <environment> [to <sha>]` takes the environments of this repository. " +
			"There is no `рrod`; did you mean `prod`? Type `/promote prod`."},
		{"/trunklin promote prod", "There is no command `/trunklin`; did you mean `trunkline`? " +
			"Type `/trunkline promote prod`."},
		{"/trunkline promot prod", "There is no command `promot`; did you mean `promote`? " +
			"Type `/trunkline promote prod`."},
		{"/trunkline dance", "The commands are `plan`, `promote`, `status` and `help`. There is no `dance`. " +
			"Type `/trunkline help`."},
		{"/trunkline promote prdo", "`promote <environment> [to <sha>]` takes the environments of this repository. " +
			"There is no `prdo`; did you mean `prod`? Type `/trunkline promote prod`."},
		{"/approve prod", "This version of Trunkline has `plan`, `promote`, `status` and `help`. " +
			"`approve` is planned, but not in this version yet."},
		{"/trunkline rollback prod", "This version of Trunkline has `plan`, `promote`, `status` and `help`. " +
			"`rollback` is planned, but not in this version yet."},
	}
	for _, test := range tests {
		t.Run(test.body, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff("refused: "+test.want, read(acme(), test.body)); diff != "" {
				t.Errorf("%q (-want +got):\n%s", test.body, diff)
			}
		})
	}
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
		"another bot":                  "/lgtm\n/approve-me\n/retest\n/ok-to-test\n/hello\n/label x\n/state",
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
	got := read(grammar, "/promote prod\n/promot prod\n/approve\n/trunkline promote staging")
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
