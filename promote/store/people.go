package store

import (
	"database/sql"
	"encoding/json"
	"slices"

	"github.com/trunkline/trunkline/promote"
)

// SavePeople writes down what GitHub says of users, teams and writers, in place of what it said before.
func (tx *Tx) SavePeople(repository int64, people promote.People) error {
	if err := tx.exec(`DELETE FROM people WHERE repository = $1`, repository); err != nil {
		return err
	}
	save := func(kind, name string, ids []int64) error {
		text, err := json.Marshal(append([]int64{}, ids...))
		if err != nil {
			return err
		}
		return tx.exec(`INSERT INTO people (repository, kind, name, ids, at) VALUES ($1, $2, $3, $4, $5)`, repository, kind, name, string(text), millis(tx.now))
	}
	for name, id := range people.Users {
		if err := save("user", name, []int64{id}); err != nil {
			return err
		}
	}
	for name, ids := range people.Teams {
		if err := save("team", name, ids); err != nil {
			return err
		}
	}
	return save("writers", "", people.Writers)
}

// Writes adds somebody to those who may write to the repository, as GitHub has just said.
func (tx *Tx) Writes(repository, person int64) error {
	known, err := tx.people(repository)
	if err != nil || slices.Contains(known.Writers, person) {
		return err
	}
	text, err := json.Marshal(append(known.Writers, person))
	if err != nil {
		return err
	}
	return tx.exec(`INSERT INTO people (repository, kind, name, ids, at) VALUES ($1, 'writers', '', $2, $3)
		ON CONFLICT (repository, kind, name) DO UPDATE SET ids = excluded.ids, at = excluded.at`, repository, string(text), millis(tx.now))
}

func (tx *Tx) people(repository int64) (people promote.People, err error) {
	people.Users, people.Teams = map[string]int64{}, map[string][]int64{}
	err = tx.each(func(rows *sql.Rows) error {
		var kind, name, text string
		if err := rows.Scan(&kind, &name, &text); err != nil {
			return err
		}
		var ids []int64
		if err := json.Unmarshal([]byte(text), &ids); err != nil {
			return err
		}
		switch kind {
		case "user":
			if len(ids) == 1 {
				people.Users[name] = ids[0]
			}
		case "team":
			people.Teams[name] = ids
		default:
			people.Writers = ids
		}
		return nil
	}, `SELECT kind, name, ids FROM people WHERE repository = $1`, repository)
	return people, err
}

// Report writes down the result of a GitHub check or status on a commit, unless a newer one is known. It tells whether
// anything changed.
func (tx *Tx) Report(repository int64, sha string, r promote.Report) (changed bool, err error) {
	count, err := tx.changed(`INSERT INTO reports (repository, sha, name, source, done, passed, at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (repository, sha, name, source) DO UPDATE SET done = excluded.done, passed = excluded.passed, at = excluded.at
		WHERE reports.at <= excluded.at AND (reports.done <> excluded.done OR reports.passed <> excluded.passed)`,
		repository, sha, r.Name, r.Source, r.Done, r.Passed, millis(r.At))
	return count > 0, err
}

// reports on the commits of trunk, by SHA.
func (tx *Tx) reports(repository int64, trunk []promote.Commit) (map[string][]promote.Report, error) {
	reports := map[string][]promote.Report{}
	if len(trunk) == 0 {
		return reports, nil
	}
	err := tx.each(func(rows *sql.Rows) error {
		var sha string
		var r promote.Report
		var at int64
		err := rows.Scan(&sha, &r.Name, &r.Source, &r.Done, &r.Passed, &at)
		r.At = fromMillis(at)
		reports[sha] = append(reports[sha], r)
		return err
	}, `SELECT r.sha, r.name, r.source, r.done, r.passed, r.at FROM reports r JOIN commits c ON c.repository = r.repository AND c.sha = r.sha
		WHERE r.repository = $1 AND c.position >= $2 ORDER BY r.sha, r.name, r.source`, repository, trunk[0].Position)
	return reports, err
}
