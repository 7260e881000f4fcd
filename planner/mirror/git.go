package mirror

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/trunkline/trunkline/planner/process"
)

const (
	commandTimeout = 5 * time.Minute
	fetchTimeout   = 30 * time.Minute
)

// setting is one value of git's configuration.
type setting struct{ key, value string }

// safe are the settings of every git: no program of the host or of the repository is started, nothing runs on after
// git has ended, and only these transports are spoken.
var safe = []setting{
	{"core.hooksPath", "/dev/null"},
	{"core.fsmonitor", "false"},
	{"core.askPass", ""},
	{"credential.helper", ""},
	{"submodule.recurse", "false"},
	{"protocol.allow", "never"},
	{"protocol.https.allow", "always"},
	{"protocol.http.allow", "always"},
	{"protocol.ssh.allow", "always"},
	{"protocol.file.allow", "always"},
	{"gc.autoDetach", "false"},
	{"maintenance.auto", "false"},
	{"advice.detachedHead", "false"},
	// Few objects would be written one by one, commits before their files: whoever looks meanwhile, or after a kill, would
	// take a commit for complete. A pack comes all at once.
	{"fetch.unpackLimit", "1"},
	{"http.lowSpeedLimit", "1000"},
	{"http.lowSpeedTime", "60"},
}

// invocation is one start of git.
type invocation struct {
	args []string
	// dir to work in; empty: anywhere, with the bare repository named to git.
	dir      string
	stdin    io.Reader
	stdout   io.Writer // nil: run returns it
	env      []string
	settings []setting
	lock     *process.Lock
	timeout  time.Duration
}

// gitError is what git said when it failed.
type gitError struct {
	command string
	said    string
	code    int
}

func (e *gitError) Error() string { return fmt.Sprintf("git %s: %s", e.command, e.said) }

func (m *Mirror) run(ctx context.Context, in invocation) (string, error) {
	if in.timeout == 0 {
		in.timeout = commandTimeout
	}
	limited, cancel := context.WithTimeout(ctx, in.timeout)
	defer cancel()
	arguments := in.args
	if in.dir == "" {
		in.dir = m.dir
		arguments = append([]string{"--git-dir=" + m.bare()}, in.args...)
	}
	git := exec.CommandContext(limited, "git", arguments...)
	var stdout, stderr bytes.Buffer
	git.Dir, git.Stdin, git.Stdout, git.Stderr = in.dir, in.stdin, &stdout, &stderr
	if in.stdout != nil {
		git.Stdout = in.stdout
	}
	git.Env = append(environment(filepath.Join(m.dir, "home"), in.settings), in.env...)
	if in.lock != nil {
		git.ExtraFiles = []*os.File{in.lock.File()}
	}
	git.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// Told rather than killed, git removes its lock files.
	git.Cancel = func() error { return syscall.Kill(-git.Process.Pid, syscall.SIGTERM) }
	git.WaitDelay = 5 * time.Second
	err := git.Run()
	if err == nil {
		return stdout.String(), nil
	}
	if git.Process != nil {
		_ = syscall.Kill(-git.Process.Pid, syscall.SIGKILL) // what a stopped git left; mostly nothing
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if limited.Err() != nil {
		return "", fmt.Errorf("git %s did not end within %s", in.args[0], in.timeout)
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return stdout.String(), fmt.Errorf("run git %s: %w", in.args[0], err)
	}
	said := strings.TrimSpace(strings.ToValidUTF8(stderr.String(), "\uFFFD"))
	if len(said) > 4000 {
		said = strings.ToValidUTF8(said[:2000], "") + " … " + strings.ToValidUTF8(said[len(said)-2000:], "")
	}
	if said == "" {
		said = exit.String()
	}
	return stdout.String(), &gitError{command: in.args[0], said: said, code: exit.ExitCode()}
}

// code is git's exit code behind the error, or -1.
func code(err error) int {
	var failure *gitError
	if errors.As(err, &failure) {
		return failure.code
	}
	return -1
}

// environment is all that git sees of ours: nothing but what it takes to find programs and the remote.
func environment(home string, more []setting) []string {
	environment := []string{
		"HOME=" + home, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_ATTR_NOSYSTEM=1", "GIT_ASKPASS=",
		"SSH_ASKPASS=", "GIT_SSH_COMMAND=ssh -o BatchMode=yes", "GIT_NO_REPLACE_OBJECTS=1", "GIT_OPTIONAL_LOCKS=0",
	}
	for _, name := range []string{
		"PATH", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "SSH_AUTH_SOCK",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
	} {
		// The variable would count more than the setting of one host.
		if value, there := os.LookupEnv(name); there && (name != "GIT_SSL_CAINFO" || !trusts(more)) {
			environment = append(environment, name+"="+value)
		}
	}
	all := append(append([]setting{}, safe...), more...)
	environment = append(environment, "GIT_CONFIG_COUNT="+strconv.Itoa(len(all)))
	for i, one := range all {
		environment = append(environment,
			fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, one.key), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, one.value))
	}
	return environment
}

// trusts tells whether the settings say whom a host may be certified by.
func trusts(settings []setting) bool {
	return slices.ContainsFunc(settings, func(s setting) bool { return strings.HasSuffix(s.key, ".sslCAInfo") })
}

// authorization are the settings that give the token to the remote's host, and to no other, and say whom that host may be
// certified by.
func (m *Mirror) authorization(ctx context.Context) ([]setting, error) {
	remote, err := url.Parse(m.remote)
	if err != nil || remote.Scheme != "https" && remote.Scheme != "http" {
		return nil, nil // a path or ssh: there is nothing to give the token to
	}
	host := url.URL{Scheme: remote.Scheme, Host: remote.Host, Path: "/"}
	var settings []setting
	if m.authorities != "" {
		settings = append(settings, setting{"http." + host.String() + ".sslCAInfo", m.authorities})
	}
	if m.credential == nil {
		return settings, nil
	}
	token, err := m.credential(ctx)
	if err != nil {
		return nil, fmt.Errorf("get a token for %s: %w", m.remote, err)
	}
	basic := base64.StdEncoding.EncodeToString([]byte("x-access-token:" + token))
	return append(settings, setting{"http." + host.String() + ".extraHeader", "Authorization: Basic " + basic}), nil
}
