package engine

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/trunkline/trunkline/planner/process"
)

// command is the engine of a repository's own commands. They are lines of shell from the configuration on trunk, run
// in the component's directory; what they work on, they are told by their environment:
//
//	TRUNKLINE_ENVIRONMENT, TRUNKLINE_STACK, TRUNKLINE_COMPONENT, TRUNKLINE_WORKSPACE   of the instance
//	TRUNKLINE_COMMIT      the commit
//	TRUNKLINE_ROOT        the repository's root
//	TRUNKLINE_STATE       a directory that is kept, for this instance; empty where nothing is
//	TRUNKLINE_VAR_FILES   the variable files, a path on each line
//	TRUNKLINE_VAR_<name>  variables of the configuration
//	TRUNKLINE_PLAN        for apply: the file with what plan printed
//
// The plan is what plan prints to standard output: nothing means no changes. An exit code other than 0 is a failure.
// The digest is that of the text, save what differs though nothing would be done otherwise: paths of the host, and
// the times that diff writes after the names of files.
type command struct {
	plan, apply, destroy string
	settings             Settings
	generating           sync.Mutex // held while files are laid beside code
}

// maxText is how many bytes of a plan are kept as text.
const maxText = 1 << 20

func (c *command) Plan(ctx context.Context, work Work) (Plan, error) {
	if err := work.resolved(); err != nil {
		return Plan{}, err
	}
	if err := work.generate(&c.generating, true); err != nil {
		return Plan{}, err
	}
	output := work.scratch("plan.txt")
	if err := c.run(ctx, work, "plan", func(shell *process.Command) { shell.Output = output }); err != nil {
		return Plan{}, err
	}
	text, _, err := process.ReadBack(output, maxText)
	if err != nil {
		return Plan{}, fmt.Errorf("read the plan of %s: %w", work.Instance.Name(), err)
	}
	work.say(strings.TrimSpace(text))
	digest, err := outputDigest(output, work)
	if err != nil {
		return Plan{}, fmt.Errorf("read the plan of %s: %w", work.Instance.Name(), err)
	}
	plan := Plan{Instance: work.Instance, File: output}
	if strings.TrimSpace(text) != "" {
		var lines strings.Builder
		for line := range strings.Lines(text) {
			lines.WriteString(timeless(work.Hostless(line)))
		}
		plan.Text = strings.TrimRight(c.settings.Redact(plain(lines.String())), " \t\n")
		plan.Changes = []Change{{Address: work.Instance.Component, Action: Run, Digest: digest}}
	}
	plan.Digest = planDigest(plan.Changes, nil)
	if work.Document {
		plan.Document = work.scratch("document.json")
		if err := documentText(plan.Document, plan.Text); err != nil {
			return Plan{}, fmt.Errorf("write down the plan of %s: %w", work.Instance.Name(), err)
		}
	}
	return plan, nil
}

func (c *command) Apply(ctx context.Context, work Work, plan Plan) error {
	if plan.Empty() {
		return nil
	}
	if err := work.unlocked(); err != nil {
		return err
	}
	if _, err := os.Stat(plan.File); err != nil {
		return fmt.Errorf("apply %s: its plan is gone: %w", work.Instance.Name(), err)
	}
	return c.run(ctx, work, "apply", func(shell *process.Command) { shell.Env["TRUNKLINE_PLAN"] = plan.File })
}

func (c *command) run(ctx context.Context, work Work, step string, change func(*process.Command)) error {
	if c.settings.Away {
		work.State = "" // whoever would keep something there is to notice
	} else if err := os.MkdirAll(work.State, 0o700); err != nil {
		return fmt.Errorf("make the state directory of %s: %w", work.Instance.Name(), err)
	}
	line := c.plan
	switch step {
	case "apply":
		line = c.apply
	case "destroy":
		line = c.destroy
	}
	shell := process.Shell(line)
	c.settings.fill(&shell, work, step)
	for name, value := range c.environment(work) {
		shell.Env[name] = value
	}
	change(&shell)
	work.say("$ " + strings.TrimSpace(line))
	return c.settings.finish(ctx, shell, work, step)
}

func (c *command) environment(work Work) map[string]string {
	files := make([]string, len(work.Instance.VariableFiles))
	for i, file := range work.Instance.VariableFiles {
		files[i] = filepath.Join(work.Root, filepath.FromSlash(file))
	}
	if name := work.Instance.VariablesName; name != "" {
		files = append(files, filepath.Join(work.directory(), name))
	}
	env := map[string]string{}
	for name, value := range work.Instance.Variables {
		if text, err := plainText(value); err == nil && work.Instance.VariablesName == "" && !strings.ContainsAny(name+text, "\x00=\n") {
			env["TRUNKLINE_VAR_"+name] = text
		}
	}
	maps.Copy(env, map[string]string{
		"TRUNKLINE_ENVIRONMENT": work.Instance.Environment,
		"TRUNKLINE_STACK":       work.Instance.Stack,
		"TRUNKLINE_COMPONENT":   work.Instance.Component,
		"TRUNKLINE_WORKSPACE":   work.Instance.Workspace,
		"TRUNKLINE_COMMIT":      work.Commit,
		"TRUNKLINE_ROOT":        work.Root,
		"TRUNKLINE_STATE":       work.State,
		"TRUNKLINE_VAR_FILES":   strings.Join(files, "\n"),
	})
	return env
}

// plainText is a value as a command has it: texts as they are, all else as JSON.
func plainText(value any) (string, error) {
	if text, is := value.(string); is {
		return text, nil
	}
	text, err := json.Marshal(value)
	return string(text), err
}

// outputDigest is the digest of what a plan printed.
func outputDigest(path string, work Work) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	hash, lines := sha256.New(), bufio.NewReader(file)
	for {
		line, err := lines.ReadString('\n')
		io.WriteString(hash, timeless(work.Hostless(line)))
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(hash.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// timeless is the line without the time that diff writes after the name of a file.
func timeless(line string) string {
	if !strings.HasPrefix(line, "--- ") && !strings.HasPrefix(line, "+++ ") {
		return line
	}
	name, _, timed := strings.Cut(line, "\t")
	if !timed {
		return line
	}
	return name + "\n"
}

// finish runs the step's command; anything but exit code 0 is a failure.
func (s Settings) finish(ctx context.Context, run process.Command, work Work, step string) error {
	limited, cancel := work.within(ctx)
	defer cancel()
	result, err := process.Run(limited, run)
	if err != nil {
		return s.stopped(ctx, step, err, result, work)
	}
	if result.ExitCode == 0 {
		return nil
	}
	said := result.Log
	if run.Output != "" {
		// Some write their errors to standard output.
		if output, _, err := process.ReadBack(run.Output, maxMessage); err == nil {
			said = strings.TrimSpace(output) + "\n" + said
			work.say(strings.TrimSpace(output))
		}
	}
	failure := s.failure(step, said, work)
	failure.Message += fmt.Sprintf("\n(exit code %d)", result.ExitCode)
	return failure
}

// stopped is the error of a run that ended before its time: a failure where a limit of the work ended it.
func (s Settings) stopped(ctx context.Context, step string, err error, result process.Result, work Work) error {
	limit := errors.Is(err, process.ErrTimeout) || errors.Is(err, process.ErrTooMuchOutput)
	if !limit || ctx.Err() != nil {
		return fmt.Errorf("%s %s: %w", step, work.Instance.Name(), err)
	}
	failure := s.failure(step, result.Log, work)
	failure.Message = strings.TrimSpace(fmt.Sprintf("%s was stopped: %s\n%s", step, err, failure.Message))
	return failure
}
