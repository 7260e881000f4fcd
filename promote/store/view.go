package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// View opens the SQLite database in file only to look at it, also while another process works with it. Writing fails.
func View(ctx context.Context, file string, now func() time.Time) (*Store, error) {
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no database %s: name the server's with TRUNKLINE_DATA or TRUNKLINE_DATABASE", file)
	}
	settings := url.Values{"mode": {"ro"}, "_pragma": {"query_only(1)", "busy_timeout(10000)"}}
	db, err := sql.Open("sqlite", "file:"+file+"?"+settings.Encode())
	if err != nil {
		return nil, fmt.Errorf("open the database %s: %w", file, err)
	}
	s := &Store{db: db, now: now, listener: newListener()}
	var migrated int
	err = s.Read(ctx, func(tx *Tx) error {
		newest, err := newestMigration()
		if err != nil {
			return err
		}
		_, err = tx.one([]any{&migrated}, `SELECT COUNT(*) FROM goose_db_version WHERE version_id = $1`, newest)
		return err
	})
	if err == nil && migrated == 0 {
		err = errors.New("an older Trunkline made it: start this one's server once, and it is brought up to date")
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("look at the database %s: %w", file, err), db.Close())
	}
	return s, nil
}

// newestMigration is the number of the last file in migrations.
func newestMigration() (newest int, err error) {
	files, err := migrations.ReadDir("migrations")
	for _, file := range files {
		number, failed := strconv.Atoi(strings.SplitN(file.Name(), "_", 2)[0])
		newest, err = max(newest, number), errors.Join(err, failed)
	}
	return newest, err
}

// FindRepository returns the repository of that name, "owner/name" in any case. An empty name means the only one there is.
func (tx *Tx) FindRepository(name string) (Repository, error) {
	all, err := tx.Repositories()
	if err != nil {
		return Repository{}, err
	}
	var names []string
	for _, repository := range all {
		full := repository.Owner + "/" + repository.Name
		if strings.EqualFold(full, name) || name == "" && len(all) == 1 {
			return repository, nil
		}
		names = append(names, full)
	}
	switch {
	case len(all) == 0:
		return Repository{}, errors.New("the server knows no repository yet")
	case name == "":
		return Repository{}, fmt.Errorf("the server knows several repositories; name one with --repo: %s", strings.Join(names, ", "))
	}
	return Repository{}, fmt.Errorf("the server does not know %s; it knows %s", name, strings.Join(names, ", "))
}

// Filter says which records are wanted; the zero value: all.
type Filter struct {
	// Environment, or all where it is empty.
	Environment string
	// Since is the first moment; zero: from the beginning.
	Since time.Time
}

// EachRecord calls with each record of a repository that passes the filter, oldest first, with its number.
func (tx *Tx) EachRecord(repository int64, filter Filter, with func(id int64, r Record) error) error {
	return tx.each(func(rows *sql.Rows) error {
		r := Record{Repository: repository}
		var id, at int64
		if err := rows.Scan(&id, &at, &r.Actor.ID, &r.Actor.Login, &r.Kind, &r.Environment, &r.SHA, &r.Reason, &r.Digest); err != nil {
			return err
		}
		r.At = fromMillis(at)
		return with(id, r)
	}, `SELECT id, at, actor, login, kind, environment, sha, reason, digest FROM records WHERE repository = $1
		AND ($2 = '' OR environment = $2) AND at >= $3 ORDER BY id`, repository, filter.Environment, millis(filter.Since))
}

// Looked is a repository with all that is known of it.
type Looked struct {
	Repository Repository
	State      promote.State
}

// Look reads a repository, found as [Tx.FindRepository] finds it, with its state.
func (s *Store) Look(ctx context.Context, name string) (looked Looked, err error) {
	err = s.Read(ctx, func(tx *Tx) (err error) {
		if looked.Repository, err = tx.FindRepository(name); err != nil {
			return err
		}
		looked.State, err = tx.State(looked.Repository.ID)
		return err
	})
	return looked, err
}
