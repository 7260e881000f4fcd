package deploy

import (
	"context"
	"time"
)

// drain is how long a stop waits for applies to end.
const drain = 45 * time.Second

// ToItsEnd does something that is not broken off when we are stopped: an engine that is interrupted leaves things half done
// that a plan would then replace. A stop waits for a while; then the engine is left to itself, as when we are killed, and
// the next start waits for its end. ended: it is known how it ended, and err says so.
func ToItsEnd(ctx context.Context, do func(context.Context) error) (ended bool, err error) {
	done := make(chan error, 1)
	go func() { done <- do(context.WithoutCancel(ctx)) }()
	select {
	case err := <-done:
		return true, err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return true, err
	case <-time.After(drain):
		return false, nil
	}
}
