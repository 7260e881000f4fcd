package policy

import (
	"context"
	"fmt"
	"runtime/metrics"
	"time"
)

const heap = "/memory/classes/heap/objects:bytes"

// withinMemory ends the context when the process has grown by more than so many bytes. OPA itself counts nothing; this
// is rough, and enough to end a policy that multiplies its input before the host does.
func withinMemory(ctx context.Context, most uint64) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	start := inUse()
	done := make(chan struct{})
	go func() {
		defer close(done)
		look := time.NewTicker(50 * time.Millisecond)
		defer look.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-look.C:
				if now := inUse(); now > start && now-start > most {
					cancel(fmt.Errorf("it took more than %d MiB of memory", most>>20))
				}
			}
		}
	}()
	return ctx, func() {
		cancel(context.Canceled)
		<-done
	}
}

func inUse() uint64 {
	sample := []metrics.Sample{{Name: heap}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
