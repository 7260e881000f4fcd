package store

import (
	"database/sql"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// Notice is something that people are told once, with whether they were.
type Notice struct {
	ID         int64
	Repository int64
	promote.Notice
	At time.Time
}

// Notice writes down something that people are to be told.
func (tx *Tx) Notice(repository int64, n promote.Notice) error { return tx.give(repository, n) }

// give writes down what people are to be told.
func (tx *Tx) give(repository int64, n promote.Notice) error {
	err := tx.exec(`INSERT INTO notices (repository, kind, environment, subject, owner, text, issue, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		repository, string(n.Kind), n.Environment, n.Subject, n.Owner, n.Text, n.Issue, millis(tx.now))
	err = errOr(err, tx.Record(Record{Repository: repository, Kind: "notice", Environment: n.Environment, Reason: n.Text}))
	return errOr(err, tx.Nudge(Nudge{Topic: Notices, Repository: repository}))
}

// Given are the notices that people were given, or are to be, the newest first.
func (tx *Tx) Given(repository int64) (given []promote.Given, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var g promote.Given
		var at int64
		err := rows.Scan(&g.Kind, &g.Environment, &g.Subject, &at)
		g.At = fromMillis(at)
		given = append(given, g)
		return err
	}, `SELECT kind, environment, subject, at FROM notices WHERE repository = $1 ORDER BY id DESC LIMIT $2`, repository, mostHistory)
	return given, err
}

// UnshownNotices are those that GitHub does not show yet, oldest first.
func (tx *Tx) UnshownNotices(repository int64) (notices []Notice, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		n := Notice{Repository: repository}
		var at int64
		err := rows.Scan(&n.ID, &n.Kind, &n.Environment, &n.Subject, &n.Owner, &n.Text, &n.Issue, &at)
		n.At = fromMillis(at)
		notices = append(notices, n)
		return err
	}, `SELECT id, kind, environment, subject, owner, text, issue, at FROM notices WHERE repository = $1 AND NOT shown ORDER BY id`, repository)
	return notices, err
}

// NoticeShown writes down that GitHub shows a notice.
func (tx *Tx) NoticeShown(id int64) error {
	return tx.exec(`UPDATE notices SET shown = TRUE WHERE id = $1`, id)
}

// ScheduledRun is one run of an environment's check by its schedule.
type ScheduledRun struct {
	Environment string
	promote.CheckRun
	// Message is what it said, redacted, where it failed.
	Message string
}

// Scheduled writes down a run of a scheduled check, and what follows from it.
func (tx *Tx) Scheduled(repository int64, r ScheduledRun) error {
	err := tx.exec(`INSERT INTO scheduled_runs (repository, environment, name, sha, passed, message, started_at, ended_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, repository, r.Environment, r.Check, r.SHA, r.Passed, r.Message, millis(r.Started), millis(r.Ended))
	if err != nil {
		return err
	}
	kind, reason := "check passed", r.Check
	if !r.Passed {
		kind, reason = "check failed", r.Check+": "+r.Message
	}
	err = tx.Record(Record{Repository: repository, Kind: kind, Environment: r.Environment, SHA: r.SHA, Reason: reason})
	return errOr(err, tx.Step(repository))
}

func (tx *Tx) scheduledRuns(repository int64, environment string) (runs []promote.CheckRun, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var r promote.CheckRun
		var started, ended int64
		err := rows.Scan(&r.Check, &r.SHA, &r.Passed, &started, &ended)
		r.Started, r.Ended = fromMillis(started), fromMillis(ended)
		runs = append(runs, r)
		return err
	}, `SELECT name, sha, passed, started_at, ended_at FROM scheduled_runs WHERE repository = $1 AND environment = $2 ORDER BY id DESC LIMIT $3`,
		repository, environment, mostHistory)
	return runs, err
}
