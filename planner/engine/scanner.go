package engine

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// scanner reads a JSON text piece by piece: it walks into the objects and lists that it is told to, reads over what
// nobody wants at the speed of the disk, and keeps no more than the one value that was asked for last. What it reads
// over is not checked beyond its brackets and quotes.
type scanner struct {
	in *bufio.Reader
	// held is the value that was asked for last; its memory is used again.
	held []byte
}

const (
	// scanAhead is how many bytes are read at a time.
	scanAhead = 64 << 10
	// manyHeld is how much memory is kept for the next value: a huge one must not be paid for to the end.
	manyHeld = 1 << 20
)

func newScanner(from io.Reader) *scanner { return &scanner{in: bufio.NewReaderSize(from, scanAhead)} }

// next is the first byte of what comes next, behind white space. It is not taken.
func (s *scanner) next() (byte, error) {
	for {
		b, err := s.in.ReadByte()
		switch {
		case err == io.EOF:
			return 0, io.ErrUnexpectedEOF
		case err != nil:
			return 0, err
		case b != ' ' && b != '\n' && b != '\t' && b != '\r':
			return b, s.in.UnreadByte()
		}
	}
}

// expect takes one byte, which has to be this one.
func (s *scanner) expect(wanted byte) error {
	found, err := s.next()
	if err != nil {
		return err
	}
	if found != wanted {
		return fmt.Errorf("%q stands where %q was expected", found, wanted)
	}
	_, err = s.in.Discard(1)
	return err
}

// elements calls read for each element of the list that comes next; read has to take it.
func (s *scanner) elements(read func() error) error { return s.inside('[', ']', read) }

// members calls read for each member of the object that comes next; read has to take its value.
func (s *scanner) members(read func(key string) error) error {
	return s.inside('{', '}', func() error {
		key, err := s.key()
		if err != nil {
			return err
		}
		if err := read(key); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
}

func (s *scanner) inside(begin, end byte, read func() error) error {
	if err := s.expect(begin); err != nil {
		return err
	}
	for first := true; ; first = false {
		b, err := s.next()
		if err != nil {
			return err
		}
		if b == end {
			return s.expect(end)
		}
		if !first {
			if err := s.expect(','); err != nil {
				return err
			}
		}
		if err := read(); err != nil {
			return err
		}
	}
}

// key takes a member's name with the colon after it.
func (s *scanner) key() (key string, err error) {
	text, err := s.value()
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(text, &key); err != nil {
		return "", err
	}
	return key, s.expect(':')
}

// null tells whether null comes next, and takes it.
func (s *scanner) null() (bool, error) {
	if b, err := s.next(); err != nil || b != 'n' {
		return false, err
	}
	return true, s.skip()
}

// value takes the value that comes next. It is good until the next one is asked for.
func (s *scanner) value() ([]byte, error) {
	if s.held = s.held[:0]; cap(s.held) > manyHeld {
		s.held = nil
	}
	err := s.take(func(piece []byte) { s.held = append(s.held, piece...) })
	return s.held, err
}

// skip takes the value that comes next and drops it.
func (s *scanner) skip() error { return s.take(func([]byte) {}) }

// take hands over the value that comes next in pieces.
func (s *scanner) take(keep func([]byte)) error {
	if _, err := s.next(); err != nil {
		return err
	}
	for e := (extent{}); ; {
		if _, err := s.in.Peek(1); err == io.EOF && e.plain {
			return nil // a number at the very end
		} else if err == io.EOF {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
		ahead, _ := s.in.Peek(s.in.Buffered())
		n, ended := e.of(ahead)
		keep(ahead[:n])
		if _, err := s.in.Discard(n); err != nil {
			return err
		}
		if ended {
			return nil
		}
	}
}

// extent finds the end of a value that comes in pieces.
type extent struct {
	// depth of open objects and lists.
	depth int
	// quoted: within a string, escaped: behind its backslash, plain: within a number or a word outside of all.
	quoted, escaped, plain bool
}

// of is how many bytes of the piece belong to the value, and whether it ends with them.
func (e *extent) of(piece []byte) (n int, ended bool) {
	for i, b := range piece {
		switch {
		case e.escaped:
			e.escaped = false
		case e.quoted && b == '\\':
			e.escaped = true
		case e.quoted && b == '"':
			if e.quoted = false; e.depth == 0 {
				return i + 1, true
			}
		case e.quoted:
		case b == '"':
			e.quoted = true
		case b == '{' || b == '[':
			e.depth++
		case b == ',' || b == ':' || b == '}' || b == ']' || b == ' ' || b == '\n' || b == '\t' || b == '\r':
			if e.depth == 0 { // it belongs to what stands around the number
				return i, true
			}
			if b == '}' || b == ']' {
				if e.depth--; e.depth == 0 {
					return i + 1, true
				}
			}
		default:
			e.plain = e.depth == 0
		}
	}
	return len(piece), false
}
