package bot

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/promote/logs"
	"github.com/trunkline/trunkline/promote/store"
)

// newBook is the book of logs in the server's directory.
func newBook(data string) *logs.Book { return &logs.Book{Dir: filepath.Join(data, "logs")} }

// linkKey makes the tokens in links to logs. It is derived from the secret that signs webhooks, and tells nothing of it.
func linkKey(webhookSecret string) ([]byte, error) {
	return hkdf.Key(sha256.New, []byte(webhookSecret), nil, "trunkline links to logs", sha256.Size)
}

// logToken lets whoever has it read the log of one deployment.
func (b *Bot) logToken(repository, deployment int64) []byte {
	mac := hmac.New(sha256.New, b.logKey)
	fmt.Fprintf(mac, "%d/%d", repository, deployment)
	return mac.Sum(nil)
}

// logLink is the address of a deployment's log; empty: there is none. Whoever reads a comment on a public repository would
// have the log of its production, so there is none there either.
func (b *Bot) logLink(repository store.Repository, deployment int64) string {
	if b.settings.PublicURL == "" || !repository.Private {
		return ""
	}
	return fmt.Sprintf("%slogs/%d/%s", b.settings.PublicURL, deployment, base64.RawURLEncoding.EncodeToString(b.logToken(repository.ID, deployment)))
}

// tidyNowAndThen removes old logs until ctx ends. A process that was just started has other things to do first.
func (b *Bot) tidyNowAndThen(ctx context.Context) {
	next := time.NewTimer(5 * time.Minute)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
			b.tidyLogs(ctx)
			next.Reset(tidyEvery)
		}
	}
}

// tidyLogs removes logs that are older than they are kept, and what programs said whose Trunkline was killed.
func (b *Bot) tidyLogs(ctx context.Context) {
	repositories, err := b.logs.Repositories()
	err = errors.Join(err, b.store.Write(ctx, func(tx *store.Tx) error { return tx.ForgetRuns() }))
	for _, repository := range repositories {
		err = errors.Join(err, b.tidyLogsOf(ctx, repository))
	}
	err = errors.Join(err, removeUnread(filepath.Join(b.settings.Data, "scratch"), time.Now().Add(-unreadFor)))
	if err != nil && ctx.Err() == nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot remove old logs")
	}
}

func (b *Bot) tidyLogsOf(ctx context.Context, repository int64) error {
	kept, there := b.settings.Logs, []int64(nil)
	var past []int64
	var before time.Time
	err := b.store.Read(ctx, func(tx *store.Tx) (err error) {
		before = tx.Now().AddDate(0, 0, -kept.Days)
		past, err = tx.PastDeployments(repository, before, kept.Deployments)
		return err
	})
	if err == nil {
		err = b.store.Write(ctx, func(tx *store.Tx) error { return tx.ForgetSamples(repository, before, kept.Deployments) })
	}
	if err == nil {
		there, err = b.logs.Deployments(repository)
	}
	for _, deployment := range there {
		if slices.Contains(past, deployment) {
			err = errors.Join(err, b.logs.Remove(logs.Key{Repository: repository, Deployment: deployment}))
		}
	}
	return errors.Join(err, b.logs.RemoveChecks(repository, before, kept.Deployments))
}

// unreadFor is how long a program may take, and more: what it said and nobody read by then nobody will.
const unreadFor = 48 * time.Hour

// removeUnread removes the files in which programs left what they said before a time, which nobody has redacted.
func removeUnread(scratch string, before time.Time) error {
	return filepath.WalkDir(scratch, func(path string, file fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // others sweep here too
		}
		if err != nil || file.IsDir() {
			if err == nil && (file.Name() == "data" || file.Name() == "home" || file.Name() == "tmp") {
				return filepath.SkipDir
			}
			return err
		}
		raw := filepath.Base(filepath.Dir(path)) == "logs" && strings.HasSuffix(path, ".log") || file.Name() == "check.log"
		if info, err := file.Info(); raw && err == nil && info.ModTime().Before(before) {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return nil
	})
}
