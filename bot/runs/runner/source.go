package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/process"
)

// mostSources is how many commits are kept that nobody works on.
const mostSources = 6

// source are the files of one commit, for one environment: what runs there may leave things behind.
type source struct {
	key, root, commit string
	// lock is held by all that works there, so that nothing removes it that a killed runner has left behind.
	lock *process.Lock
	// worktree that it is, of a repository that is fetched here; nil: it was unpacked.
	worktree *mirror.Worktree

	making sync.Mutex
	users  int
	used   time.Time
}

// sources are commits that are here.
type sources struct {
	dir string

	mu   sync.Mutex
	kept map[string]*source
}

var plainSHA = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)
var plainName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,80}$`)

// get returns the files of the task's commit, which the caller puts back.
func (s *sources) get(ctx context.Context, r *Runner, task wire.Task) (*source, error) {
	if !plainSHA.MatchString(task.Commit) || !plainName.MatchString(task.Environment) {
		return nil, fmt.Errorf("%q in %q is no commit of an environment", task.Commit, task.Environment)
	}
	key := fmt.Sprintf("%d-%s-%s", task.Repository, task.Commit, task.Environment)
	s.mu.Lock()
	files, there := s.kept[key]
	if !there {
		files = &source{key: key}
		s.kept[key] = files
	}
	files.users++
	s.mu.Unlock()
	files.making.Lock()
	defer files.making.Unlock()
	if files.root != "" {
		return files, nil
	}
	if err := s.fetch(ctx, r, task, files); err != nil {
		s.put(files)
		return nil, fmt.Errorf("get the files of %s: %w", task.Commit[:7], err)
	}
	return files, nil
}

// fetch gets the files: from GitHub where it has the commit, otherwise from the server.
func (s *sources) fetch(ctx context.Context, r *Runner, task wire.Task, files *source) error {
	if r.Origin != nil && !task.Archive {
		have, err := r.Origin.Has(ctx, task.Commit)
		if err == nil && !have {
			err = r.Origin.FetchOnly(ctx, task.Commit)
		}
		if err != nil {
			return err
		}
		worktree, err := r.Origin.Worktree(ctx, task.Commit)
		if err != nil {
			return err
		}
		files.worktree, files.root, files.commit, files.lock = worktree, worktree.Dir, worktree.Commit, worktree.Lock
		return nil
	}
	if err := s.prune(); err != nil {
		return err
	}
	var archive io.ReadCloser
	err := r.persist(ctx, func() (err error) {
		archive, err = r.Client.source(ctx, task.ID)
		return err
	})
	if err != nil {
		return err
	}
	defer archive.Close()
	root, err := os.MkdirTemp(s.dir, files.key+"-*")
	if err != nil {
		return err
	}
	lock, err := process.TakeLock(ctx, root+".lock")
	if err == nil {
		err = unpack(archive, root)
	}
	if err != nil {
		lock.Release()
		return errors.Join(err, os.RemoveAll(root), os.RemoveAll(root+".lock"))
	}
	files.root, files.commit, files.lock = root, task.Commit, lock
	return nil
}

// put puts files back. Some are kept for the next task of the same commit.
func (s *sources) put(files *source) {
	s.mu.Lock()
	files.users--
	files.used = time.Now()
	var unused []*source
	for key, one := range s.kept {
		switch {
		case one.users > 0:
		case one.root == "":
			delete(s.kept, key)
		default:
			unused = append(unused, one)
		}
	}
	slices.SortFunc(unused, func(a, b *source) int { return b.used.Compare(a.used) })
	unused = unused[min(len(unused), mostSources):]
	for _, one := range unused {
		delete(s.kept, one.key)
	}
	s.mu.Unlock()
	for _, one := range unused {
		one.remove()
	}
}

// close removes all that is kept.
func (s *sources) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, one := range s.kept {
		delete(s.kept, key)
		if one.root != "" {
			one.remove()
		}
	}
}

// remove removes the files, unless something still works there.
func (s *source) remove() {
	if s.worktree != nil {
		s.worktree.Release()
		return
	}
	s.lock.Release()
	if lock, err := process.TryLock(s.root + ".lock"); err == nil && lock != nil {
		_ = os.RemoveAll(s.root) // what stays is removed by the next runner
		_ = os.Remove(s.root + ".lock")
		lock.Release()
	}
}

// prune removes what runners have left that were killed, and nobody works on any more.
func (s *sources) prune() error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name, is := strings.CutSuffix(entry.Name(), ".lock")
		if !is {
			continue
		}
		file := filepath.Join(s.dir, entry.Name())
		if lock, err := process.TryLock(file); err == nil && lock != nil {
			_ = os.RemoveAll(filepath.Join(s.dir, name))
			_ = os.Remove(file)
			lock.Release()
		}
	}
	return nil
}
