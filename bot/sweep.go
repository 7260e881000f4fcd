package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/promote/store"
)

const (
	// sweepEvery is what [Bot.sweepEvery] is outside tests.
	sweepEvery = time.Minute
	// lookBack is how long GitHub keeps deliveries for sending them again.
	lookBack = 3 * 24 * time.Hour
)

// resume takes up deployments and releases that nobody works on, because their job was given up after too many tries.
func (b *Bot) resume(ctx context.Context) error {
	return b.store.Write(ctx, func(tx *store.Tx) error {
		deployments, err := tx.LiveDeployments()
		if err != nil {
			return err
		}
		releases, err := tx.LiveReleases()
		for _, nudge := range append(deployments, releases...) {
			if err == nil {
				err = tx.Nudge(nudge)
			}
		}
		return err
	})
}

// sweep looks for deliveries that GitHub could not make, at once and then now and then, and has them sent again:
// GitHub does not do that by itself.
func (b *Bot) sweep(ctx context.Context) {
	ticker := time.NewTicker(b.sweepEvery)
	defer ticker.Stop()
	since, returned := time.Now().Add(-lookBack), time.Time{}
	for {
		if time.Since(returned) >= returnEvery {
			returned = time.Now()
			if err := b.lookForReturn(ctx); err != nil && ctx.Err() == nil {
				zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot ask whether the App is suspended still")
			}
		}
		begun := time.Now()
		if err := b.redeliverOrLook(ctx, since); err != nil && ctx.Err() == nil {
			zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot look for missed deliveries")
		} else {
			// Deliveries take up to ten seconds to fail, and clocks differ.
			since = begun.Add(-5 * time.Minute)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := b.resume(ctx); err != nil && ctx.Err() == nil {
			zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot take up deployments")
		}
	}
}

// redeliver asks for every delivery since a time that failed, and that neither a later attempt nor our own inbox
// has.
func (b *Bot) redeliver(ctx context.Context, since time.Time) error {
	app, err := b.clients.app()
	if err != nil {
		return err
	}
	failed, delivered := map[string]int64{}, map[string]bool{}
	options := &github.ListCursorOptions{PerPage: 100}
	for {
		page, response, err := app.Apps.ListHookDeliveries(ctx, options)
		if err != nil {
			return fmt.Errorf("list deliveries: %w", err)
		}
		older := false
		for _, d := range page {
			older = older || d.GetDeliveredAt().Before(since)
			if d.GetStatusCode() >= 200 && d.GetStatusCode() < 300 {
				delivered[d.GetGUID()] = true
			} else if _, seen := failed[d.GetGUID()]; !seen {
				failed[d.GetGUID()] = d.GetID()
			}
		}
		if older || response.Cursor == "" || len(page) == 0 {
			break
		}
		options.Cursor = response.Cursor
	}
	for guid, id := range failed {
		if delivered[guid] || b.received(ctx, guid) {
			continue
		}
		// GitHub answers 202, which the client reports as an error of its own.
		if _, response, err := app.Apps.RedeliverHookDelivery(ctx, id); err != nil && (response == nil || response.StatusCode != 202) {
			return fmt.Errorf("have delivery %s sent again: %w", guid, err)
		}
	}
	return nil
}

// redeliverOrLook finds what was not delivered since a time, in one way or the other.
func (b *Bot) redeliverOrLook(ctx context.Context, since time.Time) error {
	err := b.redeliver(ctx, since)
	if missing(err) {
		return b.withoutDeliveryLog(ctx)
	}
	return err
}

// withoutDeliveryLog does without the log of deliveries, which older Enterprise Servers do not have: trunks and open pull
// requests are looked at now and then instead, in case a delivery was lost.
func (b *Bot) withoutDeliveryLog(ctx context.Context) error {
	if b.absent.note("the log of deliveries") {
		zerolog.Ctx(ctx).Warn().Msg("this GitHub has no log of deliveries: what was not delivered is found when repositories are looked at, every ten minutes")
	}
	if !b.absent.due(lookEvery) {
		return nil
	}
	return b.wake(ctx)
}

func (b *Bot) received(ctx context.Context, guid string) (known bool) {
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		known, err = tx.Received(guid)
		return err
	})
	return err == nil && known
}
