package logs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// Repositories returns the ids of those that have logs.
func (b *Book) Repositories() ([]int64, error) { return numbered(b.Dir) }

// Deployments returns the ids of a repository's deployments that have a log, the oldest first.
func (b *Book) Deployments(repository int64) ([]int64, error) {
	return numbered(filepath.Join(b.Dir, fmt.Sprint(repository)))
}

// numbered are the folders of a directory whose names are numbers.
func numbered(dir string) (numbers []int64, err error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, file := range files {
		if n, err := strconv.ParseInt(file.Name(), 10, 64); err == nil && n > 0 && file.IsDir() {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, err
}

// Remove removes the log of a deployment.
func (b *Book) Remove(key Key) error {
	dir := b.directory(key)
	b.mu.Lock()
	delete(b.known, dir)
	b.mu.Unlock()
	return os.RemoveAll(dir)
}

// RemoveChecks removes what scheduled checks of a repository wrote: steps that ended before a time, and of each environment
// all but the newest.
func (b *Book) RemoveChecks(repository int64, before time.Time, newest int) error {
	dirs, err := filepath.Glob(filepath.Join(globbed(b.Dir), fmt.Sprint(repository), scheduled, "*"))
	for _, dir := range dirs {
		b.mu.Lock()
		delete(b.known, dir)
		b.mu.Unlock()
		steps, read := b.stepsIn(dir)
		err = errors.Join(err, read)
		for i, step := range steps {
			if i >= len(steps)-newest && !step.Started.Before(before) {
				continue
			}
			files, _ := filepath.Glob(globbed(step.file) + ".*")
			for _, file := range files {
				err = errors.Join(err, os.Remove(file))
			}
		}
		_ = os.Remove(dir) // unless there is something in it
	}
	return err
}
