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

// WatchKey names one watch of a deployment.
type WatchKey struct {
	Deployment int64
	// Wave after which it is watched; empty: the whole.
	Wave string
	// Name of the watch.
	Name string
}

// BeginWatch writes down when a watch began, once, and returns it.
func (tx *Tx) BeginWatch(key WatchKey) (started time.Time, err error) {
	err = tx.exec(`INSERT INTO watches (deployment, wave, name, started_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (deployment, wave, name) DO NOTHING`, key.Deployment, key.Wave, key.Name, millis(tx.now))
	if err != nil {
		return started, err
	}
	var at int64
	_, err = tx.one([]any{&at}, `SELECT started_at FROM watches WHERE deployment = $1 AND wave = $2 AND name = $3`,
		key.Deployment, key.Wave, key.Name)
	return fromMillis(at), err
}

// AddSample writes down a sample. One that was begun in the same millisecond is the same.
func (tx *Tx) AddSample(key WatchKey, sample promote.Sample) error {
	return tx.exec(`INSERT INTO watch_samples (deployment, wave, name, at, outcome, value, baseline, text) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (deployment, wave, name, at) DO NOTHING`, key.Deployment, key.Wave, key.Name, millis(sample.At), string(sample.Outcome),
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
	}, `SELECT at, outcome, value, baseline, text FROM watch_samples WHERE deployment = $1 AND wave = $2 AND name = $3 ORDER BY at`,
		key.Deployment, key.Wave, key.Name)
	return samples, err
}

// WatchStands has the step of a watch that goes on say how it stands.
func (tx *Tx) WatchStands(key WatchKey, text string) error {
	return tx.exec(`UPDATE deployment_steps SET message = $1 WHERE deployment = $2 AND kind = $3 AND wave = $4 AND name = $5 AND phase = 'running'`,
		text, key.Deployment, string(promote.StepWatch), key.Wave, key.Name)
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
// whether there was one: a deployment that follows a bad one must not take what that has broken for the usual. One that goes
// back takes, if there is no such, what was measured before the success that it takes back.
func (tx *Tx) BaselineBefore(deployment int64, what string) (promote.Baseline, bool, error) {
	return tx.baseline(`SELECT b.readings FROM watch_baselines b JOIN deployments d ON d.id = b.deployment JOIN deployments t ON t.id = $1
		WHERE b.what = $2 AND d.repository = t.repository AND d.environment = t.environment AND d.id < t.id
			AND (d.id > `+lastSuccess+` OR t.rollback AND d.phase = 'succeeded' AND d.id = `+lastSuccess+`)
			AND d.touched
		ORDER BY CASE d.phase WHEN 'succeeded' THEN 1 ELSE 0 END, d.id LIMIT 1`, deployment, hashed(what))
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
