package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/trunkline/trunkline/promote"
)

const deploymentColumns = `id, environment, from_sha, to_sha, phase, ending, asked_by, login, without, passed, reason, rollback, why, touched, failure, started_at, finished_at, again_at`

// Deployment returns a deployment with its instances, and the repository it belongs to.
func (tx *Tx) Deployment(id int64) (d promote.Deployment, repository int64, err error) {
	known, err := tx.one([]any{&repository}, `SELECT repository FROM deployments WHERE id = $1`, id)
	if err != nil || !known {
		return d, 0, fmt.Errorf("find deployment %d: %w", id, errOr(err, sql.ErrNoRows))
	}
	found, err := tx.deployment(`id = $1`, id)
	if err != nil {
		return d, 0, err
	}
	return *found, repository, nil
}

func errOr(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func (tx *Tx) lastDeployment(repository int64, environment string) (*promote.Deployment, error) {
	return tx.deployment(`repository = $1 AND environment = $2 ORDER BY id DESC LIMIT 1`, repository, environment)
}

func (tx *Tx) deployment(where string, args ...any) (*promote.Deployment, error) {
	var d promote.Deployment
	var failure, ending, without, passed string
	var started, finished, again int64
	found, err := tx.one([]any{&d.ID, &d.Environment, &d.From, &d.To, &d.Phase, &ending, &d.By.ID, &d.By.Login, &without, &passed, &d.Reason, &d.Rollback, &d.Why, &d.Touched, &failure,
		&started, &finished, &again}, `SELECT `+deploymentColumns+` FROM deployments WHERE `+where, args...)
	if err != nil || !found {
		return nil, err
	}
	d.Phase, d.Started, d.Finished, d.WaitsUntil = phaseOf(d.Phase, ending), fromMillis(started), fromMillis(finished), fromMillis(again)
	if err := errors.Join(json.Unmarshal([]byte(without), &d.Without), json.Unmarshal([]byte(passed), &d.Passed)); err != nil {
		return nil, fmt.Errorf("read deployment %d: %w", d.ID, err)
	}
	if d.Failure, err = decodeFailure(failure); err != nil {
		return nil, err
	}
	if d.Instances, err = tx.deployedInstances(d.ID); err != nil {
		return nil, err
	}
	d.Steps, err = tx.steps(d.ID)
	return &d, err
}

func (tx *Tx) deployedInstances(deployment int64) (instances []promote.DeployedInstance, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var i promote.DeployedInstance
		var changes, counts, created, destroyed, awaits string
		err := rows.Scan(&i.Name, &i.Phase, &i.Digest, &i.PlanDigest, &changes, &i.Summary, &i.Destructive, &counts, &i.Downstream, &created, &destroyed, &awaits)
		if err == nil && counts != "" {
			err = json.Unmarshal([]byte(counts), &i.Counts)
		}
		err = errors.Join(err, json.Unmarshal([]byte(changes), &i.ChangeDigests), json.Unmarshal([]byte(created), &i.Created),
			json.Unmarshal([]byte(destroyed), &i.Destroyed), json.Unmarshal([]byte(awaits), &i.Awaits))
		instances = append(instances, i)
		return err
	}, `SELECT name, phase, digest, plan_digest, change_digests, summary, destructive, counts, downstream, created, destroyed, awaits FROM deployment_instances
		WHERE deployment = $1 ORDER BY name`, deployment)
	return instances, err
}

// Instances returns the inputs digest of each instance that an environment runs, by name.
func (tx *Tx) Instances(repository int64, environment string) (map[string]string, error) {
	digests := map[string]string{}
	err := tx.each(func(rows *sql.Rows) error {
		var name, digest string
		err := rows.Scan(&name, &digest)
		digests[name] = digest
		return err
	}, `SELECT name, digest FROM instances WHERE repository = $1 AND environment = $2`, repository, environment)
	return digests, err
}

// run is what an environment runs of one instance, as it is written down.
type run struct {
	name, digest, whereabouts, sha string
	deployment                     int64
}

func (tx *Tx) setInstance(repository int64, environment string, r run) error {
	return tx.exec(`INSERT INTO instances (repository, environment, name, digest, sha, deployment, applied_at, whereabouts)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (repository, environment, name) DO UPDATE SET digest = excluded.digest,
		sha = excluded.sha, deployment = excluded.deployment, applied_at = excluded.applied_at, whereabouts = excluded.whereabouts`,
		repository, environment, r.name, r.digest, r.sha, r.deployment, millis(tx.now), r.whereabouts)
}

// Assumed are the instances of a repository, by environment and name, that were taken to run what trunk had when their
// environment was first seen, and that no deployment has brought since.
func (tx *Tx) Assumed(repository int64) (map[string]map[string]bool, error) {
	assumed := map[string]map[string]bool{}
	err := tx.each(func(rows *sql.Rows) error {
		var environment, name string
		err := rows.Scan(&environment, &name)
		if assumed[environment] == nil {
			assumed[environment] = map[string]bool{}
		}
		assumed[environment][name] = true
		return err
	}, `SELECT environment, name FROM instances WHERE repository = $1 AND deployment = 0 AND digest <> ''`, repository)
	return assumed, err
}

// Apply moves a deployment from planning to applying, when every instance has its plan.
func (tx *Tx) Apply(deployment int64) error {
	return tx.transition(`UPDATE deployments SET phase = 'applying' WHERE id = $1 AND phase = 'planning' AND NOT EXISTS
		(SELECT 1 FROM deployment_instances WHERE deployment = $1 AND phase <> 'planned')`, deployment)
}

// Verify moves a deployment from applying to verifying, when every instance is applied.
func (tx *Tx) Verify(deployment int64) error {
	return tx.transition(`UPDATE deployments SET phase = 'verifying' WHERE id = $1 AND phase = 'applying' AND NOT EXISTS
		(SELECT 1 FROM deployment_instances WHERE deployment = $1 AND phase <> 'applied')`, deployment)
}

// Left is what a deployment leaves behind that succeeds.
type Left struct {
	// Removed names instances that the target does not have any more.
	Removed []string
	// Out are components that stayed as they are, and so do not run the target.
	Out []string
	// Unreleased: users do not have with the deployment what it brings; see [promote.Release].
	Unreleased bool
}

// Succeed ends a deployment that was applied and proven: the environment runs its target.
func (tx *Tx) Succeed(id int64, left Left) error {
	deployment, repository, err := tx.Deployment(id)
	if err != nil {
		return err
	}
	err = tx.transition(`UPDATE deployments SET phase = 'succeeded', finished_at = $1 WHERE id = $2 AND phase = 'verifying'`,
		millis(tx.now), id)
	if err != nil {
		return err
	}
	for _, name := range left.Removed {
		err := tx.exec(`DELETE FROM instances WHERE repository = $1 AND environment = $2 AND name = $3`, repository, deployment.Environment, name)
		if err != nil {
			return err
		}
	}
	err = tx.exec(`UPDATE environments SET runs = $1, since = $2 WHERE repository = $3 AND name = $4`,
		deployment.To, millis(tx.now), repository, deployment.Environment)
	if err != nil {
		return err
	}
	if err := tx.setLeftOut(repository, deployment.Environment, left.Out); err != nil {
		return err
	}
	reason := ""
	if len(left.Out) > 0 {
		reason = "without " + strings.Join(left.Out, ", ")
	}
	kind := "succeeded"
	if deployment.Rollback {
		kind = "rolled back"
	}
	err = tx.Record(Record{Repository: repository, Actor: deployment.By, Kind: kind, Environment: deployment.Environment, SHA: deployment.To, Reason: reason})
	if left.Unreleased {
		err = errOr(err, tx.beginRelease(repository, deployment))
	}
	return errOr(err, tx.Step(repository))
}

// AskAbort writes down that a person wants a deployment to stop; false: it has ended meanwhile.
func (tx *Tx) AskAbort(id int64, by promote.Person) (bool, error) {
	count, err := tx.changed(`UPDATE deployments SET abort_by = $1, abort_login = $2 WHERE id = $3
		AND phase IN ('planning', 'applying', 'verifying')`, by.ID, by.Login, id)
	if err != nil || count == 0 {
		return false, err
	}
	deployment, repository, err := tx.Deployment(id)
	err = errOr(err, tx.Record(Record{Repository: repository, Actor: by, Kind: "abort asked", Environment: deployment.Environment, SHA: deployment.To}))
	return true, errOr(err, tx.Nudge(Nudge{Topic: Deploy, Repository: repository, Subject: fmt.Sprint(id)}))
}

// AbortAsked tells whether a person wants a deployment to stop, and who.
func (tx *Tx) AbortAsked(id int64) (by promote.Person, asked bool, err error) {
	_, err = tx.one([]any{&by.ID, &by.Login}, `SELECT abort_by, abort_login FROM deployments WHERE id = $1`, id)
	return by, by != promote.Person{}, err
}

// Abort ends a deployment that a person stopped. What is applied stays applied.
func (tx *Tx) Abort(id int64, by promote.Person) error {
	return tx.end(id, promote.Aborted, by, promote.Failure{Step: "abort", Message: by.Login + " stopped it. What is applied stays applied."})
}

// Withdraw ends a deployment that has applied nothing, because gates closed meanwhile.
func (tx *Tx) Withdraw(id int64, gates []promote.Gate) error {
	var reasons []string
	for _, gate := range gates {
		reasons = append(reasons, gate.Text)
	}
	deployment, repository, err := tx.Deployment(id)
	if err != nil {
		return err
	}
	if deployment.Rollback {
		return tx.withdrawRollback(deployment, gates)
	}
	// What was asked for waits again, unless something else was asked for meanwhile.
	err = tx.exec(`UPDATE requests SET phase = 'waiting' WHERE id = (SELECT MAX(id) FROM requests WHERE repository = $1 AND environment = $2
			AND target = $3 AND asked_by = $4 AND phase = 'taken')
		AND NOT EXISTS (SELECT 1 FROM requests WHERE repository = $1 AND environment = $2 AND phase = 'waiting')`,
		repository, deployment.Environment, deployment.To, deployment.By.ID)
	return errOr(err, tx.end(id, promote.Void, promote.Person{}, promote.Failure{Step: "gates", Message: strings.Join(reasons, "; ")}))
}

// end ends a deployment that did not succeed, for no error of its own.
func (tx *Tx) end(id int64, ending promote.Phase, by promote.Person, why promote.Failure) error {
	deployment, repository, err := tx.Deployment(id)
	if err != nil {
		return err
	}
	text, err := json.Marshal(why)
	if err != nil {
		return err
	}
	err = tx.transition(`UPDATE deployments SET phase = 'failed', ending = $1, failure = $2, finished_at = $3
		WHERE id = $4 AND phase IN ('planning', 'applying', 'verifying')`, string(ending), string(text), millis(tx.now), id)
	if err != nil {
		return err
	}
	if err := tx.stopWorkflows(Nudge{Topic: Deploy, Repository: repository, Subject: fmt.Sprint(id)}); err != nil {
		return err
	}
	err = tx.Record(Record{Repository: repository, Actor: by, Kind: string(ending), Environment: deployment.Environment, SHA: deployment.To, Reason: why.Message})
	if ending != promote.Void {
		err = errOr(err, tx.stopsGoingBack(repository, deployment, why))
	}
	return errOr(err, tx.Step(repository))
}

// Fail ends a deployment that was stopped by an error. What is applied stays applied.
func (tx *Tx) Fail(id int64, failure promote.Failure) error {
	deployment, repository, err := tx.Deployment(id)
	if err != nil {
		return err
	}
	text, err := json.Marshal(failure)
	if err != nil {
		return err
	}
	err = tx.transition(`UPDATE deployments SET phase = 'failed', failure = $1, finished_at = $2
		WHERE id = $3 AND phase IN ('planning', 'applying', 'verifying')`, string(text), millis(tx.now), id)
	if err != nil {
		return err
	}
	if err := tx.stopWorkflows(Nudge{Topic: Deploy, Repository: repository, Subject: fmt.Sprint(id)}); err != nil {
		return err
	}
	err = tx.Record(Record{Repository: repository, Actor: deployment.By, Kind: "failed", Environment: deployment.Environment,
		SHA: deployment.To, Reason: failure.Step + " " + failure.Subject})
	err = errOr(err, tx.stopsGoingBack(repository, deployment, failure))
	return errOr(err, tx.Step(repository))
}

// UnshownDeployments returns deployments of a repository of which GitHub may not show yet how far they are: those that are
// under way, those that were not shown, and those that ended since.
func (tx *Tx) UnshownDeployments(repository int64) (deployments []promote.Deployment, err error) {
	var ids []int64
	err = tx.each(func(rows *sql.Rows) error {
		var id int64
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT d.id FROM deployments d LEFT JOIN projections p ON p.repository = d.repository AND p.kind = $2 AND p.subject = CAST(d.id AS TEXT)
		WHERE d.repository = $1 AND (p.digest IS NULL OR p.digest <>
			CASE WHEN d.phase IN ('planning', 'applying', 'verifying') THEN '' WHEN d.ending <> '' THEN d.ending ELSE d.phase END) ORDER BY d.id`, repository, DeploymentProjection)
	for _, id := range ids {
		if err != nil {
			return nil, err
		}
		var found *promote.Deployment
		if found, err = tx.deployment(`id = $1`, id); err == nil {
			deployments = append(deployments, *found)
		}
	}
	return deployments, err
}

// LiveDeployments returns the ids of all deployments under way, with their repositories, for the sweep.
func (tx *Tx) LiveDeployments() (nudges []Nudge, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		nudge := Nudge{Topic: Deploy}
		err := rows.Scan(&nudge.Repository, &nudge.Subject)
		nudges = append(nudges, nudge)
		return err
	}, `SELECT repository, CAST(id AS TEXT) FROM deployments WHERE phase IN ('planning', 'applying', 'verifying')`)
	return nudges, err
}

// transition runs a statement that moves exactly one row from a legal phase, or fails.
func (tx *Tx) transition(statement string, args ...any) error {
	count, err := tx.changed(statement, args...)
	if err == nil && count != 1 {
		err = fmt.Errorf("%w: %.80q changed %d rows", ErrTransition, statement, count)
	}
	return err
}
