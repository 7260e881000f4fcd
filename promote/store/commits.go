package store

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/trunkline/trunkline/promote"
)

// described is a commit as the database keeps what is said of it.
type described struct {
	promote.Commit
	coAuthors, paths string
}

func describe(c promote.Commit) (described, error) {
	others, err := json.Marshal(append([]promote.Person{}, c.CoAuthors...))
	if err != nil {
		return described{}, err
	}
	paths, err := json.Marshal(append([]string{}, c.Paths...))
	return described{c, string(others), string(paths)}, err
}

// addCommit adds a commit that is new on trunk.
func (tx *Tx) addCommit(repository int64, c promote.Commit, peopleKnown bool) error {
	d, err := describe(c)
	if err != nil {
		return err
	}
	count, err := tx.changed(`INSERT INTO commits (repository, position, sha, title, pull, author, author_login, co_authors, merger, merger_login, paths,
			people_known, merged_at)
		SELECT $1, COALESCE(MAX(position), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM commits WHERE repository = $1
		ON CONFLICT (repository, sha) DO NOTHING`,
		repository, c.SHA, c.Title, c.Pull, c.Author.ID, c.Author.Login, d.coAuthors, c.Merger.ID, c.Merger.Login, d.paths, peopleKnown, millis(tx.now))
	if err != nil || count == 0 {
		return err
	}
	if err := tx.exec(`DELETE FROM pushes WHERE repository = $1 AND sha = $2`, repository, c.SHA); err != nil {
		return err
	}
	return tx.Record(Record{Repository: repository, Actor: c.Author, Kind: "merged", SHA: c.SHA, Reason: c.Title})
}

// addOlder adds commits before all others. They did not come to trunk while we looked on, so there is no time to it, and
// no rollout that pull requests of long ago would be told of.
func (tx *Tx) addOlder(a Advance) error {
	if len(a.Older) == 0 {
		return nil
	}
	// Positions are only ever compared, so all others can move up; in two steps, because each is there once at any time.
	for _, statement := range []string{
		`UPDATE commits SET position = -(position + $1) WHERE repository = $2`,
		`UPDATE commits SET position = -position WHERE repository = $2 AND position < -$1`,
	} {
		if err := tx.exec(statement, len(a.Older), a.Repository); err != nil {
			return err
		}
	}
	for i, c := range a.Older {
		d, err := describe(c)
		if err != nil {
			return err
		}
		err = tx.exec(`INSERT INTO commits (repository, position, sha, title, pull, author, author_login, co_authors, merger, merger_login, paths,
				people_known, merged_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0)
			ON CONFLICT (repository, sha) DO UPDATE SET title = excluded.title, pull = excluded.pull, author = excluded.author,
				author_login = excluded.author_login, co_authors = excluded.co_authors, merger = excluded.merger,
				merger_login = excluded.merger_login, paths = excluded.paths, people_known = excluded.people_known`,
			a.Repository, i+1, c.SHA, c.Title, c.Pull, c.Author.ID, c.Author.Login, d.coAuthors, c.Merger.ID, c.Merger.Login, d.paths, a.PeopleKnown)
		if err != nil {
			return err
		}
	}
	return nil
}

// NameCommit says which pull request a commit of trunk came from, whose it is and who merged it, where that was not known
// when the commit was read. Who else wrote it is to be asked for again then.
func (tx *Tx) NameCommit(repository int64, c promote.Commit) error {
	err := tx.exec(`UPDATE commits SET merger = $1, merger_login = $2 WHERE repository = $3 AND sha = $4 AND $1 <> 0`,
		c.Merger.ID, c.Merger.Login, repository, c.SHA)
	return errOr(err, tx.exec(`UPDATE commits SET pull = $1, author = $2, author_login = $3, people_known = FALSE
		WHERE repository = $4 AND sha = $5 AND pull = 0`, c.Pull, c.Author.ID, c.Author.Login, repository, c.SHA))
}

// CommitsWithoutPeople are those commits of which GitHub was not asked who wrote and merged them, and which some
// environment does not run yet; oldest first, without their paths.
func (tx *Tx) CommitsWithoutPeople(repository int64) (commits []promote.Commit, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var c promote.Commit
		var others string
		if err := rows.Scan(&c.SHA, &c.Title, &c.Pull, &c.Author.ID, &c.Author.Login, &others, &c.Merger.ID, &c.Merger.Login); err != nil {
			return err
		}
		commits = append(commits, c)
		return json.Unmarshal([]byte(others), &commits[len(commits)-1].CoAuthors)
	}, `SELECT sha, title, pull, author, author_login, co_authors, merger, merger_login FROM commits
		WHERE repository = $1 AND NOT people_known AND position > COALESCE((SELECT MIN(c.position) FROM commits c
			WHERE c.repository = $1 AND c.sha IN (SELECT runs FROM environments WHERE repository = $1)), 0)
		ORDER BY position`, repository)
	return commits, err
}

// SaveAuthors writes down who wrote and merged a commit, unless it was found meanwhile to come from another pull request.
func (tx *Tx) SaveAuthors(repository int64, c promote.Commit) error {
	d, err := describe(c)
	if err != nil {
		return fmt.Errorf("write who wrote %s: %w", c.SHA, err)
	}
	return tx.exec(`UPDATE commits SET author = $1, author_login = $2, co_authors = $3, merger = $4, merger_login = $5, people_known = TRUE
		WHERE repository = $6 AND sha = $7 AND pull = $8`, c.Author.ID, c.Author.Login, d.coAuthors, c.Merger.ID, c.Merger.Login, repository, c.SHA, c.Pull)
}

// Push is what GitHub told of a push to trunk.
type Push struct {
	// Before and After are what trunk was at.
	Before, After string
	By            promote.Person
}

// Pushed writes down who pushed: to the commits of the push, if they were read already, else for when they are. Who merged
// a pull request counts more than who pushed its commit.
func (tx *Tx) Pushed(repository int64, p Push) error {
	count, err := tx.changed(`UPDATE commits SET merger = $1, merger_login = $2 WHERE repository = $3 AND (pull = 0 OR merger = 0)
		AND position <= (SELECT position FROM commits WHERE repository = $3 AND sha = $4)
		AND position > COALESCE((SELECT position FROM commits WHERE repository = $3 AND sha = $5),
			(SELECT position - 1 FROM commits WHERE repository = $3 AND sha = $4))`, p.By.ID, p.By.Login, repository, p.After, p.Before)
	if err != nil || count > 0 {
		return err
	}
	if known, err := tx.KnowsCommit(repository, p.After); err != nil || known {
		return err
	}
	return tx.exec(`INSERT INTO pushes (repository, sha, pusher, login) VALUES ($1, $2, $3, $4) ON CONFLICT (repository, sha) DO NOTHING`,
		repository, p.After, p.By.ID, p.By.Login)
}

// Pushers are who pushed trunk to commits that were not read yet, by the commit.
func (tx *Tx) Pushers(repository int64) (map[string]promote.Person, error) {
	pushers := map[string]promote.Person{}
	err := tx.each(func(rows *sql.Rows) error {
		var sha string
		var by promote.Person
		err := rows.Scan(&sha, &by.ID, &by.Login)
		pushers[sha] = by
		return err
	}, `SELECT sha, pusher, login FROM pushes WHERE repository = $1`, repository)
	return pushers, err
}

// KnowsCommit tells whether a commit of trunk was read.
func (tx *Tx) KnowsCommit(repository int64, sha string) (bool, error) {
	var one int
	return tx.one([]any{&one}, `SELECT 1 FROM commits WHERE repository = $1 AND sha = $2`, repository, sha)
}

// KnownCommits adds the commits of trunk that are known.
func (tx *Tx) KnownCommits(repository int64, known map[string]bool) error {
	return tx.each(func(rows *sql.Rows) error {
		var sha string
		err := rows.Scan(&sha)
		known[sha] = true
		return err
	}, `SELECT sha FROM commits WHERE repository = $1`, repository)
}
