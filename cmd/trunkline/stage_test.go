package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
)

const project = "acme/infrastructure"

// asServer is the environment variable that makes this test binary the bot itself.
const asServer = "TRUNKLINE_TEST_SERVE"

// TestServe is no test but `trunkline serve`, in a process that the other tests start and kill.
func TestServe(t *testing.T) {
	if os.Getenv(asServer) == "" {
		t.Skip("this is the process that other tests start")
	}
	// When run starts the program anew with these, it is TestMain that sees the name and runs main.
	os.Args = []string{"trunkline", "serve"}
	os.Exit(run())
}

// stage is GitHub, a directory where things are deployed, and the bot in a process of its own, which is started again
// whenever it was killed.
type stage struct {
	t    testing.TB
	gh   *githubsim.GitHub
	gate *gate
	// data is the bot's directory; deployed is where the engine puts what it deploys.
	data, deployed, listen, log string
	// settings is the bot's settings file; empty: it has none.
	settings string

	mu     sync.Mutex
	bot    *exec.Cmd
	ended  chan struct{} // closed when bot has ended
	lives  int
	closed bool
	over   sync.WaitGroup
}

// newStage makes a repository in which $DEPLOYED stands for the directory of deployed things, and starts the bot.
func newStage(t testing.TB, files map[string]string, strike strikes) *stage {
	t.Helper()
	return newStageOf(t, files, strike, "")
}

// newStageOf is the same with the text of a settings file.
func newStageOf(t testing.TB, files map[string]string, strike strikes, settings string) *stage {
	t.Helper()
	manifest, err := os.ReadFile("../../app.yml")
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, data: t.TempDir(), deployed: t.TempDir(), listen: freeAddress(t)}
	s.log = filepath.Join(s.data, "log")
	if s.gh, err = githubsim.New(githubsim.Options{Dir: t.TempDir(), Manifest: manifest}); err != nil {
		t.Fatal(err)
	}
	if err := s.gh.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, violation := range s.gh.Violations() {
			t.Errorf("GitHub's description is violated: %s", violation)
		}
		if err := s.gh.Close(); err != nil {
			t.Error(err)
		}
	})
	if settings != "" {
		s.settings = filepath.Join(t.TempDir(), "settings.yml")
		if err := os.WriteFile(s.settings, []byte(strings.NewReplacer("$DEPLOYED", s.deployed, "$LISTEN", s.listen, "$ISSUER", s.gh.IssuerURL()).Replace(settings)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	placed := map[string]string{}
	for path, text := range files {
		placed[path] = strings.ReplaceAll(text, "$DEPLOYED", s.deployed)
	}
	_, err = s.gh.CreateRepository("acme", "infrastructure", githubsim.RepositoryOptions{Private: true, Files: placed,
		Collaborators: map[string]string{"alice": "write", "bob": "write", "carol": "admin"}})
	if err != nil {
		t.Fatal(err)
	}
	s.gate = newGate(t, s, strike)
	s.gh.SetHook(s.gate.hook)
	s.over.Go(s.keepAlive)
	t.Cleanup(s.end)
	s.ready()
	if _, err := s.gh.Install("acme", "infrastructure"); err != nil {
		t.Fatal(err)
	}
	return s
}

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// keepAlive starts the bot, and starts it again when it was killed, until the stage ends.
func (s *stage) keepAlive() {
	for s.start() {
		err := s.bot.Wait()
		close(s.ended)
		s.mu.Lock()
		closed := s.closed
		s.mu.Unlock()
		if closed {
			return
		}
		if status := s.bot.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGKILL {
			text, _ := os.ReadFile(s.log)
			s.t.Errorf("the bot ended by itself: %v\n%s", err, text)
			return
		}
	}
}

// start starts the bot; false: the stage has ended, or the bot cannot be started.
func (s *stage) start() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	bot := exec.Command(os.Args[0], "-test.run=^TestServe$")
	bot.Env = []string{asServer + "=1", "PATH=" + os.Getenv("PATH"), "HOME=" + s.data, "TRUNKLINE_DATA=" + s.data,
		"TRUNKLINE_LISTEN=" + s.listen, "TRUNKLINE_PARALLEL=2", "TRUNKLINE_LOG_LEVEL=info",
		"GITHUB_APP_INTEGRATION_ID=" + strconv.FormatInt(s.gh.AppID(), 10),
		"GITHUB_APP_PRIVATE_KEY=" + string(s.gh.PrivateKeyPEM()), "GITHUB_APP_WEBHOOK_SECRET=" + s.gh.WebhookSecret(),
		"GITHUB_V3_API_URL=" + s.gate.url + "/api/v3/", "GITHUB_WEB_URL=" + s.gate.url + "/"}
	bot.Env = append(bot.Env, "TRUNKLINE_SETTINGS="+s.settings, "ACME_TOKEN=canary-variable")
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Error(err)
		return false
	}
	defer log.Close()
	bot.Stdout, bot.Stderr = log, log
	if err := bot.Start(); err != nil {
		s.t.Error(err)
		return false
	}
	s.bot, s.ended = bot, make(chan struct{})
	s.lives++
	s.gate.born()
	// For engines that kill the bot in the middle of their own work.
	if err := os.WriteFile(filepath.Join(s.deployed, "bot.pid"), []byte(strconv.Itoa(bot.Process.Pid)), 0o600); err != nil {
		s.t.Error(err)
	}
	return true
}

// kill ends the bot as the kernel would, and returns when it is gone.
func (s *stage) kill() {
	s.mu.Lock()
	bot, ended := s.bot, s.ended
	s.mu.Unlock()
	_ = bot.Process.Kill() // one that is gone already is what we want
	<-ended
}

func (s *stage) end() {
	s.mu.Lock()
	s.closed = true
	bot := s.bot
	s.mu.Unlock()
	_ = bot.Process.Signal(syscall.SIGTERM) // one that is gone already is what we want
	s.over.Wait()
	if s.t.Failed() {
		text, _ := os.ReadFile(s.log)
		s.t.Logf("the log of the bot:\n%s", text)
	}
}

// ready waits until the bot answers.
func (s *stage) ready() {
	s.t.Helper()
	s.wait("the bot is ready", func() bool {
		response, err := http.Get("http://" + s.listen + "/readyz")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// wait waits until something outside this process has happened.
func (s *stage) wait(what string, happened func() bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	for !happened() {
		select {
		case <-ctx.Done():
			s.t.Fatalf("waited in vain until %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// comments are those of the bot on the pull request, by the kind that is in their marker.
func (s *stage) comments(number int) map[string][]string {
	s.t.Helper()
	pull, err := s.gh.Pull(project, number)
	if err != nil {
		s.t.Fatal(err)
	}
	found := map[string][]string{}
	for _, entry := range pull.Comments(s.gh.BotLogin()) {
		_, marker, _ := strings.Cut(entry.Body, "<!-- trunkline: ")
		kind, _, _ := strings.Cut(marker, " ")
		found[kind] = append(found[kind], entry.Body)
	}
	return found
}

// says waits until the bot's comment of a kind says something.
func (s *stage) says(number int, kind, text string) {
	s.t.Helper()
	s.wait(fmt.Sprintf("the %s comment says %q", kind, text), func() bool {
		found := s.comments(number)[kind]
		return len(found) > 0 && strings.Contains(found[len(found)-1], text)
	})
}
