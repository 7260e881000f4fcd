package bot

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// tidy lets the mirror pack what fetches have left, now and then.
func (b *Bot) tidy(ctx context.Context, id int64) {
	repository, err := b.repository(ctx, id)
	if err == nil && b.tidied.due(id, time.Now()) {
		err = b.mirrors.of(repository).Tidy(ctx)
	}
	if err != nil && ctx.Err() == nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot tidy a mirror")
	}
}

// tidyEvery is how often it is looked whether there is anything to pack.
const tidyEvery = 6 * time.Hour

// tidied is when each mirror was tidied last, as far as this process knows.
type tidied struct {
	mu   sync.Mutex
	last map[int64]time.Time
}

// due tells whether a mirror is to be tidied, and notes that it is. A process that was just started has other things
// to do first.
func (t *tidied) due(repository int64, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last == nil {
		t.last = map[int64]time.Time{}
	}
	last, known := t.last[repository]
	if !known || now.Sub(last) >= tidyEvery {
		t.last[repository] = now
	}
	return known && now.Sub(last) >= tidyEvery
}
