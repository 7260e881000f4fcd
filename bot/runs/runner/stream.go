package runner

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/trunkline/trunkline/bot/runs/wire"
)

// sendEvery is how often what programs say is sent.
const sendEvery = 500 * time.Millisecond

// mostKept is how much of what was said is kept for a server that cannot be reached; what is older is lost.
const mostKept = 8 << 20

// stream sends what the programs of a task say. Writing never waits for the server.
type stream struct {
	client *Client
	task   int64

	mu   sync.Mutex
	text []byte
	// from is the offset at which text begins.
	from int64
	over bool
	more chan struct{}
}

func newStream(client *Client, task int64) *stream {
	return &stream{client: client, task: task, more: make(chan struct{}, 1)}
}

// Write keeps text to be sent.
func (s *stream) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || s.from+int64(len(s.text)+len(text)) > wire.MaxOutput || len(s.text)+len(text) > mostKept {
		s.over = true // an end that is missing is better than a middle
		return len(text), nil
	}
	s.text = append(s.text, text...)
	if len(s.text) >= wire.MaxChunk/4 {
		select {
		case s.more <- struct{}{}:
		default:
		}
	}
	return len(text), nil
}

// run sends until ctx ends.
func (s *stream) run(ctx context.Context) {
	every := time.NewTicker(sendEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		case <-s.more:
		}
		_ = s.send(ctx) // it is tried again
	}
}

// send sends what there is.
func (s *stream) send(ctx context.Context) error {
	for {
		s.mu.Lock()
		piece, from := s.text[:min(len(s.text), wire.MaxChunk)], s.from
		s.mu.Unlock()
		if len(piece) == 0 {
			return nil
		}
		received, err := s.client.output(ctx, s.task, from, piece)
		if errors.Is(err, errFull) || errors.Is(err, errTaken) {
			s.mu.Lock()
			s.text, s.over = nil, true
			s.mu.Unlock()
			return nil
		}
		if err != nil {
			return err
		}
		s.mu.Lock()
		taken := received - s.from
		if taken <= 0 || taken > int64(len(s.text)) {
			s.text, s.over = nil, true // the server has lost some of it
		} else {
			s.text, s.from = s.text[taken:], received
		}
		s.mu.Unlock()
	}
}
