package demo

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// bot is Trunkline as a process of its own: the same program, as `trunkline serve`. Somebody may kill it at any
// moment; it is started again, on the same data, and goes on.
type bot struct {
	program, data, listen string
	gh                    *githubsim.GitHub
	log                   io.Writer
	// died is told each time the bot was killed.
	died func()

	mu       sync.Mutex
	process  *exec.Cmd
	stdin    io.Closer
	stopping bool
	ended    chan struct{}
}

// startBot starts the bot and keeps it alive.
func startBot(b *bot) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("find a port for the bot: %w", err)
	}
	b.listen = listener.Addr().String()
	listener.Close()
	b.gh.SetHook("http://" + b.listen + "/api/github/hook")
	b.ended = make(chan struct{})
	if err := b.start(); err != nil {
		return err
	}
	go b.keepAlive()
	return nil
}

func (b *bot) start() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopping {
		return nil
	}
	process := exec.Command(b.program, "serve", "--until-stdin-closes")
	process.Env = append(withoutSettings(os.Environ()),
		fmt.Sprintf("GITHUB_APP_INTEGRATION_ID=%d", b.gh.AppID()), "GITHUB_APP_PRIVATE_KEY="+string(b.gh.PrivateKeyPEM()),
		"GITHUB_APP_WEBHOOK_SECRET="+b.gh.WebhookSecret(), "GITHUB_V3_API_URL="+b.gh.APIURL(), "GITHUB_WEB_URL="+b.gh.URL()+"/",
		"TRUNKLINE_DATA="+b.data, "TRUNKLINE_LISTEN="+b.listen, "TRUNKLINE_PUBLIC_URL=http://"+b.listen)
	process.Stdout, process.Stderr = b.log, b.log
	// A group of its own: Ctrl-C is for us, and we stop the bot in order.
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := process.StdinPipe()
	if err != nil {
		return fmt.Errorf("start the bot: %w", err)
	}
	if err := process.Start(); err != nil {
		return fmt.Errorf("start the bot: %w", err)
	}
	b.process, b.stdin = process, stdin
	return nil
}

// withoutSettings leaves out what would be settings of the bot.
func withoutSettings(environment []string) (kept []string) {
	for _, variable := range environment {
		if !strings.HasPrefix(variable, "GITHUB_") && !strings.HasPrefix(variable, "TRUNKLINE_") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// keepAlive starts the bot again whenever it ends, until it is stopped.
func (b *bot) keepAlive() {
	defer close(b.ended)
	for {
		_ = b.process.Wait() // however it ended
		b.mu.Lock()
		stopping := b.stopping
		b.mu.Unlock()
		if stopping {
			return
		}
		b.died()
		if err := b.start(); err != nil {
			fmt.Fprintln(b.log, "cannot start the bot again:", err)
			return
		}
	}
}

// kill kills the bot as the kernel would.
func (b *bot) kill() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.process != nil && !b.stopping {
		_ = b.process.Process.Kill() // one that is dead is killed enough
	}
}

// stop ends the bot in order, and if it takes too long, at once.
func (b *bot) stop() {
	b.mu.Lock()
	b.stopping = true
	process := b.process
	if b.stdin != nil {
		_ = b.stdin.Close() // which asks it to end
	}
	b.mu.Unlock()
	if process == nil {
		return
	}
	select {
	case <-b.ended:
	case <-time.After(15 * time.Second):
		_ = process.Process.Kill()
		<-b.ended
	}
}

// ready waits until the bot answers.
func (b *bot) ready(ctx context.Context) error {
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+b.listen+"/readyz", nil)
		if err != nil {
			return err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the bot does not answer at %s; its log is %s", b.listen, filepath.Join(filepath.Dir(b.data), "bot.log"))
		case <-time.After(20 * time.Millisecond):
		}
	}
}
