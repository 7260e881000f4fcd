package githubsim

import (
	"net/http"
	"strconv"
	"time"
)

// Limits are the rate limits of an installation.
type Limits struct {
	// Hourly is how many requests an installation may make in an hour. Zero is
	// GitHub's 5,000.
	Hourly int
	// Secondary switches on what GitHub counts by the minute: 900 points, of
	// which a read is one and a write five; 80 requests that create content,
	// 500 of them in an hour. It is off by default because a test goes through
	// a day's work in seconds.
	Secondary bool
}

// usage is what one installation has used up.
type usage struct {
	hour     time.Time // the beginning of the current window
	used     int
	minute   time.Time
	points   int
	contents int // in this minute
	hourly   int // contents in this hour
}

func (l Limits) hourly() int {
	if l.Hourly == 0 {
		return 5000
	}
	return l.Hourly
}

// usageOf finds the counters of the caller, with windows that have passed begun
// anew. Callers without a token share one.
func (gh *GitHub) usageOf(who caller) *usage {
	var key int64
	if who.token != nil {
		key = who.token.installation.id
	}
	now := gh.options.TokenClock()
	found := gh.usage[key]
	if found == nil {
		found = &usage{hour: now, minute: now}
		gh.usage[key] = found
	}
	if now.Sub(found.hour) >= time.Hour {
		found.hour, found.used, found.hourly = now, 0, 0
	}
	if now.Sub(found.minute) >= time.Minute {
		found.minute, found.points, found.contents = now, 0, 0
	}
	return found
}

// count charges the call and refuses it when a limit is reached.
func (gh *GitHub) count(c *call) error {
	if c.operation.ID == "rate-limit/get" {
		return nil
	}
	used := gh.usageOf(c.caller)
	if used.used >= gh.options.Limits.hourly() {
		return &Problem{Status: http.StatusForbidden, Message: "API rate limit exceeded for installation."}
	}
	used.used++
	if !gh.options.Limits.Secondary {
		return nil
	}
	writes := c.request.Method != http.MethodGet
	used.points++
	if writes {
		used.points += 4
		used.contents++
		used.hourly++
	}
	if used.points > 900 || used.contents > 80 || used.hourly > 500 {
		return secondaryLimit(60)
	}
	return nil
}

// secondaryLimit is GitHub's refusal of too much in too short a time.
func secondaryLimit(seconds int) *Problem {
	return &Problem{
		Status:  http.StatusForbidden,
		Message: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
		header:  http.Header{"Retry-After": {strconv.Itoa(seconds)}},
	}
}

// uncount gives back what a 304 was charged.
func (gh *GitHub) uncount(c *call) { gh.usageOf(c.caller).used-- }

func (gh *GitHub) addLimitHeaders(c *call, header http.Header) {
	limit, used := gh.options.Limits.hourly(), gh.usageOf(c.caller)
	header.Set("X-RateLimit-Limit", strconv.Itoa(limit))
	header.Set("X-RateLimit-Remaining", strconv.Itoa(max(limit-used.used, 0)))
	header.Set("X-RateLimit-Used", strconv.Itoa(used.used))
	header.Set("X-RateLimit-Reset", decimal(used.hour.Add(time.Hour).Unix()))
	header.Set("X-RateLimit-Resource", "core")
}

// getRateLimit answers rate-limit/get.
func getRateLimit(c *call) (reply, error) {
	limit, used := c.gh.options.Limits.hourly(), c.gh.usageOf(c.caller)
	core := map[string]any{
		"limit": limit, "used": used.used, "remaining": max(limit-used.used, 0), "reset": used.hour.Add(time.Hour).Unix(),
	}
	search := map[string]any{"limit": 30, "used": 0, "remaining": 30, "reset": used.hour.Add(time.Hour).Unix()}
	return ok(map[string]any{
		"resources": map[string]any{"core": core, "search": search, "graphql": core}, "rate": core,
	})
}
