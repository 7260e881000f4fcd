package logs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Entry is a step of a deployment, as it is found.
type Entry struct {
	// Number of the step in the order in which they began, from 1 on.
	Number int
	// Name such as "apply dev/vpc".
	Name string
	// Started, and Ended; zero: it has not.
	Started, Ended time.Time
	Result         Result
	// Message is a word on the result.
	Message string

	file    string
	lasting bool
}

// Steps returns the steps of a deployment, in the order in which they began; none where nothing is kept.
func (b *Book) Steps(key Key) ([]Entry, error) { return b.stepsIn(b.directory(key)) }

func (b *Book) stepsIn(dir string) ([]Entry, error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for logs: %w", err)
	}
	var steps []Entry
	for _, file := range files {
		name, is := strings.CutSuffix(file.Name(), ".json")
		number, _, numbered := strings.Cut(name, "-")
		n, err := strconv.Atoi(number)
		if !is || !numbered || err != nil {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, file.Name()))
		var e entry
		if err != nil || json.Unmarshal(text, &e) != nil {
			continue // it is being written, or removed
		}
		steps = append(steps, Entry{Number: n, Name: oneLine(e.Name), Started: e.Started, Ended: e.Ended, Result: e.Result,
			Message: oneLine(e.Message), file: filepath.Join(dir, name), lasting: e.Lasting})
	}
	slices.SortFunc(steps, func(a, b Entry) int { return a.Number - b.Number })
	return steps, nil
}

// Text is a piece of a log.
type Text struct {
	// Missing is how many bytes before it are not kept.
	Missing int64
	Text    string
	// Next is where to go on reading; the same as before: there is no more, for now.
	Next int64
}

// Read reads on from a place in the step's log, 0 at first, at most that many bytes. It is harmless to a terminal.
func (e Entry) Read(from int64, most int) (Text, error) {
	starts, err := e.parts()
	if err != nil {
		return Text{}, fmt.Errorf("read the log of %s: %w", e.Name, err)
	}
	for _, start := range starts {
		text, err := readPart(partName(e.file, start), max(0, from-start), most)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was removed meanwhile: its bytes are missing
		}
		if err != nil {
			return Text{}, fmt.Errorf("read the log of %s: %w", e.Name, err)
		}
		if len(text) > 0 {
			at := max(from, start)
			return Text{Missing: at - from, Text: Harmless(string(text)), Next: at + int64(len(text))}, nil
		}
	}
	return Text{Next: from}, nil
}

// Size is how many bytes were written to the log, also those that are not kept any more.
func (e Entry) Size() int64 {
	starts, err := e.parts()
	if err != nil || len(starts) == 0 {
		return 0
	}
	last := starts[len(starts)-1]
	info, err := os.Stat(partName(e.file, last))
	if err != nil {
		return last
	}
	return last + info.Size()
}

// parts are the places where the parts of the log begin, in their order.
func (e Entry) parts() (starts []int64, err error) {
	files, err := filepath.Glob(globbed(e.file) + ".*.log")
	for _, file := range files {
		number := strings.TrimSuffix(strings.TrimPrefix(file, e.file+"."), ".log")
		if start, err := strconv.ParseInt(number, 10, 64); err == nil && start >= 0 {
			starts = append(starts, start)
		}
	}
	slices.Sort(starts)
	return starts, err
}

// globbed is a path in which no character has a meaning of its own for a pattern.
func globbed(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// readPart reads whole lines of a part where there are any within the limit.
func readPart(path string, from int64, most int) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.NewSectionReader(file, from, int64(most)))
	if end := strings.LastIndexByte(string(text), '\n') + 1; end > 0 {
		text = text[:end]
	} else if len(text) < most {
		return nil, err // a line that is being written
	}
	return text, err
}
