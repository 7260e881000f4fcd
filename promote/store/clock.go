package store

import (
	"database/sql"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// ReportsEvery is how often GitHub is asked for reports on a commit while it waits for some.
const ReportsEvery = 3 * time.Minute

// lookAgain writes down when to decide about the repository again, and has checks run that are due by their schedule.
func (tx *Tx) lookAgain(repository int64, state promote.State) error {
	next := promote.Again(state)
	sooner := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, rules := range state.Rules.Environments {
		for _, check := range rules.Scheduled {
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
	for _, sha := range promote.WaitsForReports(state) {
		last, err := tx.reportsRead(repository, sha)
		if err != nil {
			return err
		}
		if last.IsZero() {
			sooner(tx.now)
		} else {
			sooner(last.Add(ReportsEvery))
		}
	}
	return tx.exec(`UPDATE repositories SET next_at = $1 WHERE id = $2`, millis(next), repository)
}

// NudgeDue has those repositories looked at whose time has come.
func (tx *Tx) NudgeDue() error {
	var due []int64
	err := tx.each(func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		due = append(due, id)
		return err
	}, `SELECT id FROM repositories WHERE next_at > 0 AND next_at <= $1 ORDER BY id`, millis(tx.now))
	for _, repository := range due {
		if err == nil {
			// A step, which the nudge leads to, says when the next time is.
			err = tx.exec(`UPDATE repositories SET next_at = 0 WHERE id = $1`, repository)
		}
		err = errOr(err, tx.Nudge(Nudge{Topic: Clock, Repository: repository}))
	}
	return err
}

func (tx *Tx) reportsRead(repository int64, sha string) (time.Time, error) {
	var at int64
	_, err := tx.one([]any{&at}, `SELECT reports_at FROM commits WHERE repository = $1 AND sha = $2`, repository, sha)
	return fromMillis(at), err
}

// ReadReports tells whether it is a while since GitHub was asked for the reports on a commit, and if so, writes down that it
// is asked now.
func (tx *Tx) ReadReports(repository int64, sha string) (due bool, err error) {
	last, err := tx.reportsRead(repository, sha)
	if err != nil || tx.now.Before(last.Add(ReportsEvery)) {
		return false, err
	}
	return true, tx.exec(`UPDATE commits SET reports_at = $1 WHERE repository = $2 AND sha = $3`, millis(tx.now), repository, sha)
}
