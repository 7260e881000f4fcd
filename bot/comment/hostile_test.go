package comment

import (
	"bytes"
	"fmt"
	"html"
	"maps"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	renderer "github.com/yuin/goldmark/renderer/html"
	markdowntext "github.com/yuin/goldmark/text"

	"pgregory.net/rapid"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote"
)

// words fills every field that comes from outside with the same text, made different by a number.
type words struct{ of string }

func (w words) n(i int) string { return fmt.Sprintf("%s%d", w.of, i) }

func (w words) instance(i int, outcome planner.Outcome, changes ...engine.Change) planner.InstancePreview {
	return planner.InstancePreview{
		Instance: stack.Instance{Environment: w.n(i % 3), Stack: w.n(i%3) + "/" + w.n(i), Component: w.n(i % 2), Path: w.n(i)},
		Reasons:  []string{w.n(20 + i)},
		Behind:   []int{9001, 9002},
		Outcome:  outcome,
		Failure:  w.n(30 + i), Declare: w.n(31 + i),
		Moves: []planner.StateMove{{What: w.n(i), From: w.n(i + 1), To: w.n(i + 2), Keep: w.n(i + 3)}},
		Plan:  engine.Plan{Changes: changes, Digest: fmt.Sprint(i), Text: w.n(40 + i)},
	}
}

func (w words) change(i int, action engine.Action) engine.Change {
	value := func(n int) string { return encoded(w.n(n), "") }
	return engine.Change{
		Address: w.n(i), PreviousAddress: w.n(i + 1), Action: action,
		Attributes: []engine.Attribute{
			{Path: w.n(1), Before: value(1), After: value(2), ForcesReplacement: true},
			{Path: w.n(2), Before: value(1), After: encoded([]string{w.n(3), w.n(4)}, "")},
			{Path: w.n(3), Before: w.n(1), After: w.n(2)},
			{Path: w.n(4), Unknown: true},
		},
	}
}

func (w words) preview() planner.Preview {
	return planner.Preview{
		Head: w.n(1), Trunk: w.n(2), Environments: []string{w.n(0), w.n(1), w.n(2)}, Notes: []string{w.n(1)},
		Besides: []planner.Section{{Title: w.n(1), Lines: []string{w.n(2), w.n(3)}, Note: w.n(4)}},
		Instances: []planner.InstancePreview{
			w.instance(0, planner.Planned, w.change(1, engine.Create), w.change(2, engine.Destroy)),
			w.instance(1, planner.Planned, w.change(1, engine.Replace), w.change(3, engine.Move)),
			w.instance(2, planner.Planned, engine.Change{Action: engine.Run, Address: w.n(1)}),
			w.instance(3, planner.Failed), w.instance(4, planner.Removed), w.instance(5, planner.Planned), w.instance(6, planner.Moved),
		},
		Versions: []planner.Following{w.following(1), w.following(2)},
		Checks: []planner.CheckResult{
			{Name: w.n(1), Outcome: planner.CheckFailed, Log: w.n(2), Findings: []planner.Finding{w.finding(1, planner.Broken), w.finding(2, planner.Warn)}},
			{Name: w.n(3), Outcome: planner.CheckPassed}, {Name: w.n(4), Outcome: planner.CheckCancelled},
		},
	}
}

func (w words) following(i int) planner.Following {
	version := planner.Version{Path: w.n(i), Label: w.n(i + 1), Kind: planner.VersionKind(w.n(i + 2))}
	return planner.Following{Component: w.n(i), Diverges: i%2 == 0, Follows: []planner.Follow{
		{Environment: w.n(0), Version: version, Name: w.n(i + 3), Stacks: []string{w.n(i + 4), w.n(i + 5)}, Change: planner.FollowBegins},
		{Environment: w.n(0), Version: version, Name: w.n(i + 6), Change: planner.FollowEnds},
	}, Declared: []planner.Divergence{{Environment: w.n(1), Reason: w.n(2), Owner: w.n(3), Until: w.n(4)}}}
}

func (w words) finding(i int, level planner.Level) planner.Finding {
	return planner.Finding{Level: level, Message: w.n(i), File: w.n(i + 1), Line: i, ChangedLine: i, Instances: []string{w.n(i + 2), w.n(i + 3)},
		Resource: w.n(i + 4), Rule: w.n(i + 5), Source: "by " + w.n(i+6)}
}

// checked is a preview whose headline is about checks.
func (w words) checked() planner.Preview {
	p := w.preview()
	p.Instances = p.Instances[:1]
	return p
}

func (w words) problem() planner.Preview {
	p := w.preview()
	p.Instances = nil
	// Lines of a detail are paragraphs or items on purpose.
	detail := "x " + strings.Join(strings.Fields(manyLines(w.n(1))), " ")
	p.Problem = &planner.Problem{Title: w.n(1), Detail: detail, File: w.n(2), Line: 3, More: []planner.Problem{{Title: w.n(3), Detail: w.n(4), File: w.n(5), Line: 6}}}
	return p
}

func (w words) rollout() promote.Rollout {
	person := func(i int) promote.Person { return promote.Person{ID: int64(i), Login: w.n(i)} }
	c := func(i, pull int) promote.Commit {
		return promote.Commit{SHA: w.n(i), Title: w.n(i), Pull: pull, Author: person(i)}
	}
	span := promote.Range{From: c(1, 9001), To: c(3, 9003), Commits: []promote.Commit{c(2, 9002), c(4, 0), c(3, 9003)}}
	deployment := func(phase promote.Phase) *promote.Deployment {
		return &promote.Deployment{
			Environment: w.n(1), From: w.n(1), To: w.n(3), Phase: phase, By: person(5), Started: noon, Finished: noon,
			Failure:   &promote.Failure{Step: "apply", Subject: w.n(6), Message: w.n(7)},
			Instances: []promote.DeployedInstance{{Name: w.n(8), Phase: promote.InstanceFailed, Summary: w.n(9), Destructive: true}},
		}
	}
	environment := func(i int) config.Environment { return config.Environment{Name: w.n(i)} }
	wait := []promote.Reason{{Text: w.n(1), Command: w.n(2)}, {Text: w.n(3)}}
	return promote.Rollout{
		Commit: c(2, 9002), Tip: c(3, 9003),
		Stages: []promote.Stage{
			{Environment: environment(1), Status: promote.Converged, Runs: c(2, 9002), Deployment: deployment(promote.Succeeded),
				Release: &promote.Release{Environment: w.n(1), Commit: w.n(3), Percent: 10, Phase: promote.ReleaseWatching, By: person(4), Text: w.n(5)}},
			{Environment: environment(6), Status: promote.Converged, Runs: c(2, 9002),
				Release: &promote.Release{Environment: w.n(6), Commit: w.n(3), Percent: 10, Phase: promote.ReleaseFailed, By: person(4), Text: w.n(7)}},
			{Environment: environment(2), Status: promote.Stopped, Runs: c(1, 9001), Range: span, Deployment: deployment(promote.Failed), Waits: wait},
			{Environment: environment(3), Status: promote.Deploying, Runs: c(1, 9001), Range: span, Deployment: deployment(promote.Applying)},
			{Environment: environment(4), Status: promote.Ready, Runs: c(1, 9001), Range: span, Waits: wait},
			{Environment: environment(5), Status: promote.HeldBack, Runs: c(1, 9001), Range: span, Waits: wait},
		},
		Answers: []promote.Answer{{By: person(1), Command: w.n(1), Refused: true, Text: w.n(2)}, {By: person(2), Command: w.n(3), Text: w.n(4)}},
	}
}

// everything is every comment with the words in every field.
func (w words) everything() map[string]string {
	o := Options{Limit: 1 << 30, Full: "https://github.com/acme/infra/runs/1"}
	rollout := w.rollout()
	broken := w.rollout()
	broken.Problems = config.Problems{{File: w.n(1), At: config.Position{Line: 2}, Message: w.n(2)}}
	environments := []config.Environment{{Name: w.n(1), After: []string{w.n(2)}, Verify: []config.Check{{Name: w.n(3)}}}}
	state := promote.State{
		Trunk: []promote.Commit{rollout.Commit, rollout.Tip}, Rules: config.Repository{Environments: environments},
		Environments: map[string]promote.Environment{w.n(1): {Name: w.n(1), Runs: rollout.Commit.SHA, Last: rollout.Stages[1].Deployment}},
	}
	check := Check(w.preview(), o)
	all := map[string]string{
		"preview": Preview(w.preview(), o), "checked": Preview(w.checked(), o), "problem": Preview(w.problem(), o), "rollout": Rollout(rollout, o),
		"configuration": Rollout(broken, o), "check summary": check.Summary, "check text": check.Text,
		"reply": Reply(rollout.Answers[0], o), "status": Status(state, nil, o),
		"help": Help(environments, Rights{Person: rollout.Answers[0].By}, o),
	}
	maps.Copy(all, w.notices(o))
	return all
}

// hostile text, a piece for each thing that Markdown or GitHub could make of it.
var hostile = []string{
	"plain", "@alice", "#1", "acme/infra#1", "GH-12 gh-3", "https://evil.example", "www.evil.example", "a@b.example",
	"![x](https://evil.example/x.png)", "[x](y)", "<img src=x>", "</details>", "</summary>", "<!--", "-->", "```\n@a\n```",
	"````", "~~~", "`", "``", "|", `\|`, `a\`, "| a | b |\n|---|---|", "**", "__a__", "~~a~~", "# x", "- x", "1. x", "1) x", "> x", "+ x",
	"===", "---", "    code", "\x1b[31mred\x1b[0m", "\u202etxt.exe", "\u200b", "\r\n", "\u2028", "&#64;alice", "&lt;", ":tada:",
	"$x$", "[^1]: x", "[x]: y", "\xff\xfe", "\x00", " a ", "\t", "`a` `b", "*a*", "_a_", "%s %d {}", "@@ x", "<a href='x'>", "\\", "mailto:x@y.example",
}

// Whatever the words are, the comment has the same blocks, the same emphasis and the same links as with harmless
// words, and mentions and refers to nobody.
func FuzzOutsideText(f *testing.F) {
	for _, seed := range hostile {
		f.Add(seed)
	}
	harmless := harmlessTrees()
	f.Fuzz(func(t *testing.T, of string) {
		if len(of) > 400 || strings.Count(manyLines(of), "\n") > 5 {
			t.Skip()
		}
		staysText(t, harmless, of)
	})
}

// The same for text that is put together from pieces, each of which has a meaning to Markdown or to GitHub.
func TestOutsideTextOfPieces(t *testing.T) {
	t.Parallel()
	harmless := harmlessTrees()
	rapid.Check(t, func(t *rapid.T) {
		staysText(t, harmless, strings.Join(rapid.SliceOfN(rapid.SampledFrom(hostile), 1, 5).Draw(t, "pieces"), ""))
	})
}

func harmlessTrees() map[string][]string {
	trees := map[string][]string{}
	for name, markdown := range (words{"plain"}).everything() {
		trees[name] = tree(markdown)
	}
	return trees
}

// staysText compares every comment with the one that holds harmless words.
func staysText(t rapid.TB, harmless map[string][]string, of string) {
	for name, markdown := range (words{of}).everything() {
		if diff := cmp.Diff(harmless[name], tree(markdown)); diff != "" {
			t.Fatalf("%s with %q has other blocks (-harmless +hostile):\n%s\n%s", name, of, diff, markdown)
		}
		if found := reaches(markdown); found != "" {
			t.Fatalf("%s with %q reaches out with %q:\n%s", name, of, found, markdown)
		}
	}
}

func parser() goldmark.Markdown {
	return goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote), goldmark.WithRendererOptions(renderer.WithUnsafe()))
}

var anyTag = regexp.MustCompile(`<[^>]*>`)

// tree is the structure of a Markdown text, one node a line. Text and code spans are left out: text is cut into nodes
// as its characters fall, and reasons may hold code.
func tree(markdown string) []string {
	source := []byte(markdown)
	var nodes []string
	depth := 0
	_ = ast.Walk(parser().Parser().Parse(markdowntext.NewReader(source)), func(node ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			depth--
			return ast.WalkContinue, nil
		}
		depth++
		name := node.Kind().String()
		switch n := node.(type) {
		case *ast.Text, *ast.CodeSpan:
			return ast.WalkContinue, nil
		case *ast.HTMLBlock:
			name += " " + strings.Join(anyTag.FindAllString(string(n.Lines().Value(source)), -1), "")
			// Whether a plan is folded away at first depends on how long it is.
			name = strings.NewReplacer("<code>", "", "</code>", "", "<details open>", "<details>").Replace(name)
		case *ast.RawHTML:
			name += " " + string(n.Segments.Value(source))
		case *ast.Link:
			name += " " + string(n.Destination)
		}
		nodes = append(nodes, strings.Repeat(" ", depth)+name)
		return ast.WalkContinue, nil
	})
	return nodes
}

var (
	codeElement = regexp.MustCompile(`(?s)<(pre|code)>.*?</(pre|code)>|<pre><code.*?</code></pre>`)
	reaching    = regexp.MustCompile(`(?i)@[a-z0-9]|#[0-9]+|\bgh-[0-9]|://|www\.|mailto:|:[a-z0-9_+-]+:`)
	ours        = regexp.MustCompile(`^#900[0-9]$`)
)

// reaches finds what GitHub would make a mention, a reference, a link or a picture of, and characters that mislead.
func reaches(markdown string) string {
	if !utf8.ValidString(markdown) {
		return "invalid UTF-8"
	}
	for _, r := range markdown {
		if r != '\n' && r != '\t' && string(r) != breaker && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
			return string(r)
		}
	}
	var b bytes.Buffer
	if err := parser().Convert([]byte(markdown), &b); err != nil {
		return err.Error()
	}
	visible := html.UnescapeString(anyTag.ReplaceAllString(codeElement.ReplaceAllString(b.String(), " "), ""))
	for _, found := range reaching.FindAllString(visible, -1) {
		if !ours.MatchString(found) {
			return found
		}
	}
	return ""
}
