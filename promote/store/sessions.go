package store

import (
	"database/sql"
	"strings"
	"time"
)

// Session is somebody who carries out tasks: a worker, or a job of a run.
type Session struct {
	ID int64
	// Token is the SHA-256 of what it shows with each request, in hexadecimal.
	Token string
	// Name is for people.
	Name string
	// Worker in the settings, and WorkerKey: the SHA-256 of the token that it came with. Empty: it is a job.
	Worker, WorkerKey string
	// Labels of the worker that it works for now; none: all.
	Labels []string
	// Run that the job is of; 0: it is a worker.
	Run   int64
	Ended bool
}

const sessionColumns = `id, token, name, worker, worker_key, labels, run, ended_at`

func (tx *Tx) sessions(where string, args ...any) (sessions []Session, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var s Session
		var ended int64
		var labels string
		err := rows.Scan(&s.ID, &s.Token, &s.Name, &s.Worker, &s.WorkerKey, &labels, &s.Run, &ended)
		s.Ended, s.Labels = ended > 0, strings.Fields(labels)
		sessions = append(sessions, s)
		return err
	}, `SELECT `+sessionColumns+` FROM run_sessions WHERE `+where+` ORDER BY id`, args...)
	return sessions, err
}

// BeginSession writes a session down and returns its id.
func (tx *Tx) BeginSession(s Session) (id int64, err error) {
	_, err = tx.one([]any{&id}, `INSERT INTO run_sessions (token, name, worker, worker_key, labels, run, began_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`, s.Token, s.Name, s.Worker, s.WorkerKey, strings.Join(s.Labels, " "), s.Run, millis(tx.now))
	return id, err
}

// SessionOf is the session with a token, which may have ended, and whether there is one.
func (tx *Tx) SessionOf(token string) (Session, bool, error) {
	found, err := tx.sessions(`token = $1`, token)
	if err != nil || len(found) == 0 {
		return Session{}, false, err
	}
	return found[0], true, nil
}

// LiveSessions are those that have not ended.
func (tx *Tx) LiveSessions() ([]Session, error) { return tx.sessions(`ended_at = 0`) }

// EndSession ends a session.
func (tx *Tx) EndSession(id int64, why string) error {
	return tx.exec(`UPDATE run_sessions SET ended_at = $1, why = $2 WHERE id = $3 AND ended_at = 0`, max(millis(tx.now), 1), why, id)
}

// UseToken tells whether nobody has shown a token of that id before, and remembers it until it expires. now is the time of who
// gives out tokens.
func (tx *Tx) UseToken(id string, until, now time.Time) (first bool, err error) {
	if err := tx.exec(`DELETE FROM run_tokens WHERE until < $1`, millis(now)); err != nil {
		return false, err
	}
	count, err := tx.changed(`INSERT INTO run_tokens (id, until) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, id, millis(until))
	return count == 1, err
}
