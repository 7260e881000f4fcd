package bot

import (
	"net/http"
	"strconv"
	"time"
)

// wayOf is how calls of an installation go to GitHub, the App's own with zero: each has a budget and a memory of its own. What
// is remembered is asked for within the budget, and each call that is made is counted.
func (c *clients) wayOf(installation int64) http.RoundTripper {
	c.mu.Lock()
	defer c.mu.Unlock()
	if way, ok := c.ways[installation]; ok {
		return way
	}
	spends := &budget{limits: c.limits, now: time.Now}
	if installation == 0 {
		spends.limits = limits{} // tokens for all installations; none of them is to hold up the others
	}
	way := (&conditional{}).asking(spends.within(c.meter(strconv.FormatInt(installation, 10), c.forgetting(c.base))))
	c.ways[installation] = way
	return way
}
