package logs

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Printer prints the steps of a deployment as text, also while they run: each time what is new. Where the text goes over to
// another step, a line says to which.
type Printer struct {
	// To gets the text.
	To io.Writer
	// Redact is applied to it once more; nil: it is printed as it is kept.
	Redact func(string) string

	printed map[int]printed
	last    int
	begun   bool
}

// printed is how far a step was printed.
type printed struct {
	next  int64
	ended bool
}

// clock is how times are printed.
const clock = "2006-01-02 15:04:05Z"

// Print prints what is new in the steps, which [Book.Steps] has found.
func (p *Printer) Print(steps []Entry) error {
	if p.printed == nil {
		p.printed = map[int]printed{}
	}
	for _, step := range steps {
		so, known := p.printed[step.Number]
		if so.ended {
			continue
		}
		if !known {
			p.say(step, ", "+step.Started.UTC().Format(clock))
		}
		next, err := p.text(step, so.next)
		if err != nil {
			return err
		}
		if !step.Ended.IsZero() {
			p.say(step, ": "+step.Outcome())
		}
		p.printed[step.Number] = printed{next, !step.Ended.IsZero()}
	}
	return nil
}

// text prints the step's text from a place on, and returns where it ends for now.
func (p *Printer) text(step Entry, from int64) (next int64, err error) {
	for {
		text, err := step.Read(from, 256<<10)
		if err != nil || text.Next == from {
			return from, err
		}
		if step.Number != p.last {
			p.say(step, ", goes on")
		}
		if text.Missing > 0 {
			fmt.Fprintf(p.To, "[%d bytes are not kept]\n", text.Missing)
		}
		if p.Redact != nil {
			text.Text = p.Redact(text.Text)
		}
		if _, err := io.WriteString(p.To, unlike(text.Text)); err != nil {
			return from, err
		}
		from = text.Next
	}
}

// unlike is text of programs none of whose lines looks like one of ours.
func unlike(text string) string {
	if strings.HasPrefix(text, "== ") {
		text = " " + text
	}
	return strings.ReplaceAll(text, "\n== ", "\n == ")
}

// say prints a line about a step.
func (p *Printer) say(step Entry, what string) {
	if p.last != step.Number && p.begun {
		fmt.Fprintln(p.To)
	}
	fmt.Fprintf(p.To, "== %d %s%s\n", step.Number, step.Name, what)
	p.begun, p.last = true, step.Number
}

// Outcome is how the step ended, and after which time: "failed after 12s: exit code 3".
func (e Entry) Outcome() string {
	if e.Ended.IsZero() {
		return "running"
	}
	text := string(e.Result) + " after " + took(e.Started, e.Ended)
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// took is a time between two moments as people read it.
func took(from, to time.Time) string {
	long := max(0, to.Sub(from))
	if long >= time.Minute {
		return long.Round(time.Second).String()
	}
	return long.Round(100 * time.Millisecond).String()
}
