package store

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/trunkline/trunkline/promote"
)

// State loads all that is known of a repository when something is to be decided.
func (tx *Tx) State(repository int64) (state promote.State, err error) {
	if state.Rules, state.Problems, _, err = tx.Configuration(repository); err != nil {
		return state, err
	}
	if state.Environments, err = tx.environments(repository); err != nil {
		return state, err
	}
	state.Trunk, err = tx.commits(repository)
	return state, err
}

// commits from the oldest that an environment runs, or was last brought from, to the tip.
func (tx *Tx) commits(repository int64) (commits []promote.Commit, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var c promote.Commit
		var merged int64
		err := rows.Scan(&c.SHA, &c.Position, &c.Title, &c.Pull, &c.Author.ID, &c.Author.Login, &merged)
		c.Merged = fromMillis(merged)
		commits = append(commits, c)
		return err
	}, `SELECT sha, position, title, pull, author, author_login, merged_at FROM commits
		WHERE repository = $1 AND position >= COALESCE((SELECT MIN(c.position) FROM commits c
			WHERE c.repository = $1 AND (c.sha IN (SELECT runs FROM environments WHERE repository = $1)
				OR c.sha IN (SELECT from_sha FROM deployments WHERE id IN
					(SELECT MAX(id) FROM deployments WHERE repository = $1 GROUP BY environment)))), 0)
		ORDER BY position`, repository)
	return commits, err
}

func (tx *Tx) environments(repository int64) (map[string]promote.Environment, error) {
	all := map[string]promote.Environment{}
	err := tx.each(func(rows *sql.Rows) error {
		var e promote.Environment
		var since int64
		err := rows.Scan(&e.Name, &e.Runs, &since)
		e.Since = fromMillis(since)
		all[e.Name] = e
		return err
	}, `SELECT name, runs, since FROM environments WHERE repository = $1`, repository)
	if err != nil {
		return nil, err
	}
	for name, environment := range all {
		if environment.Last, err = tx.lastDeployment(repository, name); err != nil {
			return nil, err
		}
		if environment.Request, err = tx.waitingRequest(repository, name); err != nil {
			return nil, err
		}
		all[name] = environment
	}
	return all, nil
}

// Step decides what should happen next in a repository and writes down what starts, with the jobs that do it.
// Whoever adds a fact calls it in the same transaction.
func (tx *Tx) Step(repository int64) error {
	state, err := tx.State(repository)
	if err != nil {
		return fmt.Errorf("load the state: %w", err)
	}
	for _, decision := range promote.Decide(state) {
		if err := tx.start(repository, state.Environments[decision.Environment], decision); err != nil {
			return fmt.Errorf("start %s: %w", decision.Environment, err)
		}
	}
	// What starts just now has no impact to be shown any more.
	if state, err = tx.State(repository); err != nil {
		return fmt.Errorf("load the state: %w", err)
	}
	if err := tx.wantImpacts(repository, state); err != nil {
		return err
	}
	return tx.Nudge(Nudge{Topic: Rollout, Repository: repository})
}

func (tx *Tx) start(repository int64, environment promote.Environment, decision promote.Decision) error {
	if decision.Start == nil {
		return nil
	}
	if environment.Request != nil {
		if err := tx.exec(`UPDATE requests SET phase = 'taken' WHERE id = $1 AND phase = 'waiting'`, environment.Request.ID); err != nil {
			return err
		}
	}
	var id int64
	_, err := tx.one([]any{&id}, `INSERT INTO deployments (repository, environment, from_sha, to_sha, phase, asked_by, login, started_at)
		VALUES ($1, $2, $3, $4, 'planning', $5, $6, $7) RETURNING id`, repository, decision.Environment,
		decision.Start.From.SHA, decision.Start.To.SHA, decision.By.ID, decision.By.Login, millis(tx.now))
	if err != nil {
		return err
	}
	err = tx.Record(Record{Repository: repository, Actor: decision.By, Kind: "started", Environment: decision.Environment,
		SHA: decision.Start.To.SHA, Reason: fmt.Sprintf("%d commits after %s", len(decision.Start.Commits), decision.Start.From.SHA)})
	if err != nil {
		return err
	}
	return tx.Nudge(Nudge{Topic: Deploy, Repository: repository, Subject: fmt.Sprint(id)})
}

// Request writes down a person's wish, which was checked by [promote.Asked]. A wish that still waits in the
// environment is replaced: the newest counts.
func (tx *Tx) Request(repository int64, request promote.Request) error {
	err := tx.exec(`UPDATE requests SET phase = 'dropped' WHERE repository = $1 AND environment = $2 AND phase = 'waiting'`,
		repository, request.Environment)
	if err != nil {
		return err
	}
	err = tx.exec(`INSERT INTO requests (repository, environment, target, asked_by, login, pull, at, phase)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting')`, repository, request.Environment, request.To,
		request.By.ID, request.By.Login, request.Pull, millis(tx.now))
	if err != nil {
		return err
	}
	return tx.Record(Record{Repository: repository, Actor: request.By, Kind: "asked", Environment: request.Environment, SHA: request.To})
}

func (tx *Tx) waitingRequest(repository int64, environment string) (*promote.Request, error) {
	r := promote.Request{Environment: environment}
	var at int64
	waits, err := tx.one([]any{&r.ID, &r.To, &r.By.ID, &r.By.Login, &r.Pull, &at}, `SELECT id, target, asked_by, login, pull, at
		FROM requests WHERE repository = $1 AND environment = $2 AND phase = 'waiting'`, repository, environment)
	if err != nil || !waits {
		return nil, err
	}
	r.At = fromMillis(at)
	return &r, nil
}

func decodeFailure(text string) (*promote.Failure, error) {
	if text == "" {
		return nil, nil
	}
	var failure promote.Failure
	if err := json.Unmarshal([]byte(text), &failure); err != nil {
		return nil, fmt.Errorf("read a failure: %w", err)
	}
	return &failure, nil
}
