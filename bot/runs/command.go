package runs

import (
	"context"
	"errors"
	"fmt"

	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/planner/process"
)

// Place is where a command would be run here.
type Place struct {
	// Environment that it runs for, and the Commit whose files are in Root.
	Environment, Commit, Root string
}

// Command runs a command of the repository at the root of a commit, with the limits that it has. Its result and errors are
// those of [process.Run].
func (s *Scope) Command(ctx context.Context, place Place, command process.Command) (process.Result, error) {
	a, err := s.asking(wire.Command, place.Environment, place.Commit)
	if err != nil {
		return process.Result{}, err
	}
	a.Task.Subject, a.Task.Effects, a.Task.Log, a.to = commandSubject(place.Environment, command.Home), true, command.Log, command.Copy
	a.given.Timeout = command.Limits.Timeout
	a.given.Shell = &wire.Shell{Name: command.Name, Args: command.Args, Read: command.Limits.Read}
	a.given.Env = map[string]string{}
	for name, value := range command.Env {
		if value != place.Root { // it is another there
			a.given.Env[name] = value
		}
	}
	a.given.Hidden = s.hidden(a.given.Env)
	if err := s.await(ctx, a.Subject); err != nil {
		return process.Result{}, err
	}
	outcome, _, err := s.hub.do(ctx, a)
	if err != nil {
		return process.Result{}, err
	}
	return s.ran(outcome)
}

// ran is how a command ended.
func (s *Scope) ran(outcome wire.Outcome) (result process.Result, err error) {
	if ran := outcome.Ran; ran != nil {
		result = process.Result{ExitCode: ran.ExitCode, Log: ran.Log, Truncated: ran.Truncated, Duration: ran.Duration}
	}
	switch {
	case outcome.TimedOut:
		return result, fmt.Errorf("%w: %s", process.ErrTimeout, s.Redact(outcome.Error))
	case outcome.Failure != nil:
		return result, errors.New(s.Redact(outcome.Failure.Message))
	case outcome.Error != "":
		return result, errors.New(s.Redact(outcome.Error))
	case outcome.Ran == nil:
		return result, errors.New("the runner did not say how it ended")
	}
	return result, nil
}
