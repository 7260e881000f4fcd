package bot

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// down is what a visitor gets where nobody answers.
const down = "down"

// answer is what a visitor got.
type answer struct {
	// said is the release that answered, with the status where that is not good.
	said string
	// servers is how many of them got requests then.
	servers int
}

// visitor is somebody who asks all the time.
type visitor struct {
	test    testing.TB
	mu      sync.Mutex
	answers []answer
}

// visit begins to ask at an address, until the test ends. The file says who gets requests there.
func visit(t testing.TB, address, routes string) *visitor {
	v := &visitor{test: t}
	ctx, cancel := context.WithCancel(context.Background())
	var asking sync.WaitGroup
	t.Cleanup(func() { cancel(); asking.Wait() })
	asking.Go(func() {
		next := time.NewTicker(5 * time.Millisecond)
		defer next.Stop()
		for {
			one := answer{said: ask(ctx, address)}
			text, _ := os.ReadFile(routes)
			one.servers = strings.Count(string(text), "\n")
			v.mu.Lock()
			v.answers = append(v.answers, one)
			v.mu.Unlock()
			select {
			case <-next.C:
			case <-ctx.Done():
				return
			}
		}
	})
	return v
}

func ask(ctx context.Context, address string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err.Error()
	}
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	switch said := strings.TrimSpace(string(text)); {
	case err != nil:
		return err.Error()
	case got.StatusCode == http.StatusServiceUnavailable:
		return down
	case got.StatusCode != http.StatusOK:
		return fmt.Sprintf("%s: %d", said, got.StatusCode)
	default:
		return said
	}
}

// mark is a moment: how many answers there were by then.
func (v *visitor) mark() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.answers)
}

// since are the answers to what was asked after a moment.
func (v *visitor) since(mark int) []answer {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.answers[min(mark+1, len(v.answers)):])
}

// more waits for so many answers to what is asked from now on.
func (v *visitor) more(count int) []answer {
	v.test.Helper()
	begin := v.mark()
	waitFor(v.test, "there are answers", func() bool { return v.mark() > begin+count })
	return v.since(begin)[:count]
}

// count is how many of some answers were these.
func (v *visitor) count(said string, answers []answer) (count int) {
	for _, one := range answers {
		if one.said == said {
			count++
		}
	}
	return count
}
