package engine

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	escapes = regexp.MustCompile(`\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\-_])`)
	control = regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f]`)
	// places that errors name: where the code is, or else the rule that was not kept.
	places = []*regexp.Regexp{regexp.MustCompile(`(?m)^\s*on (\S+) line (\d+)\b`), regexp.MustCompile(`\brule at (\S+):(\d+),`)}
)

// plain is text without what only a terminal understands.
func plain(text string) string {
	text = strings.ReplaceAll(escapes.ReplaceAllString(text, ""), "\r\n", "\n")
	return control.ReplaceAllString(text, "")
}

// maxMessage is how many bytes of an error are kept: enough for what a person reads.
const maxMessage = 16 << 10

// message is what an engine's output says went wrong: its errors, where it marks them as terraform does, or else the
// end of what it wrote.
func message(output string) string {
	var errors []string
	reading := false
	for line := range strings.Lines(plain(output)) {
		line = strings.TrimRight(strings.TrimLeft(line, "╷╵│"), " \t\n")
		bare := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(bare, "Error: "):
			reading = true
			errors = append(errors, "")
			line = bare
		case strings.HasPrefix(bare, "Warning: "):
			reading = false
		}
		if reading {
			errors[len(errors)-1] += line + "\n"
		}
	}
	text := strings.TrimSpace(plain(output))
	if len(errors) > 0 {
		for i := range errors {
			errors[i] = strings.TrimSpace(errors[i])
		}
		text = strings.Join(errors, "\n\n")
		if len(text) > maxMessage {
			text = strings.ToValidUTF8(text[:maxMessage], "") + "\n…"
		}
	} else if len(text) > maxMessage {
		text = "…\n" + strings.ToValidUTF8(text[len(text)-maxMessage:], "")
	}
	return text
}

// failure is the step's failure with what the engine's output says.
func (s Settings) failure(step, output string, work Work) *Failure {
	// Before it is cut, since half a secret is not recognised, and when it is put together, since terminals' codes may part one.
	said := message(s.Redact(plain(output)))
	failure := &Failure{Step: step, Message: s.Redact(work.Hostless(said))}
	if failure.Message == "" {
		failure.Message = "the engine failed and said nothing"
	}
	for _, place := range places {
		if found := place.FindStringSubmatch(said); found != nil && failure.File == "" {
			if failure.File = work.inRepository(found[1]); failure.File != "" {
				failure.Line, _ = strconv.Atoi(found[2])
			}
		}
	}
	return failure
}

// inRepository is the path from the repository's root of a file that the engine names, which sees it from the
// component's directory or by its absolute path; "" where it is not in the repository.
func (w Work) inRepository(file string) string {
	if !filepath.IsAbs(file) {
		file = filepath.Join(w.source(), file)
	}
	relative, err := filepath.Rel(w.Root, file)
	if err != nil || !filepath.IsLocal(relative) {
		return ""
	}
	return filepath.ToSlash(relative)
}

// beginnings of the plan itself, after the lines on the way to it.
var beginnings = []string{"Terraform ", "OpenTofu ", "No changes.", "Changes to Outputs:", "Note: "}

// onTheWay are the lines that say how far the engine is.
var onTheWay = regexp.MustCompile(`\.\.\.$|: (Refreshing state|Still reading|Preparing import)\.\.\. \[|: Read complete after `)

// reading is what a person reads of a plan in terraform's words: without the lines on its way there, and without the
// advice on what to type next.
func reading(output string) string {
	var kept []string
	begun := false
	for line := range strings.Lines(plain(output)) {
		line = strings.TrimRight(line, " \t\n")
		if strings.HasPrefix(line, "─────") {
			break
		}
		begun = begun || slices.ContainsFunc(beginnings, func(start string) bool { return strings.HasPrefix(line, start) })
		if begun || !onTheWay.MatchString(line) {
			kept = append(kept, line)
		}
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

// maxReading is how many bytes of terraform's words about a plan are kept. The changes themselves are in the plan.
const maxReading = 64 << 10

// bounded is text of at most that length, whole lines of its beginning.
func bounded(text string) string {
	if len(text) <= maxReading {
		return text
	}
	kept := text[:maxReading]
	kept = kept[:strings.LastIndexByte(kept, '\n')+1]
	return kept + "… and " + strconv.Itoa(strings.Count(text[len(kept):], "\n")+1) + " more lines"
}
