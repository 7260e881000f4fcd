package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/promote"
)

// EphemeralPhase is how far an environment of a pull request is.
type EphemeralPhase string

const (
	// EphemeralCreating: it is brought to the commit that was asked for.
	EphemeralCreating EphemeralPhase = "creating"
	// EphemeralReady: it has that commit.
	EphemeralReady EphemeralPhase = "ready"
	// EphemeralFailed: it has a part of it, or nothing.
	EphemeralFailed EphemeralPhase = "failed"
	// EphemeralDestroying: it is over, and may still exist. It stays so until it was destroyed.
	EphemeralDestroying EphemeralPhase = "destroying"
	// EphemeralGone: nothing is left of it.
	EphemeralGone EphemeralPhase = "gone"
)

// Ephemeral is an environment that a pull request has of its own for a while.
type Ephemeral struct {
	ID, Repository int64
	Pull           int
	Phase          EphemeralPhase
	// Source that it is to have.
	Source EphemeralSource
	// By asked for it last.
	By promote.Person
	// Address at which it can be looked at; empty: none.
	Address string
	// Created is when it was first asked for, Expires when it is over by itself, Ended when it was gone.
	Created, Expires, Ended time.Time
	// Why it is destroyed, as "#7 was closed".
	Why string
	// Failure is what went wrong last, redacted, and Tries how often in a row destroying it did.
	Failure string
	Tries   int
	// Again is when it is looked at again by itself; zero: something else leads to that.
	Again time.Time
	// Instances are what may exist of it, by name.
	Instances []EphemeralInstance
}

// Environment is its name.
func (e Ephemeral) Environment() string { return fmt.Sprintf("pr-%d", e.Pull) }

// Over tells whether it is destroyed, or about to be.
func (e Ephemeral) Over() bool { return e.Phase == EphemeralDestroying || e.Phase == EphemeralGone }

// EphemeralSource is a commit with the rules by which it is deployed, and destroyed.
type EphemeralSource struct {
	ID            int64
	SHA           string
	Configuration string
}

// EphemeralInstance is what may exist.
type EphemeralInstance struct {
	Name string
	// Place is the address of its state, which it is found by together with the name.
	Place       string
	Whereabouts planner.Whereabouts
	// Source that was last begun to be applied.
	Source int64
	// Phase is claimed (nothing was made), begun, applied or destroyed.
	Phase string
}

// Exists tells whether there may be something to destroy.
func (i EphemeralInstance) Exists() bool { return i.Phase == "begun" || i.Phase == "applied" }

// Ephemeral returns the newest environment of a pull request; known is false where it never had one.
func (tx *Tx) Ephemeral(repository int64, pull int) (e Ephemeral, known bool, err error) {
	e.Repository, e.Pull = repository, pull
	var created, expires, ended, again int64
	known, err = tx.one([]any{&e.ID, &e.Phase, &e.Source.ID, &e.By.ID, &e.By.Login, &e.Address, &created, &expires, &ended, &e.Why, &e.Failure, &e.Tries, &again},
		`SELECT id, phase, source, asked_by, login, address, created_at, expires_at, ended_at, why, failure, tries, again_at
		FROM ephemerals WHERE repository = $1 AND pull = $2 ORDER BY id DESC LIMIT 1`, repository, pull)
	if err != nil || !known {
		return e, known, err
	}
	e.Created, e.Expires, e.Ended, e.Again = fromMillis(created), fromMillis(expires), fromMillis(ended), fromMillis(again)
	if e.Source, err = tx.EphemeralSource(e.Source.ID); err != nil {
		return e, true, err
	}
	e.Instances, err = tx.ephemeralInstances(e.ID)
	return e, true, err
}

// EphemeralSource returns one by its id.
func (tx *Tx) EphemeralSource(id int64) (s EphemeralSource, err error) {
	s.ID = id
	known, err := tx.one([]any{&s.SHA, &s.Configuration}, `SELECT sha, configuration FROM ephemeral_sources WHERE id = $1`, id)
	if err == nil && !known {
		err = fmt.Errorf("there is no source %d of an environment of a pull request", id)
	}
	return s, err
}

// EphemeralSources are the ids of all sources that an environment was brought to.
func (tx *Tx) EphemeralSources(ephemeral int64) ([]int64, error) {
	return tx.ids(`SELECT id FROM ephemeral_sources WHERE ephemeral = $1 ORDER BY id`, ephemeral)
}

func (tx *Tx) ephemeralInstances(id int64) (instances []EphemeralInstance, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var i EphemeralInstance
		var text string
		if err := rows.Scan(&i.Name, &i.Place, &i.Source, &text, &i.Phase); err != nil {
			return err
		}
		instances = append(instances, i)
		return json.Unmarshal([]byte(text), &instances[len(instances)-1].Whereabouts)
	}, `SELECT name, place, source, whereabouts, phase FROM ephemeral_instances WHERE ephemeral = $1 ORDER BY name, place`, id)
	return instances, err
}

// LiveEphemerals are the numbers of the pull requests of a repository that have an environment, or had one that may still
// exist.
func (tx *Tx) LiveEphemerals(repository int64) (pulls []int, err error) {
	ids, err := tx.ids(`SELECT pull FROM ephemerals WHERE repository = $1 AND phase <> 'gone' ORDER BY pull`, repository)
	for _, id := range ids {
		pulls = append(pulls, int(id))
	}
	return pulls, err
}

// UnfinishedEphemerals returns nudges for those that somebody has to look at after a crash. Those that could not be
// destroyed are looked at when their time has come.
func (tx *Tx) UnfinishedEphemerals() (nudges []Nudge, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		nudge := Nudge{Topic: Ephemerals}
		err := rows.Scan(&nudge.Repository, &nudge.Subject)
		nudges = append(nudges, nudge)
		return err
	}, `SELECT repository, CAST(pull AS TEXT) FROM ephemerals WHERE phase <> 'gone' AND NOT (phase = 'destroying' AND again_at > 0)`)
	return nudges, err
}

// nudgeEphemerals has those looked at whose time has come.
func (tx *Tx) nudgeEphemerals() error {
	var due []Nudge
	err := tx.each(func(rows *sql.Rows) error {
		nudge := Nudge{Topic: Ephemerals}
		err := rows.Scan(&nudge.Repository, &nudge.Subject)
		due = append(due, nudge)
		return err
	}, `SELECT repository, CAST(pull AS TEXT) FROM ephemerals WHERE phase <> 'gone' AND again_at > 0 AND again_at <= $1`, millis(tx.now))
	for _, nudge := range due {
		err = errOr(err, tx.exec(`UPDATE ephemerals SET again_at = 0 WHERE repository = $1 AND CAST(pull AS TEXT) = $2 AND phase <> 'gone'`,
			nudge.Repository, nudge.Subject))
		err = errOr(err, tx.Nudge(nudge))
	}
	return err
}

// TakenPlaces are where everything has its state that was deployed by this server, other than environment of pull requests
// with the id: of all repositories, since several can share a bucket.
func (tx *Tx) TakenPlaces(repository, except int64) (all []planner.Taken, err error) {
	add := func(rows *sql.Rows) error {
		var of, pull int64
		var environment, name, text string
		if err := rows.Scan(&of, &environment, &pull, &name, &text); err != nil || text == "" {
			return err
		}
		var where planner.Whereabouts
		if err := json.Unmarshal([]byte(text), &where); err != nil {
			return fmt.Errorf("read where the state of %s is: %w", name, err)
		}
		whose := name
		if of != repository {
			whose = "something in another repository"
		}
		all = append(all, planner.Taken{Whose: whose, Name: name, Address: where.Address, Elsewhere: of != repository})
		return nil
	}
	err = tx.each(add, `SELECT repository, environment, 0, name, whereabouts FROM instances`)
	return all, errOr(err, tx.each(add, `SELECT e.repository, '', e.pull, i.name, i.whereabouts FROM ephemeral_instances i
		JOIN ephemerals e ON e.id = i.ephemeral WHERE e.id <> $1 AND e.phase <> 'gone' AND i.phase <> 'destroyed'`, except))
}

// nudgeEphemeralOf has the environment of a pull request looked at, if there is one.
func (tx *Tx) nudgeEphemeralOf(p PullRequest) error {
	e, known, err := tx.Ephemeral(p.Repository, p.Number)
	if err != nil || !known || e.Phase == EphemeralGone {
		return err
	}
	return tx.nudgeEphemeral(e)
}

// ShownEphemerals are the GitHub deployments of a pull request's environment that still say that something is there, by
// their subjects.
func (tx *Tx) ShownEphemerals(e Ephemeral) (shown []Projection, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		p := Projection{Repository: e.Repository, Kind: EphemeralDeploymentProjection}
		err := rows.Scan(&p.Subject, &p.GitHubID, &p.Digest, &p.Detail)
		shown = append(shown, p)
		return err
	}, `SELECT subject, github_id, digest, detail FROM projections WHERE repository = $1 AND kind = $2 AND subject LIKE $3 AND digest <> 'inactive'
		ORDER BY subject`, e.Repository, EphemeralDeploymentProjection, fmt.Sprintf("%d/%%", e.ID))
	return shown, err
}
