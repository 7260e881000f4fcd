package store

import (
	"database/sql"
	"errors"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// GitHub is asked for reports on a commit that waits for some every few minutes at first, and less often the longer it has
// been on trunk: a twentieth of its age, at most an hour.
const (
	reportsAtFirst = 3 * time.Minute
	reportsAtLast  = time.Hour
)

// lookAgain writes down when to decide about the repository again, and has checks run that are due by their schedule.
func (tx *Tx) lookAgain(repository int64, state promote.State) error {
	next := promote.Again(state)
	sooner := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, rules := range state.Rules.Environments {
		for _, check := range promote.ScheduledChecks(state, rules.Name) {
			due := promote.Due(state, rules.Name, check)
			if due.IsZero() || due.After(tx.now) {
				sooner(due)
				continue
			}
			if err := tx.Nudge(Nudge{Topic: Scheduled, Repository: repository, Subject: rules.Name + "/" + check.Name}); err != nil {
				return err
			}
		}
	}
	for name := range state.Environments {
		for _, gate := range promote.ReleaseGates(state, name) {
			if !gate.Open && gate.OpensAt.After(tx.now) {
				sooner(gate.OpensAt)
			}
		}
	}
	for _, artifacts := range state.Artifacts {
		for _, artifact := range artifacts {
			if artifact.Changed != "" {
				sooner(artifact.ChangedAt.Add(promote.ArtifactsAgainAfter))
			}
		}
	}
	for _, sha := range promote.WaitsForReports(state) {
		at, err := tx.reportsDue(repository, sha)
		if err != nil {
			return err
		}
		sooner(at)
	}
	return tx.exec(`UPDATE repositories SET next_at = $1 WHERE id = $2`, millis(next), repository)
}

// NudgeDue has those repositories looked at whose time has come, and brings on deployments whose wait is over.
func (tx *Tx) NudgeDue() error {
	var due []int64
	err := tx.each(func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		due = append(due, id)
		return err
	}, `SELECT id FROM repositories WHERE next_at > 0 AND next_at <= $1 AND away = '' ORDER BY id`, millis(tx.now))
	for _, repository := range due {
		if err == nil {
			// A step, which the nudge leads to, says when the next time is.
			err = tx.exec(`UPDATE repositories SET next_at = 0 WHERE id = $1`, repository)
		}
		err = errOr(err, tx.Nudge(Nudge{Topic: Clock, Repository: repository}))
	}
	return errors.Join(err, tx.nudgeWaiting(), tx.nudgeWatched(), tx.nudgeEphemerals(), tx.nudgeWorkflows(), tx.nudgeEnvironments(), tx.nudgeJobsDue())
}

// reportsDue is when GitHub is to be asked for the reports on a commit.
func (tx *Tx) reportsDue(repository int64, sha string) (time.Time, error) {
	var read, merged int64
	_, err := tx.one([]any{&read, &merged}, `SELECT reports_at, merged_at FROM commits WHERE repository = $1 AND sha = $2`, repository, sha)
	if err != nil || read == 0 {
		return tx.now, err
	}
	every := reportsAtFirst
	if merged > 0 {
		every = min(max(every, fromMillis(read).Sub(fromMillis(merged))/20), reportsAtLast)
	}
	return fromMillis(read).Add(every), nil
}

// ReadReports tells whether it is a while since GitHub was asked for the reports on a commit, and if so, writes down that it
// is asked now.
func (tx *Tx) ReadReports(repository int64, sha string) (due bool, err error) {
	at, err := tx.reportsDue(repository, sha)
	if err != nil || tx.now.Before(at) {
		return false, err
	}
	return true, tx.exec(`UPDATE commits SET reports_at = $1 WHERE repository = $2 AND sha = $3`, millis(tx.now), repository, sha)
}
