package store

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/trunkline/trunkline/promote"
)

// Approve writes down an approval that [promote.Approve] has made.
func (tx *Tx) Approve(repository int64, a promote.Approval) error {
	err := tx.exec(`INSERT INTO approvals (repository, environment, from_sha, to_sha, plan_digest, rules_digest, person, login, app, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, repository, a.Environment, a.From, a.To, a.PlanDigest, a.RulesDigest,
		a.By.ID, a.By.Login, a.App, millis(tx.now))
	return errOr(err, tx.Record(Record{Repository: repository, Actor: a.By, Kind: "approved", Environment: a.Environment, SHA: a.To,
		Reason: "from " + a.From, Digest: a.PlanDigest}))
}

// approvals of what an environment runs now or may be brought to; older ones are history.
func (tx *Tx) approvals(repository int64, environment string) (approvals []promote.Approval, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		a := promote.Approval{Environment: environment}
		var at int64
		err := rows.Scan(&a.ID, &a.From, &a.To, &a.PlanDigest, &a.RulesDigest, &a.By.ID, &a.By.Login, &a.App, &at)
		a.At = fromMillis(at)
		approvals = append(approvals, a)
		return err
	}, `SELECT id, from_sha, to_sha, plan_digest, rules_digest, person, login, app, at FROM approvals
		WHERE repository = $1 AND environment = $2 ORDER BY id DESC LIMIT $3`, repository, environment, mostHistory)
	return approvals, err
}

// noteVoid records approvals that do not count any more, each reason once.
func (tx *Tx) noteVoid(repository int64, environment string, counted []promote.Counted) error {
	for _, approval := range counted {
		count, err := tx.changed(`UPDATE approvals SET void = $1 WHERE id = $2 AND void <> $1`, approval.Void, approval.ID)
		if err != nil {
			return err
		}
		if count == 0 || approval.Void == "" {
			continue
		}
		err = tx.Record(Record{Repository: repository, Kind: "approval void", Environment: environment, SHA: approval.To,
			Reason: "that of " + approval.By.Login + ": " + approval.Void, Digest: approval.PlanDigest})
		if err != nil {
			return err
		}
	}
	return nil
}

// Hold writes down a hold that [promote.PutOn] has let through. pull is where it was put on; 0: nowhere.
func (tx *Tx) Hold(repository int64, environment string, hold promote.Hold, pull int) error {
	components, err := json.Marshal(append([]string{}, hold.Components...))
	if err != nil {
		return err
	}
	err = tx.exec(`INSERT INTO holds (repository, environment, kind, components, owner, owner_login, reason, begins, until, pull)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, repository, environment, string(hold.Kind), string(components),
		hold.Owner.ID, hold.Owner.Login, hold.Reason, millis(tx.now), millis(hold.Until), pull)
	return errOr(err, tx.Record(Record{Repository: repository, Actor: hold.Owner, Kind: "held", Environment: environment, Reason: hold.Text(environment, nil)}))
}

// holds that are on, or ended a short while ago.
func (tx *Tx) holds(repository int64, environment string) (holds []promote.Hold, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var h promote.Hold
		var components string
		var begins, until int64
		if err := rows.Scan(&h.ID, &h.Kind, &components, &h.Owner.ID, &h.Owner.Login, &h.Reason, &begins, &until); err != nil {
			return err
		}
		h.From, h.Until = fromMillis(begins), fromMillis(until)
		if err := json.Unmarshal([]byte(components), &h.Components); err != nil {
			return err
		}
		holds = append(holds, h)
		return nil
	}, `SELECT id, kind, components, owner, owner_login, reason, begins, until FROM holds
		WHERE repository = $1 AND environment = $2 AND lifted_at = 0 AND (until = 0 OR until > $3) ORDER BY id`,
		repository, environment, millis(tx.now)-7*24*3600*1000)
	return holds, err
}

// HeldOn is the pull request on which a hold was put on; 0: nowhere.
func (tx *Tx) HeldOn(hold int64) (pull int, err error) {
	_, err = tx.one([]any{&pull}, `SELECT pull FROM holds WHERE id = $1`, hold)
	return pull, err
}

// Lift takes a hold away. The reason is for its owner; empty where it is the owner's own.
func (tx *Tx) Lift(repository int64, environment string, hold promote.Hold, by promote.Person, reason string) error {
	err := tx.transition(`UPDATE holds SET lifted_at = $1 WHERE id = $2 AND lifted_at = 0`, millis(tx.now), hold.ID)
	why := "put on because " + hold.Reason
	if reason != "" {
		why = reason + " (" + why + ", by " + hold.Owner.Login + ")"
	}
	return errOr(err, tx.Record(Record{Repository: repository, Actor: by, Kind: "lifted", Environment: environment, Reason: why}))
}

// Override writes down an override that [promote.Overriding] has let through; it takes the place of one that waits.
func (tx *Tx) Override(repository int64, environment string, o promote.Override) error {
	err := tx.exec(`UPDATE overrides SET phase = 'dropped' WHERE repository = $1 AND environment = $2 AND phase = 'waiting'`, repository, environment)
	if err != nil {
		return err
	}
	return tx.exec(`INSERT INTO overrides (repository, environment, from_sha, to_sha, person, login, reason, at, phase)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting')`, repository, environment, o.From, o.To, o.By.ID, o.By.Login, o.Reason, millis(tx.now))
}

// PassedGate is a closed gate that an override passed, with what it said.
type PassedGate struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// UsedOverride returns an override that was used, with the gates that it passed.
func (tx *Tx) UsedOverride(id int64) (o promote.Override, passed []PassedGate, err error) {
	var at int64
	var gates string
	known, err := tx.one([]any{&o.ID, &o.From, &o.To, &o.By.ID, &o.By.Login, &o.Reason, &at, &gates}, `SELECT id, from_sha, to_sha, person, login,
		reason, at, passed FROM overrides WHERE id = $1 AND phase = 'used'`, id)
	if err != nil || !known {
		return o, nil, fmt.Errorf("find override %d: %w", id, errOr(err, sql.ErrNoRows))
	}
	o.At = fromMillis(at)
	return o, passed, json.Unmarshal([]byte(gates), &passed)
}

func (tx *Tx) waitingOverride(repository int64, environment string) (*promote.Override, error) {
	var o promote.Override
	var at int64
	waits, err := tx.one([]any{&o.ID, &o.From, &o.To, &o.By.ID, &o.By.Login, &o.Reason, &at}, `SELECT id, from_sha, to_sha, person, login, reason, at
		FROM overrides WHERE repository = $1 AND environment = $2 AND phase = 'waiting' ORDER BY id DESC LIMIT 1`, repository, environment)
	if err != nil || !waits {
		return nil, err
	}
	o.At = fromMillis(at)
	return &o, nil
}
