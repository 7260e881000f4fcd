package bot

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/trunkline/trunkline/bot/secrets"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

// masks are the secrets that are hidden in previews. A preview is given none of them; but what runs may hold them, in a
// state or in a resource, and a plan shows what runs.
type masks struct {
	mu   sync.Mutex
	kept map[string]mask
}

// mask is the secrets of one environment. done is closed when they are read.
type mask struct {
	at      time.Time
	done    chan struct{}
	release func()
}

const (
	// masksFor is how long values that were read for hiding are taken to be the ones.
	masksFor = 10 * time.Minute
	// maskWithin is how long a preview waits for them.
	maskWithin = time.Minute
)

// hiding reads the secrets of all environments to hide them, while other things go on, and returns what takes them out of
// text, which waits for that; wait returns when it is done. Those that cannot be read stop nothing: whoever deploys is told.
func (b *Bot) hiding(ctx context.Context, repository store.Repository, rules config.Repository) (redact func(string) string, wait func()) {
	wanted := withSecrets(rules)
	if len(wanted) == 0 {
		return b.redactor.Redact, func() {}
	}
	var reading sync.WaitGroup
	for _, environment := range wanted {
		reading.Go(func() { b.hide(ctx, repository, environment) })
	}
	return func(text string) string {
		reading.Wait()
		return b.redactor.Redact(text)
	}, reading.Wait
}

// hide reads the secrets of an environment and keeps them hidden, if that was not done just now.
func (b *Bot) hide(ctx context.Context, repository store.Repository, environment config.Environment) {
	key := fmt.Sprintf("%d %s %+v", repository.ID, environment.Name, environment.Secrets)
	if reading := b.masks.begun(key, time.Now()); reading != nil {
		select {
		case <-reading:
		case <-ctx.Done():
		}
		return
	}
	ctx, cancel := context.WithTimeout(ctx, maskWithin)
	defer cancel()
	var hidden []secrets.Values
	place := secrets.Place{Repository: repository.ID, Name: repository.Owner + "/" + repository.Name, Environment: environment.Name}
	for _, name := range environment.Secrets {
		// One by one: that one cannot be read must not show the others.
		read, err := b.secrets.Read(ctx, place, []config.SecretName{name})
		if err != nil {
			zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot read a secret to hide it")
			continue
		}
		hidden = append(hidden, read)
	}
	b.masks.keep(key, func() {
		for _, read := range hidden {
			read.Release()
		}
	})
}

// begun is closed when the values are read that somebody else reads or has read. Nil: they are due, and it is noted that
// the caller reads them.
func (m *masks) begun(key string, now time.Time) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[string]mask{}
	}
	last, known := m.kept[key]
	if known && now.Sub(last.at) < masksFor {
		return last.done
	}
	m.kept[key] = mask{at: now, done: make(chan struct{}), release: last.release}
	return nil
}

// keep keeps what was read just now hidden in place of what was read before.
func (m *masks) keep(key string, release func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	mask := m.kept[key]
	if mask.release != nil {
		mask.release()
	}
	mask.release = release
	m.kept[key] = mask
	close(mask.done)
}
