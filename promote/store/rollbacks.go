package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/trunkline/trunkline/promote"
)

// StateBack is [Tx.State] with all commits of trunk since the oldest that succeeded in an environment, as far as Trunkline
// remembers: what a rollback may go back to.
func (tx *Tx) StateBack(repository int64, environment string) (promote.State, error) {
	state, err := tx.State(repository)
	if err != nil {
		return state, err
	}
	state.Trunk, err = tx.commitsSince(repository, `c.sha IN (SELECT to_sha FROM (SELECT to_sha FROM deployments
		WHERE repository = $1 AND environment = $2 AND phase = 'succeeded' ORDER BY id DESC LIMIT $3) AS proven)`, environment, mostHistory)
	return state, err
}

// RollBack writes down a person's wish to go back, which was checked by [promote.RollingBack]. It takes the place of what
// waits in the environment: the newest wish counts.
func (tx *Tx) RollBack(repository int64, r promote.Rollback) error {
	for _, table := range []string{"requests", "rollbacks"} {
		err := tx.exec(`UPDATE `+table+` SET phase = 'dropped' WHERE repository = $1 AND environment = $2 AND phase = 'waiting'`, repository, r.Environment)
		if err != nil {
			return err
		}
	}
	if err := tx.notConverged(repository, r); err != nil {
		return err
	}
	err := tx.exec(`INSERT INTO rollbacks (repository, environment, from_sha, to_sha, asked_by, login, reason, revert, pull, at, phase)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'waiting')`, repository, r.Environment, r.From, r.To, r.By.ID, r.By.Login,
		r.Reason, r.Revert, r.Pull, millis(tx.now))
	return errOr(err, tx.Record(Record{Repository: repository, Actor: r.By, Kind: "rollback asked", Environment: r.Environment, SHA: r.To,
		Reason: because("from "+r.From, r.Reason)}))
}

// notConverged has the rollout comments of what is taken back brought up to date again.
func (tx *Tx) notConverged(repository int64, r promote.Rollback) error {
	return tx.exec(`UPDATE projections SET detail = 'moving' || SUBSTR(detail, 10) WHERE repository = $1 AND kind = $2 AND detail LIKE 'converged%'
		AND subject IN (SELECT CAST(pull AS TEXT) FROM commits WHERE repository = $1
			AND position > (SELECT position FROM commits WHERE repository = $1 AND sha = $3)
			AND position <= (SELECT position FROM commits WHERE repository = $1 AND sha = $4))`, repository, RolloutProjection, r.To, r.From)
}

func because(what, reason string) string {
	if reason == "" {
		return what
	}
	return what + ", because " + reason
}

const rollbackColumns = `id, environment, from_sha, to_sha, asked_by, login, reason, revert, pull, at`

func (tx *Tx) rollback(where string, args ...any) (*promote.Rollback, error) {
	var r promote.Rollback
	var at int64
	found, err := tx.one([]any{&r.ID, &r.Environment, &r.From, &r.To, &r.By.ID, &r.By.Login, &r.Reason, &r.Revert, &r.Pull, &at},
		`SELECT `+rollbackColumns+` FROM rollbacks WHERE `+where, args...)
	if err != nil || !found {
		return nil, err
	}
	r.At = fromMillis(at)
	return &r, nil
}

func (tx *Tx) waitingRollback(repository int64, environment string) (*promote.Rollback, error) {
	return tx.rollback(`repository = $1 AND environment = $2 AND phase = 'waiting'`, repository, environment)
}

// DropRollback takes back the rollback that waits in an environment; false: none does.
func (tx *Tx) DropRollback(repository int64, environment string, by promote.Person) (bool, error) {
	waits, err := tx.waitingRollback(repository, environment)
	if err != nil || waits == nil {
		return false, err
	}
	err = tx.exec(`UPDATE rollbacks SET phase = 'dropped' WHERE id = $1`, waits.ID)
	return true, errOr(err, tx.Record(Record{Repository: repository, Actor: by, Kind: "dropped", Environment: environment, SHA: waits.To,
		Reason: "rollback asked for by " + waits.By.Login}))
}

// undone is the failed deployment before a rollback, which that takes back; nil: there is none.
func (tx *Tx) undone(repository int64, last *promote.Deployment) (*promote.Deployment, error) {
	if last == nil || !last.Rollback {
		return nil, nil
	}
	before, err := tx.deployment(`repository = $1 AND environment = $2 AND id < $3 AND NOT rollback ORDER BY id DESC LIMIT 1`, repository, last.Environment, last.ID)
	if err != nil || before == nil || before.To != last.From || before.Phase != promote.Failed && before.Phase != promote.Aborted {
		return nil, err
	}
	return before, nil
}

// touched is what deployments did since a rollback's target last succeeded, where one waits or is under way.
func (tx *Tx) touched(repository int64, e *promote.Environment) (err error) {
	to := ""
	switch {
	case e.Rollback != nil:
		to = e.Rollback.To
	case e.Last != nil && e.Last.Rollback && e.Last.Phase.Live():
		to = e.Last.To
	default:
		return nil
	}
	return tx.each(func(rows *sql.Rows) error {
		var t promote.Touched
		var created, destroyed string
		if err := rows.Scan(&t.Deployment, &t.Instance, &created, &destroyed); err != nil {
			return err
		}
		err := errors.Join(json.Unmarshal([]byte(created), &t.Created), json.Unmarshal([]byte(destroyed), &t.Destroyed))
		e.Touched = append(e.Touched, t)
		return err
	}, `SELECT i.deployment, i.name, i.created, i.destroyed FROM deployment_instances i JOIN deployments d ON d.id = i.deployment
		WHERE d.repository = $1 AND d.environment = $2 AND d.touched
			AND (i.created <> '[]' OR i.destroyed <> '[]')
			AND d.id > COALESCE((SELECT MAX(id) FROM deployments WHERE repository = $1 AND environment = $2 AND to_sha = $3 AND phase = 'succeeded'), 0)`,
		repository, e.Name, to)
}

// refuseUnsafe ends a rollback that waits and would lose something for good. Whoever asked is told.
func (tx *Tx) refuseUnsafe(repository int64, rollback *promote.Rollback, why string) error {
	if rollback == nil {
		return nil
	}
	count, err := tx.changed(`UPDATE rollbacks SET phase = 'refused' WHERE id = $1 AND phase = 'waiting'`, rollback.ID)
	if err != nil || count == 0 {
		return err
	}
	err = tx.Record(Record{Repository: repository, Actor: rollback.By, Kind: "rollback refused", Environment: rollback.Environment, SHA: rollback.To, Reason: why})
	text := fmt.Sprintf("%s does not go back to `%s`: %s", rollback.Environment, promote.Short(rollback.To), why)
	return errOr(err, tx.give(repository, promote.Notice{Kind: promote.NoticeRollbackRefused, Environment: rollback.Environment,
		Subject: fmt.Sprint(rollback.ID), Owner: rollback.By.Login, Text: text}))
}

// goesBack writes down what belongs to the start of a rollback: that it was taken up, the hold that it leaves, that what GitHub
// says of the commits is out of date, and that people are told.
func (tx *Tx) goesBack(repository, deployment int64, decision promote.Decision) error {
	r := *decision.Rollback
	if r.ID != 0 {
		if err := tx.exec(`UPDATE rollbacks SET phase = 'taken', deployment = $1 WHERE id = $2 AND phase = 'waiting'`, deployment, r.ID); err != nil {
			return err
		}
	}
	holds, err := tx.holds(repository, decision.Environment)
	if err != nil {
		return err
	}
	held, same := false, promote.HoldOf(promote.Rollback{From: r.From, To: r.To}, tx.now).Reason
	for _, hold := range holds {
		held = held || hold.Kind == promote.HeldAfterRollback && strings.HasPrefix(hold.Reason, same) // it is tried again
	}
	if !held {
		if err := tx.Hold(repository, decision.Environment, promote.HoldOf(r, tx.now), r.Pull); err != nil {
			return err
		}
	}
	if err := tx.notConverged(repository, r); err != nil {
		return err
	}
	if r.Revert {
		if err := tx.wantRevert(repository, r); err != nil {
			return err
		}
	}
	text := fmt.Sprintf("%s goes back from `%s` to `%s`", decision.Environment, promote.Short(r.From), promote.Short(r.To))
	if r.Reason != "" {
		text += ", because " + r.Reason
	}
	return tx.give(repository, promote.Notice{Kind: promote.NoticeRollback, Environment: decision.Environment,
		Subject: fmt.Sprint(deployment), Owner: r.By.Login, Text: text})
}

// waitAgain has the rollback of a deployment wait again; false: nobody asked for it.
func (tx *Tx) waitAgain(deployment int64) (bool, error) {
	count, err := tx.changed(`UPDATE rollbacks SET phase = 'waiting' WHERE deployment = $1 AND phase = 'taken'
		AND NOT EXISTS (SELECT 1 FROM rollbacks r WHERE r.repository = rollbacks.repository AND r.environment = rollbacks.environment AND r.phase = 'waiting')`, deployment)
	return count > 0, err
}

// stopsGoingBack tells people that a rollback did not get to its end.
func (tx *Tx) stopsGoingBack(repository int64, d promote.Deployment, why promote.Failure) error {
	if !d.Rollback {
		return nil
	}
	what := why.Step
	switch {
	case why.Subject != "":
		what += " " + why.Subject
	case why.Step == "rollback":
		what = why.Message
	}
	return tx.give(repository, promote.Notice{Kind: promote.NoticeRollbackStopped, Environment: d.Environment, Subject: fmt.Sprint(d.ID), Owner: d.By.Login,
		Text: fmt.Sprintf("the rollback of %s from `%s` to `%s` stopped (%s) and is not tried again by itself", d.Environment, promote.Short(d.From), promote.Short(d.To), what)})
}

// withdrawRollback ends a rollback that has applied nothing. Where it would lose something for good, or nobody asked for it,
// it has failed: people go on from there. What somebody asked for waits again.
func (tx *Tx) withdrawRollback(d promote.Deployment, gates []promote.Gate) error {
	why := promote.Failure{Step: "gates"}
	for _, gate := range gates {
		if gate.Name == promote.GateIrreversible {
			why.Step = "rollback"
		}
		if why.Message != "" {
			why.Message += "; "
		}
		why.Message += gate.Text
	}
	if why.Step == "gates" {
		if again, err := tx.waitAgain(d.ID); err != nil || again {
			return errOr(err, tx.end(d.ID, promote.Void, promote.Person{}, why))
		}
	}
	return tx.Fail(d.ID, why)
}

// RollbackAskedOn is the pull request on which a rollback was asked for; 0: nowhere.
func (tx *Tx) RollbackAskedOn(id int64) (pull int, err error) {
	_, err = tx.one([]any{&pull}, `SELECT pull FROM rollbacks WHERE id = $1`, id)
	return pull, err
}
