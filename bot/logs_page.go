package bot

import (
	"crypto/sha256"
	_ "embed" // the page
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"

	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/logs"
)

//go:embed pages/log.html
var logPage string

//go:embed pages/log.css
var logStyle string

// Bounds of what stands on the page of a deployment; the rest is behind links.
const (
	pageOfStep = 48 << 10
	pageOfAll  = 2 << 20
	// unfolded is how many steps a page may have on which all of them are.
	unfolded = 6
)

// logPages is how logs are shown.
type logPages struct {
	page *template.Template
	// headers of all answers. The page may load nothing, send nothing, and stand in no other page.
	headers map[string]string
}

func newLogPages() (logPages, error) {
	page, err := template.New("log").Parse(logPage)
	if err != nil {
		return logPages{}, fmt.Errorf("read the page of logs: %w", err)
	}
	style := sha256.Sum256([]byte(logStyle))
	return logPages{page, map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(style[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Robots-Tag": "noindex, nofollow",
		"Cache-Control": "no-store", "Cross-Origin-Resource-Policy": "same-origin",
	}}, nil
}

// logView is what the page shows.
type logView struct {
	Style                            template.CSS
	Title, Range, Phase, When, Ended string
	Failure                          string
	Live, One                        bool
	Steps                            []logStep
}

type logStep struct {
	Number                 int
	Name, Started, Outcome string
	Result                 logs.Result
	Text                   string
	// Open: it is unfolded. More: there is more text behind the step's own link.
	Open, More bool
}

// logPageOf is the page of a deployment, or of one step with all that is kept of it.
func (b *Bot) logPageOf(found servedLog, one bool) logView {
	d := found.Deployment
	view := logView{
		Style: template.CSS(logStyle), Title: found.Owner + "/" + found.Name + ": " + d.Environment, Range: promote.Short(d.From) + " → " + promote.Short(d.To),
		Phase: string(d.Phase), When: d.Started.UTC().Format("2006-01-02 15:04:05 UTC"), Live: d.Phase.Live(), One: one,
	}
	if !d.Finished.IsZero() {
		view.Ended = d.Finished.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	if d.Failure != nil {
		view.Failure = logs.Harmless(b.redactor.Redact(comment.Describe(d)))
	}
	room, ofStep := pageOfAll, pageOfStep
	if one {
		room, ofStep = 8<<20, 8<<20
	}
	for _, step := range found.Steps {
		shown := logStep{Number: step.Number, Name: b.redactor.Redact(step.Name), Started: step.Started.UTC().Format("15:04:05"), Outcome: b.redactor.Redact(step.Outcome()),
			Result: step.Result, Open: one || len(found.Steps) <= unfolded || step.Ended.IsZero() || step.Result != logs.OK}
		if step.Ended.IsZero() && !view.Live {
			shown.Outcome, shown.Result = "broken off", logs.Stopped
		}
		shown.Text, shown.More = b.logText(step, min(room, ofStep))
		room -= len(shown.Text)
		view.Steps = append(view.Steps, shown)
	}
	return view
}

// logText is the text of a step, the end of it where it is longer than there is room, and whether that is so.
func (b *Bot) logText(step logs.Entry, room int) (text string, more bool) {
	from := max(0, step.Size()-int64(max(room, 0)))
	more = from > 0
	var all strings.Builder
	for all.Len() <= room {
		piece, err := step.Read(from, min(max(room, 1), 256<<10))
		if err != nil {
			return "The log cannot be read.", false
		}
		if piece.Next == from {
			break
		}
		if piece.Missing > 0 {
			fmt.Fprintf(&all, "[%d bytes are not kept]\n", piece.Missing)
		}
		all.WriteString(piece.Text)
		from = piece.Next
	}
	text = b.redactor.Redact(all.String())
	if more { // from somewhere in a line on
		text = text[strings.IndexByte(text, '\n')+1:]
	}
	return text, more
}
