package store

import (
	"database/sql"
	"time"
)

// TaskPhase is how far a task is.
type TaskPhase string

const (
	// TaskWaiting: nobody has taken it.
	TaskWaiting TaskPhase = "waiting"
	// TaskRunning: a session has it in hand.
	TaskRunning TaskPhase = "running"
	// TaskDone: its session said how it ended.
	TaskDone TaskPhase = "done"
	// TaskLost: nobody will say how it ended.
	TaskLost TaskPhase = "lost"
	// TaskWithdrawn: nobody wants it any more.
	TaskWithdrawn TaskPhase = "withdrawn"
)

// Purpose says which credentials a task needs.
type Purpose string

const (
	// ToPlan is for what changes nothing.
	ToPlan Purpose = "plan"
	// ToApply is for all else.
	ToApply Purpose = "apply"
)

// Task is something that a session does for us on another host. What it is given is not kept here.
type Task struct {
	ID   int64
	Kind string
	// Repository, Environment, Purpose and SHA say for whom it is, with Pool: "actions", or the labels of workers.
	Repository  int64
	Environment string
	Purpose     Purpose
	SHA, Pool   string
	// Subject is what it works on, such as an instance; nothing else changes that meanwhile.
	Subject string
	// Effects: it changes something, so nobody begins it twice.
	Effects bool
	// Prefers is the session that has what it needs; 0: none.
	Prefers int64
	// Log is the file for what it says where nobody listens; empty: none.
	Log   string
	Phase TaskPhase
	// Session that has or had it; 0: none.
	Session int64
	// Tries is how many sessions it was lost with.
	Tries int
	Taken time.Time
}

const taskColumns = `id, kind, repository, environment, purpose, sha, pool, subject, effects, prefers, log, phase, session, tries, taken_at`

func (tx *Tx) tasks(where string, args ...any) (tasks []Task, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var t Task
		var taken int64
		err := rows.Scan(&t.ID, &t.Kind, &t.Repository, &t.Environment, &t.Purpose, &t.SHA, &t.Pool, &t.Subject, &t.Effects, &t.Prefers,
			&t.Log, &t.Phase, &t.Session, &t.Tries, &taken)
		t.Taken = fromMillis(taken)
		tasks = append(tasks, t)
		return err
	}, `SELECT `+taskColumns+` FROM run_tasks WHERE `+where+` ORDER BY id`, args...)
	return tasks, err
}

// AddTask writes a task down, which then waits, and returns its id.
func (tx *Tx) AddTask(t Task) (id int64, err error) {
	_, err = tx.one([]any{&id}, `INSERT INTO run_tasks (kind, repository, environment, purpose, sha, pool, subject, effects, prefers, log, phase, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'waiting', $11) RETURNING id`,
		t.Kind, t.Repository, t.Environment, t.Purpose, t.SHA, t.Pool, t.Subject, t.Effects, t.Prefers, t.Log, millis(tx.now))
	return id, err
}

// UnfinishedTasks are those that wait or run, the oldest first.
func (tx *Tx) UnfinishedTasks() ([]Task, error) { return tx.tasks(`phase IN ('waiting', 'running')`) }

// Task returns a task, and whether there is one.
func (tx *Tx) Task(id int64) (Task, bool, error) {
	found, err := tx.tasks(`id = $1`, id)
	if err != nil || len(found) == 0 {
		return Task{}, false, err
	}
	return found[0], true, nil
}

// Changing are the tasks that run and change a subject.
func (tx *Tx) Changing(repository int64, subject string) ([]Task, error) {
	return tx.tasks(`repository = $1 AND subject = $2 AND effects AND phase = 'running'`, repository, subject)
}

// TakeTask gives a task to a session, if it still waits.
func (tx *Tx) TakeTask(id, session int64) (taken bool, err error) {
	count, err := tx.changed(`UPDATE run_tasks SET phase = 'running', session = $1, taken_at = $2 WHERE id = $3 AND phase = 'waiting'`,
		session, millis(tx.now), id)
	return count == 1, err
}

// GiveBack has a task wait for another session, if the given one still has it.
func (tx *Tx) GiveBack(id, session int64) error {
	return tx.exec(`UPDATE run_tasks SET phase = 'waiting', session = 0, prefers = 0, tries = tries + 1 WHERE id = $1 AND session = $2 AND phase = 'running'`,
		id, session)
}

// EndTask ends a task that a session still has in hand: in [TaskDone] or [TaskLost].
func (tx *Tx) EndTask(id, session int64, phase TaskPhase, why string) (ended bool, err error) {
	count, err := tx.changed(`UPDATE run_tasks SET phase = $1, why = $2, ended_at = $3 WHERE id = $4 AND session = $5 AND phase = 'running'`,
		phase, why, millis(tx.now), id, session)
	return count == 1, err
}

// WithdrawTask takes a task back that has not ended: nobody waits for it any more.
func (tx *Tx) WithdrawTask(id int64, why string) error {
	return tx.exec(`UPDATE run_tasks SET phase = 'withdrawn', why = $1, ended_at = $2 WHERE id = $3 AND phase IN ('waiting', 'running')`,
		why, millis(tx.now), id)
}

// WithdrawLeft takes back what a server that ended has left: those who waited for it are gone. What changes something goes
// on. What has ended long ago is forgotten.
func (tx *Tx) WithdrawLeft() error {
	err := tx.exec(`UPDATE run_tasks SET phase = 'withdrawn', why = 'the server was stopped', ended_at = $1
		WHERE phase = 'waiting' OR phase = 'running' AND NOT effects`, millis(tx.now))
	if err != nil {
		return err
	}
	return tx.ForgetRuns()
}

// rememberRuns is how long one can look up what was run where.
const rememberRuns = 30 * 24 * time.Hour

// ForgetRuns forgets what ended long ago.
func (tx *Tx) ForgetRuns() error {
	before := tx.now.Add(-rememberRuns)
	for _, statement := range []string{
		`DELETE FROM run_tasks WHERE phase IN ('done', 'lost', 'withdrawn') AND ended_at < $1`,
		`DELETE FROM run_sessions WHERE ended_at > 0 AND ended_at < $1`,
		`DELETE FROM runs WHERE phase = 'ended' AND ended_at < $1`,
	} {
		if err := tx.exec(statement, millis(before)); err != nil {
			return err
		}
	}
	return nil
}
