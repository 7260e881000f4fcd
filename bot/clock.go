package bot

import (
	"context"
	"time"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/promote/store"
)

// tickEvery is what [Bot.tickEvery] is outside tests: how late a gate may open that opens by time, and a watch look.
const tickEvery = time.Second

// tick has repositories looked at whose time has come, until ctx ends.
func (b *Bot) tick(ctx context.Context) {
	ticker := time.NewTicker(b.tickEvery)
	defer ticker.Stop()
	for {
		if err := b.nudgeDue(ctx); err != nil && ctx.Err() == nil {
			zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot look whose time has come")
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

func (b *Bot) nudgeDue(ctx context.Context) error {
	return b.store.Write(ctx, func(tx *store.Tx) error {
		for _, repository := range b.rollouts.overdue(tx.Now()) {
			if err := tx.Nudge(store.Nudge{Topic: store.Rollout, Repository: repository}); err != nil {
				return err
			}
		}
		return tx.NudgeDue()
	})
}

// clock decides about a repository again because time has passed, and asks for reports that commits wait for.
func (b *Bot) clock(ctx context.Context, nudge store.Nudge) error {
	repository, err := b.repository(ctx, nudge.Repository)
	if err != nil {
		return err
	}
	b.readReports(ctx, repository)
	b.artifactsAgain(ctx, repository)
	return b.store.Write(ctx, func(tx *store.Tx) error { return tx.Step(nudge.Repository) })
}
