package bot

import (
	"sync"
	"time"
)

// absent is what this GitHub turned out not to have, such as an older Enterprise Server: it is named once, and done without.
type absent struct {
	mu     sync.Mutex
	noted  map[string]bool
	looked time.Time
}

// lookEvery is how often repositories are looked at where nobody can tell which deliveries were lost.
const lookEvery = 10 * time.Minute

// note keeps that something is missing; first tells whether it is news.
func (a *absent) note(what string) (first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.noted[what] {
		return false
	}
	if a.noted == nil {
		a.noted = map[string]bool{}
		a.looked = time.Now() // the server looks at everything when it starts
	}
	a.noted[what] = true
	return true
}

// due tells whether so much time has passed since the last look, and begins anew where it has.
func (a *absent) due(every time.Duration) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Since(a.looked) < every {
		return false
	}
	a.looked = time.Now()
	return true
}
