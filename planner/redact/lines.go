package redact

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

const (
	// maxLine is how long a line may be, in bytes. A longer one is left out whole: a cut could fall into a secret.
	maxLine = 128 << 10
	// maxHeld is how much text waits for the end of a private key.
	maxHeld = 64 << 10
)

var (
	keyBegins = regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----`)
	keyEnds   = regexp.MustCompile(`-----END [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----`)
	// named are ends of text after which the secret itself may come in the next line.
	named = regexp.MustCompile(`(?i)(aws_?(secret|session)_?[a-z_]*["']?\s*[:=]?\s*["']?|` +
		`authorization["']?\s*([:=]\s*["']?((basic|bearer|token)\s*)?)?)\s*$`)
)

// Lines redacts text that comes in pieces, line by line. A secret that lies across two pieces is found all the same: a line
// is handed on when it has ended, and what may be the beginning of a secret of several lines when that has ended too.
// Lines is not safe for concurrent use.
type Lines struct {
	redact func(string) string
	to     func(string)
	// clean is applied to whole lines before they are redacted, so that nothing hides a secret.
	clean func(string) string
	// begun is the line that has not ended, held the whole lines that are not handed on yet.
	begun []byte
	held  strings.Builder
	// tooLong: the line that has begun is one that is left out; inKey: a private key that is too long is; returned: the last
	// piece ended with a carriage return.
	tooLong, inKey, returned bool
}

// NewLines returns Lines that cleans and then redacts lines with the two functions and hands them to the third.
func NewLines(clean, redact func(string) string, to func(string)) *Lines {
	return &Lines{redact: redact, clean: clean, to: to}
}

// Write takes the next piece. It never fails.
func (l *Lines) Write(piece []byte) (int, error) {
	written := len(piece)
	if l.returned && written > 0 && piece[0] == '\n' {
		piece = piece[1:] // the second half of an end that was counted already
	}
	if written > 0 {
		l.returned = len(piece) > 0 && piece[len(piece)-1] == '\r'
	}
	for len(piece) > 0 {
		end := bytes.IndexAny(piece, "\r\n") // programs that draw progress end their lines with the first
		if end < 0 {
			l.begin(piece)
			break
		}
		l.begin(piece[:end])
		l.end()
		if piece[end] == '\r' && end+1 < len(piece) && piece[end+1] == '\n' {
			end++
		}
		piece = piece[end+1:]
	}
	l.release()
	return written, nil
}

// Flush hands on what is left, when no more comes.
func (l *Lines) Flush() {
	if len(l.begun) > 0 || l.tooLong {
		l.end()
	}
	if l.held.Len() > 0 {
		l.to(l.redact(l.held.String()))
		l.held.Reset()
	}
}

// begin adds to the line that has not ended.
func (l *Lines) begin(part []byte) {
	if l.tooLong {
		return
	}
	if len(l.begun)+len(part) > maxLine {
		l.tooLong, l.begun = true, nil
		return
	}
	l.begun = append(l.begun, part...)
}

// end ends the line.
func (l *Lines) end() {
	line := string(l.begun)
	if l.tooLong {
		line = fmt.Sprintf("[a line of more than %d KiB is left out]", maxLine>>10)
	}
	l.begun, l.tooLong = l.begun[:0], false
	line = l.clean(line)
	if l.inKey {
		end := keyEnds.FindStringIndex(line)
		if end == nil {
			return
		}
		l.inKey, line = false, line[end[1]:]
	}
	l.held.WriteString(line + "\n")
}

// release hands on what can be no beginning of a secret.
func (l *Lines) release() {
	text := l.held.String()
	if text == "" {
		return
	}
	from, key := unfinished(text)
	if key && len(text)-from > maxHeld {
		// Its end may never come: what comes until then is left out.
		l.inKey = true
		l.to(l.redact(text[:from]) + Mark + "\n")
		l.held.Reset()
		return
	}
	cut := l.cut(text, from)
	if cut == 0 && len(text) > 2*maxHeld {
		cut = len(text)
	}
	if cut == 0 {
		return
	}
	l.to(l.redact(text[:cut]))
	l.held.Reset()
	l.held.WriteString(text[cut:])
}

// cut is the last end of a line up to a place at which the text can be cut without cutting a secret.
func (l *Lines) cut(text string, from int) int {
	if from == len(text) {
		return from
	}
	whole := l.redact(text)
	for cut := from; cut > 0; cut-- {
		// What stands before a secret in its line may be needed to tell that it is one.
		cut = strings.LastIndexByte(text[:cut], '\n') + 1
		if cut == 0 || l.redact(text[:cut])+l.redact(text[cut:]) == whole {
			return cut
		}
	}
	return 0
}

// unfinished is where a secret may begin that has not ended at the end of the text, and whether it is a private key; the
// text's length if none.
func unfinished(text string) (from int, key bool) {
	from = len(text)
	if name := named.FindStringIndex(text); name != nil {
		from = name[0]
	}
	begins := keyBegins.FindAllStringIndex(text, -1)
	for at := 0; len(begins) > 0; begins = begins[1:] {
		if begins[0][0] < at {
			continue
		}
		end := keyEnds.FindStringIndex(text[begins[0][1]:])
		if end == nil {
			return min(from, begins[0][0]), true
		}
		at = begins[0][1] + end[1]
	}
	return from, false
}
