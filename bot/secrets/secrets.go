// Package secrets gets the values of secrets from where the operator keeps them.
//
// A repository has names, the operator has values. They are read when a run begins, so that a value that was rotated is
// the new one from the next run on, and they are hidden from everything that people read before the run has them.
//
// What cannot be read stops the run. The error is for people who may not know the value, nor where it is kept: it names
// the secret, the kind of its source and what to do, and never what a file, a variable or a command has said.
package secrets

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/redact"
)

// Reader reads values.
type Reader struct {
	Sources config.SecretSources
	// Lookup finds a variable of the server.
	Lookup func(name string) (string, bool)
	// Hide makes values hidden in all that is shown, until it is told otherwise; see [redact.Redactor.Hide].
	Hide func(values ...string) (release func())
	// Owner returns the repository that was the first to be given secrets under a name of the settings, which is this one
	// if there was none. A repository that takes the name of another must not get what was the other's.
	Owner func(ctx context.Context, name string, repository int64) (int64, error)
}

// Place is whose secrets are wanted.
type Place struct {
	Repository int64
	// Name is the repository's "owner/name" at this time.
	Name        string
	Environment string
	// Exactly: what the operator keeps for all environments is not meant.
	Exactly bool
}

// Values are what a run is given.
type Values struct {
	// Env are the values by the variable that holds each.
	Env map[string]string
	// Release says that nothing that was given them runs any more.
	Release func()
}

// Unreadable is the error of a secret that cannot be read.
type Unreadable struct {
	Place  Place
	Secret config.SecretName
	// Why in the middle of a sentence, and what to Do, as a sentence.
	Why, Do string
}

// Error is for whoever deploys.
func (u *Unreadable) Error() string {
	name := u.Secret.Name
	if u.Secret.From != name {
		name += " (the operator's " + u.Secret.From + ")"
	}
	return fmt.Sprintf("The secret %s of %s cannot be read: %s. %s", name, u.Place.Environment, u.Why, u.Do)
}

// atATime is how many secrets are read at a time.
const atATime = 4

// Read reads the values, several at a time. The error is an [*Unreadable] one, or the context's; then nothing has to be
// released.
func (r *Reader) Read(ctx context.Context, place Place, names []config.SecretName) (Values, error) {
	values, errs := make([]string, len(names)), make([]error, len(names))
	places := make(chan struct{}, atATime)
	var reading sync.WaitGroup
	for i, name := range names {
		reading.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			values[i], errs[i] = r.one(ctx, place, name)
		})
	}
	reading.Wait()
	if ctx.Err() != nil {
		return Values{}, context.Cause(ctx)
	}
	for _, err := range errs {
		if err != nil {
			return Values{}, err
		}
	}
	read := Values{Env: make(map[string]string, len(names)), Release: r.Hide(values...)}
	for i, name := range names {
		read.Env[name.Name] = values[i]
	}
	return read, nil
}

// one reads the value of one secret, and looks whether it can be hidden.
func (r *Reader) one(ctx context.Context, place Place, name config.SecretName) (string, error) {
	unreadable := &Unreadable{Place: place, Secret: name}
	find := r.Sources.Find
	if place.Exactly {
		find = r.Sources.FindExactly
	}
	source, entry, found := find(place.Repository, place.Name, place.Environment, name.From)
	if !found {
		unreadable.Why = fmt.Sprintf("the server's settings have no secret %s for %s (repository %d) and %s", name.From, place.Name, place.Repository, place.Environment)
		unreadable.Do = "Whoever runs the server has to add it under `secrets`, or take the name out of " + config.Path + "."
		return "", unreadable
	}
	if strings.Contains(entry, "/") {
		owner, err := r.Owner(ctx, strings.ToLower(entry), place.Repository)
		if err != nil {
			return "", err
		}
		if owner != place.Repository {
			unreadable.Why = fmt.Sprintf("%s was repository %d when it was first given secrets, and is repository %d now", entry, owner, place.Repository)
			unreadable.Do = fmt.Sprintf("If this one may have them, whoever runs the server has to write them under %d in place of %s.", place.Repository, entry)
			return "", unreadable
		}
	}
	value, err := r.fetch(ctx, place, name, source)
	if err != nil {
		zerolog.Ctx(ctx).Warn().Err(err).Str("secret", name.From).Str("source", source.Kind()).Str("environment", place.Environment).
			Msg("cannot read a secret")
		unreadable.Why, unreadable.Do = why(source, err), "Whoever runs the server has to mend that; then try again."
		return "", unreadable
	}
	if unfit := unfit(value); unfit != "" {
		unreadable.Why = "what its " + source.Kind() + " holds " + unfit
		if source.Kind() == "command" {
			unreadable.Why = "what its command prints " + unfit
		}
		unreadable.Do = "Whoever keeps the secret has to give it another value."
		return "", unreadable
	}
	return value, nil
}

// unfit says why a value can be given to nothing; empty: it can.
func unfit(value string) string {
	switch trimmed := strings.TrimSpace(value); {
	case trimmed == "":
		return "is empty"
	case len(trimmed) < redact.ShortestHidden:
		return fmt.Sprintf("has fewer than %d characters, too few to be hidden in what is shown", redact.ShortestHidden)
	case strings.Contains(redact.Mark, trimmed):
		return "stands in " + redact.Mark + ", which is shown in place of secrets"
	case len(value) > mostBytes:
		return fmt.Sprintf("has more than %d bytes, which no process can be given", mostBytes)
	case strings.Contains(value, "\x00") || !utf8.ValidString(value):
		return "is not text; keep it in base64"
	}
	return ""
}

// mostBytes of a value.
const mostBytes = 64 << 10

// Names are the names of secrets, sorted.
func Names(secrets []config.SecretName) []string {
	names := make([]string, len(secrets))
	for i, secret := range secrets {
		names[i] = secret.Name
	}
	slices.Sort(names)
	return names
}
