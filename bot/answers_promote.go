package bot

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// promote asks for a promotion: to the commit that was named, or else to the one that the comment shows.
func (a asked) promote(tx *store.Tx, state promote.State) (answer store.Answer, err error) {
	to, refusal, err := a.target(tx, state)
	if err != nil || refusal != nil {
		return a.refusing(state, refusal), err
	}
	return a.request(tx, state, to, a.Command.SHA != "")
}

// retry asks for exactly the commit of the last deployment again, which failed or was stopped; a rollback goes back again.
func (a asked) retry(tx *store.Tx, state promote.State) (store.Answer, error) {
	to, refusal := promote.Retried(state, a.Command.Environment())
	if refusal != nil {
		return a.refusing(state, refusal), nil
	}
	if state.Environments[a.Command.Environment()].Last.Rollback {
		return a.rollBack(tx, to)
	}
	return a.request(tx, state, to, true)
}

func (a asked) request(tx *store.Tx, state promote.State, to string, exact bool) (store.Answer, error) {
	environment := a.Command.Environment()
	wanted, refusal := promote.Asked(state, environment, to)
	if refusal != nil {
		return a.refusing(state, refusal), nil
	}
	err := tx.Request(a.repository.ID, promote.Request{Environment: environment, To: wanted.To.SHA, By: a.actor.Person, Exact: exact, Pull: a.pull})
	if err != nil {
		return store.Answer{}, err
	}
	return a.done(tx, promote.Accepted(environment, wanted))
}

func (a asked) refusing(state promote.State, refusal *promote.Refusal) store.Answer {
	if refusal == nil {
		return store.Answer{}
	}
	return a.refused(refusal.Text(), a.shown(state))
}

// target is the commit that a command means: the one that it names, or else the one that the comment showed to the person.
func (a asked) target(tx *store.Tx, state promote.State) (string, *promote.Refusal, error) {
	if a.Command.SHA != "" {
		return a.Command.SHA, nil, nil
	}
	printed, err := printed(tx, a.repository.ID, a.pull)
	if err != nil {
		return "", nil, err
	}
	environment := a.Command.Environment()
	if to := printed.before(a.at).Targets[environment]; to != "" {
		return to, nil, nil
	}
	if rollout, found := a.rollout(state); found {
		return promote.Meant(rollout, environment), nil, nil
	}
	return "", a.nothingShown(), nil
}

func (a asked) nothingShown() *promote.Refusal {
	return &promote.Refusal{Rule: fmt.Sprintf("Without a commit, `/%s` means the one that the comment here shows.", a.Command.Kind),
		Fact: fmt.Sprintf("#%d is part of what every environment runs already.", a.pull), Next: "`/status`"}
}

// shown is what a rollout comment prints, as far as commands refer to it.
type shown struct {
	// Targets are the commits that commands without a commit mean, by environment.
	Targets map[string]string `json:"targets"`
	// Plans are the digests of the plans of these promotions, where they are shown.
	Plans map[string]string `json:"plans,omitempty"`
	// Since is when it began to print this, in seconds since 1970 by GitHub's clock, as commands are dated; 0: not known. Former
	// is what it printed before.
	Since  int64  `json:"since,omitempty"`
	Former *shown `json:"former,omitempty"`
}

// before is what a comment printed at a time: commands answer to what people have read.
func (s shown) before(at time.Time) shown {
	if s.Former != nil && !at.IsZero() && at.Unix() < s.Since {
		return *s.Former
	}
	return s
}

// after is what a comment prints from now on, with what it printed before.
func (s shown) after(former shown) shown {
	s.Since, s.Former = former.Since, former.Former
	if !s.same(former) {
		former.Former = nil
		s.Since, s.Former = 0, &former
	}
	return s
}

// shownSince is the detail of a comment with the time at which it began to print what it prints, if that is not known yet.
func shownSince(detail string, at time.Time) string {
	word, text, _ := strings.Cut(detail, " ")
	var s shown
	if err := json.Unmarshal([]byte(text), &s); err != nil || s.Since != 0 || s.Former == nil {
		return detail
	}
	s.Since = at.Unix()
	stamped, err := json.Marshal(s)
	if err != nil {
		return detail
	}
	return word + " " + string(stamped)
}

func (s shown) same(other shown) bool {
	a, errA := json.Marshal(shown{Targets: s.Targets, Plans: s.Plans})
	b, errB := json.Marshal(shown{Targets: other.Targets, Plans: other.Plans})
	return errA == nil && errB == nil && slices.Equal(a, b)
}

// printed is what the rollout comment of a pull request prints; nothing where there is none.
func printed(tx *store.Tx, repository int64, pull int) (s shown, err error) {
	projection, known, err := tx.Projection(repository, store.RolloutProjection, fmt.Sprint(pull))
	if err != nil || !known {
		return s, err
	}
	_, text, _ := strings.Cut(projection.Detail, " ")
	if text == "" {
		return s, nil
	}
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return s, fmt.Errorf("read what the comment on #%d shows: %w", pull, err)
	}
	return s, nil
}
