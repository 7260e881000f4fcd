package process

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func capture(line string) Capture { return Capture{Name: "sh", Args: []string{"-c", line}} }

func TestCaptureReturnsWhatIsPrinted(t *testing.T) {
	t.Parallel()
	c := capture(`printf '%s\n' "$NAMED"; echo noise >&2`)
	c.Env = map[string]string{"NAMED": "value"}
	printed, err := c.Output(t.Context())
	if err != nil || string(printed) != "value\n" {
		t.Errorf("got %q, %v", printed, err)
	}
}

func TestCaptureNeverTellsWhatWasPrinted(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]error{
		"echo canary; echo canary >&2; exit 3": ErrExit,
		"yes canary":                           ErrTooMuchOutput,
		"echo canary; sleep 600":               ErrTimeout,
	} {
		c := capture(line)
		if errors.Is(want, ErrTimeout) {
			c.Timeout = 200 * time.Millisecond
		}
		printed, err := c.Output(t.Context())
		if !errors.Is(err, want) || len(printed) > 0 || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got %q, %v; want %v", line, printed, err, want)
		}
	}
}

func TestCaptureStopsWhatItStarted(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pid")
	c := capture("sleep 600 & echo $! > " + file + "; wait")
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for {
			if text, err := os.ReadFile(file); err == nil && strings.HasSuffix(string(text), "\n") {
				cancel()
				return
			}
		}
	}()
	if _, err := c.Output(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := gone(pid); err != nil {
		t.Errorf("the grandchild is still there: %v", err)
	}
}

// gone waits until the process is no more, or only a zombie that somebody else has to wait for.
func gone(pid int) error {
	for range 2000 {
		status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if err != nil || strings.Contains(string(status), ") Z ") {
			return nil
		}
		if syscall.Kill(pid, 0) != nil {
			return nil
		}
		<-time.After(time.Millisecond)
	}
	return errors.New("it runs on")
}

func TestCaptureDoesNotWaitForWhatHoldsItsOutput(t *testing.T) {
	t.Parallel()
	// It leaves the group, so that nothing ends it, and keeps the output open.
	printed, err := capture("echo value; setsid sleep 20 & exit 0").Output(t.Context())
	if err != nil || string(printed) != "value\n" {
		t.Errorf("got %q, %v", printed, err)
	}
}

func TestCaptureHasNothingOfTheApp(t *testing.T) {
	t.Setenv("GITHUB_APP_WEBHOOK_SECRET", "canary")
	t.Setenv("TRUNKLINE_SETTINGS", "canary")
	t.Setenv("VAULT_ADDR", "https://vault.example.com")
	printed, err := capture("env").Output(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(printed), "canary") || !strings.Contains(string(printed), "VAULT_ADDR=https://vault.example.com\n") {
		t.Error("the variables are not those that it should have")
	}
}
