package store

import (
	"time"
)

// Delivered is a webhook delivery as it was received.
type Delivered struct {
	ID, Event string
	Payload   []byte
}

// Receive stores a delivery with the job that processes it, before it is acknowledged. A delivery that was
// processed already is not processed again.
func (tx *Tx) Receive(d Delivered) error {
	count, err := tx.changed(`INSERT INTO deliveries (id, event, payload, received_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (id) DO NOTHING`, d.ID, d.Event, d.Payload, millis(tx.now))
	if err != nil || count == 0 {
		return err
	}
	return tx.Nudge(Nudge{Topic: Delivery, Subject: d.ID})
}

// Delivered returns a stored delivery; waiting is false if it was processed already.
func (tx *Tx) Delivered(id string) (d Delivered, waiting bool, err error) {
	waiting, err = tx.one([]any{&d.ID, &d.Event, &d.Payload},
		`SELECT id, event, payload FROM deliveries WHERE id = $1 AND processed_at = 0`, id)
	return d, waiting, err
}

// Processed marks a delivery, and forgets those that are older than GitHub would send again.
func (tx *Tx) Processed(id string) error {
	if err := tx.exec(`UPDATE deliveries SET processed_at = $1 WHERE id = $2`, millis(tx.now), id); err != nil {
		return err
	}
	return tx.exec(`DELETE FROM deliveries WHERE processed_at > 0 AND received_at < $1`, millis(tx.now.Add(-8*24*time.Hour)))
}

// Received tells whether a delivery was stored, processed or not.
func (tx *Tx) Received(id string) (bool, error) {
	var one int
	return tx.one([]any{&one}, `SELECT 1 FROM deliveries WHERE id = $1`, id)
}
