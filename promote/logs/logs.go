// Package logs keeps what the steps of deployments write, for people to read: while a step runs, and for some months after.
//
// What is kept is redacted before it is written, line by line. It lies in files, which need neither the server nor its
// database to be read:
//
//	<directory>/<repository id>/<deployment id>/001-plan-dev-vpc.json      what the step is called, when it began and how it ended
//	<directory>/<repository id>/<deployment id>/001-plan-dev-vpc.0.log     what it wrote, from its first byte on
//
// A log only grows, so who follows it needs to know no more than how far it was read. One that grows too long loses its
// middle: it is written in parts, each named by the number of bytes before it, of which the first two and the last two are
// kept.
//
// A log stops nothing: where it cannot be kept, the deployment goes on without it.
package logs

import (
	"fmt"
	"path/filepath"
	"sync"
	"time"
)

// Book is a directory of logs. One process at a time writes to it; any number may read. A nil Book keeps nothing.
type Book struct {
	// Dir is the directory.
	Dir string
	// Now is the clock; nil: the host's.
	Now func() time.Time
	// Limits of what is kept; the zero value means the defaults that are named there.
	Limits Limits

	mu sync.Mutex
	// known is what is in the directories that were written to last.
	known map[string]*shelf
}

// shelf is what is in one directory.
type shelf struct {
	steps int
	size  int64
}

// Limits of what is kept.
type Limits struct {
	// Step is how many bytes are kept of one step. Zero: 4 MiB.
	Step int64
	// Deployment is how many bytes are kept of one deployment; where there are more, its further steps have a 64th part of
	// Step each. Zero: 64 MiB.
	Deployment int64
	// Steps is how many steps of one deployment are kept. Zero: 5,000.
	Steps int
}

// Key says whose log it is.
type Key struct {
	// Repository and Deployment by their ids. Deployments have ids from 1 on.
	Repository, Deployment int64
	// Environment whose scheduled checks these are, where Deployment is 0.
	Environment string
}

// directory of the key's steps.
func (b *Book) directory(key Key) string {
	of := filepath.Join(b.Dir, fmt.Sprint(key.Repository))
	if key.Deployment == 0 {
		return filepath.Join(of, scheduled, slug(key.Environment))
	}
	return filepath.Join(of, fmt.Sprint(key.Deployment))
}

// scheduled is the folder of what belongs to no deployment.
const scheduled = "scheduled"

func (b *Book) now() time.Time {
	if b.Now == nil {
		return time.Now()
	}
	return b.Now()
}

func (b *Book) limits() Limits {
	l := b.Limits
	if l.Step <= 0 {
		l.Step = 4 << 20
	}
	if l.Deployment <= 0 {
		l.Deployment = 64 << 20
	}
	if l.Steps <= 0 {
		l.Steps = 5000
	}
	return l
}
