package mirror

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/trunkline/trunkline/planner/process"
)

// Worktree is a directory with the files of one commit. It is the caller's alone until [Worktree.Release].
type Worktree struct {
	// Dir is where the files are.
	Dir string
	// Commit they are of.
	Commit string
	// Lock says that the directory is in use. Give it to every child that works in it: then the directory stays until
	// the last of them is gone, even when we are killed.
	Lock *process.Lock

	mirror *Mirror
}

// Worktree checks the commit out, detached and clean. Whether the directory is new or one that was used before is
// the mirror's business.
func (m *Mirror) Worktree(ctx context.Context, sha string) (*Worktree, error) {
	if err := validSHA(sha); err != nil {
		return nil, err
	}
	if err := m.prepare(ctx); err != nil {
		return nil, err
	}
	worktree, err := m.reserve(ctx, sha)
	if err != nil {
		return nil, fmt.Errorf("make a worktree of %s: %w", sha, err)
	}
	if err := m.checkOut(ctx, worktree); err != nil {
		worktree.Release()
		return nil, fmt.Errorf("check out %s: %w", sha, err)
	}
	return worktree, nil
}

// checkOut fills a new worktree. Git's notes of it are made under the lock for writing, because a fetch that finds
// them half made fails; the files, which may take long, are not.
func (m *Mirror) checkOut(ctx context.Context, worktree *Worktree) error {
	writing, err := m.writing(ctx)
	if err != nil {
		return err
	}
	_, err = m.run(ctx, invocation{
		args: []string{"worktree", "add", "--quiet", "--force", "--detach", "--no-checkout", "--", worktree.Dir, worktree.Commit},
		lock: worktree.Lock,
	})
	writing.Release()
	if err != nil {
		return err
	}
	_, err = m.run(ctx, invocation{args: []string{"reset", "--quiet", "--hard"}, worktree: worktree.Dir, lock: worktree.Lock})
	return err
}

// reserve takes a name for a new worktree: its lock comes first, since a directory without one is a leftover.
func (m *Mirror) reserve(ctx context.Context, sha string) (*Worktree, error) {
	names, err := m.naming(ctx)
	if err != nil {
		return nil, err
	}
	defer names.Release()
	file, err := os.CreateTemp(m.worktrees(), sha[:12]+"-*.lock")
	if err != nil {
		return nil, err
	}
	file.Close()
	lock, err := process.TakeLock(ctx, file.Name())
	if err != nil {
		return nil, err
	}
	return &Worktree{Dir: strings.TrimSuffix(file.Name(), ".lock"), Commit: sha, Lock: lock, mirror: m}, nil
}

// naming takes the lock under which worktrees get their names, and under which leftovers are looked for.
func (m *Mirror) naming(ctx context.Context) (*process.Lock, error) {
	return process.TakeLock(ctx, filepath.Join(m.dir, "worktrees.lock"))
}

// Release gives the directory back; it is not to be used any more. A child that still works in it keeps it.
func (w *Worktree) Release() {
	w.Lock.Release()
	ctx, cancel := context.WithTimeout(context.Background(), releaseTimeout)
	defer cancel()
	writing, err := w.mirror.writing(ctx)
	if err != nil {
		return
	}
	defer writing.Release()
	// One that cannot be removed now is removed when the mirror is next opened.
	w.mirror.removeWorktree(w.Dir)
}

// releaseTimeout is how long the release of a worktree waits for a fetch.
const releaseTimeout = time.Minute

// removeWorktree removes the directory, git's notes of it and its lock, unless somebody holds the lock. The caller
// holds the lock for writing.
func (m *Mirror) removeWorktree(dir string) {
	lock, err := process.TryLock(dir + ".lock")
	if err != nil || lock == nil {
		return
	}
	defer lock.Release()
	removeAll(dir)
	removeAll(filepath.Join(m.bare(), "worktrees", filepath.Base(dir)))
	_ = os.Remove(dir + ".lock")
}

// removeAll removes a directory that may hold read-only ones, as Go's and others' caches are.
func removeAll(dir string) {
	if os.RemoveAll(dir) == nil {
		return
	}
	_ = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if entry != nil && entry.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
}

// pruneWorktrees removes the directories whose users are gone.
func (m *Mirror) pruneWorktrees(ctx context.Context) error {
	names, err := m.naming(ctx)
	if err != nil {
		return err
	}
	defer names.Release()
	entries, err := os.ReadDir(m.worktrees())
	if err != nil {
		return fmt.Errorf("look for left worktrees: %w", err)
	}
	for _, entry := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		m.removeWorktree(filepath.Join(m.worktrees(), strings.TrimSuffix(entry.Name(), ".lock")))
	}
	return nil
}
