package bot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"

	"github.com/palantir/go-githubapp/githubapp"
	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/promote/store"
)

// maxPayload is the largest delivery that GitHub sends.
const maxPayload = 25 << 20

// handleEvent turns one delivery into facts. It may get the same delivery twice.
type handleEvent func(ctx context.Context, event any) error

// inbox is the way in for webhooks: go-githubapp checks the signature, and instead of handling the delivery then
// and there, it is stored with the job that will ([githubapp.Scheduler] is the seam). Only then GitHub is told
// that it was taken.
type inbox struct {
	store    *store.Store
	handlers map[string]handleEvent
}

// handler serves GitHub's deliveries.
func (i inbox) handler(secret string) http.Handler {
	dispatcher := githubapp.NewEventDispatcher([]githubapp.EventHandler{i}, secret, githubapp.WithScheduler(i))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The older SHA-1 signature, which the library would take as well, is no proof any more.
		if r.Header.Get("X-Hub-Signature-256") == "" {
			http.Error(w, "the delivery has no SHA-256 signature", http.StatusBadRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxPayload)
		dispatcher.ServeHTTP(w, r)
	})
}

// Handles names the events that are stored.
func (i inbox) Handles() []string {
	events := make([]string, 0, len(i.handlers))
	for event := range i.handlers {
		events = append(events, event)
	}
	return events
}

// Schedule stores a delivery with its job.
func (i inbox) Schedule(ctx context.Context, d githubapp.Dispatch) error {
	if d.DeliveryID == "" {
		sum := sha256.Sum256(d.Payload)
		d.DeliveryID = hex.EncodeToString(sum[:])
	}
	return i.store.Write(ctx, func(tx *store.Tx) error {
		return tx.Receive(store.Delivered{ID: d.DeliveryID, Event: d.EventType, Payload: d.Payload})
	})
}

// Handle turns a delivery into facts. go-githubapp would call it from a scheduler of its own; here the queue does.
func (i inbox) Handle(ctx context.Context, event, _ string, payload []byte) error {
	parsed, err := parseDelivery(event, payload)
	if err != nil {
		return fmt.Errorf("read a delivery of %s: %w", event, err)
	}
	return i.handlers[event](ctx, parsed)
}

// process handles a stored delivery.
func (i inbox) process(ctx context.Context, nudge store.Nudge) error {
	var delivered store.Delivered
	var waiting bool
	err := i.store.Read(ctx, func(tx *store.Tx) (err error) {
		delivered, waiting, err = tx.Delivered(nudge.Subject)
		return err
	})
	if err != nil || !waiting {
		return err
	}
	logger := zerolog.Ctx(ctx).With().Str("delivery", delivered.ID).Str("event", delivered.Event).Logger()
	err = i.Handle(logger.WithContext(ctx), delivered.Event, delivered.ID, delivered.Payload)
	if away := (&awayError{}); err != nil && !errors.As(err, &away) {
		return err
	}
	return i.store.Write(ctx, func(tx *store.Tx) error { return tx.Processed(delivered.ID) })
}
