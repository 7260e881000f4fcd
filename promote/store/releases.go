package store

import (
	"database/sql"
	"fmt"
	"slices"

	"github.com/trunkline/trunkline/promote"
)

const releaseColumns = `id, environment, deployment, sha, full_sha, from_percent, percent, good, phase, asked_by, login, pull, back, text, asked_at, since, again_at`

func (tx *Tx) release(where string, args ...any) (*promote.Release, error) {
	var r promote.Release
	var asked, since, again int64
	found, err := tx.one([]any{&r.ID, &r.Environment, &r.Deployment, &r.Commit, &r.Full, &r.From, &r.Percent, &r.Good, &r.Phase, &r.By.ID, &r.By.Login,
		&r.Pull, &r.Back, &r.Text, &asked, &since, &again}, `SELECT `+releaseColumns+` FROM releases WHERE `+where, args...)
	if err != nil || !found {
		return nil, err
	}
	r.Asked, r.Since, r.WaitsUntil = fromMillis(asked), fromMillis(since), fromMillis(again)
	err = tx.each(func(rows *sql.Rows) error {
		var a promote.ReleaseApproval
		var at int64
		err := rows.Scan(&a.By.ID, &a.By.Login, &a.App, &at)
		a.At = fromMillis(at)
		r.Approvals = append(r.Approvals, a)
		return err
	}, `SELECT person, login, app, at FROM release_approvals WHERE release = $1 ORDER BY at, person`, r.ID)
	return &r, err
}

// Release returns one step of a release, and the repository that it belongs to.
func (tx *Tx) Release(id int64) (r promote.Release, repository int64, err error) {
	known, err := tx.one([]any{&repository}, `SELECT repository FROM releases WHERE id = $1`, id)
	if err != nil || !known {
		return r, 0, fmt.Errorf("find step %d of a release: %w", id, errOr(err, sql.ErrNoRows))
	}
	found, err := tx.release(`id = $1`, id)
	if err != nil {
		return r, 0, err
	}
	return *found, repository, nil
}

// releasesOf fills in how the release of what an environment runs stands.
func (tx *Tx) releasesOf(repository int64, e *promote.Environment) (err error) {
	var deployment int64
	_, err = tx.one([]any{&deployment}, `SELECT COALESCE(MAX(id), 0) FROM deployments WHERE repository = $1 AND environment = $2 AND phase = 'succeeded'`,
		repository, e.Name)
	if err != nil || deployment == 0 {
		return err
	}
	if e.Release, err = tx.release(`deployment = $1 AND phase <> 'dropped' ORDER BY id DESC LIMIT 1`, deployment); err != nil {
		return err
	}
	if e.Released, err = tx.release(`deployment = $1 AND phase = 'done' ORDER BY id DESC LIMIT 1`, deployment); err != nil || e.Release == nil {
		return err
	}
	e.Releases, err = tx.releaseEnds(repository, e.Name)
	return err
}

// releaseEnds are how the last steps of an environment's releases ended, oldest first.
func (tx *Tx) releaseEnds(repository int64, environment string) (ends []promote.ReleaseEnd, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var end promote.ReleaseEnd
		var at int64
		err := rows.Scan(&end.Commit, &end.Full, &end.All, &at)
		end.At = fromMillis(at)
		ends = append(ends, end)
		return err
	}, `SELECT sha, full_sha, percent = 100 AND phase = 'done', since FROM releases WHERE repository = $1 AND environment = $2
		AND phase IN ('done', 'failed') ORDER BY id DESC LIMIT $3`, repository, environment, mostHistory)
	slices.Reverse(ends)
	return ends, err
}

// AskRelease writes down a step that [promote.Releasing] let through. It takes the place of what has not ended.
func (tx *Tx) AskRelease(repository int64, r promote.Release) error {
	if err := tx.dropReleases(repository, r.Environment, fmt.Sprintf("%s asks for %d%%", r.By.Login, r.Percent)); err != nil {
		return err
	}
	err := tx.Record(Record{Repository: repository, Actor: r.By, Kind: "release asked", Environment: r.Environment, SHA: r.Commit,
		Reason: fmt.Sprintf("from %d%% to %d%%", r.From, r.Percent)})
	return errOr(err, tx.addRelease(repository, r))
}

func (tx *Tx) addRelease(repository int64, r promote.Release) error {
	var id int64
	_, err := tx.one([]any{&id}, `INSERT INTO releases (repository, environment, deployment, sha, full_sha, from_percent, percent, good, phase, asked_by, login,
			pull, back, text, asked_at, since)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15) RETURNING id`, repository, r.Environment, r.Deployment, r.Commit, r.Full,
		r.From, r.Percent, r.Good, string(r.Phase), r.By.ID, r.By.Login, r.Pull, r.Back, r.Text, millis(tx.now))
	if err != nil {
		return err
	}
	if r.Phase.Live() {
		err = tx.nudgeRelease(repository, id)
	}
	return errOr(err, tx.showRelease(repository, r))
}

func (tx *Tx) nudgeRelease(repository, id int64) error {
	return tx.Nudge(Nudge{Topic: Releases, Repository: repository, Subject: fmt.Sprint(id)})
}

// showRelease has the rollout comments of all that is released brought up to date.
func (tx *Tx) showRelease(repository int64, r promote.Release) error {
	err := tx.exec(`UPDATE projections SET detail = 'moving' || SUBSTR(detail, 10) WHERE repository = $1 AND kind = $2 AND detail LIKE 'converged%'
		AND subject IN (SELECT CAST(pull AS TEXT) FROM commits WHERE repository = $1
			AND (sha = $4 OR position > (SELECT position FROM commits WHERE repository = $1 AND sha = $3)
				AND position <= (SELECT position FROM commits WHERE repository = $1 AND sha = $4)))`, repository, RolloutProjection, r.Full, r.Commit)
	return errOr(err, tx.Nudge(Nudge{Topic: Rollout, Repository: repository}))
}

// dropReleases ends the step of an environment's release that has not ended, because something takes its place.
func (tx *Tx) dropReleases(repository int64, environment, why string) error {
	r, err := tx.release(`repository = $1 AND environment = $2 AND phase IN ('waiting', 'running', 'watching')`, repository, environment)
	if err != nil || r == nil {
		return err
	}
	return tx.endRelease(repository, *r, ended{phase: promote.ReleaseDropped, text: why})
}

// interruptRelease ends the step of a release that has not ended, because a deployment begins. One that is watched is not found
// to be healthy then.
func (tx *Tx) interruptRelease(repository int64, environment string) error {
	r, err := tx.release(`repository = $1 AND environment = $2 AND phase = 'watching'`, repository, environment)
	if err != nil || r == nil {
		return errOr(err, tx.dropReleases(repository, environment, "a deployment has begun"))
	}
	return tx.endRelease(repository, *r, ended{phase: promote.ReleaseFailed, text: "A deployment began before its watches had passed."})
}

// ended is how a step of a release ended.
type ended struct {
	phase promote.ReleasePhase
	by    promote.Person
	text  string
}

func (tx *Tx) endRelease(repository int64, r promote.Release, e ended) error {
	err := tx.transition(`UPDATE releases SET phase = $1, text = CASE WHEN $2 <> '' OR NOT back THEN $2 ELSE text END, since = $3, again_at = 0
		WHERE id = $4 AND phase IN ('waiting', 'running', 'watching')`, string(e.phase), e.text, millis(tx.now), r.ID)
	if err != nil {
		return err
	}
	if err := tx.stopWorkflows(Nudge{Topic: Releases, Repository: repository, Subject: fmt.Sprint(r.ID)}); err != nil {
		return err
	}
	reason := fmt.Sprintf("%d%%", r.Percent)
	if e.text != "" {
		reason += ": " + e.text
	}
	err = tx.Record(Record{Repository: repository, Actor: e.by, Kind: "release " + string(e.phase), Environment: r.Environment, SHA: r.Commit, Reason: reason})
	return errOr(err, tx.showRelease(repository, r))
}

// DropRelease takes back the step of a release that waits or whose command runs; nil: there is none. Of one that runs nobody
// knows how far it came.
func (tx *Tx) DropRelease(repository int64, environment string, by promote.Person) (*promote.Release, error) {
	r, err := tx.release(`repository = $1 AND environment = $2 AND phase IN ('waiting', 'running')`, repository, environment)
	if err != nil || r == nil {
		return nil, err
	}
	e := ended{promote.ReleaseDropped, by, ""}
	if r.Phase == promote.ReleaseRunning {
		e.phase, e.text = promote.ReleaseFailed, by.Login+" stopped it."
	}
	return r, tx.endRelease(repository, *r, e)
}

// ApproveRelease writes down an approval that [promote.ApproveRelease] has made.
func (tx *Tx) ApproveRelease(repository int64, r promote.Release, a promote.ReleaseApproval) error {
	err := tx.exec(`INSERT INTO release_approvals (release, person, login, app, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (release, person) DO NOTHING`,
		r.ID, a.By.ID, a.By.Login, a.App, millis(tx.now))
	err = errOr(err, tx.Record(Record{Repository: repository, Actor: a.By, Kind: "release approved", Environment: r.Environment, SHA: r.Commit,
		Reason: fmt.Sprintf("%d%%", r.Percent)}))
	return errOr(err, tx.showRelease(repository, r))
}

// startReleases has steps run that have waited for what they wait for.
func (tx *Tx) startReleases(repository int64, state promote.State) error {
	for name, environment := range state.Environments {
		if !promote.ReleaseDue(state, name) {
			continue
		}
		r := *environment.Release
		err := tx.transition(`UPDATE releases SET phase = 'running', since = $1 WHERE id = $2 AND phase = 'waiting'`, millis(tx.now), r.ID)
		err = errOr(err, tx.Record(Record{Repository: repository, Actor: r.By, Kind: "release started", Environment: name, SHA: r.Commit, Reason: fmt.Sprintf("%d%%", r.Percent)}))
		if err = errOr(err, errOr(tx.nudgeRelease(repository, r.ID), tx.showRelease(repository, r))); err != nil {
			return err
		}
	}
	return nil
}

// ReleaseStandsAt tells how far a step is.
func (tx *Tx) ReleaseStandsAt(id int64) (phase promote.ReleasePhase, err error) {
	_, err = tx.one([]any{&phase}, `SELECT phase FROM releases WHERE id = $1`, id)
	return phase, err
}

// LiveReleases returns the nudges for steps whose command is to run, or whose watches are to be looked at, for the sweep.
func (tx *Tx) LiveReleases() ([]Nudge, error) {
	return tx.releaseNudges(`phase = 'running' OR phase = 'watching' AND again_at <= $1`)
}

// nudgeWatched brings steps on whose watches are to be looked at.
func (tx *Tx) nudgeWatched() error {
	due, err := tx.releaseNudges(`phase = 'watching' AND again_at > 0 AND again_at <= $1`)
	for _, nudge := range due {
		// A pass, which the nudge leads to, says when the next time is.
		err = errOr(err, tx.exec(`UPDATE releases SET again_at = 0 WHERE CAST(id AS TEXT) = $1`, nudge.Subject))
		err = errOr(err, tx.Nudge(nudge))
	}
	return err
}

func (tx *Tx) releaseNudges(where string) (nudges []Nudge, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		nudge := Nudge{Topic: Releases}
		err := rows.Scan(&nudge.Repository, &nudge.Subject)
		nudges = append(nudges, nudge)
		return err
	}, `SELECT repository, CAST(id AS TEXT) FROM releases WHERE `+where+` ORDER BY id`, millis(tx.now))
	return nudges, err
}
