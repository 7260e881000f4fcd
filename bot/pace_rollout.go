package bot

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/trunkline/trunkline/bot/comment"
	"github.com/trunkline/trunkline/promote"
)

// rolloutPace limits the edits that tell only how far deployments under way are. Whatever else a rollout has to say is
// said at once: what starts, ends, waits or asks for a person. How far a deployment is, its comment tells after half a
// minute, two minutes, eight, and then every ten, GitHub's page of the deployment more seldom, and the log always. So the calls
// that a rollout costs hardly grow with what there is to deploy, nor with how long that takes. It remembers nothing that
// matters: after a restart one edit may come early.
type rolloutPace struct {
	mu   sync.Mutex
	told map[toldOf]told
	// owed is when progress is due that was kept back.
	owed map[toldOf]time.Time
}

type toldOf struct {
	repository int64
	pull       int
}

// told is what a comment says of a rollout, and since when.
type told struct {
	gist string
	at   time.Time
}

const (
	// firstProgress is how long after its start a deployment's progress is first told in a comment, and each time later it
	// is progressFactor times as long.
	firstProgress  = 30 * time.Second
	progressFactor = 4
	// mostBetween is the longest time between two tellings.
	mostBetween = 10 * time.Minute
	// firstProgressOnGitHub is the same for the statuses of its GitHub deployment, each of which GitHub keeps.
	firstProgressOnGitHub = 8 * time.Minute
)

// progressDue is the first time after the last telling at which a deployment's progress is told again.
func progressDue(started, last time.Time, first time.Duration) time.Time {
	for wait := first; ; wait += min(wait*(progressFactor-1), mostBetween) {
		if due := started.Add(wait); due.After(last) {
			return due
		}
	}
}

// due tells whether a rollout is worth an edit now. When it is not, the time is kept at which it will be.
func (p *rolloutPace) due(of toldOf, rollout promote.Rollout, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	last, known := p.told[of]
	if !known || last.gist != gist(rollout) {
		return true
	}
	var next time.Time
	for _, stage := range rollout.Stages {
		if !underWay(stage) {
			continue
		}
		if due := progressDue(stage.Deployment.Started, last.at, firstProgress); next.IsZero() || due.Before(next) {
			next = due
		}
	}
	if next.IsZero() || !next.After(now) {
		return true
	}
	if p.owed == nil {
		p.owed = map[toldOf]time.Time{}
	}
	p.owed[of] = next
	return false
}

// tell keeps what was just said.
func (p *rolloutPace) tell(of toldOf, rollout promote.Rollout, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.owed, of)
	if p.told == nil {
		p.told = map[toldOf]told{}
	}
	if rollout.Converged() && !rollout.Releasing() {
		delete(p.told, of)
		return
	}
	p.told[of] = told{gist: gist(rollout), at: now}
}

// overdue are the repositories with progress to tell by now.
func (p *rolloutPace) overdue(now time.Time) (repositories []int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for of, at := range p.owed {
		if !at.After(now) {
			repositories = append(repositories, of.repository)
			delete(p.owed, of)
		}
	}
	return repositories
}

// underWay tells whether a stage's deployment goes on by itself.
func underWay(stage promote.Stage) bool {
	return stage.Deployment != nil && stage.Deployment.Phase.Live()
}

// gist is what a rollout says apart from how far its deployments are, and, while one of them is under way, from what
// others will change.
func gist(rollout promote.Rollout) string {
	var waits []time.Time
	var runs []string // of workflows, which people want to look at
	stages, moves := slices.Clone(rollout.Stages), slices.ContainsFunc(rollout.Stages, underWay)
	for i, stage := range stages {
		if moves {
			stages[i].Impact = nil
		}
		if underWay(stage) {
			deployment := *stage.Deployment
			for _, step := range deployment.Steps {
				runs = append(runs, step.URL)
			}
			deployment.Phase, deployment.Instances, deployment.Steps = promote.Planning, nil, nil
			waits = append(waits, deployment.WaitsUntil)
			stages[i].Deployment = &deployment
		}
	}
	rollout.Stages = stages
	return digestOf(comment.Rollout(rollout, comment.Options{}) + fmt.Sprint(waits, slices.DeleteFunc(runs, func(url string) bool { return url == "" })))
}
