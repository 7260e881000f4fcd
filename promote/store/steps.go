package store

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// BeginStep writes down that a step of a deployment began. One that had begun, and one that failed and is tried again, keep
// when they began first.
func (tx *Tx) BeginStep(deployment int64, step promote.Step) error {
	return tx.exec(`INSERT INTO deployment_steps (deployment, position, kind, wave, name, phase, started_at)
		VALUES ($1, (SELECT COUNT(*) FROM deployment_steps WHERE deployment = $1), $2, $3, $4, 'running', $5)
		ON CONFLICT (deployment, kind, wave, name) DO UPDATE SET phase = 'running', message = '', ended_at = 0`,
		deployment, string(step.Kind), step.Wave, step.Name, millis(tx.now))
}

// EndStep writes down how a step ended, and records it. A hook and a check are facts of the environment.
func (tx *Tx) EndStep(id int64, step promote.Step) error {
	err := tx.transition(`UPDATE deployment_steps SET phase = $1, message = $2, ended_at = $3
		WHERE deployment = $4 AND kind = $5 AND wave = $6 AND name = $7 AND phase = 'running'`,
		string(step.Phase), step.Message, millis(tx.now), id, string(step.Kind), step.Wave, step.Name)
	if err != nil {
		return err
	}
	deployment, repository, err := tx.Deployment(id)
	if err != nil {
		return err
	}
	reason := fmt.Sprintf("%s %s", step.Kind, step.Name)
	if step.Wave != "" {
		reason += " of wave " + step.Wave
	}
	return tx.Record(Record{Repository: repository, Actor: deployment.By, Kind: "step " + string(step.Phase), Environment: deployment.Environment,
		SHA: deployment.To, Reason: reason})
}

// LinkStep writes down the address of the run of the workflow that a step is.
func (tx *Tx) LinkStep(deployment int64, step promote.Step) error {
	return tx.exec(`UPDATE deployment_steps SET url = $1 WHERE deployment = $2 AND kind = $3 AND wave = $4 AND name = $5`,
		step.URL, deployment, string(step.Kind), step.Wave, step.Name)
}

func (tx *Tx) steps(deployment int64) (steps []promote.Step, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var s promote.Step
		var started, ended int64
		err := rows.Scan(&s.Kind, &s.Wave, &s.Name, &s.Phase, &s.Message, &s.URL, &started, &ended)
		s.Started, s.Ended = fromMillis(started), fromMillis(ended)
		steps = append(steps, s)
		return err
	}, `SELECT kind, wave, name, phase, message, url, started_at, ended_at FROM deployment_steps WHERE deployment = $1 ORDER BY position`, deployment)
	return steps, err
}

// WaitUntil has a deployment that waits in its midst brought on at a time.
func (tx *Tx) WaitUntil(id int64, until time.Time) error {
	return tx.transition(`UPDATE deployments SET again_at = $1 WHERE id = $2 AND phase IN ('planning', 'applying', 'verifying')`, millis(until), id)
}

// nudgeWaiting brings deployments on whose wait is over.
func (tx *Tx) nudgeWaiting() error {
	var due []Nudge
	err := tx.each(func(rows *sql.Rows) error {
		nudge := Nudge{Topic: Deploy}
		err := rows.Scan(&nudge.Repository, &nudge.Subject)
		due = append(due, nudge)
		return err
	}, `SELECT repository, CAST(id AS TEXT) FROM deployments WHERE again_at > 0 AND again_at <= $1
		AND phase IN ('planning', 'applying', 'verifying') ORDER BY id`, millis(tx.now))
	for _, nudge := range due {
		// A pass, which the nudge leads to, says until when it waits.
		err = errOr(err, tx.exec(`UPDATE deployments SET again_at = 0 WHERE CAST(id AS TEXT) = $1`, nudge.Subject))
		err = errOr(err, tx.Nudge(nudge))
	}
	return err
}

// Waiting is until when a deployment waits in its midst; the zero time: it does not.
func (tx *Tx) Waiting(id int64) (time.Time, error) {
	var at int64
	_, err := tx.one([]any{&at}, `SELECT again_at FROM deployments WHERE id = $1`, id)
	return fromMillis(at), err
}
