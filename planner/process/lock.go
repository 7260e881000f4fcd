package process

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Lock is an advisory lock on a file. It holds between processes and within one. Given to a [Command], it is held by
// the child too, and by what the child starts: it is free again when all of them are gone, however the bot ended.
type Lock struct{ file *os.File }

// TakeLock waits until the lock on the file at path is free and takes it. The file is made where there is none, and
// stays: removing it would let two take the lock at once.
func TakeLock(ctx context.Context, path string) (*Lock, error) {
	wait := 10 * time.Millisecond
	for {
		lock, err := TryLock(path)
		if lock != nil || err != nil {
			return lock, err
		}
		pause := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			pause.Stop()
			return nil, fmt.Errorf("wait for the process that holds %s: %w", path, context.Cause(ctx))
		case <-pause.C:
		}
		wait = min(2*wait, 500*time.Millisecond)
	}
}

// TryLock takes the lock if it is free. It returns nil and no error where it is not.
func TryLock(path string) (*Lock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of the lock %s: %w", path, err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock %s: %w", path, err)
	}
	taken, err := lockFile(file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if !taken {
		file.Close()
		return nil, nil
	}
	return &Lock{file: file}, nil
}

// Release gives up our share of the lock. It is free when no child holds it either. A nil lock is none.
func (l *Lock) Release() {
	if l != nil {
		// Closing, not unlocking: unlocking would take it from the children as well.
		_ = l.file.Close()
	}
}

// File is the open descriptor that holds the lock, to be handed to a child that [Run] does not start.
func (l *Lock) File() *os.File { return l.file }
