package logs

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/trunkline/trunkline/planner/redact"
)

// Step is the log of a step that runs. It begins with the first byte that is written, or with its end. It is safe for
// concurrent use, and a nil Step keeps nothing.
type Step struct {
	book  *Book
	key   Key
	name  string
	mu    sync.Mutex
	lines *redact.Lines
	kept  parts
	file  string // of the step, without its ending; empty: it has not begun
	entry entry
	// failed is the first thing that could not be written; nothing more is.
	failed error
	ended  bool
	// lasting: it goes on where the last of its name has not ended.
	lasting bool
}

// entry is how a step is written down.
type entry struct {
	Name    string    `json:"name"`
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"`
	Result  Result    `json:"result,omitempty"`
	Message string    `json:"message,omitempty"`
	// Lasting: it is written to now and then, also by the next process.
	Lasting bool `json:"lasting,omitempty"`
}

// Result is how a step ended.
type Result string

const (
	// Running: it has not ended, or the process that ran it was killed.
	Running Result = ""
	// OK: it did what it was asked to.
	OK Result = "ok"
	// Failed: it did not.
	Failed Result = "failed"
	// Stopped: it was broken off before its end, as when the server stops.
	Stopped Result = "stopped"
)

// Step opens the log of a step such as "apply dev/vpc". Everything that is written to it is redacted by the function.
func (b *Book) Step(key Key, name string, redactor func(string) string) *Step {
	if b == nil {
		return nil
	}
	s := &Step{book: b, key: key, name: oneLine(redactor(name))}
	s.lines = redact.NewLines(Harmless, redactor, s.keep)
	return s
}

// Lasting opens the log of a step that is done in several goes: it goes on where the step of that name was when it was left,
// see [Step.Leave].
func (b *Book) Lasting(key Key, name string, redactor func(string) string) *Step {
	s := b.Step(key, name, redactor)
	if s != nil {
		s.lasting = true
	}
	return s
}

// Leave closes the log of a step that has not ended.
func (s *Step) Leave() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines.Flush()
	s.kept.close()
	if s.failed != nil {
		return fmt.Errorf("keep the log of %s: %w", s.name, s.failed)
	}
	return nil
}

// Write adds to the log. It never fails: see [Step.End].
func (s *Step) Write(piece []byte) (int, error) {
	if s == nil {
		return len(piece), nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin()
	return s.lines.Write(piece)
}

// End ends the log: how the step ended, and a word on that, which is empty or redacted already. The error is that the log
// could not be kept.
func (s *Step) End(result Result, message string) error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return s.failed
	}
	s.begin()
	s.lines.Flush()
	s.ended = true
	s.entry.Ended, s.entry.Result, s.entry.Message = s.book.now().UTC(), result, oneLine(message)
	if s.failed == nil && s.file != "" {
		s.failed = s.entry.replace(s.file + ".json")
	}
	s.kept.close()
	if s.failed != nil {
		return fmt.Errorf("keep the log of %s: %w", s.name, s.failed)
	}
	return nil
}

// BreakOff ends the logs of the name that have not ended, or of all names where it is empty: nobody writes to them any more.
func (b *Book) BreakOff(key Key, name string) error {
	if b == nil {
		return nil
	}
	steps, err := b.Steps(key)
	for _, step := range steps {
		if step.Ended.IsZero() && !step.lasting && (name == "" || name == step.Name) {
			ended := entry{Name: step.Name, Started: step.Started, Ended: b.now().UTC(), Result: Stopped, Message: "the server was stopped"}
			err = errors.Join(err, ended.replace(step.file+".json"))
		}
	}
	return err
}

// begin finds the step's place after those that began before it.
func (s *Step) begin() {
	if s.file != "" || s.failed != nil {
		return
	}
	dir := s.book.directory(s.key)
	if s.lasting && s.goOn(dir) {
		return
	}
	number, most, err := s.book.place(dir, s.key.Deployment != 0)
	if err != nil {
		s.failed = err
		return
	}
	s.entry = entry{Name: s.name, Started: s.book.now().UTC(), Lasting: s.lasting}
	file := filepath.Join(dir, fmt.Sprintf("%03d-%s", number, slug(s.name)))
	if s.failed = s.entry.create(file + ".json"); s.failed == nil {
		s.file, s.kept = file, parts{file: file, most: most / 4}
	}
}

// goOn takes up the last step of the name, where it has not ended.
func (s *Step) goOn(dir string) bool {
	steps, err := s.book.stepsIn(dir)
	if err != nil {
		return false
	}
	for _, step := range slices.Backward(steps) {
		if step.Name != s.name {
			continue
		}
		if !step.Ended.IsZero() || !step.lasting {
			return false
		}
		s.entry = entry{Name: step.Name, Started: step.Started, Lasting: true}
		s.file, s.kept = step.file, parts{file: step.file, most: s.book.limits().Step / 4}
		s.failed = s.kept.goOn(step)
		return true
	}
	return false
}

// place is the number that the next step in a directory has, and how many bytes it may have. What scheduled checks write has
// no bounded number of steps, since old ones are removed.
func (b *Book) place(dir string, bounded bool) (number int, most int64, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	on, known := b.known[dir]
	if !known {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return 0, 0, err
		}
		if on, err = lookAt(dir); err != nil {
			return 0, 0, err
		}
		if b.known == nil || len(b.known) >= 1000 { // no more than can be looked at anew
			b.known = map[string]*shelf{}
		}
		b.known[dir] = on
	}
	limits := b.limits()
	if bounded && on.steps >= limits.Steps {
		return 0, 0, fmt.Errorf("there are %d steps already", on.steps)
	}
	on.steps++
	most = limits.Step
	if on.size > limits.Deployment {
		most /= 64
	}
	return on.steps, most, nil
}

// grown notes that something was written to a directory.
func (b *Book) grown(dir string, by int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if on, known := b.known[dir]; known {
		on.size += int64(by)
	}
}

// lookAt looks what is in a directory.
func lookAt(dir string) (*shelf, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var on shelf
	for _, file := range files {
		number, _, _ := strings.Cut(file.Name(), "-")
		if n, err := strconv.Atoi(number); err == nil {
			on.steps = max(on.steps, n)
		}
		if info, err := file.Info(); err == nil {
			on.size += info.Size()
		}
	}
	return &on, nil
}

func (s *Step) keep(text string) {
	if s.failed == nil && s.file != "" {
		s.failed = s.kept.add(text)
		s.book.grown(filepath.Dir(s.file), len(text))
	}
}

func (e entry) create(path string) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

// replace writes the entry in place of what there was, whole or not at all.
func (e entry) replace(path string) error {
	text, err := json.Marshal(e)
	if err == nil {
		err = os.WriteFile(path+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	return err
}

// slug is a name as a part of a file's name.
func slug(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '-'
	}, name)
	return safe[:min(len(safe), 60)]
}
