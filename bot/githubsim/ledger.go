package githubsim

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim/contract"
)

// Violation is something that does not fit GitHub's description: a request of
// the App that GitHub would not understand, an answer or a webhook of the
// simulator that GitHub would not give, or an operation that is not built.
type Violation struct {
	Method string // HTTP method, or WEBHOOK
	Path   string // of the request after /api/v3, or the event and its action
	What   string
}

func (v Violation) String() string { return v.Method + " " + v.Path + ": " + v.What }

// Call is one REST call that was made.
type Call struct {
	At        time.Time
	Operation string // GitHub's operation id, empty for one that does not exist
	Method    string
	Path      string // after /api/v3
	Status    int
}

// ledger keeps what was asked and what did not fit.
type ledger struct {
	violations []Violation
	exercised  map[string]int
	calls      []Call
}

func (l *ledger) add(found Violation) { l.violations = append(l.violations, found) }

// finish writes the call down and holds it against the contract. The checks are
// made outside the lock.
func (gh *GitHub) finish(c *call, out written, checked bool) {
	path := strings.TrimPrefix(c.request.URL.EscapedPath(), apiPrefix)
	var found []Violation
	if out.status == http.StatusNotImplemented {
		found = append(found, Violation{Method: c.request.Method, Path: path, What: "not built: " + string(out.body)})
	} else if checked && !gh.options.Unchecked {
		found = gh.check(c, out, path)
	}
	gh.mu.Lock()
	defer gh.mu.Unlock()
	gh.ledger.violations = append(gh.ledger.violations, found...)
	gh.ledger.calls = append(gh.ledger.calls, Call{
		At: gh.options.Clock(), Operation: c.operation.ID, Method: c.request.Method, Path: path, Status: out.status,
	})
}

func (gh *GitHub) check(c *call, out written, path string) []Violation {
	exchange := contract.Exchange{
		Operation: c.operation, Values: c.values, Request: c.request, Body: c.body,
		Status: out.status, Header: out.header, Answer: out.body,
	}
	var found []Violation
	if err := gh.contract.CheckRequest(exchange); err != nil && out.status < 400 {
		// What GitHub refuses need not fit: the refusal is the answer to it.
		found = append(found, Violation{c.request.Method, path, "request: " + err.Error()})
	}
	if err := gh.contract.CheckResponse(exchange); err != nil {
		found = append(found, Violation{c.request.Method, path, fmt.Sprintf("response %d: %v", out.status, err)})
	}
	return found
}

// Violations lists what did not fit GitHub's description so far.
func (gh *GitHub) Violations() []Violation {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	return slices.Clone(gh.ledger.violations)
}

// Calls lists the REST calls so far, in the order in which they were answered.
func (gh *GitHub) Calls() []Call {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	return slices.Clone(gh.ledger.calls)
}

// Exercised counts the calls of each operation by its id.
func (gh *GitHub) Exercised() map[string]int {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	return maps.Clone(gh.ledger.exercised)
}

// Unexercised lists the operations that the simulator has and nobody called.
func (gh *GitHub) Unexercised() []string {
	used := gh.Exercised()
	var found []string
	for id := range handlers() {
		if used[id] == 0 {
			found = append(found, id)
		}
	}
	slices.Sort(found)
	return found
}
