package promote

import "time"

// Outcome is how a deployment ended.
type Outcome struct {
	Deployment int64
	// To is the commit it was to bring.
	To string
	// Phase in which it ended: not a live one.
	Phase Phase
	At    time.Time
	// Touched: something of it was applied, or begun to be.
	Touched bool
}

// CheckRun is one run of a check of an environment that runs by a schedule or all the time.
type CheckRun struct {
	// Check by its name in the configuration.
	Check string
	// SHA that the environment ran when the check began; empty: not known.
	SHA            string
	Passed         bool
	Started, Ended time.Time
}

// Report is the newest result of a GitHub check or status of one name on a commit.
type Report struct {
	Name string
	// Source tells apart who reports under the same name: an App, or "status".
	Source string
	// Done: it has ended. Passed: successfully, or it was skipped or neutral, which GitHub counts as passed.
	Done, Passed bool
	At           time.Time
}

// LeftOut is a component that does not run what its environment runs.
type LeftOut struct {
	Component string
	// Since is when the environment first went on without it.
	Since time.Time
}

// Override is a person's order to pass closed gates. It is for exactly one step, and is used once.
type Override struct {
	ID int64
	// From is what the environment ran when it was given, To the commit that it brings.
	From, To string
	By       Person
	Reason   string
	At       time.Time
}

// People are what GitHub says of those whom rules name and of those who approved, looked up afresh before a decision that
// depends on it. Ids count, because a name can be given to somebody else.
type People struct {
	// Users by login in lower case, as it was when the rule that names them was read.
	Users map[string]int64
	// Teams by "organisation/team" in lower case, with their active members.
	Teams map[string][]int64
	// Writers have write access to the repository.
	Writers []int64
}
