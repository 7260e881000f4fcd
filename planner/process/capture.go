package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Capture is a program of the operator, not of a repository, that prints a secret. What it prints stays in memory.
type Capture struct {
	// Name of the program, looked up on the PATH, and its arguments. No shell is involved.
	Name string
	Args []string
	// Env are variables over those of the server. It gets all of the server's own save the App's: it has to prove who it
	// is to whoever keeps the secret, and what it needs for that is the operator's business.
	Env map[string]string
	// Timeout for the whole run; then the program and all that it started in its group are killed. Zero: 30 seconds.
	Timeout time.Duration
	// Most is how many bytes it may print. Zero: 64 KiB.
	Most int
}

// ErrExit is returned where a captured program ended with another exit code than 0.
var ErrExit = errors.New("it ended with another exit code than 0")

// Output runs the program and returns what it printed. The error never holds what the program printed: it may be the
// secret, or lead to it.
func (c Capture) Output(ctx context.Context) ([]byte, error) {
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Most <= 0 {
		c.Most = 64 << 10
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.Timeout, fmt.Errorf("%w after %s", ErrTimeout, c.Timeout))
	defer cancel()
	child := exec.Command(c.Name, c.Args...)
	child.Env = c.environment()
	child.Dir = "/" // which nobody but the operator writes to
	// A pipe, since a file would be the secret on a disk. What the program leaves behind may hold it open, so it is not
	// waited for.
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	child.Stdout = writer
	ownGroup(child)
	err = child.Start()
	writer.Close()
	if err != nil {
		return nil, err
	}
	return c.collect(ctx, child, reader)
}

// collect reads until the program ends, and kills it where it takes or prints too much.
func (c Capture) collect(ctx context.Context, child *exec.Cmd, reader *os.File) ([]byte, error) {
	var printed bytes.Buffer
	read := make(chan error, 1)
	go func() {
		_, err := io.Copy(&printed, io.LimitReader(reader, int64(c.Most)+1))
		if err == nil && printed.Len() > c.Most {
			err = ErrTooMuchOutput
		}
		read <- err
	}()
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		reap(child) // and what it left in its group, which ends the pipe
	}()
	var err error
	select {
	case err = <-read:
	case <-exited:
		// What left the group as well may hold the pipe for ever. What was printed before the end is in it by now.
		if deadline := reader.SetReadDeadline(time.Now().Add(time.Second)); deadline != nil {
			err = deadline
		}
		err = errors.Join(err, <-read)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = nil
		}
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	select {
	case <-exited:
	default:
		if err == nil {
			select {
			case <-exited:
			case <-ctx.Done():
				err = context.Cause(ctx)
			}
		}
		if err != nil {
			killGroup(child.Process.Pid)
			<-exited
		}
	}
	switch {
	case err != nil:
		return nil, err
	case exitCode(child.ProcessState) != 0:
		return nil, fmt.Errorf("%w: %d", ErrExit, exitCode(child.ProcessState))
	}
	return printed.Bytes(), nil
}

// environment is the server's own without the App's variables.
func (c Capture) environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		_, given := c.Env[name]
		return isOurs(name) || given
	})
	for name, value := range c.Env {
		env = append(env, name+"="+value)
	}
	return env
}
