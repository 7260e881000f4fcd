package store

import (
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// CallWorkflow returns the run of a workflow that was asked for with the call's key, and has one made where there is none that
// is an answer. When it ends, waiter is nudged; one without a subject means whatever is under way in the repository.
func (tx *Tx) CallWorkflow(call promote.WorkflowCall, waiter Nudge) (promote.WorkflowRun, error) {
	known, err := tx.workflow(`repository = $1 AND key = $2 ORDER BY id DESC LIMIT 1`, call.Repository, call.Key)
	if err != nil {
		return promote.WorkflowRun{}, err
	}
	if known != nil && (known.Phase != promote.WorkflowFailed || !known.Ended.Before(call.Since)) {
		return *known, nil
	}
	run := promote.WorkflowRun{WorkflowCall: call, Phase: promote.WorkflowAsked, Asked: tx.now}
	inputs, err := json.Marshal(call.Inputs)
	if err != nil {
		return run, err
	}
	chance := make([]byte, 10)
	_, _ = rand.Read(chance) // never fails
	run.Correlation = "trunkline-" + hex.EncodeToString(chance)
	_, err = tx.one([]any{&run.ID}, `INSERT INTO workflows (repository, key, one_of, file, inputs, notice, timeout_ms, topic, subject, correlation, phase, asked_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'asked', $11) RETURNING id`, call.Repository, call.Key, call.Group, call.File, string(inputs),
		call.Notice, call.Timeout.Milliseconds(), string(waiter.Topic), waiter.Subject, run.Correlation, millis(tx.now))
	return run, errOr(err, tx.nudgeWorkflow(run))
}

// Workflow returns one run of a workflow.
func (tx *Tx) Workflow(id int64) (promote.WorkflowRun, error) {
	run, err := tx.workflow(`id = $1`, id)
	if err != nil || run == nil {
		return promote.WorkflowRun{}, fmt.Errorf("find run %d of a workflow: %w", id, errOr(err, sql.ErrNoRows))
	}
	return *run, nil
}

func (tx *Tx) workflow(where string, args ...any) (*promote.WorkflowRun, error) {
	var w promote.WorkflowRun
	var inputs string
	var timeout, asked, dispatched, ended int64
	found, err := tx.one([]any{&w.ID, &w.Repository, &w.Key, &w.Group, &w.File, &inputs, &w.Notice, &timeout, &w.Correlation, &w.Phase, &w.Run, &w.URL,
		&w.Message, &w.Output, &w.Stop, &asked, &dispatched, &ended},
		`SELECT id, repository, key, one_of, file, inputs, notice, timeout_ms, correlation, phase, run, url, message, output, stop, asked_at, dispatched_at, ended_at
		FROM workflows WHERE `+where, args...)
	if err != nil || !found {
		return nil, err
	}
	w.Timeout = time.Duration(timeout) * time.Millisecond
	w.Asked, w.Dispatched, w.Ended = fromMillis(asked), fromMillis(dispatched), fromMillis(ended)
	return &w, json.Unmarshal([]byte(inputs), &w.Inputs)
}

// WorkflowWaits tells whether one of the same group was asked for earlier and has not ended.
func (tx *Tx) WorkflowWaits(w promote.WorkflowRun) (bool, error) {
	if w.Group == "" {
		return false, nil
	}
	before, err := tx.workflow(`repository = $1 AND one_of = $2 AND id < $3 AND phase IN ('asked', 'running') LIMIT 1`, w.Repository, w.Group, w.ID)
	return before != nil, err
}

// WorkflowDispatching writes down that a workflow is about to be dispatched.
func (tx *Tx) WorkflowDispatching(id int64) error {
	return tx.transition(`UPDATE workflows SET dispatched_at = $1 WHERE id = $2 AND phase = 'asked'`, millis(tx.now), id)
}

// WorkflowRuns writes down that a workflow was dispatched; run is 0 where GitHub did not say which run it is.
func (tx *Tx) WorkflowRuns(w promote.WorkflowRun, run int64, url string) error {
	count, err := tx.changed(`UPDATE workflows SET phase = 'running', run = $1, url = $2 WHERE id = $3 AND phase IN ('asked', 'running')`, run, url, w.ID)
	if err != nil || count == 0 || run == 0 {
		return err
	}
	err = tx.Record(Record{Repository: w.Repository, Kind: "workflow", SHA: w.Inputs["commit"], Reason: w.File + " " + url})
	return errors.Join(err, tx.nudgeWaiter(w), tx.nudgeWorkflow(w), tx.nudgeJobs(w.Repository))
}

// WorkflowEnds writes down how a workflow ended: its phase, message and output. Who waits for it goes on, and what waits for its
// turn too.
func (tx *Tx) WorkflowEnds(w promote.WorkflowRun) error {
	count, err := tx.changed(`UPDATE workflows SET phase = $1, message = $2, output = $3, url = $4, ended_at = $5, again_at = 0
		WHERE id = $6 AND phase IN ('asked', 'running')`, string(w.Phase), w.Message, w.Output, w.URL, millis(tx.now), w.ID)
	if err != nil || count == 0 {
		return err
	}
	next, err := tx.workflowNudges(`repository = $1 AND one_of = $2 AND one_of <> '' AND phase = 'asked'`, w.Repository, w.Group)
	for _, nudge := range next {
		err = errOr(err, tx.Nudge(nudge))
	}
	return errors.Join(err, tx.nudgeWaiter(w), tx.nudgeJobs(w.Repository))
}

// WorkflowAgain has a workflow looked at again at a time.
func (tx *Tx) WorkflowAgain(id int64, at time.Time) error {
	return tx.exec(`UPDATE workflows SET again_at = $1 WHERE id = $2 AND phase IN ('asked', 'running')`, millis(at), id)
}

// WorkflowChanged has the workflow looked at whose run is GitHub's of that number, if it is or may be ours.
func (tx *Tx) WorkflowChanged(repository, run int64) error {
	ours, err := tx.workflowNudges(`repository = $1 AND phase IN ('asked', 'running') AND (run = $2 OR run = 0 AND dispatched_at > 0)`, repository, run)
	for _, nudge := range ours {
		err = errOr(err, tx.Nudge(nudge))
	}
	return err
}

// stopWorkflows has workflows stopped for whose end the waiter waits, because it does not any more.
func (tx *Tx) stopWorkflows(waiter Nudge) error {
	ids, err := tx.ids(`SELECT id FROM workflows WHERE repository = $1 AND topic = $2 AND subject = $3 AND phase IN ('asked', 'running') ORDER BY id`,
		waiter.Repository, string(waiter.Topic), waiter.Subject)
	for _, id := range ids {
		err = errOr(err, tx.exec(`UPDATE workflows SET stop = TRUE WHERE id = $1`, id))
		err = errOr(err, tx.nudgeWorkflow(promote.WorkflowRun{ID: id, WorkflowCall: promote.WorkflowCall{Repository: waiter.Repository}}))
	}
	return err
}

func (tx *Tx) nudgeWorkflow(w promote.WorkflowRun) error {
	return tx.Nudge(Nudge{Topic: Workflows, Repository: w.Repository, Subject: fmt.Sprint(w.ID)})
}

// nudgeWaiter has who waits for a workflow look at it.
func (tx *Tx) nudgeWaiter(w promote.WorkflowRun) error {
	waiter := Nudge{Repository: w.Repository}
	known, err := tx.one([]any{&waiter.Topic, &waiter.Subject}, `SELECT topic, subject FROM workflows WHERE id = $1`, w.ID)
	if err != nil || !known {
		return err
	}
	if waiter.Subject != "" {
		return tx.Nudge(waiter)
	}
	deployments, err := tx.LiveDeployments()
	releases, failed := tx.LiveReleases()
	err = errors.Join(err, failed)
	impacts, failed := tx.plannedImpacts()
	err = errors.Join(err, failed)
	for _, nudge := range slices.Concat(deployments, releases, impacts) {
		if nudge.Repository == w.Repository {
			err = errOr(err, tx.Nudge(nudge))
		}
	}
	return err
}

// LiveWorkflows returns the nudges for workflows that have not ended, for the sweep.
func (tx *Tx) LiveWorkflows() ([]Nudge, error) {
	return tx.workflowNudges(`phase IN ('asked', 'running')`)
}

func (tx *Tx) workflowNudges(where string, args ...any) (nudges []Nudge, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		nudge := Nudge{Topic: Workflows}
		err := rows.Scan(&nudge.Repository, &nudge.Subject)
		nudges = append(nudges, nudge)
		return err
	}, `SELECT repository, CAST(id AS TEXT) FROM workflows WHERE `+where+` ORDER BY id`, args...)
	return nudges, err
}

// nudgeWorkflows has workflows looked at whose time has come.
func (tx *Tx) nudgeWorkflows() error {
	due, err := tx.workflowNudges(`phase IN ('asked', 'running') AND again_at > 0 AND again_at <= $1`, millis(tx.now))
	for _, nudge := range due {
		err = errOr(err, tx.exec(`UPDATE workflows SET again_at = 0 WHERE CAST(id AS TEXT) = $1`, nudge.Subject))
		err = errOr(err, tx.Nudge(nudge))
	}
	return err
}
