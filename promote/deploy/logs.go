package deploy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/planner/redact"
	"github.com/trunkline/trunkline/promote/logs"
)

// keepLogs has everything that the target's engine says kept from now on. What plans hold that is sensitive is taken out of
// it, and of what people read, beside the secrets that are known anyway.
func (r *run) keepLogs(ctx context.Context) {
	target := *r.target
	learned := &learned{known: target.Redact}
	target.Redact = learned.redact
	target.Planner.Engine = recorded{target.Planner.Engine, r, learned}
	r.target = &target
	if err := r.Logs.BreakOff(r.logKey(), ""); err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("cannot end the logs of what was broken off")
	}
}

func (r *run) logKey() logs.Key {
	return logs.Key{Repository: r.repository, Deployment: r.deployment.ID}
}

// log opens the log of a step of an instance or of the repository, whose directories are not shown.
func (r *run) log(step string, hostless func(string) string) *logs.Step {
	return r.Logs.Step(r.logKey(), step, func(text string) string { return r.target.Redact(hostless(text)) })
}

// logName is what the log of a step is called; wave is empty where it belongs to none.
func logName(step, wave, subject string) string {
	name := step + " " + subject
	if wave != "" {
		name += " in " + wave
	}
	return name
}

// logged runs a command whose output is kept as the log of a step.
func (r *run) logged(ctx context.Context, step string, command process.Command) (process.Result, error) {
	root := r.target.Place.Root
	hostless := strings.NewReplacer(root+"/", "", root, ".").Replace
	r.leftBehind(ctx, step, command.Log, hostless)
	log := r.log(step, hostless)
	command.Copy = log
	if n := len(command.Args); n > 0 {
		fmt.Fprintf(log, "$ %s\n", strings.TrimSpace(command.Args[n-1])) // of the shell, the line
	}
	result, err := process.Run(ctx, command)
	if err == nil && result.ExitCode != 0 {
		r.end(ctx, log, fmt.Errorf("exit code %d", result.ExitCode))
	} else {
		r.end(ctx, log, err)
	}
	return result, err
}

// end ends the log of a step, in which there was an error or none.
func (r *run) end(ctx context.Context, log *logs.Step, failure error) {
	result, message := logs.OK, ""
	switch said := (*engine.Failure)(nil); {
	case failure == nil:
	case ctx.Err() != nil:
		result, message = logs.Stopped, r.target.Redact(context.Cause(ctx).Error())
	case errors.As(failure, &said):
		result, message = logs.Failed, inShort(said.Message)
	default:
		result, message = logs.Failed, r.target.Redact(failure.Error())
	}
	r.unkept(ctx, log.End(result, message))
}

// unkept notes that a log could not be kept, where that is so. It stops nothing.
func (r *run) unkept(ctx context.Context, err error) {
	if err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Msg("a log is not kept")
	}
}

// inShort is the error that an engine names first, or where it marks none, the last that it said.
func inShort(message string) string {
	message = strings.TrimSpace(message)
	if strings.HasPrefix(message, "Error: ") {
		return message
	}
	return message[strings.LastIndexByte(message, '\n')+1:]
}

// leftBehind keeps what a program said whose Trunkline was killed: its output is still in the file that it was written to.
func (r *run) leftBehind(ctx context.Context, step, file string, hostless func(string) string) {
	info, err := os.Stat(file)
	if err != nil || info.Size() == 0 || info.ModTime().Before(r.deployment.Started) {
		return // there is none, or it is of an older deployment
	}
	text, _, err := process.ReadBack(file, 4<<20)
	log := r.log(step, hostless)
	fmt.Fprintln(log, "[all that it said; the server was stopped meanwhile, and nobody knows how it ended]")
	fmt.Fprintln(log, text)
	r.unkept(ctx, errors.Join(err, log.End(logs.Stopped, "the server was stopped"), os.Remove(file)))
}

// recorded is an engine whose output is kept.
type recorded struct {
	engine.Engine
	run     *run
	learned *learned
}

// Plan plans, and learns what is sensitive.
func (e recorded) Plan(ctx context.Context, work engine.Work) (engine.Plan, error) {
	name := instanceOf(work)
	for _, step := range []string{"init", "plan", "apply"} {
		e.run.leftBehind(ctx, step+" "+name, work.Log(step), work.Hostless)
	}
	log := e.run.log("plan "+name, work.Hostless)
	work.Output = log
	plan, err := e.Engine.Plan(ctx, work)
	e.learned.learn(plan.Secrets)
	e.run.end(ctx, log, err)
	return plan, err
}

// instanceOf is the instance of the work, and the weight where it has one.
func instanceOf(work engine.Work) string {
	name := work.Instance.Name()
	if weight := work.Env[weightVariable]; weight != "" {
		name += " at " + weight + " %"
	}
	return name
}

// Apply applies.
func (e recorded) Apply(ctx context.Context, work engine.Work, plan engine.Plan) error {
	log := e.run.log("apply "+instanceOf(work), work.Hostless)
	work.Output = log
	err := e.Engine.Apply(ctx, work, plan)
	e.run.end(ctx, log, err)
	if revealer, can := e.Engine.(engine.Revealer); can && plan.Reveals {
		work.Output = nil
		values, failure := revealer.Revealed(ctx, work)
		if failure != nil {
			zerolog.Ctx(ctx).Warn().Err(failure).Msg("nobody knows what is sensitive in the outputs")
		}
		e.learned.learn(values)
	}
	return err
}

// learned takes sensitive values that plans had out of texts, after the secrets that are known anyway.
type learned struct {
	known func(string) string

	mu     sync.Mutex
	values []string
	also   *redact.Redactor
}

func (l *learned) learn(values []string) {
	if len(values) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.values = append(l.values, values...)
	slices.Sort(l.values)
	l.values = slices.Compact(l.values)
	l.also = redact.New(l.values...)
}

func (l *learned) redact(text string) string {
	l.mu.Lock()
	also := l.also
	l.mu.Unlock()
	if also != nil {
		text = also.Redact(text)
	}
	return l.known(text)
}
