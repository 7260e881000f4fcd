package bot

import (
	"math"
	"sync"
	"time"

	"github.com/trunkline/trunkline/promote/store"
)

// pace spaces out the edits of preview comments while plans come in: the first after a moment, then ever more
// rarely, so that a preview of five hundred instances costs few more calls than one of one. What is new or done is
// always due. It remembers nothing that matters: after a restart one edit may come early.
type pace struct {
	mu    sync.Mutex
	edits map[int64]map[int]edited
}

type edited struct {
	head   string
	wanted int64
	count  int
	at     time.Time
}

// due tells whether the preview is worth an edit now, and counts it.
func (p *pace) due(pull store.PullRequest) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.edits == nil {
		p.edits = map[int64]map[int]edited{}
	}
	if p.edits[pull.Repository] == nil {
		p.edits[pull.Repository] = map[int]edited{}
	}
	if pull.PreviewPhase != store.PreviewPlanning {
		delete(p.edits[pull.Repository], pull.Number)
		return true
	}
	last := p.edits[pull.Repository][pull.Number]
	if last.head != pull.PreviewHead || last.wanted != pull.PreviewWanted {
		last = edited{head: pull.PreviewHead, wanted: pull.PreviewWanted}
	}
	wait := time.Duration(2 * math.Pow10(max(last.count-1, 0)) * float64(time.Second)) // 2 s, 20 s, 200 s, …
	if last.count > 0 && time.Since(last.at) < wait {
		return false
	}
	last.count, last.at = last.count+1, time.Now()
	p.edits[pull.Repository][pull.Number] = last
	return true
}

// forget makes the next edit of a preview due.
func (p *pace) forget(pull store.PullRequest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.edits[pull.Repository], pull.Number)
}
