package promote

import (
	"fmt"
	"slices"
	"time"

	"github.com/trunkline/trunkline/config"
)

// ReleasePhase is how far one step of a release is.
type ReleasePhase string

const (
	// ReleaseWaiting: for approvals, or for something else that has closed meanwhile.
	ReleaseWaiting ReleasePhase = "waiting"
	// ReleaseRunning: the command runs, or is about to.
	ReleaseRunning ReleasePhase = "running"
	// ReleaseWatching: the command has ended well, and what is watched must stay healthy for a while.
	ReleaseWatching ReleasePhase = "watching"
	// ReleaseDone: so many users have the commit.
	ReleaseDone ReleasePhase = "done"
	// ReleaseFailed: the command failed, so nobody knows how many users have the commit; or the watch did, and then another
	// step takes it back.
	ReleaseFailed ReleasePhase = "failed"
	// ReleaseDropped: something else took its place.
	ReleaseDropped ReleasePhase = "dropped"
)

// Live tells whether the step still asks for something to be done: to run its command, or to watch.
func (p ReleasePhase) Live() bool { return p == ReleaseRunning || p == ReleaseWatching }

// Release is one step of giving what an environment runs to its users.
type Release struct {
	ID          int64
	Environment string
	// Commit that the environment runs, and Deployment that brought it.
	Commit     string
	Deployment int64
	// Full is the last commit before it that all users had.
	Full string
	// From is how many of a hundred users had the commit when the step was asked for, as far as is known; Percent is how many
	// are to have it. Good is the last percentage that was found to be healthy.
	From, Percent, Good int
	Phase               ReleasePhase
	// By asked for it; the zero Person: it comes with a deployment.
	By Person
	// Pull on which it was asked; 0: nowhere.
	Pull int
	// Back: it brings an earlier percentage back, by itself. It is not watched, and nothing takes it back.
	Back bool
	// Text says how its watches stand, why it failed, or why it brings the earlier percentage back; redacted.
	Text string
	// Approvals that people gave for exactly this step, in any order.
	Approvals []ReleaseApproval
	// Asked, and Since when its phase is what it is.
	Asked, Since time.Time
	// WaitsUntil is when its watches are looked at again; the zero time: it does not wait.
	WaitsUntil time.Time
}

// ReleaseApproval is one person's consent to one step of a release.
type ReleaseApproval struct {
	By  Person
	App bool
	At  time.Time
}

// Up tells whether more users get the commit than it is known to be good for: then it is watched.
func (r Release) Up() bool { return r.Percent > r.Good && !r.Back }

// untouched tells whether it is only known that nobody was given the commit: no command has said so yet.
func (r Release) untouched() bool {
	return r.Phase == ReleaseDone && r.Percent == 0 && r.By == (Person{}) && !r.Back
}

// fully tells whether all users have what the environment runs. Where there is no release apart from the deployment, they have
// it with that.
func (e Environment) fully() bool {
	r := e.Release
	return r == nil || r.Phase == ReleaseDone && r.Percent == 100 && r.Commit == e.Runs
}

// provenCommit is the newest commit that counts as proven in an environment: what it runs, or where all users must have it,
// the last commit that they all had.
func (s State) provenCommit(name string) (Commit, bool) {
	environment := s.Environments[name]
	if s.mustRelease(name) && !environment.fully() {
		return s.commit(environment.Release.Full)
	}
	return s.commit(environment.Runs)
}

// mustRelease tells whether only what all users have counts as proven in an environment, by the rules of trunk or by former
// ones that it has not left behind.
func (s State) mustRelease(name string) bool {
	if rules, _ := s.Rules.Environment(name); rules.Release.Required {
		return true
	}
	runs, _ := s.commit(s.Environments[name].Runs)
	return slices.ContainsFunc(s.Former, func(f FormerRules) bool {
		rules, _ := f.Rules.Environment(name)
		return rules.Release.Required && runs.Position < f.Until
	})
}

// unreleased says that an environment has a commit, but not all of its users have; empty: that is not what it lacks.
func (s State) unreleased(name string, target Commit) (text, command string) {
	environment := s.Environments[name]
	runs, ok := s.commit(environment.Runs)
	if !ok || runs.Position < target.Position || s.has(name, target) {
		return "", ""
	}
	if s.mustRelease(name) && !environment.fully() {
		rules, _ := s.Rules.Environment(name)
		return fmt.Sprintf("not all users of %s have %s yet", name, Short(target.SHA)), NextRelease(rules, environment)
	}
	return "", ""
}

// NextRelease is the command that gives what an environment runs to more users; empty: there is none, or not now.
func NextRelease(rules config.Environment, environment Environment) string {
	r := environment.Release
	if r == nil || !rules.Release.Declared() || r.Phase.Live() {
		return ""
	}
	known := r.Percent
	switch {
	case r.Phase == ReleaseWaiting:
		return fmt.Sprintf("/approve %s %d%%", rules.Name, r.Percent)
	case r.Phase == ReleaseFailed && r.Percent > 0:
		return fmt.Sprintf("/go %s %d%%", rules.Name, r.Percent)
	case r.Phase == ReleaseFailed:
		return fmt.Sprintf("/go %s 0%%", rules.Name)
	case known == 100:
		return ""
	}
	next := 100
	for _, step := range slices.Backward(rules.Release.Steps) {
		if step > known {
			next = step
		}
	}
	return fmt.Sprintf("/go %s %d%%", rules.Name, next)
}

// Released is the range that a release is about: what not all users had before.
func (s State) Released(r Release) Range {
	commit, _ := s.commit(r.Commit)
	full, _ := s.commit(r.Full)
	return s.between(full, commit)
}

// watchedGates: what more users just got is watched, and what would be deployed meanwhile would be taken for its fault.
func watchedGates(q question) []Gate {
	r := q.environment.Release
	if r == nil || r.Phase != ReleaseWatching {
		return nil
	}
	return []Gate{{Name: GateWatched, Text: fmt.Sprintf("%d%% of the users of %s have %s and are watched", r.Percent, q.rules.Name, Short(r.Commit)), Since: r.Since}}
}
