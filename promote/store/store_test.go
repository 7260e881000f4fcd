package store

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote"
)

// opened is a store in a directory of its own, with a clock that the test moves.
type opened struct {
	*Store
	t    *testing.T
	file string
	mu   sync.Mutex
	at   time.Time
}

func open(t *testing.T) *opened {
	t.Helper()
	o := &opened{t: t, file: filepath.Join(t.TempDir(), "trunkline.db"), at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	o.reopen()
	t.Cleanup(func() { _ = o.Close() }) // a test may have closed it
	return o
}

func (o *opened) reopen() {
	o.t.Helper()
	var err error
	if o.Store, err = Open(context.Background(), o.file, o.clock); err != nil {
		o.t.Fatal(err)
	}
}

func (o *opened) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.at
}

func (o *opened) pass(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.at = o.at.Add(d)
}

// write writes, and fails the test if that fails.
func (o *opened) write(change func(*Tx) error) {
	o.t.Helper()
	if err := o.Write(context.Background(), change); err != nil {
		o.t.Fatal(err)
	}
}

// one returns the only value of a query.
func one[T any](o *opened, query string) (value T) {
	o.t.Helper()
	o.write(func(tx *Tx) error {
		_, err := tx.one([]any{&value}, query)
		return err
	})
	return value
}

// chain are the rules of dev, staging and prod, of which dev moves by itself.
const chain = "version: 1\nstacks: {layout: folders, path: \"{environment}/{component}\", engine: terraform}\n" +
	"environments:\n  dev: {promote: auto}\n  staging:\n  prod:\n"

// known adds a repository whose environments run commit aaa, with bbb on trunk after it.
func (o *opened) known() {
	o.t.Helper()
	o.write(func(tx *Tx) error {
		if err := tx.SaveRepository(Repository{ID: 7, Installation: 1, Owner: "acme", Name: "infrastructure", Trunk: "main"}); err != nil {
			return err
		}
		advance := Advance{Repository: 7, Tip: "bbb", Configured: true, Configuration: chain,
			Commits: []promote.Commit{{SHA: "aaa"}, {SHA: "bbb", Pull: 1}}}
		for _, name := range []string{"dev", "staging", "prod"} {
			advance.Baselines = append(advance.Baselines, Baseline{Environment: name, SHA: "aaa", Digests: map[string]string{name + "/app": "one"}})
		}
		return tx.Advance(advance)
	})
}

// started is the deployment of bbb to dev, with one instance.
func (o *opened) started() (id int64) {
	o.t.Helper()
	o.known()
	o.write(func(tx *Tx) error {
		if err := tx.Step(7); err != nil {
			return err
		}
		state, err := tx.State(7)
		if err != nil {
			return err
		}
		id = state.Environments["dev"].Last.ID
		return tx.Include(id, planner.Resolved{Instance: stack.Instance{Stack: "dev", Component: "app"}, Digest: "two"})
	})
	return id
}

// A process that dies at any line leaves the whole transaction or nothing of it: facts, state and jobs.
func TestTransactionsAreAllOrNothing(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.known()
	failed := errors.New("failed")
	err := o.Write(context.Background(), func(tx *Tx) error {
		if err := tx.Request(7, promote.Request{Environment: "staging", To: "bbb", By: promote.Person{ID: 1, Login: "carol"}}); err != nil {
			return err
		}
		if err := tx.Step(7); err != nil {
			return err
		}
		return failed
	})
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	for query, what := range map[string]string{
		`SELECT count(*) FROM deployments`: "deployments", `SELECT count(*) FROM requests`: "requests",
		`SELECT count(*) FROM river_job`: "jobs", `SELECT count(*) FROM records WHERE kind IN ('asked', 'started')`: "records",
	} {
		if got := one[int](o, query); got != 0 {
			t.Errorf("%d %s were left", got, what)
		}
	}
	o.write(func(tx *Tx) error { return tx.Step(7) })
	if got := one[int](o, `SELECT count(*) FROM river_job WHERE queue = 'deploy'`); got != 1 {
		t.Errorf("a step that started a deployment wrote %d jobs for it", got)
	}
}

// Steps are decided on what is stored: however often one is asked for, nothing starts twice.
func TestOneLiveDeployment(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.started()
	for range 3 {
		o.write(func(tx *Tx) error { return tx.Step(7) })
	}
	if got := one[int](o, `SELECT count(*) FROM deployments`); got != 1 {
		t.Errorf("%d deployments were started", got)
	}
	// And the database itself refuses a second one.
	err := o.Write(context.Background(), func(tx *Tx) error {
		return tx.exec(`INSERT INTO deployments (repository, environment, from_sha, to_sha, phase, asked_by, login, started_at)
			VALUES (7, 'dev', 'aaa', 'bbb', 'applying', 0, '', 1)`)
	})
	if err == nil || !strings.Contains(err.Error(), "UNIQUE") {
		t.Errorf("a second live deployment was taken: %v", err)
	}
}

// Each step of a deployment is refused where it is not its turn.
func TestTransitions(t *testing.T) {
	t.Parallel()
	type step struct {
		name string
		take func(tx *Tx, id int64) error
	}
	planned := step{"planned", func(tx *Tx, id int64) error {
		return tx.Planned(id, promote.DeployedInstance{Name: "dev/app", PlanDigest: "p", ChangeDigests: []string{"c"}})
	}}
	apply := step{"apply", (*Tx).Apply}
	applying := step{"applying", func(tx *Tx, id int64) error { return tx.Applying(id, "dev/app") }}
	applied := step{"applied", func(tx *Tx, id int64) error { return tx.Applied(id, "dev/app") }}
	failed := step{"instance failed", func(tx *Tx, id int64) error { return tx.InstanceFailed(id, "dev/app") }}
	verify := step{"verify", (*Tx).Verify}
	succeed := step{"succeed", func(tx *Tx, id int64) error { return tx.Succeed(id, Left{}) }}
	fail := step{"fail", func(tx *Tx, id int64) error { return tx.Fail(id, promote.Failure{Step: "apply", Subject: "dev/app"}) }}
	all := []step{planned, apply, applying, applied, failed, verify, succeed, fail}

	for _, test := range []struct {
		name  string
		taken []step
		legal []step
	}{
		{"planning", nil, []step{planned, failed, fail}},
		{"planning, its instance planned", []step{planned}, []step{planned, apply, applying, applied, failed, fail}},
		{"planning, its instance failed", []step{failed}, []step{planned, applying, applied, failed, fail}},
		{"applying", []step{planned, apply}, []step{applying, applied, failed, fail}},
		{"applying its instance", []step{planned, apply, applying}, []step{applying, applied, failed, fail}},
		{"applying, its instance failed", []step{planned, apply, applying, failed}, []step{planned, applying, applied, failed, fail}},
		{"applied", []step{planned, apply, applying, applied}, []step{verify, fail}},
		{"verifying", []step{planned, apply, applying, applied, verify}, []step{succeed, fail}},
		{"succeeded", []step{planned, apply, applying, applied, verify, succeed}, nil},
		{"failed", []step{planned, fail}, []step{applying, applied, failed}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := open(t)
			id := o.started()
			for _, step := range test.taken {
				o.write(func(tx *Tx) error { return step.take(tx, id) })
			}
			undone := errors.New("undone")
			for _, step := range all {
				legal := false
				for _, one := range test.legal {
					legal = legal || one.name == step.name
				}
				err := o.Write(context.Background(), func(tx *Tx) error {
					if err := step.take(tx, id); err != nil {
						return err
					}
					return undone
				})
				if legal && !errors.Is(err, undone) || !legal && !errors.Is(err, ErrTransition) {
					t.Errorf("%s: %v; legal: %t", step.name, err, legal)
				}
			}
		})
	}
}

// What an environment runs is what was applied there; it runs a commit only when the deployment has succeeded.
func TestWhatRuns(t *testing.T) {
	t.Parallel()
	o := open(t)
	id := o.started()
	runs := func() (sha, digest string) {
		return one[string](o, `SELECT runs FROM environments WHERE name = 'dev'`), one[string](o, `SELECT digest FROM instances WHERE name = 'dev/app'`)
	}
	o.write(func(tx *Tx) error {
		return errors.Join(tx.Planned(id, promote.DeployedInstance{Name: "dev/app"}), tx.Apply(id), tx.Applying(id, "dev/app"))
	})
	// What may be half applied equals nothing, so that a revert is applied too.
	if sha, digest := runs(); sha != "aaa" || digest != "" {
		t.Errorf("while applying, dev runs %s, %q", sha, digest)
	}
	o.write(func(tx *Tx) error { return tx.Applied(id, "dev/app") })
	if sha, digest := runs(); sha != "aaa" || digest != "two" {
		t.Errorf("when applied, dev runs %s, %s", sha, digest)
	}
	o.write(func(tx *Tx) error { return errors.Join(tx.Verify(id), tx.Succeed(id, Left{})) })
	if sha, digest := runs(); sha != "bbb" || digest != "two" {
		t.Errorf("when it has succeeded, dev runs %s, %s", sha, digest)
	}
}

// Opening a database that is up to date changes nothing of it.
func TestMigratesTwice(t *testing.T) {
	t.Parallel()
	o := open(t)
	o.known()
	schema := func() (text string) {
		o.write(func(tx *Tx) error {
			return tx.each(func(rows *sql.Rows) error {
				var line string
				err := rows.Scan(&line)
				text += line + "\n"
				return err
			}, `SELECT COALESCE(sql, name) FROM sqlite_schema ORDER BY name`)
		})
		return text
	}
	before := schema()
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	o.reopen()
	if after := schema(); after != before {
		t.Errorf("the tables changed from\n%s\nto\n%s", before, after)
	}
	if got := one[int](o, `SELECT count(*) FROM commits`); got != 2 {
		t.Errorf("%d commits were left", got)
	}
}

func TestOneProcessAtATime(t *testing.T) {
	t.Parallel()
	o := open(t)
	second, err := Open(context.Background(), o.file, time.Now)
	if err == nil {
		second.Close()
		t.Fatal("a second process opened the database")
	}
	if !strings.Contains(err.Error(), "another Trunkline") {
		t.Errorf("it says %v", err)
	}
}
