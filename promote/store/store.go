// Package store keeps the facts, the state that follows from them, and the jobs that carry out decisions, in one
// database, and writes them in one transaction.
//
// [Store.Write] is the only way to change anything: a function gets a [Tx], adds facts (a commit on trunk, a
// person's request, the end of a deployment) and calls [Tx.Step], which loads the [promote.State], asks
// [promote.Decide], and writes down what starts together with the jobs that will do it. A crash leaves either the
// whole step or none of it. Nothing slow happens in a transaction.
//
// Jobs are nudges ("look at this again"): see [Nudge]. They carry no state, may run twice, and take turns by
// [Store.Exclusive].
//
// The database is SQLite, through statements that PostgreSQL takes as well.
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite" // the driver, without cgo
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is an open database. It is safe for concurrent use.
type Store struct {
	db    *sql.DB
	now   func() time.Time
	lock  *os.File
	queue *river.Client[*sql.Tx]
	// listener hears of the jobs that this process commits.
	listener *listener

	// interrupts holds, by lease subject, how to stop the pass that runs in this process.
	interrupts   map[string]context.CancelCauseFunc
	interruptsMu sync.Mutex

	// parsed are configurations by their text.
	parsed   map[string]parsed
	parsedMu sync.Mutex
}

// Open opens the SQLite database in file, makes its tables where they are missing, and takes back the work of a
// process that died. One process at a time may have it open; another gets an error that says so.
func Open(ctx context.Context, file string, now func() time.Time) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of the database: %w", err)
	}
	lock, err := lockFile(ctx, file+".lock")
	if err != nil {
		return nil, err
	}
	settings := url.Values{"_txlock": {"immediate"}, "_pragma": {
		"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)", "foreign_keys(ON)"}}
	db, err := sql.Open("sqlite", "file:"+file+"?"+settings.Encode())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the database %s: %w", file, err), lock.Close())
	}
	// SQLite has one writer; one connection makes waiting for it fair.
	db.SetMaxOpenConns(1)
	s := &Store{db: db, now: now, lock: lock, interrupts: map[string]context.CancelCauseFunc{}, listener: newListener()}
	if err := s.prepare(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("prepare the database %s: %w", file, err), s.Close())
	}
	return s, nil
}

// lockPatience is how long the lock is waited for: a child that is just being started has its parent's for a moment.
const lockPatience = time.Second

// lockFile takes the file's lock, which ends with the process however it ends.
func lockFile(ctx context.Context, name string) (*os.File, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the database: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	for syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("another Trunkline has the database open (its lock is %s)", name), file.Close())
		case <-time.After(10 * time.Millisecond):
		}
	}
	return file, nil
}

func (s *Store) prepare(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, s.db, files)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return err
	}
	migrator, err := rivermigrate.New(riversqlite.New(s.db), nil)
	if err != nil {
		return err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	if s.queue, err = river.NewClient(riversqlite.New(s.db), &river.Config{Logger: quiet()}); err != nil {
		return err
	}
	return s.takeBack(ctx)
}

// takeBack frees what a process that died had in hand. The queue has no heartbeat: without this its jobs would be
// rescued only after a day. It is safe because the lock says that no other process is alive.
func (s *Store) takeBack(ctx context.Context) error {
	return s.Write(ctx, func(tx *Tx) error {
		if err := tx.exec(`DELETE FROM leases`); err != nil {
			return err
		}
		return tx.exec(`UPDATE river_job SET state = 'available' WHERE state = 'running'`)
	})
}

// Close closes the database.
func (s *Store) Close() error {
	err := s.db.Close()
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// Ping tells whether the database answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.PingContext(ctx) }

// Tx is one transaction. It must not be kept after the function that got it returns.
type Tx struct {
	// Its context is that of the transaction, which never outlives the function that was given it.
	ctx   context.Context
	tx    *sql.Tx
	store *Store
	now   time.Time
	// nudged are the topics that jobs were added to.
	nudged map[Topic]bool
}

// Now is the time of the transaction.
func (tx *Tx) Now() time.Time { return tx.now }

// Write runs change in a transaction and commits it if change returns nil.
func (s *Store) Write(ctx context.Context, change func(*Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin a transaction: %w", err)
	}
	defer tx.Rollback() // after Commit this does nothing
	nudged := map[Topic]bool{}
	if err := change(&Tx{ctx: ctx, tx: tx, store: s, now: s.now(), nudged: nudged}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit a transaction: %w", err)
	}
	s.listener.tell(nudged)
	return nil
}

// Read runs look in a transaction, for those who only look.
func (s *Store) Read(ctx context.Context, look func(*Tx) error) error { return s.Write(ctx, look) }

func (tx *Tx) exec(statement string, args ...any) error {
	_, err := tx.changed(statement, args...)
	return err
}

// changed runs a statement and returns how many rows it changed.
func (tx *Tx) changed(statement string, args ...any) (int64, error) {
	result, err := tx.tx.ExecContext(tx.ctx, statement, args...)
	if err != nil {
		return 0, fmt.Errorf("%w (in %.60q)", err, statement)
	}
	return result.RowsAffected()
}

// one scans the only row of a query and tells whether there is one.
func (tx *Tx) one(into []any, query string, args ...any) (bool, error) {
	err := tx.tx.QueryRowContext(tx.ctx, query, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("%w (in %.60q)", err, query)
	}
	return true, nil
}

// each scans every row of a query.
func (tx *Tx) each(scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := tx.tx.QueryContext(tx.ctx, query, args...)
	if err != nil {
		return fmt.Errorf("%w (in %.60q)", err, query)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(m int64) time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(m).UTC()
}
