// Package process runs programs that Trunkline does not trust: engines, and the commands of a repository.
//
// A child gets an allow-listed environment and never the bot's own, a HOME and a TMPDIR inside the directory of its
// run, no standard input, and a time limit. It runs in a process group of its own. When its context ends, the group is
// asked to stop as Ctrl-C would ask, then told, then killed; when the child ends by itself, whatever it left behind in
// its group is killed as well. [Run] returns only when the child has been waited for.
//
// Output goes to files, never to pipes. A grandchild that holds a pipe open could otherwise keep Run waiting, and a
// bot that dies would break the engine in the middle of an apply with a broken pipe. With files the engine finishes,
// and its log is still there for the next bot: only a Run that has seen the child's end removes it.
//
// How the next bot knows that the engine of the dead one is still at work: a [Lock] is an advisory lock on a file,
// handed to the child as an open descriptor. It is held until the last process that has the descriptor is gone, so
// taking it means that nobody works there any more.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Command is one program to run.
type Command struct {
	// Name of the program, looked up on the PATH, and its arguments. No shell is involved.
	Name string
	Args []string
	// Dir is the working directory.
	Dir string
	// Home is the directory of this run: HOME and TMPDIR are made inside it. It may be kept from run to run.
	Home string
	// Allow names further variables of our own environment that the child may have.
	Allow []string
	// Env are the variables given to the child, over all others.
	Env map[string]string
	// Log is the file that gets standard output and standard error. It is made anew, and removed when the child has ended
	// and the result holds what is in it: nobody has redacted it.
	Log string
	// Copy gets what the child writes to its log, within a second. Its errors are not looked at. Nil: nothing gets it.
	Copy io.Writer
	// Output, if set, is the file that gets standard output; Log then gets standard error alone.
	Output string
	// Locks are held by the child and its descendants until the last of them ends.
	Locks []*Lock
	// Limits; the zero value means the defaults that are named there.
	Limits Limits
	// Elsewhere, if set, runs the command in place of [Run], on another host. Its result and errors are those of Run.
	Elsewhere func(context.Context, Command) (Result, error)
}

// Limits of one run.
type Limits struct {
	// Timeout for the whole run. Zero: 1 hour.
	Timeout time.Duration
	// Interrupt is how long the group has to end after SIGINT. Zero: 30 seconds.
	Interrupt time.Duration
	// Terminate is how long it then has after SIGTERM before SIGKILL. Zero: 10 seconds.
	Terminate time.Duration
	// Log is how many bytes the log may have; what is in the middle is dropped. Zero: 32 MiB.
	Log int64
	// Output is how many bytes Output may have; a child that writes more is stopped. Zero: 512 MiB.
	Output int64
	// Read is how many bytes of the log the result holds: its head and its tail. Zero: 256 KiB.
	Read int
}

// Result is how a child ended.
type Result struct {
	// ExitCode of the child; 128 + the signal's number where a signal ended it.
	ExitCode int
	// Log is what the child wrote to its log, or the head and the tail of it if Truncated.
	Log       string
	Truncated bool
	Duration  time.Duration
}

var (
	// ErrTimeout is returned where the time limit ended the child.
	ErrTimeout = errors.New("the time limit was reached")
	// ErrTooMuchOutput is returned where the limit of Output ended the child.
	ErrTooMuchOutput = errors.New("the limit of output was reached")
)

// Run runs the command and waits for it. An exit code other than 0 is no error; an error means that the child could
// not be started, that the context or a limit ended it ([context.Cause], [ErrTimeout], [ErrTooMuchOutput]), or that
// its files could not be read. The result is valid in the second case too.
func Run(ctx context.Context, command Command) (Result, error) {
	command.Limits = command.Limits.orDefaults()
	if command.Elsewhere != nil {
		return command.Elsewhere(ctx, command)
	}
	if err := ctx.Err(); err != nil {
		return Result{}, fmt.Errorf("run %s: %w", command.Name, context.Cause(ctx))
	}
	child, files, err := command.prepare()
	if err != nil {
		return Result{}, fmt.Errorf("run %s: %w", command.Name, err)
	}
	started := time.Now()
	err = child.Start()
	closeAll(files)
	if err != nil {
		return Result{}, fmt.Errorf("start %s: %w", command.Name, err)
	}
	copying := copying{from: command.Log, to: command.Copy}
	stopped := command.wait(ctx, child, &copying)
	copying.goOn()
	result := Result{ExitCode: exitCode(child.ProcessState), Duration: time.Since(started)}
	result.Log, result.Truncated, err = ReadBack(command.Log, command.Limits.Read)
	discard(command.Log)
	if stopped != nil {
		return result, fmt.Errorf("run %s: %w", command.Name, stopped)
	}
	if err != nil {
		return result, fmt.Errorf("read the log of %s: %w", command.Name, err)
	}
	return result, nil
}

// Shell is the command for a line of shell that the repository's own configuration holds. Nothing that comes from
// elsewhere may be part of that line: it goes into Env.
func Shell(line string) Command { return Command{Name: "sh", Args: []string{"-c", line}} }

func (c Command) prepare() (*exec.Cmd, []*os.File, error) {
	home, temporary := filepath.Join(c.Home, "home"), filepath.Join(c.Home, "tmp")
	for _, dir := range []string{home, temporary} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, nil, err
		}
	}
	log, err := create(c.Log)
	if err != nil {
		return nil, nil, err
	}
	files := []*os.File{log}
	child := exec.Command(c.Name, c.Args...)
	child.Dir, child.Stdout, child.Stderr = c.Dir, log, log
	if c.Output != "" {
		output, err := create(c.Output)
		if err != nil {
			closeAll(files)
			return nil, nil, err
		}
		files = append(files, output)
		child.Stdout = output
	}
	child.Env = environment(c.Allow, map[string]string{"HOME": home, "TMPDIR": temporary}, c.Env)
	for _, lock := range c.Locks {
		if lock != nil {
			child.ExtraFiles = append(child.ExtraFiles, lock.file)
		}
	}
	ownGroup(child)
	return child, files, nil
}

// wait waits for the child and stops it where it has to be stopped; the error says why it was.
func (c Command) wait(ctx context.Context, child *exec.Cmd, copying *copying) error {
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		reap(child)
	}()
	timeout := time.NewTimer(c.Limits.Timeout)
	defer timeout.Stop()
	look := time.NewTicker(500 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-exited:
			return c.outputExceeded()
		case <-ctx.Done():
			c.stop(child.Process.Pid, exited)
			return context.Cause(ctx)
		case <-timeout.C:
			c.stop(child.Process.Pid, exited)
			return fmt.Errorf("%w after %s", ErrTimeout, c.Limits.Timeout)
		case <-look.C:
			copying.goOn()
			copying.trimmed(trim(c.Log, c.Limits.Log))
			if err := c.outputExceeded(); err != nil {
				c.stop(child.Process.Pid, exited)
				return err
			}
		}
	}
}

func (c Command) outputExceeded() error {
	if c.Output == "" {
		return nil
	}
	if info, err := os.Stat(c.Output); err == nil && info.Size() > c.Limits.Output {
		return fmt.Errorf("%w: more than %d bytes", ErrTooMuchOutput, c.Limits.Output)
	}
	return nil
}

// stop ends the group: asked, told, killed.
func (c Command) stop(group int, exited <-chan struct{}) {
	steps := []struct {
		signal func(int)
		grace  time.Duration
	}{{interruptGroup, c.Limits.Interrupt}, {terminateGroup, c.Limits.Terminate}}
	for _, step := range steps {
		step.signal(group)
		patience := time.NewTimer(step.grace)
		select {
		case <-exited:
			patience.Stop()
			return
		case <-patience.C:
		}
	}
	killGroup(group)
	<-exited
}

func (l Limits) orDefaults() Limits {
	setDefault(&l.Timeout, time.Hour)
	setDefault(&l.Interrupt, 30*time.Second)
	setDefault(&l.Terminate, 10*time.Second)
	setDefault(&l.Log, 32<<20)
	setDefault(&l.Output, 512<<20)
	setDefault(&l.Read, 256<<10)
	return l
}

func setDefault[T time.Duration | int64 | int](value *T, otherwise T) {
	if *value <= 0 {
		*value = otherwise
	}
}
