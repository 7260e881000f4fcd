package config

import (
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Worker is a `trunkline worker` that may carry out tasks. There may be several processes of one.
type Worker struct {
	// Name is for people.
	Name string `yaml:"name"`
	// Labels that it has; environments ask for some of them.
	Labels []string `yaml:"labels"`
	// TokenSHA256 is the SHA-256 of its token in hexadecimal. The token itself is on its host alone.
	TokenSHA256 string `yaml:"token_sha256"`
	// Repositories that it works for, as "owner/name".
	Repositories []string `yaml:"repositories"`
}

// Runners says how patient the server is with whoever carries out tasks.
type Runners struct {
	// Wait is how long a task waits for somebody to be there who may take it. Zero: 15 minutes.
	Wait time.Duration `yaml:"wait"`
	// LostAfter is how long a runner that has a task may be silent before it is given up. Zero: a minute.
	LostAfter time.Duration `yaml:"lost_after"`
}

// Actions says how jobs of GitHub Actions prove which they are.
type Actions struct {
	// Issuer of their tokens. Empty: that of github.com, or of the Enterprise Server under [GitHub.WebURL].
	Issuer string `yaml:"issuer"`
}

const (
	actionsIssuer = "https://token.actions.githubusercontent.com"
	// leastSilence is less than which a network that stutters would cost an apply.
	leastSilence = time.Second
)

var workerRepository = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$`)

// completeRunners fills in what was left out of the settings for runners, and checks.
func (o *Operator) completeRunners() error {
	if o.Runners.Wait == 0 {
		o.Runners.Wait = 15 * time.Minute
	}
	if o.Runners.LostAfter == 0 {
		o.Runners.LostAfter = time.Minute
	}
	if o.Runners.Wait < 0 || o.Runners.LostAfter < leastSilence {
		return fmt.Errorf("runners has wait %s and lost_after %s; expected times such as 15m and 1m, lost_after at least %s", o.Runners.Wait, o.Runners.LostAfter, leastSilence)
	}
	if o.Actions.Issuer == "" {
		o.Actions.Issuer = actionsIssuer
		if o.GitHub.WebURL != "https://github.com/" {
			o.Actions.Issuer = issuerOf(o.GitHub.WebURL)
		}
	}
	if !strings.HasPrefix(o.Actions.Issuer, "https://") && !strings.HasPrefix(o.Actions.Issuer, "http://") {
		return fmt.Errorf("the issuer of actions is %q; expected an address that begins with https://", o.Actions.Issuer)
	}
	tokens, names := map[string]string{}, map[string]bool{}
	for i, worker := range o.Workers {
		if err := worker.check(); err != nil {
			return fmt.Errorf("worker %d (%s): %w", i+1, worker.Name, err)
		}
		o.Workers[i].TokenSHA256 = strings.ToLower(worker.TokenSHA256)
		if other, taken := tokens[o.Workers[i].TokenSHA256]; taken || names[worker.Name] {
			return fmt.Errorf("the workers %s and %s have the same name or the same token; give each its own", other, worker.Name)
		}
		tokens[o.Workers[i].TokenSHA256], names[worker.Name] = worker.Name, true
	}
	return nil
}

func (w Worker) check() error {
	sum, err := hex.DecodeString(w.TokenSHA256)
	switch {
	case w.Name == "" || len(w.Name) > 63 || strings.ContainsFunc(w.Name, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("its name is %q; expected letters, digits and hyphens, at most 63", w.Name)
	case err != nil || len(sum) != 32:
		return fmt.Errorf("token_sha256 is not the SHA-256 of a token, 64 hexadecimal digits: `trunkline worker --new-token FILE` prints one")
	case len(w.Labels) == 0:
		return fmt.Errorf("it has no labels, so nobody can ask for it; give it some, such as [prod-eu]")
	case len(w.Repositories) == 0:
		return fmt.Errorf("it has no repositories, so there is nothing that it may do; give it some, such as [acme/infrastructure]")
	}
	if i := slices.IndexFunc(w.Labels, func(label string) bool { return !ValidRunnerLabel(label) }); i >= 0 {
		return fmt.Errorf("%q cannot be a label; expected lower-case letters, digits, dots, hyphens and _, at most 63", w.Labels[i])
	}
	if i := slices.IndexFunc(w.Repositories, func(name string) bool { return !workerRepository.MatchString(name) }); i >= 0 {
		return fmt.Errorf("%q is no repository; expected one such as acme/infrastructure", w.Repositories[i])
	}
	return nil
}

// Has tells whether the worker has all the labels.
func (w Worker) Has(labels []string) bool {
	return !slices.ContainsFunc(labels, func(label string) bool { return !slices.Contains(w.Labels, label) })
}
