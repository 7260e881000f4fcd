package config

import (
	"strings"
	"time"

	"github.com/trunkline/trunkline/config/calendar"
	"github.com/trunkline/trunkline/config/condition"
)

// Gates are the conditions on entering an environment that a repository declares. The zero value has none.
type Gates struct {
	// Soak is how long a commit must have been healthy in what the environment comes after.
	Soak time.Duration
	// Require names GitHub checks and statuses that must have passed on the commit.
	Require []string
	// Approve are rules of which each must be met.
	Approve []ApproveRule
	// AuthorMayApprove: authors and co-authors of the range may approve it. MergerMayApprove and PromoterMayApprove say
	// the same of who merged a part of it, and of who asked for the promotion.
	AuthorMayApprove, MergerMayApprove, PromoterMayApprove bool
	// Windows in which the environment may move; none: at any time.
	Windows []calendar.Window
	// AutoIf, where it holds, lets a promotion go without people: nobody has to ask for it or to approve it. Nil: none.
	AutoIf *condition.Condition
	// MaxRange limits what one promotion may bring.
	MaxRange MaxRange
}

// MaxRange limits what one promotion may bring. Zero: no limit.
type MaxRange struct{ Commits, Pulls int }

// ApproveRule asks for the consent of Count people. Without users and teams anyone with write access counts.
type ApproveRule struct {
	Who
	// Count is 1 or more.
	Count int
	At    Position
}

// Who names people: Users by login, Teams as "organisation/team". Either is enough. None: nobody is named.
type Who struct{ Users, Teams []string }

// Anyone tells whether nobody is named.
func (w Who) Anyone() bool { return len(w.Users)+len(w.Teams) == 0 }

// String is for people: "alice, bob or acme/platform".
func (w Who) String() string {
	all := append(append([]string{}, w.Users...), w.Teams...)
	switch len(all) {
	case 0:
		return "anyone with write access"
	case 1:
		return all[0]
	}
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// Allow says who may do what in an environment. Where a list names nobody, everyone with write access may; overriding
// then needs administration of the repository.
type Allow struct{ Promote, Hold, Override Who }

// ScheduledCheck is a check that runs at fixed times.
type ScheduledCheck struct {
	Check
	Schedule calendar.Schedule
}

// Freeze is a stretch of time in which nothing moves.
type Freeze struct {
	calendar.Span
	Reason string
	// Environments that it stops; empty: all.
	Environments []string
	At           Position
}

// Divergence is declared: some components stay as they are in some environments for a while.
type Divergence struct {
	// Components by name or pattern, and Environments; neither is empty.
	Components, Environments []string
	Reason                   string
	// Owner is a login or "organisation/team".
	Owner string
	// Until is the first moment after it.
	Until time.Time
	At    Position
}

// Migration has two steps, told apart by the paths that they change. What Contract takes away is in use until Expand has
// converged everywhere.
type Migration struct {
	Name             string
	Expand, Contract []string
	At               Position
}
