package bot

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// budget keeps the calls of one installation within what GitHub bears, so that it need not refuse any, and stops them where
// it does: going on regardless can get the App banned. Each installation has its own, so a noisy one holds up no other.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
type budget struct {
	limits limits
	now    func() time.Time

	mu    sync.Mutex
	spent []spending // of the last hour, oldest first
	// blocked is until when GitHub wants no calls, refusals how many there were in a row.
	blocked  time.Time
	refusals int
	// left of the calls of this hour, of how many, and when they begin anew; a zero reset: GitHub has not told.
	left, of int
	reset    time.Time
}

// limits of an installation. Zero: there is none.
type limits struct {
	// points in a minute: a read costs one, a write five.
	points int
	// contents are writes in a minute, and hourly those in an hour.
	contents, hourly int
}

// githubLimits are those of GitHub's cloud, with some room for what people do on its pages, which counts as well.
var githubLimits = limits{points: 850, contents: 75, hourly: 480}

// limitsAt are the limits of a GitHub, by the address of its API. Enterprise Servers have none unless their operators set them,
// and then say so when they are reached.
func limitsAt(api string) limits {
	address, err := url.Parse(api)
	if err == nil && (address.Host == "api.github.com" || strings.HasSuffix(address.Host, ".ghe.com")) {
		return githubLimits
	}
	return limits{}
}

type spending struct {
	at      time.Time
	points  int
	content bool
}

// patience is the longest that a call waits for its turn; one that would wait longer is tried again by whoever wanted it, and
// holds nobody up meanwhile.
const patience = 5 * time.Second

// spentError says that an installation has used up what GitHub bears.
type spentError struct{ until time.Time }

// Error says until when.
func (e *spentError) Error() string {
	return fmt.Sprintf("as many calls as GitHub bears were made for this installation; the next can be made at %s", e.until.UTC().Format(time.RFC3339))
}

// within makes calls by next when it is their turn, and once more where GitHub asks to wait a little.
func (b *budget) within(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		for try := 0; ; try++ {
			if err := b.enter(r); err != nil {
				return nil, err
			}
			response, err := next.RoundTrip(r)
			if err != nil || !b.note(response) || try == 2 || b.wait(r) > patience {
				return response, err
			}
			again := r.Clone(r.Context())
			if r.Body != nil {
				if r.GetBody == nil {
					return response, nil
				}
				if again.Body, err = r.GetBody(); err != nil {
					return response, nil
				}
			}
			response.Body.Close()
			r = again
		}
	})
}

// minor tells whether a call is one that can wait for others: reactions, and edits of comments that say how far something is.
func minor(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/reactions") || r.Method == http.MethodPatch && strings.Contains(r.URL.Path, "/issues/comments/")
}

// writes tells whether a call changes something, which GitHub counts as content.
func writes(r *http.Request) bool { return r.Method != http.MethodGet && r.Method != http.MethodHead }

// enter waits for the turn of a call, and counts it.
func (b *budget) enter(r *http.Request) error {
	for {
		wait := b.wait(r)
		if wait <= 0 {
			break
		}
		if wait > patience {
			return &spentError{b.now().Add(wait)}
		}
		select {
		case <-r.Context().Done():
			return r.Context().Err()
		case <-time.After(wait):
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	s := spending{at: b.now(), points: 1}
	if writes(r) {
		s.points, s.content = 5, true
	}
	b.spent = append(b.spent, s)
	return nil
}

// wait is how long it is until a call may be made. Minor ones leave a fifth of everything to the others.
func (b *budget) wait(r *http.Request) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	for len(b.spent) > 0 && now.Sub(b.spent[0].at) >= time.Hour {
		b.spent = b.spent[1:]
	}
	share := func(limit int) int {
		if minor(r) {
			return limit * 4 / 5
		}
		return limit
	}
	until := b.blocked
	if b.left <= b.of-share(b.of) && b.reset.After(until) {
		until = b.reset
	}
	later := func(at time.Time) {
		if at.After(until) {
			until = at
		}
	}
	later(b.over(share(b.limits.points), time.Minute, func(s spending) int { return s.points }))
	if !writes(r) {
		return until.Sub(now)
	}
	content := func(s spending) int {
		if s.content {
			return 1
		}
		return 0
	}
	later(b.over(share(b.limits.contents), time.Minute, content))
	later(b.over(share(b.limits.hourly), time.Hour, content))
	return until.Sub(now)
}

// over is when a window has room again for one more call; the zero time: it has.
func (b *budget) over(limit int, window time.Duration, cost func(spending) int) time.Time {
	if limit == 0 {
		return time.Time{}
	}
	sum, now := 0, b.now()
	for i := len(b.spent) - 1; i >= 0 && now.Sub(b.spent[i].at) < window; i-- {
		if sum += cost(b.spent[i]); sum >= limit {
			return b.spent[i].at.Add(window)
		}
	}
	return time.Time{}
}

// note learns from an answer how much is left, and whether GitHub refused because of a limit. Without another word from it,
// a minute is waited at least, and each time twice as long.
func (b *budget) note(response *http.Response) (refused bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	number := func(name string) (int, bool) {
		n, err := strconv.Atoi(response.Header.Get(name))
		return n, err == nil
	}
	left, told := number("X-RateLimit-Remaining")
	if of, ok := number("X-RateLimit-Limit"); ok && told {
		reset, _ := number("X-RateLimit-Reset")
		b.left, b.of, b.reset = left, of, time.Unix(int64(reset), 0)
	}
	after, asked := number("Retry-After")
	limited := response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusForbidden && (asked || told && left == 0)
	if !limited {
		if response.StatusCode < 400 {
			b.refusals = 0
		}
		return false
	}
	b.refusals++
	switch {
	case asked:
		b.blocked = b.now().Add(time.Duration(after) * time.Second)
	case told && left == 0:
		b.blocked = b.reset
	default:
		b.blocked = b.now().Add(min(time.Minute<<min(b.refusals-1, 10), time.Hour))
	}
	return true
}
