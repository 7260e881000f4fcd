package githubsim

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// Fault is something that goes wrong with REST calls. A fault with Status
// answers without effect; the others let the call take effect unless DropBefore
// is set.
type Fault struct {
	// Operation is the id of the operation it concerns, such as
	// issues/create-comment. Empty is any.
	Operation string
	// Path is a regular expression on the path after /api/v3. Empty is any.
	Path string
	// Times is how often it happens. Zero is for ever.
	Times int
	// Skip is how many matching calls pass before it happens.
	Skip int

	// Status is what is answered, such as 502. 403 and 429 are answered as a
	// secondary rate limit with RetryAfter.
	Status int
	// RetryAfter is sent as whole seconds.
	RetryAfter time.Duration
	// Delay is waited before anything else, in real time.
	Delay time.Duration
	// Until is waited for after that, until it is closed. nil is not.
	Until <-chan struct{}
	// DropBefore breaks the connection before the call takes effect, DropAfter
	// after it: the App cannot tell which of the two happened.
	DropBefore, DropAfter bool

	path  *regexp.Regexp
	seen  int
	spent bool
}

// Inject makes the fault happen from now on. It returns what takes it away
// again. Faults that match the same call are tried in the order they came.
func (gh *GitHub) Inject(fault Fault) (remove func(), err error) {
	if fault.path, err = regexp.Compile(fault.Path); err != nil {
		return nil, err
	}
	gh.mu.Lock()
	defer gh.mu.Unlock()
	held := &fault
	gh.faults = append(gh.faults, held)
	return func() {
		gh.mu.Lock()
		defer gh.mu.Unlock()
		held.spent = true
	}, nil
}

// fault finds what goes wrong with a call, a Fault without any effect if
// nothing does.
func (gh *GitHub) fault(operation, path string) Fault {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	for _, held := range gh.faults {
		if held.spent || held.Operation != "" && held.Operation != operation || !held.path.MatchString(path) {
			continue
		}
		held.seen++
		if held.seen <= held.Skip {
			continue
		}
		if held.Times > 0 && held.seen >= held.Skip+held.Times {
			held.spent = true
		}
		return *held
	}
	return Fault{}
}

// waits holds the call up as the fault says and reports whether the client
// was still there at the end.
func (f Fault) waits(ctx context.Context) bool {
	if f.Delay > 0 {
		timer := time.NewTimer(f.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		}
	}
	if f.Until == nil {
		return true
	}
	select {
	case <-f.Until:
		return true
	case <-ctx.Done():
		return false
	}
}

// answer is what a fault with a status says instead of GitHub.
func (f Fault) answer() written {
	problem := &Problem{Status: f.Status, Message: http.StatusText(f.Status)}
	if f.Status == http.StatusForbidden || f.Status == http.StatusTooManyRequests {
		limit := secondaryLimit(int(f.RetryAfter / time.Second))
		problem.Message, problem.documentation = limit.Message, limit.documentation
	}
	header := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	if f.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(f.RetryAfter/time.Second)))
	}
	return written{status: f.Status, header: header, body: encode(problemBody(problem))}
}
