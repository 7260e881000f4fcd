package web

import (
	"fmt"
	"net/http"
	"time"
)

// pause is how long changes are gathered before the page is told: what happens
// together is fetched once.
const pause = 60 * time.Millisecond

// live tells the page that something changed, until the reader leaves. It says
// so once at the beginning too, for what happened between the page and the
// stream.
func (s *site) live(w http.ResponseWriter, r *http.Request) {
	stream := http.NewResponseController(w)
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	events, cancel := s.gh.Subscribe()
	defer cancel()
	for {
		if _, err := fmt.Fprint(w, "event: changed\ndata: now\n\n"); err != nil {
			return
		}
		if err := stream.Flush(); err != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-events:
		}
		rest := time.NewTimer(pause)
	gathering:
		for {
			select {
			case <-r.Context().Done():
				rest.Stop()
				return
			case <-events:
			case <-rest.C:
				break gathering
			}
		}
	}
}
