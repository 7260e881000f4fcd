package process

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shell is a command in a directory of its own.
func shell(t *testing.T, line string) Command {
	t.Helper()
	dir := t.TempDir()
	command := Shell(line)
	command.Dir, command.Home, command.Log = dir, filepath.Join(dir, "run"), filepath.Join(dir, "log")
	return command
}

func TestRunKeepsOutputAndExitCode(t *testing.T) {
	t.Parallel()
	result, err := Run(t.Context(), shell(t, "echo out; echo err >&2; exit 3"))
	if err != nil {
		t.Fatal(err)
	}
	if result.ExitCode != 3 || result.Log != "out\nerr\n" || result.Truncated {
		t.Errorf("got %+v", result)
	}
}

// What the child says is copied while it runs, and the file with it, which nobody redacted, does not stay.
func TestRunCopiesWhatIsSaid(t *testing.T) {
	t.Parallel()
	command := shell(t, "echo begun; until [ -e go ]; do sleep 0.02; done; echo ended; exit 3")
	said := make(chan string, 10)
	command.Copy = toChannel(said)
	go func() {
		if first := <-said; first != "begun\n" {
			t.Errorf("first it says %q", first)
		}
		if err := os.WriteFile(filepath.Join(command.Dir, "go"), nil, 0o600); err != nil {
			t.Error(err)
		}
	}()
	result, err := Run(t.Context(), command)
	if err != nil || result.Log != "begun\nended\n" {
		t.Errorf("got %+v, %v", result, err)
	}
	if rest := <-said; rest != "ended\n" {
		t.Errorf("then it says %q", rest)
	}
	if _, err := os.Stat(command.Log); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("its log stays: %v", err)
	}
}

// toChannel sends what is written.
type toChannel chan<- string

func (c toChannel) Write(text []byte) (int, error) {
	c <- string(text)
	return len(text), nil
}

func TestRunKeepsStandardOutputApart(t *testing.T) {
	t.Parallel()
	command := shell(t, "echo out; echo err >&2")
	command.Output = filepath.Join(command.Dir, "output")
	result, err := Run(t.Context(), command)
	if err != nil {
		t.Fatal(err)
	}
	output, err := os.ReadFile(command.Output)
	if err != nil {
		t.Fatal(err)
	}
	if result.Log != "err\n" || string(output) != "out\n" {
		t.Errorf("log %q, output %q", result.Log, output)
	}
}

func TestArgumentsAreNotShell(t *testing.T) {
	t.Parallel()
	command := shell(t, "")
	command.Name, command.Args = "echo", []string{"$(id); `id`", "a  b"}
	result, err := Run(t.Context(), command)
	if err != nil {
		t.Fatal(err)
	}
	if want := "$(id); `id` a  b\n"; result.Log != want {
		t.Errorf("got %q, want %q", result.Log, want)
	}
}

func TestChildrenSeeNoSecrets(t *testing.T) {
	t.Setenv("GITHUB_APP_PRIVATE_KEY", "the key")
	t.Setenv("GITHUB_APP_WEBHOOK_SECRET", "the secret")
	t.Setenv("TRUNKLINE_DATABASE", "postgres://user:password@host")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "cloud")
	t.Setenv("ALLOWED", "yes")
	command := shell(t, "env; cat /dev/stdin")
	command.Allow = []string{"ALLOWED", "GITHUB_APP_PRIVATE_KEY", "NOT_SET"}
	command.Env = map[string]string{"TRUNKLINE_STACK": "prod", "TZ": "Europe/Berlin"}
	result, err := Run(t.Context(), command)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for line := range strings.Lines(result.Log) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		names[name] = value
	}
	for _, name := range []string{
		"GITHUB_APP_PRIVATE_KEY", "GITHUB_APP_WEBHOOK_SECRET", "TRUNKLINE_DATABASE", "AWS_SECRET_ACCESS_KEY", "NOT_SET",
	} {
		if value, there := names[name]; there {
			t.Errorf("the child sees %s=%s", name, value)
		}
	}
	if names["ALLOWED"] != "yes" || names["TRUNKLINE_STACK"] != "prod" || names["TZ"] != "Europe/Berlin" {
		t.Errorf("given variables are missing in %v", names)
	}
	if want := filepath.Join(command.Home, "home"); names["HOME"] != want {
		t.Errorf("HOME is %q, want %q", names["HOME"], want)
	}
}

// alive tells whether the process whose number the child wrote to the file still runs.
func alive(t *testing.T, path string) bool {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	// An orphan that is dead but not yet reaped by init is gone for our purposes.
	return err == nil && !strings.Contains(string(status), ") Z ")
}

// waitFor polls until the condition holds; the test's own deadline ends it otherwise.
func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.NewTimer(30 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline.C:
			t.Error("what was waited for did not happen")
			return
		case <-tick.C:
		}
	}
}

func exists(path string) func() bool {
	return func() bool {
		info, err := os.Stat(path)
		return err == nil && info.Size() > 0
	}
}

func TestCancelEndsTheGroup(t *testing.T) {
	t.Parallel()
	command := shell(t, `sh -c 'trap "" INT TERM; echo $$ > stubborn; while :; do sleep 0.05; done' & 
echo $$ > pid; trap "echo interrupted; exit 9" INT; wait`)
	command.Limits = Limits{Interrupt: time.Minute}
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		waitFor(t, exists(filepath.Join(command.Dir, "stubborn")))
		waitFor(t, exists(filepath.Join(command.Dir, "pid")))
		cancel(errors.New("superseded by a newer push"))
	}()
	result, err := Run(ctx, command)
	if err == nil || !strings.Contains(err.Error(), "superseded by a newer push") {
		t.Errorf("error %v does not name the cause", err)
	}
	if result.ExitCode != 9 || !strings.Contains(result.Log, "interrupted") {
		t.Errorf("the child was not asked first: %+v", result)
	}
	waitFor(t, func() bool { return !alive(t, filepath.Join(command.Dir, "stubborn")) })
}

func TestTimeoutKillsAfterGrace(t *testing.T) {
	t.Parallel()
	command := shell(t, `trap "" INT TERM; echo $$ > pid; while :; do sleep 0.05; done`)
	command.Limits = Limits{Timeout: 50 * time.Millisecond, Interrupt: 20 * time.Millisecond, Terminate: 20 * time.Millisecond}
	result, err := Run(t.Context(), command)
	if !errors.Is(err, ErrTimeout) {
		t.Errorf("error is %v", err)
	}
	if result.ExitCode != 128+int(syscall.SIGKILL) {
		t.Errorf("exit code %d", result.ExitCode)
	}
}

func TestNothingIsLeftOver(t *testing.T) {
	t.Parallel()
	command := shell(t, `sleep 600 & echo $! > pid; echo done`)
	if _, err := Run(t.Context(), command); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return !alive(t, filepath.Join(command.Dir, "pid")) })
}

func TestLimits(t *testing.T) {
	t.Parallel()
	command := shell(t, `i=0; while [ $i -lt 2000 ]; do echo "line $i"; i=$((i+1)); done`)
	command.Limits.Read = 200
	result, err := Run(t.Context(), command)
	if err != nil {
		t.Fatal(err)
	}
	if !result.Truncated || len(result.Log) > 260 ||
		!strings.HasPrefix(result.Log, "line 0\n") || !strings.HasSuffix(result.Log, "line 1999\n") {
		t.Errorf("got %q", result.Log)
	}

	command = shell(t, `while :; do echo "too much, too much, too much"; done`)
	command.Output = filepath.Join(command.Dir, "output")
	command.Limits.Output = 1000
	if _, err := Run(t.Context(), command); !errors.Is(err, ErrTooMuchOutput) {
		t.Errorf("error is %v", err)
	}
}

func TestTrimKeepsHeadAndTail(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(strings.Repeat("a", 500)+strings.Repeat("z", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	trim(path, 400)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Repeat("a", 200) + gap(700) + strings.Repeat("z", 100)
	if string(text) != want {
		t.Errorf("got %q", text)
	}
}

// A copy goes on where it was when the middle of the file is dropped.
func TestCopyOfATrimmedLog(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "log")
	var copied strings.Builder
	c := copying{from: path, to: &copied}
	var all string
	for i := range 300 {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		line := "line " + strconv.Itoa(i) + "\n"
		_, err = file.WriteString(line)
		if err := errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
		if all += line; i%3 == 0 {
			c.goOn()
		}
		if i%5 == 0 {
			c.trimmed(trim(path, 400))
		}
	}
	if c.goOn(); copied.String() != all {
		t.Errorf("copied is %q", copied.String())
	}
}

func TestLockIsHeldByOrphans(t *testing.T) {
	t.Parallel()
	command := shell(t, `setsid sh -c 'echo $$ > orphan; until [ -e go ]; do sleep 0.02; done' & 
until [ -s orphan ]; do sleep 0.02; done`)
	path := filepath.Join(command.Dir, "instance.lock")
	lock, err := TakeLock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	command.Locks = []*Lock{lock}
	if _, err := Run(t.Context(), command); err != nil {
		t.Fatal(err)
	}
	lock.Release()
	if second, err := TryLock(path); err != nil || second != nil {
		t.Fatalf("the lock is free while an orphan works: %v, %v", second, err)
	}
	short, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := TakeLock(short, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
	if err := os.WriteFile(filepath.Join(command.Dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	second, err := TakeLock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	second.Release()
}

func TestUnknownProgram(t *testing.T) {
	t.Parallel()
	command := shell(t, "")
	command.Name = "no-such-program"
	if _, err := Run(t.Context(), command); err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("error is %v", err)
	}
}
