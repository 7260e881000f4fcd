package runs

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/engine"
	"github.com/trunkline/trunkline/planner/stack"
	"github.com/trunkline/trunkline/promote/store"
)

// Scope is the work of one repository by one version of its rules.
type Scope struct {
	hub *Hub
	ScopeOptions
}

// ScopeOptions say whose work it is.
type ScopeOptions struct {
	// Repository's id and "owner/name".
	Repository int64
	Name       string
	Rules      config.Repository
	// Redact takes secrets out of what runners say.
	Redact func(string) string
	// Key for digests of what is sensitive.
	Key []byte
}

// In returns the scope of a repository.
func (h *Hub) In(o ScopeOptions) *Scope { return &Scope{h, o} }

// subjectKind is what a task works on.
type subjectKind string

const (
	ofInstance subjectKind = "instance"
	ofCommand  subjectKind = "command"
)

// instanceSubject is the subject of what is done with an instance; it is the same for all versions of it.
func instanceSubject(instance stack.Instance) string {
	return string(ofInstance) + " " + instance.Name()
}

// Await waits until nobody changes the instance elsewhere any more: a server that was killed may have had it applied.
func (s *Scope) Await(ctx context.Context, instance stack.Instance) error {
	return s.await(ctx, instanceSubject(instance))
}

func (s *Scope) await(ctx context.Context, subject string) error {
	for {
		s.hub.mu.Lock()
		changed, busy := s.hub.changed, s.busy(subject)
		s.hub.mu.Unlock()
		switch {
		case !busy:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
		s.hub.waitFor(ctx, changed, s.hub.Runners.LostAfter)
	}
}

// busy tells whether something that changes a subject is not known to have ended. The caller holds the lock.
func (s *Scope) busy(subject string) bool {
	for _, e := range s.hub.tasks {
		if e.Repository == s.Repository && e.Effects && e.Subject == subject && e.Session != 0 {
			return true
		}
	}
	return false
}

// Busy tells whether somebody changes the instance elsewhere.
func (s *Scope) Busy(instance stack.Instance) (bool, error) {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	return s.busy(instanceSubject(instance)), nil
}

// asking is a task of an environment, to be filled in.
func (s *Scope) asking(kind wire.Kind, environment, commit string) (asking, error) {
	runner := s.Rules.RunnerOf(environment)
	a := asking{Task: store.Task{Kind: string(kind), Repository: s.Repository, Environment: environment, Purpose: store.ToApply, SHA: commit},
		given: wire.Task{Kind: kind, Repository: s.Repository, Name: s.Name, Environment: environment, Commit: commit}}
	switch runner.Kind {
	case config.RunnerWorkers:
		a.labels, a.given.Archive = runner.Labels, true
	case config.RunnerActions:
		if s.hub.Actions == nil {
			return a, &engine.Failure{Step: "runner", Message: fmt.Sprintf("%s runs on GitHub Actions, whose jobs have to reach this server, and it has no public address: "+
				"the operator has to set TRUNKLINE_PUBLIC_URL.", environment)}
		}
		a.runner, a.github = runner, config.PreviewSecrets // for what pull requests have of their own
		if declared, is := s.Rules.Environment(environment); is {
			a.github = declared.GitHubName()
		}
	default:
		return a, fmt.Errorf("%s has no runner elsewhere", environment)
	}
	a.Task.Pool = a.labels.pool()
	return a, nil
}

// failed turns what went wrong elsewhere into what the caller of an engine expects: that nobody did it, or will say how it
// ended, is for the people who asked for it.
func (s *Scope) failed(step string, err error) error {
	if lost := (*Lost)(nil); errors.As(err, &lost) {
		return &engine.Failure{Step: step, Message: s.Redact(lost.Why)}
	}
	return err
}

// commandSubject is the subject of commands of the repository that share a home: they follow each other.
func commandSubject(environment, home string) string {
	return string(ofCommand) + " " + environment + " " + filepath.Base(filepath.Dir(home)) + "/" + filepath.Base(home)
}

// sentence joins what went wrong and what there is to do.
func sentence(parts ...string) string { return strings.TrimSpace(strings.Join(parts, " ")) }
