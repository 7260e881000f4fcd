package comment

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/trunkline/trunkline/promote"
)

// shownCheck is a check run's output as one text.
func shownCheck(c CheckOutput) string {
	var b strings.Builder
	fmt.Fprintf(&b, "title: %s\n", c.Title)
	for _, a := range c.Annotations {
		fmt.Fprintf(&b, "annotation: %s:%d:%d: %s: %s\n", a.Path, a.Line, a.Column, a.Title, a.Message)
	}
	fmt.Fprintf(&b, "\n-- summary --\n%s\n-- text --\n%s", c.Summary, c.Text)
	return b.String()
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"usual", "failed", "configuration", "planning", "nothing", "known-after"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			golden(t, "check-"+name+".md", shownCheck(Check(previews()[name], Options{})))
		})
	}
}

func TestTightPreview(t *testing.T) {
	t.Parallel()
	golden(t, "preview-tight.md", Preview(manyAffected(60), Options{Limit: 4000, Full: "https://github.com/acme/infra/runs/1"}))
	golden(t, "preview-names-only.md", Preview(previews()["long-values"], Options{NamesOnly: true}))
}

func TestDescriptionsAreShort(t *testing.T) {
	t.Parallel()
	for _, subject := range []string{strings.Repeat("x", 500), strings.Repeat("ü", 500), "\u202e\n\x00"} {
		got := Describe(promote.Deployment{Phase: promote.Failed, To: trunkSHA, Failure: &promote.Failure{Step: "verify", Subject: subject}})
		if n := len(got); n > 140 || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\x00\u202e") {
			t.Errorf("%d bytes: %q", n, got)
		}
	}
}
