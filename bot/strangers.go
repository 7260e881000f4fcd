package bot

import (
	"sync"
	"time"
)

// strangers limits how often GitHub is asked who the people are that rules name because somebody without write access has
// typed a command: it costs calls, and everybody may comment on a public repository. Beyond the limit, what was asked
// before counts; nobody gains a right by that.
type strangers struct {
	mu    sync.Mutex
	heard map[int64][]time.Time
}

// mostStrangers are the commands of strangers in a minute for which GitHub is asked anew, for each repository.
const mostStrangers = 10

// ask tells whether GitHub may be asked for another stranger now, and counts it.
func (s *strangers) ask(repository int64, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heard == nil {
		s.heard = map[int64][]time.Time{}
	}
	var lately []time.Time
	for _, at := range s.heard[repository] {
		if now.Sub(at) < time.Minute {
			lately = append(lately, at)
		}
	}
	may := len(lately) < mostStrangers
	if may {
		lately = append(lately, now)
	}
	s.heard[repository] = lately
	return may
}
