package bot

import (
	"sync"
	"time"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/promote/store"
)

// pace limits the edits of preview comments while plans come in: one at once, which names what is affected, and one when
// three quarters of the plans are there, so that nobody waits for the slowest. A preview of five hundred instances costs
// as many calls as one of one: with a token to fetch and one to talk, the question who the author is, the check run's
// beginning and its end, and the result, they are eight. Where somebody else has pushed, that is one more question,
// and so one edit less. What is new or done is always due. It remembers nothing that matters: after a restart one edit
// may come early.
type pace struct {
	mu    sync.Mutex
	edits map[int64]map[int]edited
}

// secondEdit is how long after the first edit the second comes at the earliest.
const secondEdit = 2 * time.Second

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
	switch last.count {
	case 0:
	case 1:
		soon := time.Since(last.at) < secondEdit
		if done, all := planned(pull.Preview); soon || done*4 < all*3 || pull.Author.ID != pull.Pusher.ID {
			return false
		}
	default:
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

// planned is how many plans and checks of a preview are done, and how many there are.
func planned(preview planner.Preview) (done, all int) {
	for _, instance := range preview.Instances {
		if instance.Outcome != planner.Waiting && instance.Outcome != planner.Planning {
			done++
		}
	}
	for _, check := range preview.Checks {
		if check.Outcome != planner.CheckRunning {
			done++
		}
	}
	return done, len(preview.Instances) + len(preview.Checks)
}
