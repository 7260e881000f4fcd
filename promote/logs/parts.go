package logs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// parts are the files that a log is written to, one after the other. Each is named by how many bytes come before it.
type parts struct {
	file string // without the ending
	// most is how many bytes one part may have.
	most   int64
	starts []int64 // of all parts, also those that are removed
	size   int64   // of the last part
	open   *os.File
}

// add writes whole lines.
func (p *parts) add(text string) error {
	for text != "" {
		if p.open == nil || p.size > 0 && p.size+int64(len(text)) > p.most {
			if err := p.next(); err != nil {
				return err
			}
		}
		piece := text
		if int64(len(piece)) > p.most {
			piece = piece[:lineEnd(piece, int(p.most))]
		}
		n, err := p.open.WriteString(piece)
		p.size += int64(n)
		if err != nil {
			return err
		}
		text = text[n:]
	}
	return nil
}

// lineEnd is the end of the last line that ends within that many bytes, or that of the first where it is longer.
func lineEnd(text string, within int) int {
	end := 0
	for i := range len(text) {
		if text[i] == '\n' {
			if i+1 > within && end > 0 {
				return end
			}
			end = i + 1
		}
	}
	if end == 0 {
		return len(text)
	}
	return end
}

// next begins a part, and removes the oldest between the beginning and the end.
func (p *parts) next() error {
	start := int64(0)
	if n := len(p.starts); n > 0 {
		start = p.starts[n-1] + p.size
	}
	p.close()
	var err error
	if p.open, err = os.OpenFile(partName(p.file, start), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return err
	}
	p.starts, p.size = append(p.starts, start), 0
	if n := len(p.starts) - 1; n-2 >= 2 {
		if err := os.Remove(partName(p.file, p.starts[n-2])); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// goOn opens the last part of a log that is there.
func (p *parts) goOn(step Entry) error {
	starts, err := step.parts()
	if err != nil || len(starts) == 0 {
		return err
	}
	p.starts = starts
	if p.open, err = os.OpenFile(partName(p.file, starts[len(starts)-1]), os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return err
	}
	info, err := p.open.Stat()
	if err == nil {
		p.size = info.Size()
	}
	return err
}

func (p *parts) close() {
	if p.open != nil {
		_ = p.open.Close() // what was written to it is written
		p.open = nil
	}
}

func partName(file string, start int64) string { return fmt.Sprintf("%s.%d.log", file, start) }
