package mirror

import (
	"context"
	"crypto/sha256"
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
	// keep the directory for the next one who wants a kept worktree, and index: the digest of git's index of it.
	keep  bool
	index [sha256.Size]byte
}

// Worktree checks the commit out into a directory of its own, detached and clean.
func (m *Mirror) Worktree(ctx context.Context, sha string) (*Worktree, error) {
	if err := validSHA(sha); err != nil {
		return nil, err
	}
	if err := m.prepare(ctx); err != nil {
		return nil, err
	}
	return m.fresh(ctx, sha)
}

func (m *Mirror) fresh(ctx context.Context, sha string) (*Worktree, error) {
	worktree, err := m.reserve(ctx, sha)
	if err != nil {
		return nil, fmt.Errorf("make a worktree of %s: %w", sha, err)
	}
	if err := m.register(worktree); err != nil {
		worktree.Release()
		return nil, fmt.Errorf("make a worktree of %s: %w", sha, err)
	}
	if _, err := m.run(ctx, invocation{
		args: []string{"reset", "--quiet", "--hard", sha, "--"}, dir: worktree.Dir, lock: worktree.Lock,
	}); err != nil {
		worktree.Release()
		return nil, fmt.Errorf("check out %s: %w", sha, err)
	}
	return worktree, nil
}

// register makes the directory a worktree of the mirror, as git worktree add does; the files are those that
// gitrepository-layout(5) describes. Git itself writes them one by one, and a second git that looks at that moment
// fails; here they come, and later go, in one step.
func (m *Mirror) register(worktree *Worktree) error {
	if err := os.Mkdir(worktree.Dir, 0o700); err != nil {
		return err
	}
	making := filepath.Join(worktree.Dir, ".git")
	if err := os.Mkdir(making, 0o700); err != nil {
		return err
	}
	for name, content := range map[string]string{
		"HEAD": worktree.Commit, "commondir": "../..", "gitdir": filepath.Join(worktree.Dir, ".git"),
	} {
		if err := os.WriteFile(filepath.Join(making, name), []byte(content+"\n"), 0o600); err != nil {
			return err
		}
	}
	notes := m.notes(worktree.Dir)
	if err := os.MkdirAll(filepath.Dir(notes), 0o700); err != nil {
		return err
	}
	if err := os.Rename(making, notes); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(worktree.Dir, ".git"), []byte("gitdir: "+notes+"\n"), 0o600)
}

// notes is where git keeps what it knows of the worktree.
func (m *Mirror) notes(dir string) string {
	return filepath.Join(m.bare(), "worktrees", filepath.Base(dir))
}

// reserve takes a name for a new worktree: its lock comes first, since a directory without one is a leftover.
func (m *Mirror) reserve(ctx context.Context, sha string) (*Worktree, error) {
	names, err := m.naming(ctx)
	if err != nil {
		return nil, err
	}
	defer names.Release()
	if err := m.pruneWorktrees(ctx); err != nil {
		return nil, err
	}
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

// Release gives the directory back; the caller is not to use it any more. A child that still works in it keeps it
// until a later worktree is made.
func (w *Worktree) Release() {
	w.Lock.Release()
	// Any child that is being started has our lock too for a moment, until it is another program.
	short, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	lock, err := process.TakeLock(short, w.Dir+".lock")
	if err != nil {
		return
	}
	if w.Lock = lock; !w.keep || !w.mirror.keepWorktree(w) {
		w.mirror.removeWorktree(w.Dir, lock)
	}
}

// removeWorktree removes the directory, git's notes of it and its lock, which the caller holds.
func (m *Mirror) removeWorktree(dir string, lock *process.Lock) {
	defer lock.Release()
	// Git's notes go first, in one step; see register. The directory is then no worktree any more.
	removeAll(filepath.Join(dir, ".git"))
	_ = os.Rename(m.notes(dir), filepath.Join(dir, ".git"))
	removeAll(dir)
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

// pruneWorktrees removes the directories whose users are gone. The caller holds the lock for naming.
func (m *Mirror) pruneWorktrees(ctx context.Context) error {
	entries, err := os.ReadDir(m.worktrees())
	if err != nil {
		return fmt.Errorf("look for left worktrees: %w", err)
	}
	for _, entry := range entries {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		dir := filepath.Join(m.worktrees(), strings.TrimSuffix(entry.Name(), ".lock"))
		if lock, err := process.TryLock(dir + ".lock"); err == nil && lock != nil {
			m.removeWorktree(dir, lock)
		}
	}
	return nil
}
