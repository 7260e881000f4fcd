package mirror

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// mostKept is how many worktrees are kept for the next ones who want one.
const mostKept = 4

// KeptWorktree checks the commit out, detached and clean, into a directory that was used for another commit before, if
// there is one: then git writes only the files that differ. What ran there before may have been code that nobody has
// reviewed, so this is for code that nobody has reviewed either; whatever is applied gets a [Mirror.Worktree].
func (m *Mirror) KeptWorktree(ctx context.Context, sha string) (*Worktree, error) {
	if err := validSHA(sha); err != nil {
		return nil, err
	}
	if err := m.prepare(ctx); err != nil {
		return nil, err
	}
	for worktree := m.takeKept(); worktree != nil; worktree = m.takeKept() {
		err := worktree.move(ctx, sha)
		if err == nil {
			return worktree, nil
		}
		m.removeWorktree(worktree.Dir, worktree.Lock)
		if ctx.Err() != nil {
			return nil, err
		}
	}
	worktree, err := m.fresh(ctx, sha)
	if err != nil {
		return nil, err
	}
	if worktree.index, err = worktree.readIndex(); err == nil {
		worktree.keep = true
	}
	return worktree, nil
}

// Keeps tells whether there is a directory that a kept worktree would be made of.
func (m *Mirror) Keeps() bool {
	m.keeping.Lock()
	defer m.keeping.Unlock()
	return len(m.kept) > 0
}

func (m *Mirror) takeKept() *Worktree {
	m.keeping.Lock()
	defer m.keeping.Unlock()
	if len(m.kept) == 0 {
		return nil
	}
	last := m.kept[len(m.kept)-1]
	m.kept = m.kept[:len(m.kept)-1]
	return last
}

// keepWorktree keeps it, and tells whether there was room for it.
func (m *Mirror) keepWorktree(worktree *Worktree) bool {
	m.keeping.Lock()
	defer m.keeping.Unlock()
	if len(m.kept) >= mostKept {
		return false
	}
	kept := *worktree // whoever has released it holds the other
	m.kept = append(m.kept, &kept)
	return true
}

var errTouched = errors.New("what git knows of the worktree was changed")

// move checks another commit out into the directory. Git looks only at files that its index or their times say were
// changed, so neither the index nor what leads to it may be other than we left it.
func (w *Worktree) move(ctx context.Context, sha string) error {
	notes := w.mirror.notes(w.Dir)
	for path, content := range map[string]string{
		filepath.Join(w.Dir, ".git"):      "gitdir: " + notes,
		filepath.Join(notes, "commondir"): "../..",
		filepath.Join(notes, "gitdir"):    filepath.Join(w.Dir, ".git"),
	} {
		if is, err := os.ReadFile(path); err != nil || string(is) != content+"\n" {
			return errTouched
		}
	}
	for _, name := range []string{"config.worktree", "info"} {
		if _, err := os.Lstat(filepath.Join(notes, name)); !errors.Is(err, fs.ErrNotExist) {
			return errTouched
		}
	}
	if index, err := w.readIndex(); err != nil || index != w.index {
		return errTouched
	}
	for _, arguments := range [][]string{{"reset", "--quiet", "--hard", sha, "--"}, {"clean", "--quiet", "-ffdx"}} {
		if _, err := w.mirror.run(ctx, invocation{args: arguments, dir: w.Dir, lock: w.Lock}); err != nil {
			return fmt.Errorf("check out %s: %w", sha, err)
		}
	}
	index, err := w.readIndex()
	w.Commit, w.index = sha, index
	return err
}

// readIndex is the digest of git's index of the worktree.
func (w *Worktree) readIndex() (digest [sha256.Size]byte, err error) {
	content, err := os.ReadFile(filepath.Join(w.mirror.notes(w.Dir), "index"))
	if err != nil {
		return digest, fmt.Errorf("read git's index of %s: %w", w.Dir, err)
	}
	return sha256.Sum256(content), nil
}
