package bot

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/bot/runs"
	"github.com/trunkline/trunkline/bot/secrets"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/redact"
	"github.com/trunkline/trunkline/promote/deploy"
	"github.com/trunkline/trunkline/promote/logs"
	"github.com/trunkline/trunkline/promote/store"
)

// HookPath is where GitHub delivers webhooks.
const HookPath = "/api/github/hook"

// Options are what a Bot is made of.
type Options struct {
	Settings config.Operator
	Store    *store.Store
	// Version is told to GitHub in the user agent.
	Version string
}

// Bot is the GitHub side of Trunkline: it turns webhooks into facts, carries out what was decided, and keeps what
// GitHub shows up to date.
type Bot struct {
	settings  config.Operator
	store     *store.Store
	clients   *clients
	mirrors   *mirrors
	snapshots snapshots
	tidied    tidied
	strangers strangers
	met       acquaintances
	absent    absent
	redactor  *redact.Redactor
	secrets   *secrets.Reader
	masks     masks
	// Engine processes at a time. Deployments have slots of their own, so that no preview holds them up.
	previewSlots, deploySlots chan struct{}
	deployer                  *deploy.Deployer
	logs                      *logs.Book
	logKey                    []byte
	logPages                  logPages
	inbox                     inbox
	runs                      *runs.Hub
	pace                      pace
	rollouts                  rolloutPace
	// pause comes after a pass over rollouts that showed something, so that many small steps become few edits.
	pause time.Duration
	// sweepEvery is how often missed deliveries are looked for, watchEvery how often merge queues are looked at, tickEvery
	// whether a time has come.
	sweepEvery, watchEvery, tickEvery time.Duration
	// awake is closed when Run has taken up what was left.
	awake    chan struct{}
	registry *prometheus.Registry
	meters   meters
}

// New assembles a Bot. Nothing runs before [Bot.Run].
func New(o Options) (*Bot, error) {
	b := &Bot{settings: o.Settings, store: o.Store, registry: prometheus.NewRegistry(), awake: make(chan struct{}),
		pause: rolloutPause, sweepEvery: sweepEvery, watchEvery: watchEvery, tickEvery: tickEvery}
	b.meters = newMeters(b.registry)
	var err error
	if b.clients, err = newClients(o.Settings.GitHub, "trunkline/"+o.Version, b.meters.calls); err != nil {
		return nil, err
	}
	b.clients.leave = b.leave
	b.mirrors = &mirrors{bot: b, open: map[int64]opened{}}
	b.redactor = redact.New(string(o.Settings.GitHub.App.PrivateKey), string(o.Settings.GitHub.App.WebhookSecret))
	b.secrets = b.newSecrets()
	if _, err := b.clients.app(); err != nil {
		return nil, errors.New("GITHUB_APP_PRIVATE_KEY is no RSA private key in PEM, as GitHub gives one out for the App")
	}
	b.previewSlots = make(chan struct{}, o.Settings.Parallel)
	b.deploySlots = make(chan struct{}, o.Settings.Parallel)
	b.logs = newBook(o.Settings.Data)
	if b.logKey, err = linkKey(string(o.Settings.GitHub.App.WebhookSecret)); err != nil {
		return nil, fmt.Errorf("make the key of links to logs: %w", err)
	}
	if b.logPages, err = newLogPages(); err != nil {
		return nil, err
	}
	b.runs = b.newRuns()
	b.deployer = &deploy.Deployer{Store: o.Store, Source: b, Logs: b.logs}
	b.inbox = inbox{store: o.Store, handlers: b.events()}
	return b, nil
}

// Handler serves webhooks, health and metrics.
func (b *Bot) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST "+HookPath, b.inbox.handler(string(b.settings.GitHub.App.WebhookSecret)))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := b.store.Ping(r.Context()); err != nil {
			zerolog.Ctx(r.Context()).Error().Err(err).Msg("the database does not answer")
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	mux.HandleFunc("GET "+logsPath, b.serveLog)
	b.runs.Handle(mux)
	mux.Handle("GET /metrics", promhttp.HandlerFor(b.registry, promhttp.HandlerOpts{}))
	return mux
}

// Run works until ctx ends, then stops what is under way and waits for it. What is stopped goes on at the next start.
func (b *Bot) Run(ctx context.Context) error {
	if err := errors.Join(b.runs.Start(ctx), b.wake(ctx)); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("take up the work: %w", err)
	}
	close(b.awake)
	var sweeping sync.WaitGroup
	sweeping.Go(func() { b.sweep(ctx) })
	sweeping.Go(func() { b.watchQueues(ctx) })
	sweeping.Go(func() { b.tick(ctx) })
	sweeping.Go(func() { b.tidyNowAndThen(ctx) })
	sweeping.Go(func() { b.runs.Run(ctx) })
	defer sweeping.Wait()
	handlers := map[store.Topic]store.Handler{
		store.Delivery: b.inbox.process,
		store.Trunk:    b.readTrunk,
		store.Preview:  b.preview,
		store.Deploy:   b.deployer.Deploy,
		store.Impact:   b.impact,
		store.Pull:     b.showPull,
		store.Rollout:  b.showRollout,

		store.Clock:     b.clock,
		store.Scheduled: b.scheduled,
		store.Notices:   b.showNotices,
		store.Reverts:   b.openRevert,
		store.Releases:  b.deployer.Release,

		store.Ephemerals: b.ephemeral,

		store.Environments: b.keepEnvironments,
		store.Workflows:    b.bringWorkflow,
		store.Jobs:         b.letJobsGo,

		store.Group:      b.group,
		store.GroupCheck: b.showGroup,
	}
	for topic, handler := range handlers {
		handlers[topic] = b.whileHere(handler)
	}
	return b.store.Work(ctx, handlers)
}

func (b *Bot) repository(ctx context.Context, id int64) (repository store.Repository, err error) {
	err = b.store.Read(ctx, func(tx *store.Tx) error {
		repository, err = tx.Repository(id)
		return err
	})
	return repository, err
}

// mirrors keeps one mirror for each repository, in a folder named by its id.
type mirrors struct {
	bot  *Bot
	mu   sync.Mutex
	open map[int64]opened
}

// opened is a mirror with the name and the installation that it was opened for.
type opened struct {
	*mirror.Mirror
	owner, name  string
	installation int64
}

func (m *mirrors) of(repository store.Repository) *mirror.Mirror {
	m.mu.Lock()
	defer m.mu.Unlock()
	kept, ok := m.open[repository.ID]
	// A repository that was renamed, transferred or installed on anew has another address and another token.
	if !ok || kept.owner != repository.Owner || kept.name != repository.Name || kept.installation != repository.Installation {
		kept = opened{owner: repository.Owner, name: repository.Name, installation: repository.Installation}
		kept.Mirror = mirror.Open(filepath.Join(m.bot.settings.Data, "mirrors", fmt.Sprint(repository.ID)),
			m.bot.settings.GitHub.WebURL+repository.Owner+"/"+repository.Name+".git",
			func(ctx context.Context) (string, error) {
				token, err := m.bot.clients.token(ctx, repository, fetching)
				return string(token), err
			})
		kept.Trust(m.bot.settings.GitHub.CAFile)
		m.open[repository.ID] = kept
	}
	return kept.Mirror
}

func names(rules config.Repository) []string {
	all := make([]string, len(rules.Environments))
	for i, environment := range rules.Environments {
		all[i] = environment.Name
	}
	return all
}

func sortedNames[T any](byName map[string]T) []string {
	return slices.Sorted(maps.Keys(byName))
}
