package store

import (
	"database/sql"
	"time"
)

// RunPhase is how far a run is.
type RunPhase string

const (
	// RunWanted: GitHub may or may not have been asked for it.
	RunWanted RunPhase = "wanted"
	// RunDispatched: GitHub has been asked for it.
	RunDispatched RunPhase = "dispatched"
	// RunEnded: its jobs get nothing more to do.
	RunEnded RunPhase = "ended"
)

// Run of a workflow that carries out tasks of one commit in one environment.
type Run struct {
	ID, Repository int64
	Environment    string
	Purpose        Purpose
	SHA            string
	// Workflow is the file below .github/workflows, and Place the GitHub environment that its jobs have to be in.
	Workflow, Place string
	// Correlation is what it is found again by. Nobody can guess it.
	Correlation string
	// Shards is how many jobs it is to have.
	Shards int
	Phase  RunPhase
	// GitHub is its id there; 0: not known yet.
	GitHub  int64
	Why     string
	Created time.Time
}

const runColumns = `id, repository, environment, purpose, sha, workflow, place, correlation, shards, phase, run, why, created_at`

func (tx *Tx) runs(where string, args ...any) (runs []Run, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var r Run
		var created int64
		err := rows.Scan(&r.ID, &r.Repository, &r.Environment, &r.Purpose, &r.SHA, &r.Workflow, &r.Place, &r.Correlation, &r.Shards, &r.Phase, &r.GitHub, &r.Why, &created)
		r.Created = fromMillis(created)
		runs = append(runs, r)
		return err
	}, `SELECT `+runColumns+` FROM runs WHERE `+where+` ORDER BY id`, args...)
	return runs, err
}

func (tx *Tx) run(where string, args ...any) (Run, bool, error) {
	found, err := tx.runs(where, args...)
	if err != nil || len(found) == 0 {
		return Run{}, false, err
	}
	return found[len(found)-1], true, nil
}

// WantRun writes down that a run is wanted, unless there is one that lives; wanted tells which.
func (tx *Tx) WantRun(r Run) (id int64, wanted bool, err error) {
	wanted, err = tx.one([]any{&id}, `INSERT INTO runs (repository, environment, purpose, sha, workflow, place, correlation, shards, phase, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'wanted', $9) ON CONFLICT DO NOTHING RETURNING id`,
		r.Repository, r.Environment, r.Purpose, r.SHA, r.Workflow, r.Place, r.Correlation, r.Shards, millis(tx.now))
	return id, wanted, err
}

// LiveRuns are those that have not ended.
func (tx *Tx) LiveRuns() ([]Run, error) { return tx.runs(`phase <> 'ended'`) }

// Run returns a run by our own id, and whether there is one.
func (tx *Tx) Run(id int64) (Run, bool, error) { return tx.run(`id = $1`, id) }

// RunAtGitHub returns the run that has an id at GitHub, ended or not, and whether there is one.
func (tx *Tx) RunAtGitHub(repository, run int64) (Run, bool, error) {
	return tx.run(`repository = $1 AND run = $2`, repository, run)
}

// RunCorrelated returns the run with a correlation, ended or not, and whether there is one.
func (tx *Tx) RunCorrelated(repository int64, correlation string) (Run, bool, error) {
	return tx.run(`repository = $1 AND correlation = $2`, repository, correlation)
}

// Dispatched writes down that GitHub was asked for a run, and its id there; 0: GitHub has not said it.
func (tx *Tx) Dispatched(id, run int64) error {
	if run == 0 {
		return tx.exec(`UPDATE runs SET phase = 'dispatched' WHERE id = $1 AND phase <> 'ended'`, id)
	}
	err := tx.exec(`UPDATE runs SET phase = 'dispatched', run = $1 WHERE id = $2 AND phase <> 'ended'`, run, id)
	return errOr(err, tx.nudgeJobsOfRun(id))
}

// nudgeJobsOfRun has jobs looked at that may be those of a run.
func (tx *Tx) nudgeJobsOfRun(id int64) error {
	var repository int64
	found, err := tx.one([]any{&repository}, `SELECT repository FROM runs WHERE id = $1`, id)
	if err != nil || !found {
		return err
	}
	return tx.nudgeJobs(repository)
}

// EndRun ends a run, unless that was done.
func (tx *Tx) EndRun(id int64, why string) error {
	err := tx.exec(`UPDATE runs SET phase = 'ended', why = $1, ended_at = $2 WHERE id = $3 AND phase <> 'ended'`, why, millis(tx.now), id)
	return errOr(err, tx.nudgeJobsOfRun(id))
}
