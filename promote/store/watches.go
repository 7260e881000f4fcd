package store

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/trunkline/trunkline/promote"
)

// WatchKey names one watch of one part of a deployment.
type WatchKey struct {
	Deployment int64
	// Scope is the part after which it is watched; empty: the whole.
	Scope string
	// Name of the watch.
	Name string
}

// BeginWatch writes down when a watch began, once, and returns it.
func (tx *Tx) BeginWatch(key WatchKey) (started time.Time, err error) {
	err = tx.exec(`INSERT INTO watches (deployment, scope, name, started_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (deployment, scope, name) DO NOTHING`, key.Deployment, key.Scope, key.Name, millis(tx.now))
	if err != nil {
		return started, err
	}
	var at int64
	_, err = tx.one([]any{&at}, `SELECT started_at FROM watches WHERE deployment = $1 AND scope = $2 AND name = $3`,
		key.Deployment, key.Scope, key.Name)
	return fromMillis(at), err
}

// AddSample writes down a sample. One that was begun in the same millisecond is the same.
func (tx *Tx) AddSample(key WatchKey, sample promote.Sample) error {
	return tx.exec(`INSERT INTO watch_samples (deployment, scope, name, at, outcome, value, baseline, text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (deployment, scope, name, at) DO NOTHING`, key.Deployment, key.Scope, key.Name, millis(sample.At), string(sample.Outcome),
		numberOrNone(sample.Value), numberOrNone(sample.Baseline), sample.Text)
}

// Samples returns what was taken for a watch, in the order of time.
func (tx *Tx) Samples(key WatchKey) (samples []promote.Sample, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		var sample promote.Sample
		var at int64
		var value, baseline sql.NullFloat64
		err := rows.Scan(&at, &sample.Outcome, &value, &baseline, &sample.Text)
		sample.At, sample.Value, sample.Baseline = fromMillis(at), orNaN(value), orNaN(baseline)
		samples = append(samples, sample)
		return err
	}, `SELECT at, outcome, value, baseline, text FROM watch_samples WHERE deployment = $1 AND scope = $2 AND name = $3 ORDER BY at`,
		key.Deployment, key.Scope, key.Name)
	return samples, err
}

// SetWatch writes down how a watch stands.
func (tx *Tx) SetWatch(key WatchKey, stands promote.WatchVerdict) error {
	return tx.exec(`UPDATE watches SET phase = $1, text = $2 WHERE deployment = $3 AND scope = $4 AND name = $5`,
		string(stands.Phase), stands.Text, key.Deployment, key.Scope, key.Name)
}

// WatchState is how a watch stands, for people.
type WatchState struct {
	WatchKey
	Started time.Time
	Phase   promote.WatchPhase
	// Text is that of [promote.WatchVerdict].
	Text string
}

// Watches returns the watches of a deployment that have begun, in that order.
func (tx *Tx) Watches(deployment int64) (states []WatchState, err error) {
	err = tx.each(func(rows *sql.Rows) error {
		state := WatchState{WatchKey: WatchKey{Deployment: deployment}}
		var at int64
		err := rows.Scan(&state.Scope, &state.Name, &at, &state.Phase, &state.Text)
		state.Started = fromMillis(at)
		states = append(states, state)
		return err
	}, `SELECT scope, name, started_at, phase, text FROM watches WHERE deployment = $1 ORDER BY started_at, scope, name`, deployment)
	return states, err
}

// SetBaseline writes down what was measured before a deployment applied anything, once. What is measured is kept as a
// hash, because a URL may hold a password.
func (tx *Tx) SetBaseline(deployment int64, what string, baseline promote.Baseline) error {
	text, err := json.Marshal(baseline)
	if err != nil {
		return err
	}
	return tx.exec(`INSERT INTO watch_baselines (deployment, what, readings) VALUES ($1, $2, $3) ON CONFLICT (deployment, what) DO NOTHING`,
		deployment, hashed(what), string(text))
}

// Baseline returns what was measured before a deployment applied anything, and whether it was.
func (tx *Tx) Baseline(deployment int64, what string) (promote.Baseline, bool, error) {
	return tx.baseline(`SELECT readings FROM watch_baselines WHERE deployment = $1 AND what = $2`, deployment, hashed(what))
}

// BaselineBefore returns what was measured before the first deployment since the last success that applied something, and
// whether there was one. A deployment that follows a bad one must not take what that has broken for the usual.
func (tx *Tx) BaselineBefore(deployment int64, what string) (promote.Baseline, bool, error) {
	return tx.baseline(`SELECT b.readings FROM watch_baselines b JOIN deployments d ON d.id = b.deployment JOIN deployments t ON t.id = $1
		WHERE b.what = $2 AND d.repository = t.repository AND d.environment = t.environment AND d.id < t.id
			AND d.id > COALESCE((SELECT MAX(s.id) FROM deployments s WHERE s.repository = t.repository AND s.environment = t.environment
				AND s.id < t.id AND s.phase = 'succeeded'), 0)
			AND EXISTS (SELECT 1 FROM deployment_instances i WHERE i.deployment = d.id
				AND (i.phase IN ('applying', 'applied') OR i.phase = 'failed' AND i.plan_digest <> ''))
		ORDER BY d.id LIMIT 1`, deployment, hashed(what))
}

func (tx *Tx) baseline(query string, args ...any) (promote.Baseline, bool, error) {
	var text string
	found, err := tx.one([]any{&text}, query, args...)
	if err != nil || !found {
		return nil, false, err
	}
	baseline := promote.Baseline{}
	if err := json.Unmarshal([]byte(text), &baseline); err != nil {
		return nil, false, fmt.Errorf("read a baseline: %w", err)
	}
	return baseline, true, nil
}

func hashed(what string) string {
	sum := sha256.Sum256([]byte(what))
	return hex.EncodeToString(sum[:])
}

func numberOrNone(number float64) sql.NullFloat64 {
	return sql.NullFloat64{Float64: number, Valid: !math.IsNaN(number)}
}

func orNaN(number sql.NullFloat64) float64 {
	if !number.Valid {
		return math.NaN()
	}
	return number.Float64
}
