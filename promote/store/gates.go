package store

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/trunkline/trunkline/promote"
)

// mostHistory is how many ends of deployments, and runs of scheduled checks, of an environment are looked at.
const mostHistory = 500

// facts fills in what gates ask of an environment.
func (tx *Tx) facts(repository int64, e *promote.Environment) (err error) {
	if e.History, err = tx.history(repository, e.Name); err != nil {
		return err
	}
	if e.CheckRuns, err = tx.scheduledRuns(repository, e.Name); err != nil {
		return err
	}
	if e.LeftOut, err = tx.leftOut(repository, e.Name); err != nil {
		return err
	}
	if e.Plan, err = tx.plan(repository, e.Name); err != nil {
		return err
	}
	if e.Approvals, err = tx.approvals(repository, e.Name); err != nil {
		return err
	}
	if e.Holds, err = tx.holds(repository, e.Name); err != nil {
		return err
	}
	if e.Override, err = tx.waitingOverride(repository, e.Name); err != nil {
		return err
	}
	if e.Rollback, err = tx.waitingRollback(repository, e.Name); err != nil {
		return err
	}
	if err := tx.releasesOf(repository, e); err != nil {
		return err
	}
	return tx.touched(repository, e)
}

func (tx *Tx) history(repository int64, environment string) (ended []promote.Outcome, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var o promote.Outcome
		var ending string
		var at int64
		err := rows.Scan(&o.Deployment, &o.To, &o.Phase, &ending, &o.Touched, &at)
		o.Phase, o.At = phaseOf(o.Phase, ending), fromMillis(at)
		if o.Phase != promote.Void { // it has touched nothing
			ended = append(ended, o)
		}
		return err
	}, `SELECT id, to_sha, phase, ending, touched, finished_at FROM deployments WHERE repository = $1 AND environment = $2 AND finished_at > 0
		ORDER BY id DESC LIMIT $3`, repository, environment, mostHistory)
	return ended, err
}

// phaseOf is how a deployment ended: the column for the phase knows only success and failure.
func phaseOf(phase promote.Phase, ending string) promote.Phase {
	if ending != "" {
		return promote.Phase(ending)
	}
	return phase
}

func (tx *Tx) leftOut(repository int64, environment string) (left []promote.LeftOut, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var l promote.LeftOut
		var since int64
		err := rows.Scan(&l.Component, &since)
		l.Since = fromMillis(since)
		left = append(left, l)
		return err
	}, `SELECT component, since FROM left_out WHERE repository = $1 AND environment = $2 ORDER BY component`, repository, environment)
	return left, err
}

func (tx *Tx) plan(repository int64, environment string) (*promote.Plan, error) {
	var text string
	there, err := tx.one([]any{&text}, `SELECT plan FROM impacts WHERE repository = $1 AND environment = $2 AND plan <> ''`, repository, environment)
	if err != nil || !there {
		return nil, err
	}
	var plan promote.Plan
	if err := json.Unmarshal([]byte(text), &plan); err != nil {
		return nil, fmt.Errorf("read the plan of %s: %w", environment, err)
	}
	return &plan, nil
}

// setLeftOut writes down which components do not run what the environment runs from now on.
func (tx *Tx) setLeftOut(repository int64, environment string, components []string) error {
	before, err := tx.leftOut(repository, environment)
	if err != nil {
		return err
	}
	since := map[string]int64{}
	for _, left := range before {
		since[left.Component] = millis(left.Since)
	}
	if err := tx.exec(`DELETE FROM left_out WHERE repository = $1 AND environment = $2`, repository, environment); err != nil {
		return err
	}
	for _, component := range components {
		at, known := since[component]
		if !known {
			at = millis(tx.now)
		}
		err := tx.exec(`INSERT INTO left_out (repository, environment, component, since) VALUES ($1, $2, $3, $4)
			ON CONFLICT (repository, environment, component) DO NOTHING`, repository, environment, component, at)
		if err != nil {
			return err
		}
	}
	return nil
}

// former are the configurations that some environment has not left behind.
func (tx *Tx) former(repository int64, trunk []promote.Commit) (former []promote.FormerRules, err error) {
	positions := map[string]int64{}
	for _, commit := range trunk {
		positions[commit.SHA] = commit.Position
	}
	err = tx.each(func(rows *sql.Rows) error {
		var sha, text string
		if err := rows.Scan(&sha, &text); err != nil {
			return err
		}
		until, there := positions[sha]
		rules, err := tx.store.parse(text)
		if there && err == nil {
			former = append(former, promote.FormerRules{Rules: rules, Until: until, SHA: sha})
		}
		return nil
	}, `SELECT sha, configuration FROM former_rules WHERE repository = $1 ORDER BY sha`, repository)
	return former, err
}
