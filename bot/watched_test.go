package bot

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/bot/watch"
	"github.com/trunkline/trunkline/bot/watch/prometheustest"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
)

// What is deployed here says as its metric what was deployed; text that is no number is a service without metrics.
func metricOf(t *testing.T) (address string, deployed *atomic.Value) {
	t.Helper()
	deployed = &atomic.Value{}
	deployed.Store("")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text, err := os.ReadFile(filepath.Join(deployed.Load().(string), "dev"))
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		if value := strings.TrimSpace(string(text)); err == nil && strings.Trim(value, "0123456789") == "" {
			fmt.Fprintf(w, "errors %s\n", value)
		}
	}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), deployed
}

// A real Prometheus watches what is deployed: it stays low, rises, vanishes; then Prometheus itself is killed. The
// environment runs only what was found good.
func TestWatchedByPrometheus(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("the short suite leaves this out; make test plays it without the race detector")
	}
	address, deployed := metricOf(t)
	prometheus := prometheustest.Start(t, address)
	w := newWorld(t, githubsim.RepositoryOptions{Private: true, Files: withRules(fmt.Sprintf(`
  dev:
    promote: auto
    watch: {name: errors, prometheus: errors, server: %q, fail_if: value > 2 * baseline, no_baseline: 4, for: 3m, every: 1m}
`, prometheus.URL))})
	deployed.Store(w.deployed)
	scraped := func(want string) {
		t.Helper()
		for {
			seen := watch.Sources{}.Observe(t.Context(), config.Watch{Prometheus: "errors", Server: prometheus.URL, Timeout: 10 * time.Second}, process.Command{})
			got := ""
			if len(seen.Readings) > 0 {
				got = fmt.Sprint(seen.Readings[0].Value)
			}
			if got == want && seen.Unreachable == "" {
				return
			}
			select {
			case <-prometheus.Ended():
				t.Fatalf("prometheus has ended: %s", prometheus.Said())
			case <-time.After(20 * time.Millisecond):
			}
		}
	}
	good := ""
	for _, step := range []struct {
		content, scraped string
		kill             bool
		failure          string // empty: it succeeds
	}{
		{"7", "7", false, ""},
		{"15", "15", false, "Value is 15 for errors{instance=\"" + address + "\", job=\"app\"}, the baseline is 7. It fails if value > 2 * baseline. 1 of 1 samples was bad; none is borne."},
		{"14", "14", false, ""},
		{"gone", "", false, "No data: the query gives nothing. 1 of 1 samples was bad; none is borne."},
		{"9", "9", true, "connection refused. 1 of 1 samples was bad; none is borne."},
	} {
		w.merged(map[string]string{"environments/dev/app/content": step.content + "\n"})
		if last := w.state().Environments["dev"].Last; last.Phase != promote.Verifying {
			t.Fatalf("with %s it is %s, %+v", step.content, last.Phase, last.Failure)
		}
		scraped(step.scraped)
		if step.kill {
			prometheus.Kill()
		}
		w.passes(3 * time.Minute)
		dev := w.state().Environments["dev"]
		switch {
		case step.failure == "" && dev.Last.Phase == promote.Succeeded:
			good = w.newest().SHA
		case step.failure == "" || dev.Last.Failure == nil || !strings.HasSuffix(dev.Last.Failure.Message, step.failure):
			t.Errorf("with %s it is %s, %+v; want %q", step.content, dev.Last.Phase, dev.Last.Failure, step.failure)
		}
		if dev.Runs != good {
			t.Errorf("with %s dev runs %s; want %s", step.content, dev.Runs, good)
		}
	}
}
