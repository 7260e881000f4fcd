package process

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// create makes the file anew, for appending: a file that is shortened while a child writes to it stays short.
func create(path string) (*os.File, error) {
	if path == "" {
		return nil, errors.New("no file is named for its output")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
}

func closeAll(files []*os.File) {
	for _, file := range files {
		// Our side of a file that the child writes to: nothing can be lost by closing it.
		_ = file.Close()
	}
}

// ReadBack returns the file's text, at most limit bytes of it: where it is longer, its head and its tail with a line
// between them that says how much is left out, and true. It cuts between lines, if they are not too long for that: half a
// line could hold half a secret, which nobody recognises.
func ReadBack(path string, limit int) (text string, truncated bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return "", false, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", false, err
	}
	if info.Size() <= int64(limit) {
		whole, err := io.ReadAll(io.LimitReader(file, int64(limit)))
		return strings.ToValidUTF8(string(whole), "\uFFFD"), false, err
	}
	half := int64(limit / 2)
	head, err := io.ReadAll(io.NewSectionReader(file, 0, half))
	if err != nil {
		return "", false, err
	}
	tail, err := io.ReadAll(io.NewSectionReader(file, info.Size()-half, half))
	if err != nil {
		return "", false, err
	}
	before, after := untilLine(head), fromLine(tail)
	return wholeRunes(before) + gap(info.Size()-int64(len(before)+len(after))) + wholeRunes(after), true, nil
}

// longestLine is how much is left out at a cut for the sake of whole lines.
const longestLine = 16 << 10

// untilLine is what a cut has left, without the line that it went through.
func untilLine(cut []byte) []byte {
	end := bytes.LastIndexByte(cut, '\n') + 1
	if end == 0 || len(cut)-end > longestLine {
		return cut
	}
	return cut[:end]
}

// fromLine is the same at the other side of a cut.
func fromLine(cut []byte) []byte {
	if at := bytes.IndexByte(cut, '\n'); at >= 0 && at < longestLine {
		return cut[at+1:]
	}
	return cut
}

// wholeRunes drops what a cut has left of a character at either end.
func wholeRunes(cut []byte) string {
	for len(cut) > 0 && !utf8.RuneStart(cut[0]) {
		cut = cut[1:]
	}
	for i := 1; i <= utf8.UTFMax && i <= len(cut); i++ {
		if last := cut[len(cut)-i:]; utf8.RuneStart(last[0]) {
			if !utf8.FullRune(last) {
				cut = cut[:len(cut)-i]
			}
			break
		}
	}
	return strings.ToValidUTF8(string(cut), "\uFFFD")
}

func gap(left int64) string { return fmt.Sprintf("\n[… %d bytes left out …]\n", left) }

// trim drops the middle of a log that has grown over its limit, keeping its first half and the last quarter. What
// the child writes at that very moment may be lost with the middle: a log may lose lines, a child may not be stopped
// for them. It returns the log's length before and after; the same where nothing was dropped.
func trim(path string, limit int64) (before, after int64) {
	info, err := os.Stat(path)
	if err != nil || info.Size() <= limit {
		return 0, 0
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return 0, 0
	}
	defer file.Close()
	head, quarter := limit/2, limit/4
	tail := make([]byte, quarter)
	n, err := file.ReadAt(tail, info.Size()-quarter)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, 0
	}
	if err := file.Truncate(head); err != nil {
		return 0, 0
	}
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		return info.Size(), head
	}
	// Not written in full means a shorter log, as a full disk would give anyway.
	kept, _ := io.WriteString(file, gap(info.Size()-head-int64(n))+string(tail[:n]))
	return info.Size(), head + int64(kept)
}

// discard removes a log that was read, or at least what is in it.
func discard(path string) {
	if os.Remove(path) != nil {
		_ = os.Truncate(path, 0) // it may be gone already
	}
}

// copying copies a file that grows.
type copying struct {
	from string
	to   io.Writer
	at   int64
}

// goOn copies what has been added.
func (c *copying) goOn() {
	if c.to == nil {
		return
	}
	file, err := os.Open(c.from)
	if err != nil {
		return
	}
	defer file.Close()
	n, _ := io.Copy(c.to, io.NewSectionReader(file, c.at, math.MaxInt64-c.at))
	c.at += n
}

// trimmed goes on at the same place in a file whose middle was dropped.
func (c *copying) trimmed(before, after int64) {
	c.at = max(0, c.at-before+after)
}
