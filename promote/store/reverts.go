package store

import (
	"database/sql"
	"fmt"

	"github.com/trunkline/trunkline/promote"
)

// Revert is the wish for a pull request that takes commits back on trunk.
type Revert struct {
	ID, Repository int64
	// From and To are the range: the commits after From, up to and with To.
	From, To    string
	Environment string
	By          promote.Person
	// AskedOn is the pull request on which it was asked for; 0: nowhere.
	AskedOn int
	// Head is the commit that was pushed to its branch; empty: none yet.
	Head string
	// Pull is the number of the pull request; 0: there is none yet.
	Pull int
	// Refused, and Note why there is none.
	Refused bool
	Note    string
	// At is when it was asked for, in milliseconds since 1970: the commit is dated so, and is the same after a crash.
	At int64
}

func (tx *Tx) wantRevert(repository int64, r promote.Rollback) error {
	var id int64
	_, err := tx.one([]any{&id}, `INSERT INTO reverts (repository, from_sha, to_sha, asked_by, login, asked_on, environment, at, phase)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'wanted') RETURNING id`, repository, r.To, r.From, r.By.ID, r.By.Login, r.Pull, r.Environment, millis(tx.now))
	return errOr(err, tx.Nudge(Nudge{Topic: Reverts, Repository: repository, Subject: fmt.Sprint(id)}))
}

// Revert returns a wish for a pull request.
func (tx *Tx) Revert(id int64) (r Revert, err error) {
	var phase string
	known, err := tx.one([]any{&r.ID, &r.Repository, &r.From, &r.To, &r.Environment, &r.By.ID, &r.By.Login, &r.AskedOn, &r.Head, &r.Pull, &phase, &r.Note, &r.At},
		`SELECT id, repository, from_sha, to_sha, environment, asked_by, login, asked_on, head, pull, phase, note, at FROM reverts WHERE id = $1`, id)
	if err == nil && !known {
		err = sql.ErrNoRows
	}
	if err != nil {
		return r, fmt.Errorf("find revert %d: %w", id, err)
	}
	r.Refused = phase == "refused"
	return r, nil
}

// RevertPushed writes down the commit that is about to be on the branch of a revert.
func (tx *Tx) RevertPushed(id int64, head string) error {
	return tx.exec(`UPDATE reverts SET head = $1 WHERE id = $2 AND phase = 'wanted'`, head, id)
}

// RevertOpened writes down the pull request of a revert.
func (tx *Tx) RevertOpened(r Revert, pull int) error {
	count, err := tx.changed(`UPDATE reverts SET pull = $1, phase = 'opened' WHERE id = $2 AND phase = 'wanted'`, pull, r.ID)
	if err != nil || count == 0 {
		return err
	}
	err = tx.Record(Record{Repository: r.Repository, Actor: r.By, Kind: "revert opened", Environment: r.Environment, SHA: r.To, Reason: fmt.Sprintf("#%d takes back what came after %s", pull, r.From)})
	return errOr(err, tx.give(r.Repository, promote.Notice{Kind: promote.NoticeRevert, Environment: r.Environment, Subject: fmt.Sprint(r.ID), Owner: r.By.Login,
		Text: fmt.Sprintf("#%d takes `%s` back on trunk", pull, promote.Short(r.To))}))
}

// RevertRefused writes down why there is no pull request for a revert.
func (tx *Tx) RevertRefused(r Revert, note string) error {
	count, err := tx.changed(`UPDATE reverts SET phase = 'refused', note = $1 WHERE id = $2 AND phase = 'wanted'`, note, r.ID)
	if err != nil || count == 0 {
		return err
	}
	err = tx.Record(Record{Repository: r.Repository, Actor: r.By, Kind: "revert refused", Environment: r.Environment, SHA: r.To, Reason: note})
	return errOr(err, tx.give(r.Repository, promote.Notice{Kind: promote.NoticeRevert, Environment: r.Environment, Subject: fmt.Sprint(r.ID), Owner: r.By.Login,
		Text: fmt.Sprintf("there is no pull request that takes `%s` back on trunk: %s", promote.Short(r.To), note)}))
}

// IsRevert tells whether a commit is what Trunkline pushed for a revert that somebody with write access asked for.
func (tx *Tx) IsRevert(repository int64, head string) (bool, error) {
	var one int
	return tx.one([]any{&one}, `SELECT 1 FROM reverts WHERE repository = $1 AND head = $2 AND head <> ''`, repository, head)
}

// WantedReverts returns the nudges for reverts that have no pull request yet, for the sweep.
func (tx *Tx) WantedReverts() (nudges []Nudge, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		nudge := Nudge{Topic: Reverts}
		err := rows.Scan(&nudge.Repository, &nudge.Subject)
		nudges = append(nudges, nudge)
		return err
	}, `SELECT repository, CAST(id AS TEXT) FROM reverts WHERE phase = 'wanted'`)
	return nudges, err
}
