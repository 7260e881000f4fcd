package runs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/trunkline/trunkline/bot/runs/wire"
)

// output is what the programs of a task say. It comes in pieces, each of which may come twice.
type output struct {
	mu sync.Mutex
	// to gets it; nil: nobody listens, or not any more.
	to io.Writer
	// file keeps it for a server that was killed meanwhile; empty: none does.
	file     string
	received int64
	closed   bool
}

// errGap is a piece that comes before others that are not there yet.
var errGap = errors.New("what comes before it is missing")

// errFull is a piece for which there is no room.
var errFull = errors.New("there is too much of it")

// add adds a piece that begins at an offset and returns how much there is.
func (o *output) add(offset int64, piece []byte) (received int64, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case offset > o.received || offset < 0:
		return o.received, errGap
	case offset+int64(len(piece)) <= o.received || o.closed:
		return o.received, nil
	case offset+int64(len(piece)) > wire.MaxOutput:
		return o.received, errFull
	}
	piece = piece[o.received-offset:]
	if err := o.keep(piece); err != nil {
		return o.received, err
	}
	o.received += int64(len(piece))
	if o.to != nil {
		_, _ = o.to.Write(piece) // a log that cannot be kept stops nothing
	}
	return o.received, nil
}

// keep appends to the file, so that what a killed server has not shown is there for the next.
func (o *output) keep(piece []byte) error {
	if o.file == "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(o.file), 0o700); err != nil {
		return fmt.Errorf("keep what a task says: %w", err)
	}
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if o.received == 0 {
		flags |= os.O_TRUNC
	}
	file, err := os.OpenFile(o.file, flags, 0o600)
	if err != nil {
		return fmt.Errorf("keep what a task says: %w", err)
	}
	_, err = file.Write(piece)
	return errors.Join(err, file.Close())
}

// restart begins anew, for another session.
func (o *output) restart() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.received = 0
	if o.to != nil {
		_, _ = io.WriteString(o.to, "[its runner was lost; it is done again by another]\n")
	}
}

// close takes nothing more. Where somebody has listened, the file has done its duty.
func (o *output) close(heard bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.to, o.closed = nil, true
	if heard && o.file != "" {
		_ = os.Remove(o.file) // tidying removes what stays
	}
}
