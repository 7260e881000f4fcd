package bot

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

const project = "acme/infrastructure"

// key of the App; making one takes longer than most tests.
var key = sync.OnceValue(func() []byte {
	made, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(made)})
})

// world is GitHub, the bot and the people of a test.
type world struct {
	t  testing.TB
	gh *githubsim.GitHub
	// data is the bot's directory, deployed where the engines of a test put what they deploy.
	data, deployed string
	store          *store.Store
	bot            *Bot
	server         *httptest.Server
	stop           func()
	now            *standing
	setup
}

// standing is a clock that goes on only when it is told to.
type standing struct {
	mu sync.Mutex
	at time.Time
}

// time on the clock.
func (s *standing) time() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// goOn puts the clock forward.
func (s *standing) goOn(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.at.Add(by)
}

// setup is what differs between worlds. The zero value is one in which nothing goes wrong and no time passes.
type setup struct {
	// clock of GitHub; nil: its time is that of the world, which stands still.
	clock func() time.Time
	// public is the address at which people reach the bot; empty: there is none.
	public string
	// github changes which GitHub it is.
	github func(*githubsim.Options)
	// before is called when there is a repository and before there is a bot.
	before func(*githubsim.GitHub)
	// operator changes the bot's settings.
	operator func(*world, *config.Operator)
	// hurry: jobs of GitHub Actions do not wait for more to do.
	hurry bool
	// logs, if not nil, gets all that the bot logs.
	logs io.Writer
}

// newWorld makes a GitHub with one repository, in which the text $DEPLOYED stands for the directory of deployed
// things, and starts the bot.
func newWorld(t testing.TB, options githubsim.RepositoryOptions) *world {
	t.Helper()
	return newWorldOf(t, options, setup{})
}

func newWorldOf(t testing.TB, options githubsim.RepositoryOptions, setup setup) *world {
	t.Helper()
	manifest, err := os.ReadFile("../app.yml")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, data: t.TempDir(), deployed: t.TempDir(), now: &standing{at: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}, setup: setup}
	clock := w.clock
	if clock == nil {
		clock = w.now.time
	}
	github := githubsim.Options{Dir: t.TempDir(), Manifest: manifest, Clock: clock, Key: key()}
	if w.github != nil {
		w.github(&github)
	}
	w.gh, err = githubsim.New(github)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.gh.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		note(w.gh)
		for _, violation := range w.gh.Violations() {
			t.Errorf("GitHub's description is violated: %s", violation)
		}
		if err := w.gh.Close(); err != nil {
			t.Error(err)
		}
	})
	placed := map[string]string{}
	for path, text := range options.Files {
		placed[path] = w.placed(text)
	}
	options.Files = placed
	options.Collaborators = map[string]string{"alice": "write", "bob": "write", "carol": "admin", "mallory": "read"}
	if _, err := w.gh.CreateRepository("acme", "infrastructure", options); err != nil {
		t.Fatal(err)
	}
	if w.before != nil {
		w.before(w.gh)
	}
	w.start()
	t.Cleanup(func() { w.stop() })
	if _, err := w.gh.Install("acme", "infrastructure"); err != nil {
		t.Fatal(err)
	}
	w.settle()
	return w
}

func (w *world) placed(text string) string { return strings.ReplaceAll(text, "$DEPLOYED", w.deployed) }

// start starts the bot, as at the beginning or after it was stopped.
func (w *world) start() {
	w.t.Helper()
	settings := config.Operator{Data: w.data, Database: filepath.Join(w.data, "trunkline.db"), Parallel: 2, StepTimeout: time.Minute,
		PublicURL: w.public, Logs: config.KeptLogs{Days: 90, Deployments: 1000}}
	settings.GitHub.WebURL, settings.GitHub.APIURL = w.gh.URL()+"/", w.gh.APIURL()
	settings.GitHub.App.ID = w.gh.AppID()
	settings.GitHub.App.PrivateKey = config.Secret(w.gh.PrivateKeyPEM())
	settings.GitHub.App.WebhookSecret = config.Secret(w.gh.WebhookSecret())
	if w.operator != nil {
		w.operator(w, &settings)
	}
	logger := zerolog.New(zerolog.NewTestWriter(w.t)).Level(zerolog.WarnLevel)
	if w.logs != nil {
		logger = zerolog.New(w.logs)
	}
	ctx, cancel := context.WithCancel(logger.WithContext(context.Background()))
	var err error
	if w.store, err = store.Open(ctx, settings.Database, w.now.time); err != nil {
		w.t.Fatal(err)
	}
	if w.bot, err = New(Options{Settings: settings, Store: w.store, Version: "test"}); err != nil {
		w.t.Fatal(err)
	}
	w.bot.pause, w.bot.sweepEvery, w.bot.watchEvery = 50*time.Millisecond, 500*time.Millisecond, 2*time.Second
	w.bot.tickEvery = 500 * time.Millisecond
	if w.hurry {
		w.bot.runs.Gather, w.bot.runs.Linger = 50*time.Millisecond, 300*time.Millisecond
	}
	w.server = httptest.NewServer(w.bot.Handler())
	w.gh.SetHook(w.server.URL + HookPath)
	ended := make(chan error, 1)
	go func() { ended <- w.bot.Run(ctx) }()
	select {
	case <-w.bot.awake:
	case err := <-ended:
		w.t.Fatalf("the bot does not start: %v", err)
	}
	w.stop = func() {
		cancel()
		w.server.Close()
		if err := <-ended; err != nil {
			w.t.Errorf("the bot ended with: %v", err)
		}
		if err := w.store.Close(); err != nil {
			w.t.Error(err)
		}
		w.stop = func() {}
	}
}

// restart stops the bot and starts it again when GitHub has tried to tell it of all that happened meanwhile.
func (w *world) restart() {
	w.t.Helper()
	w.stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.gh.Settle(ctx); err != nil {
		w.t.Fatalf("GitHub does not settle: %v", err)
	}
	w.start()
}

// told tells whether the bot took every webhook that was sent, at the first attempt or at a later one.
func (w *world) told() bool {
	taken := map[string]bool{}
	for _, delivery := range w.gh.Deliveries() {
		taken[delivery.GUID] = taken[delivery.GUID] || delivery.Delivered()
	}
	for _, once := range taken {
		if !once {
			return false
		}
	}
	return true
}

// settle waits until nobody has anything left to do.
func (w *world) settle() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for quiet := 0; quiet < 2; {
		if err := w.gh.Settle(ctx); err != nil {
			w.t.Fatalf("GitHub does not settle: %v", err)
		}
		// What is due is not left to the next tick, which may come after what people do next.
		if err := w.bot.nudgeDue(ctx); err != nil {
			w.t.Fatalf("the bot does not settle: %v", err)
		}
		idle, err := w.store.Idle(ctx)
		if err != nil {
			w.t.Fatalf("the bot does not settle: %v", err)
		}
		if quiet++; !idle || !w.told() {
			quiet = 0
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// passes lets time go by: whatever is due meanwhile happens at its time, give or take a little.
func (w *world) passes(long time.Duration) {
	w.t.Helper()
	step := max(time.Minute, min(15*time.Minute, long/200))
	for left := long; left > 0; left -= step {
		w.now.goOn(min(step, left))
		if err := w.bot.nudgeDue(context.Background()); err != nil {
			w.t.Fatal(err)
		}
		idle, err := w.store.Idle(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		if !idle {
			w.settle()
		}
	}
}

// read is a file of what is deployed.
func (w *world) read(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(w.deployed, name))
	return string(text), err
}

// preview is what the preview comment says on a pull request.
func (w *world) preview(number int) string {
	w.t.Helper()
	pull, err := w.gh.Pull(project, number)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, entry := range pull.Comments(w.gh.BotLogin()) {
		if strings.Contains(entry.Body, "<!-- trunkline: preview") {
			return entry.Body
		}
	}
	return ""
}
