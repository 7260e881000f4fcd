// Package mirror keeps a bare mirror of one repository, by the git program, and answers what the planner asks of it:
// commits, merges, trees, and working directories of single commits.
//
// Nothing of the host's git configuration is used, no hook is run, no submodule is followed, nobody is prompted. The
// credential goes into the environment of the one git process that needs it, never into a URL, an argument or a file.
//
// [OpenRepository] and [OnDisk] read commits of other repositories, and directories as they lie there, in the same way and
// where they are.
//
// A mirror may be used by several goroutines and by several processes at once. What a killed process leaves behind,
// lock files and working directories, is removed by the next one. To tell what is left behind from what is in use,
// each holds a [process.Lock]: it is free only when its holder and all children of its holder are gone.
package mirror

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/trunkline/trunkline/planner/process"
)

// Mirror is a bare mirror of one repository in a directory of its own.
type Mirror struct {
	dir        string
	remote     string
	credential func(context.Context) (string, error)
	// authorities is a file of certificates, in PEM; empty: those that the host trusts.
	authorities string

	ready    sync.Mutex
	prepared bool

	keeping sync.Mutex
	kept    []*Worktree // their locks are ours

	// has are commits that were there when somebody asked; none goes away while somebody may want it.
	has sync.Map
}

// Open returns the mirror that is kept in dir, of the repository at remoteURL. Nothing is touched before the first
// use. credential returns the token for the remote each time one is needed; nil: none is.
func Open(dir, remoteURL string, credential func(context.Context) (string, error)) *Mirror {
	return &Mirror{dir: dir, remote: remoteURL, credential: credential}
}

// Trust has the remote certified by the authorities in a file, in PEM, and by no others. It is called before the first use.
func (m *Mirror) Trust(authorities string) { m.authorities = authorities }

func (m *Mirror) bare() string      { return filepath.Join(m.dir, "bare.git") }
func (m *Mirror) worktrees() string { return filepath.Join(m.dir, "worktrees") }

// writing takes the lock under which refs are written.
func (m *Mirror) writing(ctx context.Context) (*process.Lock, error) {
	return process.TakeLock(ctx, filepath.Join(m.dir, "refs.lock"))
}

// prepare makes the repository where there is none, and clears what a killed process left.
func (m *Mirror) prepare(ctx context.Context) error {
	m.ready.Lock()
	defer m.ready.Unlock()
	if m.prepared {
		return nil
	}
	lock, err := m.writing(ctx)
	if err != nil {
		return err
	}
	defer lock.Release()
	for _, dir := range []string{m.worktrees(), filepath.Join(m.dir, "home")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("make the folder of the mirror: %w", err)
		}
	}
	m.clearLocks()
	// Making it again does no harm, and mends one that was killed while it was made.
	if _, err := m.run(ctx, invocation{
		args: []string{"init", "--quiet", "--bare", "--initial-branch=trunk", "--", m.bare()}, dir: m.dir, lock: lock,
	}); err != nil {
		return err
	}
	names, err := m.naming(ctx)
	if err != nil {
		return err
	}
	defer names.Release()
	if err := m.pruneWorktrees(ctx); err != nil {
		return err
	}
	m.prepared = true
	return nil
}

// clearLocks removes lock files of git that a killed git left. The caller holds the lock for writing, so none of
// them is in use; those of working directories are left alone.
func (m *Mirror) clearLocks() {
	_ = filepath.WalkDir(m.bare(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // gone meanwhile: nothing to clear
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != m.bare() && (name == "worktrees" || len(name) == 2 || name == "pack") {
				return fs.SkipDir // working directories, and objects, whose lock files block nobody
			}
			return nil
		}
		if strings.HasSuffix(name, ".lock") || name == "gc.pid" {
			_ = os.Remove(path) // one that stays makes the next git say so
		}
		return nil
	})
}

// Fetch gets the commits of the refspecs, such as "+refs/heads/main:refs/heads/main" or a plain SHA, from the remote.
func (m *Mirror) Fetch(ctx context.Context, refspecs ...string) error { return m.fetch(ctx, refspecs) }

func (m *Mirror) fetch(ctx context.Context, refspecs []string, options ...string) error {
	for _, refspec := range refspecs {
		if err := validRefspec(refspec); err != nil {
			return err
		}
	}
	if err := m.prepare(ctx); err != nil {
		return err
	}
	environment, err := m.authorization(ctx)
	if err != nil {
		return err
	}
	lock, err := m.writing(ctx)
	if err != nil {
		return err
	}
	defer lock.Release()
	fetch := invocation{
		args: slices.Concat([]string{
			"fetch", "--quiet", "--force", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
			"--no-auto-maintenance",
		}, options, []string{"--end-of-options", m.remote}, refspecs),
		settings: environment, lock: lock, timeout: fetchTimeout,
	}
	_, err = m.run(ctx, fetch)
	var failure *gitError
	if errors.As(err, &failure) && strings.Contains(failure.said, ".lock': File exists") {
		// A git that was killed since we prepared; we hold the lock, so it is gone.
		m.clearLocks()
		_, err = m.run(ctx, fetch)
	}
	if err != nil {
		return fmt.Errorf("fetch from %s: %w", m.remote, err)
	}
	return nil
}

// Tidy packs what many fetches have left, if there is enough of it to be worth the time. Call it now and then.
func (m *Mirror) Tidy(ctx context.Context) error {
	if err := m.prepare(ctx); err != nil {
		return err
	}
	lock, err := m.writing(ctx)
	if err != nil {
		return err
	}
	defer lock.Release()
	if _, err := m.run(ctx, invocation{args: []string{"gc", "--auto", "--quiet"}, lock: lock, timeout: fetchTimeout}); err != nil {
		return fmt.Errorf("tidy the mirror of %s: %w", m.remote, err)
	}
	m.has.Clear() // what nothing refers to any more may be gone
	return nil
}
