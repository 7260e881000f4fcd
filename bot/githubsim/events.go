package githubsim

import (
	"context"
	"time"
)

// Event is one thing that happened, as a person would tell it. As JSON it always
// has all its keys.
type Event struct {
	At    time.Time `json:"at"`
	Actor string    `json:"actor"`
	// Kind is pull, issue, push, review, comment, comment_edited, reaction,
	// check, merge, queue, deployment, deployment_status, environment,
	// workflow_run, or gate for the answer of an App before an environment.
	Kind        string `json:"kind"`
	Repository  string `json:"repository"`
	Pull        int    `json:"pull"` // or issue; 0 where neither is concerned
	Environment string `json:"environment"`
	SHA         string `json:"sha"`
	// State is what became of it: opened, closed, reopened, ready_for_review of
	// a pull request or an issue, edited of an issue; the branch of a push; the verdict of a review; the content
	// of a reaction; the status or conclusion of a check; what a merge queue did
	// with a pull request: added, merged, or removed and why; the state of a
	// deployment; created, changed or deleted of an environment.
	State string `json:"state"`
	Body  string `json:"body"`
}

// record adds an event to the history.
func (gh *GitHub) record(event Event) {
	event.At = gh.options.Clock().UTC()
	gh.events = append(gh.events, event)
	gh.touch()
}

// Subscribe returns all events, those of the past first, in order and without
// loss however slowly they are read. cancel ends it and closes the channel.
func (gh *GitHub) Subscribe() (events <-chan Event, cancel func()) {
	out := make(chan Event)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(out)
		for next := 0; ; {
			gh.mu.Lock()
			fresh, changed := gh.events[next:], gh.changed
			gh.mu.Unlock()
			for _, event := range fresh {
				select {
				case out <- event:
					next++
				case <-ctx.Done():
					return
				}
			}
			if len(fresh) > 0 {
				continue
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, cancel
}

// Events lists what happened so far.
func (gh *GitHub) Events() []Event {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	return append([]Event(nil), gh.events...)
}

// Wait waits until the condition holds, looking at it again whenever anything
// changes on GitHub. The condition may call any method. Wait returns the
// context's error when that ends first.
func (gh *GitHub) Wait(ctx context.Context, condition func() bool) error {
	for {
		gh.mu.Lock()
		changed := gh.changed
		gh.mu.Unlock()
		if condition() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Settle waits until every webhook has been delivered and no REST call is being
// answered. What the App does after it has answered a webhook is not GitHub's to
// know: wait for its effect with Wait.
func (gh *GitHub) Settle(ctx context.Context) error {
	return gh.Wait(ctx, func() bool {
		gh.deliveries.flush(gh) // also what came since, and has nothing to be behind
		gh.mu.Lock()
		defer gh.mu.Unlock()
		return gh.deliveries.idle() && gh.inFlight == 0
	})
}
