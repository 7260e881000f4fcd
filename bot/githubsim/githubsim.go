// Package githubsim is a stand-in for GitHub that is as strict as GitHub.
//
// It is one HTTP server with three faces. Under /api/v3/ it answers the REST
// API to an App that authenticates as on GitHub: a signed JWT for itself,
// short-lived tokens for its installations, each limited to repositories and
// permissions. Under /{owner}/{repo}.git it serves real Git repositories. And it
// sends webhooks, signed, in order, once, with a log of deliveries from which
// the App can ask for another attempt. Under /_services/ it issues the tokens with
// which jobs of workflows show who they are. Everything else is for Options.Web,
// the pages that people look at. What jobs do is up to Options.Runner.
//
// People are played by the program that holds the GitHub value:
//
//	gh, err := githubsim.New(githubsim.Options{Dir: dir, Manifest: manifest})
//	err = gh.Start("127.0.0.1:0")
//	gh.CreateRepository("acme", "infra", githubsim.RepositoryOptions{
//		Files:         map[string]string{"README.md": "hello\n"},
//		Collaborators: map[string]string{"alice": "write"},
//	})
//	gh.SetHook(bot.URL + "/api/github/hook")
//	gh.Install("acme", "infra")
//	alice := gh.As("alice")
//	alice.Push("acme/infra", "resize", "Resize the subnet", files)
//	number, err := alice.OpenPull("acme/infra", "resize", "Resize", "", githubsim.OpenOptions{})
//
// What it answers and sends is checked against GitHub's own description (package
// contract); Violations lists what did not fit, Exercised what was used. Where
// GitHub refuses, it refuses, with the same status and the same words. An
// operation that is not built answers 501 and is a violation: nothing pretends.
//
// State is kept in memory and changes under one lock; only the Git repositories
// are on disk. Nothing survives Close.
package githubsim

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim/contract"
)

// Options say what kind of GitHub to simulate.
type Options struct {
	// Dir is where the Git repositories are put. It must exist.
	Dir string
	// Manifest is the App's manifest, app.yml: its name, its permissions and
	// the events it subscribes to.
	Manifest []byte
	// Key is the App's private key in PEM, to save making one. nil makes one.
	Key []byte
	// Clock gives the time of everything that happens. nil is time.Now.
	Clock func() time.Time
	// TokenClock gives the time by which tokens expire and limits are counted,
	// apart from Clock because the App's libraries look at the real clock when
	// they sign and renew. nil is time.Now.
	TokenClock func() time.Time
	// Web answers every path that is neither the API nor Git. nil answers 404.
	Web http.Handler
	// Limits are GitHub's rate limits. The zero value is an installation's
	// 5,000 requests an hour without the secondary limits.
	Limits Limits
	// Unchecked switches the checks against GitHub's description off, for speed.
	Unchecked bool
	// Runner does what the jobs of workflow runs do. With nil they stay in the
	// queue: see StartJob.
	Runner Runner
	// IssuerKey is the key in PEM that signs the tokens of jobs, to save making
	// one. nil makes one when it is needed.
	IssuerKey []byte
	// Certificate makes it serve under https.
	Certificate *tls.Certificate
	// Lacks are the ids of operations that this GitHub does not have, as an older
	// Enterprise Server. They answer 404.
	Lacks []string
	// HookTimeout is how long a webhook may take. Zero is GitHub's 10 seconds.
	HookTimeout time.Duration
}

// GitHub is the simulated GitHub with one App registered on it.
type GitHub struct {
	options  Options
	contract *contract.Contract
	app      *app
	others   []*app // that report checks
	server   *http.Server
	stop     context.CancelFunc
	url      string
	serving  sync.WaitGroup
	issuer   issuer

	mu            sync.Mutex
	changed       chan struct{} // closed and replaced whenever anything changes
	lastID        int64
	accounts      map[string]*account // by login in lower case
	repositories  map[string]*repository
	former        map[string]*repository // by names that they had before
	teams         map[string]*team       // by organization/slug in lower case
	installations map[int64]*installation
	tokens        map[string]*token
	hookURL       string
	events        []Event
	ledger        ledger
	deliveries    deliveries
	faults        []*Fault
	usage         map[int64]*usage // by installation, 0 for the App itself
	lag           int              // of lists behind new runs
	inFlight      int              // REST calls being answered
	answering     int              // requests of every kind being answered
}

// New makes a GitHub with the App of the manifest registered and nothing else
// on it. It serves nothing before Start.
func New(options Options) (*GitHub, error) {
	if options.Dir == "" {
		return nil, errors.New("githubsim: Options.Dir is empty: it is where the Git repositories go")
	}
	if options.Clock == nil {
		options.Clock = time.Now
	}
	if options.TokenClock == nil {
		options.TokenClock = time.Now
	}
	if options.HookTimeout == 0 {
		options.HookTimeout = 10 * time.Second
	}
	description, err := contract.Load()
	if err != nil {
		return nil, err
	}
	gh := &GitHub{
		options:       options,
		contract:      description,
		changed:       make(chan struct{}),
		lastID:        1000,
		accounts:      map[string]*account{},
		repositories:  map[string]*repository{},
		former:        map[string]*repository{},
		teams:         map[string]*team{},
		installations: map[int64]*installation{},
		tokens:        map[string]*token{},
		usage:         map[int64]*usage{},
	}
	gh.ledger.exercised = map[string]int{}
	gh.ledger.permissions = map[string]string{}
	if err := os.MkdirAll(filepath.Join(options.Dir, "repositories"), 0o755); err != nil {
		return nil, fmt.Errorf("make room for the repositories: %w", err)
	}
	if gh.app, err = gh.register(options.Manifest); err != nil {
		return nil, err
	}
	return gh, nil
}

// Start serves at the address, 127.0.0.1:0 for any free port, and begins to
// deliver webhooks.
func (gh *GitHub) Start(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen at %s: %w", address, err)
	}
	gh.url = "http://" + listener.Addr().String()
	if certificate := gh.options.Certificate; certificate != nil {
		gh.url = "https://" + listener.Addr().String()
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12})
	}
	ctx, stop := context.WithCancel(context.Background())
	gh.stop = stop
	gh.server = &http.Server{
		Handler: gh, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	gh.serving.Go(func() { gh.employ(ctx) })
	gh.serving.Add(2)
	go func() {
		defer gh.serving.Done()
		_ = gh.server.Serve(listener) // always returns ErrServerClosed
	}()
	go func() {
		defer gh.serving.Done()
		gh.deliver(ctx)
	}()
	return nil
}

// closing is how long Close waits for requests that do not end by themselves.
const closing = 5 * time.Second

// Close stops serving and delivering and waits for both to end. The context of
// every request ends with it. The Git repositories stay on disk.
func (gh *GitHub) Close() error {
	if gh.server == nil {
		return nil
	}
	gh.stop()
	err := gh.server.Close()
	gh.serving.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	return errors.Join(err, gh.Wait(ctx, func() bool {
		gh.mu.Lock()
		defer gh.mu.Unlock()
		return gh.answering == 0
	}))
}

// URL is where people and Git go, without a slash at the end.
func (gh *GitHub) URL() string { return gh.url }

// APIURL is the base of the REST API, with a slash at the end as clients want it.
func (gh *GitHub) APIURL() string { return gh.url + "/api/v3/" }

// AppID is the App's id.
func (gh *GitHub) AppID() int64 { return gh.app.id }

// PrivateKeyPEM is the key with which the App signs its tokens.
func (gh *GitHub) PrivateKeyPEM() []byte { return gh.app.pem }

// WebhookSecret is the secret with which webhooks are signed.
func (gh *GitHub) WebhookSecret() string { return gh.app.secret }

// BotLogin is the name under which the App comments, such as trunkline[bot].
func (gh *GitHub) BotLogin() string { return gh.app.bot.login }

// SetHook says where webhooks go. Until it is called deliveries fail, and stay
// in the log as failed.
func (gh *GitHub) SetHook(url string) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	gh.hookURL = url
}

// now is the time of what happens now, in whole seconds as GitHub shows it.
func (gh *GitHub) now() time.Time { return gh.options.Clock().UTC().Truncate(time.Second) }

// id makes the next number. All kinds share one sequence, so no id of one kind
// can pass for one of another.
func (gh *GitHub) id() int64 {
	gh.lastID++
	return gh.lastID
}

// touch wakes everyone who waits for a change.
func (gh *GitHub) touch() {
	close(gh.changed)
	gh.changed = make(chan struct{})
}

// app is the registered App.
type app struct {
	id          int64
	slug        string
	name        string
	description string
	externalURL string
	owner       *account
	bot         *account
	created     time.Time
	permissions map[string]string
	events      []string
	key         *rsa.PrivateKey
	pem         []byte
	secret      string
}
