package bot

import (
	"strings"
	"sync"
	"time"
)

// acquaintances are the ids of people that GitHub has told just now, so that not every look at the rules asks again who
// they name. A login is given to somebody else at most; the id that it stood for a moment ago is still the person meant.
// What people may do, and which teams they are in, is always asked anew. Nobody is remembered as missing.
type acquaintances struct {
	mu  sync.Mutex
	ids map[acquaintance]met
}

// acquaintance is a login, in lower case, as an installation sees it.
type acquaintance struct {
	installation int64
	login        string
}

type met struct {
	id int64
	at time.Time
}

// acquaintedFor is how long a login is taken to stand for the same person.
const acquaintedFor = time.Minute

// who is the id of a login; 0: it has to be asked for.
func (a *acquaintances) who(installation int64, login string) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := a.ids[acquaintance{installation, strings.ToLower(login)}]
	if time.Since(found.at) > acquaintedFor {
		return 0
	}
	return found.id
}

// meet keeps what GitHub has just said.
func (a *acquaintances) meet(installation int64, login string, id int64) {
	if id == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ids == nil {
		a.ids = map[acquaintance]met{}
	}
	for known, was := range a.ids {
		if time.Since(was.at) > acquaintedFor {
			delete(a.ids, known)
		}
	}
	a.ids[acquaintance{installation, strings.ToLower(login)}] = met{id, time.Now()}
}
