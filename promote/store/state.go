package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/trunkline/trunkline/promote"
)

// State loads all that is known of a repository when something is to be decided.
func (tx *Tx) State(repository int64) (state promote.State, err error) {
	if state.Rules, state.Problems, _, err = tx.Configuration(repository); err != nil {
		return state, err
	}
	state.Now = tx.now
	if state.Environments, err = tx.environments(repository); err != nil {
		return state, err
	}
	if state.Trunk, err = tx.commits(repository); err != nil {
		return state, err
	}
	if state.Former, err = tx.former(repository, state.Trunk); err != nil {
		return state, err
	}
	if state.Reports, err = tx.reports(repository, state.Trunk); err != nil {
		return state, err
	}
	if len(state.Trunk) > 0 {
		if state.Artifacts, err = tx.artifactsSince(repository, state.Trunk[0].Position); err != nil {
			return state, err
		}
	}
	if state.People, err = tx.people(repository); err != nil {
		return state, err
	}
	for _, rules := range state.Rules.Environments {
		environment, known := state.Environments[rules.Name]
		if !known {
			continue
		}
		if environment.Bypasses, err = tx.bypasses(repository, rules.GitHubName()); err != nil {
			return state, err
		}
		state.Environments[rules.Name] = environment
	}
	state.Notices, err = tx.Given(repository)
	return state, err
}

// commits from the oldest that an environment runs, or was last brought from, to the tip.
func (tx *Tx) commits(repository int64) ([]promote.Commit, error) {
	return tx.commitsSince(repository, `FALSE`)
}

// commitsSince are those, and all since the oldest that is more: a condition on c, whose arguments count from $2 on.
func (tx *Tx) commitsSince(repository int64, more string, args ...any) (commits []promote.Commit, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var c promote.Commit
		var others, paths string
		var merged int64
		if err := rows.Scan(&c.SHA, &c.Position, &c.Title, &c.Pull, &c.Author.ID, &c.Author.Login, &others, &c.Merger.ID, &c.Merger.Login,
			&paths, &merged); err != nil {
			return err
		}
		c.Merged = fromMillis(merged)
		if err := errors.Join(json.Unmarshal([]byte(others), &c.CoAuthors), json.Unmarshal([]byte(paths), &c.Paths)); err != nil {
			return err
		}
		commits = append(commits, c)
		return nil
	}, `SELECT sha, position, title, pull, author, author_login, co_authors, merger, merger_login, paths, merged_at FROM commits
		WHERE repository = $1 AND position >= COALESCE((SELECT MIN(c.position) FROM commits c
			WHERE c.repository = $1 AND (c.sha IN (SELECT runs FROM environments WHERE repository = $1)
				OR c.sha IN (SELECT from_sha FROM deployments WHERE id IN
					(SELECT MAX(id) FROM deployments WHERE repository = $1 GROUP BY environment))
				OR c.sha IN (SELECT to_sha FROM deployments WHERE rollback AND id IN
					(SELECT MAX(id) FROM deployments WHERE repository = $1 GROUP BY environment))
				OR c.sha IN (SELECT to_sha FROM rollbacks WHERE repository = $1 AND phase = 'waiting')
				OR c.sha IN (SELECT full_sha FROM releases WHERE id IN
					(SELECT MAX(id) FROM releases WHERE repository = $1 GROUP BY environment))
				OR `+more+`)), 0)
		ORDER BY position`, append([]any{repository}, args...)...)
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
		if environment.Undone, err = tx.undone(repository, environment.Last); err != nil {
			return nil, err
		}
		if environment.Request, err = tx.waitingRequest(repository, name); err != nil {
			return nil, err
		}
		if err := tx.facts(repository, &environment); err != nil {
			return nil, err
		}
		all[name] = environment
	}
	return all, nil
}

// Request writes down a person's wish, which was checked by [promote.Asked]. A wish that still waits in the
// environment is replaced: the newest counts.
func (tx *Tx) Request(repository int64, request promote.Request) error {
	err := tx.exec(`UPDATE requests SET phase = 'dropped' WHERE repository = $1 AND environment = $2 AND phase = 'waiting'`,
		repository, request.Environment)
	if err != nil {
		return err
	}
	err = tx.exec(`INSERT INTO requests (repository, environment, target, asked_by, login, exact, pull, at, phase)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting')`, repository, request.Environment, request.To,
		request.By.ID, request.By.Login, request.Exact, request.Pull, millis(tx.now))
	if err != nil {
		return err
	}
	return tx.Record(Record{Repository: repository, Actor: request.By, Kind: "asked", Environment: request.Environment, SHA: request.To})
}

// Drop takes back the request that waits in an environment; false: none does.
func (tx *Tx) Drop(repository int64, environment string, by promote.Person) (bool, error) {
	request, err := tx.waitingRequest(repository, environment)
	if err != nil || request == nil {
		return false, err
	}
	err = tx.exec(`UPDATE requests SET phase = 'dropped' WHERE id = $1`, request.ID)
	return true, errOr(err, tx.Record(Record{Repository: repository, Actor: by, Kind: "dropped", Environment: environment, SHA: request.To,
		Reason: "asked for by " + request.By.Login}))
}

func (tx *Tx) waitingRequest(repository int64, environment string) (*promote.Request, error) {
	r := promote.Request{Environment: environment}
	var at int64
	waits, err := tx.one([]any{&r.ID, &r.To, &r.By.ID, &r.By.Login, &r.Exact, &r.Pull, &at}, `SELECT id, target, asked_by, login, exact, pull, at
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
