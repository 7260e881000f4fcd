package store

import (
	"database/sql"
	"errors"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// ErrTransition is returned where a row was not in a phase from which the step is legal.
var ErrTransition = errors.New("not in a phase from which that can happen")

// Record is one line of history: what happened, who, on what, why.
type Record struct {
	Repository int64
	At         time.Time
	// Actor who caused it; the zero Person: Trunkline.
	Actor promote.Person
	// Kind is a word such as merged, baseline, asked, started, applied, succeeded, failed.
	Kind        string
	Environment string
	SHA         string
	Reason      string
	// Digest of the plan or the rules that it is about; empty: of none.
	Digest string
}

// Record appends to the history. At is set to the time of the transaction.
func (tx *Tx) Record(r Record) error {
	return tx.exec(`INSERT INTO records (repository, at, actor, login, kind, environment, sha, reason, digest)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, r.Repository, millis(tx.now), r.Actor.ID, r.Actor.Login, r.Kind, r.Environment, r.SHA, r.Reason, r.Digest)
}

// Records returns a repository's history, oldest first.
func (tx *Tx) Records(repository int64) (records []Record, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		r := Record{Repository: repository}
		var at int64
		err := rows.Scan(&at, &r.Actor.ID, &r.Actor.Login, &r.Kind, &r.Environment, &r.SHA, &r.Reason, &r.Digest)
		r.At = fromMillis(at)
		records = append(records, r)
		return err
	}, `SELECT at, actor, login, kind, environment, sha, reason, digest FROM records WHERE repository = $1 ORDER BY id`, repository)
	return records, err
}
