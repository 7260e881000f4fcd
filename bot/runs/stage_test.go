package runs

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/trunkline/trunkline/bot/runs/runner"
	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	commit  = "0123456789012345678901234567890123456789"
	project = "acme/infrastructure"
)

// stage is a server with a repository whose engine copies files into a directory.
type stage struct {
	t        *testing.T
	deployed string
	file     string
	store    *store.Store
	hub      *Hub
	server   *httptest.Server
	stop     func()
	options  Options
	files    map[string]string
	log      *recording
}

// recording is a log, for looking whether something was logged.
type recording struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write adds to it.
func (r *recording) Write(text []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(text)
}

// has tells whether something is in it.
func (r *recording) has(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Contains(r.text.String(), text)
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, deployed: t.TempDir(), file: filepath.Join(t.TempDir(), "db"), log: &recording{},
		files: map[string]string{"prod/network/content": "network 1\n", "prod/app/content": "app 1\n", "scripts/check.sh": "cat prod/network/content; exit $1\n"}}
	s.options = Options{Runners: config.Runners{Wait: 20 * time.Second, LostAfter: 20 * time.Second}, Archive: s.archive,
		Workers: []config.Worker{s.worker("eu"), s.worker("us")}}
	t.Cleanup(func() { s.stop() })
	return s
}

// worker is one of the settings, whose token is its name and "-token" and whose label is its name.
func (s *stage) worker(name string) config.Worker {
	sum := sha256.Sum256([]byte(name + "-token"))
	return config.Worker{Name: name, Labels: []string{name, "any"}, TokenSHA256: hex.EncodeToString(sum[:]), Repositories: []string{project}}
}

func (s *stage) archive(_ context.Context, _ int64, _ string, to io.Writer) error {
	archive := tar.NewWriter(to)
	for name, text := range s.files {
		if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(text)), Typeflag: tar.TypeReg}); err != nil {
			return err
		}
		if _, err := io.WriteString(archive, text); err != nil {
			return err
		}
	}
	return archive.Close()
}

// start starts the server; again after stop, as a new process would.
func (s *stage) start() {
	s.t.Helper()
	ctx, cancel := context.WithCancel(zerolog.New(s.log).WithContext(context.Background()))
	var err error
	if s.store, err = store.Open(ctx, s.file, time.Now); err != nil {
		s.t.Fatal(err)
	}
	s.options.Store = s.store
	s.hub = New(s.options)
	s.hub.beat, s.hub.Linger = 200*time.Millisecond, 300*time.Millisecond
	if s.options.Gather == 0 {
		s.hub.Gather = 20 * time.Millisecond
	}
	if err := s.hub.Start(ctx); err != nil {
		s.t.Fatal(err)
	}
	mux := http.NewServeMux()
	s.hub.Handle(mux)
	s.server = httptest.NewUnstartedServer(mux)
	s.server.Config.BaseContext = nil
	s.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(zerolog.New(s.log).WithContext(r.Context())))
	})
	s.server.Start()
	var running sync.WaitGroup
	running.Go(func() { s.hub.Run(ctx) })
	s.stop = func() {
		cancel()
		running.Wait()
		s.server.Close()
		if err := s.store.Close(); err != nil {
			s.t.Error(err)
		}
		s.stop = func() {}
	}
}

// rules are those of a repository whose prod has the labels.
func (s *stage) rules(labels ...string) config.Repository {
	return config.Repository{Runner: config.Runner{Kind: config.RunnerWorkers, Labels: labels}, Environments: []config.Environment{{Name: "prod"}},
		Stacks: config.Stacks{Engine: config.Engine{Kind: config.Command,
			Plan:  `diff -NU0 --label deployed --label wanted "` + s.deployed + `/$TRUNKLINE_COMPONENT" content || test $? = 1`,
			Apply: `echo applying "$TRUNKLINE_COMPONENT" with "$TOKEN"; while test -e "` + s.deployed + `/slow"; do touch "` + s.deployed + `/applying"; sleep 0.02; done; cp content "` + s.deployed + `/$TRUNKLINE_COMPONENT"; echo "$TRUNKLINE_COMPONENT" >> "` + s.deployed + `/applies"`}}}
}

func (s *stage) scope(labels ...string) *Scope {
	return s.hub.In(ScopeOptions{Repository: 7, Name: project, Rules: s.rules(labels...), Key: []byte("key"), Redact: func(text string) string {
		return strings.ReplaceAll(text, "hunter22", "[redacted]")
	}})
}

// work is that of one instance, whose output goes to a text.
func (s *stage) work(component string, said io.Writer) engine.Work {
	return engine.Work{Commit: commit, Root: s.t.TempDir(), Scratch: s.t.TempDir(), State: s.t.TempDir(), Lock: true, Output: said, Timeout: time.Minute,
		Env:      map[string]string{"TOKEN": "hunter22", "PLAIN": "plain"},
		Instance: stack.Instance{Environment: "prod", Stack: "prod", Component: component, Path: "prod/" + component}}
}

// client is one of a worker.
func (s *stage) client(token string) *runner.Client {
	s.t.Helper()
	address, err := url.Parse(s.server.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	reach := runner.NewHTTP()
	s.t.Cleanup(reach.CloseIdleConnections)
	return &runner.Client{Server: address, HTTP: reach, Hello: wire.Hello{Name: "host", Version: "test"},
		Prove: func(context.Context) (config.Secret, error) { return config.Secret(token), nil }}
}

// run runs a worker until the test ends or stop is called.
func (s *stage) run(token string) (stop func() error) {
	s.t.Helper()
	r := &runner.Runner{Client: s.client(token), Dir: s.t.TempDir(), Parallel: 4}
	ctx, cancel := context.WithCancel(zerolog.New(s.log).WithContext(context.Background()))
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() {
			cancel()
			err = <-ended
		})
		return err
	}
	s.t.Cleanup(func() { _ = stop() }) // tests look at it where they want to
	return stop
}

// raw is a session that does only what it is told to.
type raw struct {
	s     *stage
	token string
	// said is what the last answer said.
	said string
}

func (s *stage) raw(token string) *raw {
	s.t.Helper()
	r := &raw{s: s, token: token}
	var welcome wire.Welcome
	if status := r.post(wire.SessionsPath, wire.Hello{Name: "raw"}, &welcome); status != http.StatusOK {
		s.t.Fatalf("no session: %d", status)
	}
	r.token = string(welcome.Token)
	return r
}

// post posts a value as JSON and returns the status of the answer, which is read into another.
func (r *raw) post(path string, value, into any) int {
	r.s.t.Helper()
	body, is := value.([]byte)
	if !is {
		body = encoded(r.s.t, value)
	}
	request, err := http.NewRequest(http.MethodPost, r.s.server.URL+path, bytes.NewReader(body))
	if err != nil {
		r.s.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.token)
	response, err := r.s.server.Client().Do(request)
	if err != nil {
		r.s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.s.t.Fatal(err)
	}
	r.said = string(text)
	if into != nil && response.StatusCode == http.StatusOK {
		if err := wire.Decode(bytes.NewReader(text), wire.MaxResult, into); err != nil {
			r.s.t.Fatal(err)
		}
	}
	return response.StatusCode
}

// next gets a task, which has to be there in a while.
func (r *raw) next() wire.Task {
	r.s.t.Helper()
	var task wire.Task
	if status := r.post(wire.NextPath, []byte{}, &task); status != http.StatusOK {
		r.s.t.Fatalf("there is no task: %d %s", status, r.said)
	}
	return task
}
