package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/trunkline/trunkline/bot/watch/prometheustest"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/config/condition"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
)

// service is what is deployed: it says its metrics, as long as it has some.
type service struct {
	mu      sync.Mutex
	metrics map[string]float64
	url     string
}

func newService(t *testing.T, metrics map[string]float64) *service {
	t.Helper()
	s := &service{metrics: metrics}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		for name, value := range s.metrics {
			fmt.Fprintf(w, "%s %g\n", name, value)
		}
	}))
	t.Cleanup(server.Close)
	s.url = strings.TrimPrefix(server.URL, "http://")
	return s
}

// now has the service say other metrics.
func (s *service) now(metrics map[string]float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.metrics = metrics
}

// server is a real Prometheus that scrapes the service.
type server struct {
	*prometheustest.Server
	t *testing.T
}

func startPrometheus(t *testing.T, s *service) *server {
	t.Helper()
	return &server{prometheustest.Start(t, s.url), t}
}

// observe looks at a query once.
func (p *server) observe(query string) promote.Observation {
	p.t.Helper()
	return Sources{}.Observe(p.t.Context(), config.Watch{Prometheus: query, Server: p.URL, Timeout: 10 * time.Second}, process.Command{})
}

// until looks at a query until what it gives is as wanted. Only the test's own time limit ends that: how fast a Prometheus
// starts and scrapes is not what is tested.
func (p *server) until(query string, wanted func(promote.Observation) bool) promote.Observation {
	p.t.Helper()
	for {
		seen := p.observe(query)
		if wanted(seen) {
			return seen
		}
		select {
		case <-p.Ended():
			p.t.Fatalf("prometheus has ended: %s", p.Said())
		case <-p.t.Context().Done():
			p.t.Fatal("the test ends")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func values(seen promote.Observation) (values []float64) {
	for _, reading := range seen.Readings {
		values = append(values, reading.Value)
	}
	return values
}

func is(want ...float64) func(promote.Observation) bool {
	return func(seen promote.Observation) bool {
		got := values(seen)
		if len(got) != len(want) {
			return false
		}
		for i := range got {
			if got[i] != want[i] && !(math.IsNaN(got[i]) && math.IsNaN(want[i])) {
				return false
			}
		}
		return true
	}
}

func nothing(seen promote.Observation) bool { return len(seen.Readings) == 0 && seen.Unreachable == "" }

// A metric rises, is no number, vanishes and comes back; then the server is killed.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	s := newService(t, map[string]float64{"errors": 0})
	p := startPrometheus(t, s)
	p.until("errors", is(0))
	s.now(map[string]float64{"errors": 7})
	seen := p.until("errors", is(7))
	if series := seen.Readings[0].Series; !strings.Contains(series, `job="app"`) {
		t.Errorf("the series is %q; want its labels", series)
	}
	if seen := p.observe("sum(errors)"); !is(7)(seen) || seen.Readings[0].Series != "" {
		t.Errorf("a sum is %+v", seen)
	}
	if seen := p.observe("scalar(errors) * 2"); !is(14)(seen) {
		t.Errorf("a scalar is %+v", seen)
	}
	if seen := p.observe("sum(errors) * 0 / 0"); !is(math.NaN())(seen) {
		t.Errorf("nothing by nothing is %+v", seen)
	}
	if seen := p.observe("errors / 0"); !is(math.Inf(1))(seen) {
		t.Errorf("something by nothing is %+v", seen)
	}
	s.now(map[string]float64{`errors{pod="a"}`: 1, `errors{pod="b"}`: 2})
	p.until(`sort(errors{pod!=""})`, is(1, 2))
	s.now(nil)
	if seen := p.until(`errors`, nothing); seen.Said != "the query gives nothing" {
		t.Errorf("a metric that has vanished is %+v", seen)
	}
	s.now(map[string]float64{"errors": 1})
	p.until("errors", is(1))
	for query, want := range map[string]string{
		"errors[":    "the server says: ",
		"errors[1m]": "the query gives a matrix; expected a number",
		`"text"`:     "string",
	} {
		if seen := p.observe(query); !strings.Contains(seen.Unreachable, want) {
			t.Errorf("%s gives %+v; want %q", query, seen, want)
		}
	}
	p.Kill()
	if seen := p.observe("errors"); !strings.Contains(seen.Unreachable, "connection refused") || strings.Contains(seen.Unreachable, "query=") {
		t.Errorf("a server that is gone is %+v", seen)
	}
}

// A deployment's watch, from its baseline to its end, on what a real server says.
func TestPrometheusJudged(t *testing.T) {
	t.Parallel()
	s := newService(t, map[string]float64{`errors{version="1"}`: 2})
	p := startPrometheus(t, s)
	threshold, problems := condition.CompileThreshold("value > 2 * baseline", false)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	watch := config.Watch{Prometheus: "errors", Server: p.URL, FailIf: threshold, For: 3 * time.Second, Every: time.Second, Failures: 1,
		NoData: config.MissingWaits, Unreachable: config.MissingFails, Timeout: 10 * time.Second}
	before, why := promote.BaselineFrom(watch, p.until("errors", is(2)))
	if len(before) != 1 {
		t.Fatal(why)
	}
	began := time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)
	var samples []promote.Sample
	take := func() promote.WatchVerdict {
		sample := promote.Judge(watch, p.observe("errors"), before)
		sample.At = began.Add(time.Duration(len(samples)+1) * time.Second)
		samples = append(samples, sample)
		return promote.Watch(watch, began, samples)
	}
	s.now(map[string]float64{`errors{version="2"}`: 3})
	p.until(`errors{version="2"}`, is(3))
	p.until(`errors{version="1"}`, nothing)
	if stands := take(); stands.Phase != promote.Watching || samples[0].Outcome != promote.SampleGood || samples[0].Baseline != 2 {
		t.Errorf("with 3 after 2 it is %+v, %+v", stands, samples)
	}
	s.now(nil)
	p.until("errors", nothing)
	if stands := take(); stands.Phase != promote.Watching || stands.Missing != 1 {
		t.Errorf("without a metric it is %+v", stands)
	}
	s.now(map[string]float64{`errors{version="2"}`: 9})
	p.until("errors", is(9))
	if stands := take(); stands.Phase != promote.WatchPassed || stands.Bad != 1 {
		t.Errorf("with one bad sample that is borne it is %+v", stands)
	}
	p.Kill()
	if stands := take(); stands.Phase != promote.WatchFailed || !strings.Contains(stands.Text, "connection refused. 2 of 4 samples were bad; one is borne.") {
		t.Errorf("without a server it is %+v", stands)
	}
}

// What is not a Prometheus does not pass for one.
func TestNotPrometheus(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		want    string
	}{
		{"nothing there", http.NotFound, "the server says: "},
		{"a page", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>welcome") }, "the server says: "},
		{"an answer without a result", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"status":"success","data":{}}`) }, ""},
		{"broken", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) }, "the server says: "},
		{"far too much", func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte(" "), largestAnswer+1)) }, "larger than 4 MiB"},
		{"too many series", func(w http.ResponseWriter, _ *http.Request) {
			one := `{"metric":{"pod":"a"},"value":[1,"0"]}`
			fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[%s%s]}}`, strings.Repeat(one+",", mostSeries), one)
		}, "the query gives 1001 series; at most 1000 are judged"},
		{"moved to another scheme", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, "it redirects from http to https, which is not followed"},
		{"moved round and round", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		}, "it redirects more than 3 times"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.handler)
			t.Cleanup(server.Close)
			address := strings.Replace(server.URL, "http://", "http://reader:s3cret@", 1)
			seen := Sources{}.Observe(t.Context(), config.Watch{Prometheus: "up", Server: address, Timeout: 10 * time.Second}, process.Command{})
			if len(seen.Readings) > 0 || seen.Unreachable == "" || !strings.Contains(seen.Unreachable, test.want) || strings.Contains(seen.Unreachable, "s3cret") {
				t.Errorf("it is %+v; want %q", seen, test.want)
			}
		})
	}
}

// A server that does not answer is given up after the time limit, and at once when Trunkline stops.
func TestPrometheusHangs(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}, 9), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{}; <-release }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(release) })
	watch := config.Watch{Prometheus: "up", Server: server.URL, Timeout: 20 * time.Millisecond}
	if seen := (Sources{}).Observe(t.Context(), watch, process.Command{}); seen.Unreachable != "nothing within 20ms" {
		t.Errorf("it is %+v", seen)
	}
	<-asked
	watch.Timeout = time.Hour
	ctx, stop := context.WithCancelCause(t.Context())
	go func() { <-asked; stop(errors.New("stopping")) }()
	if seen := (Sources{}).Observe(ctx, watch, process.Command{}); seen.Unreachable == "" {
		t.Errorf("it is %+v", seen)
	}
}

// What a server warns of, such as a store that did not answer it, is not taken for the whole; what it only mentions is.
func TestPrometheusWarns(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]promote.Observation{
		`"result":[{"metric":{},"value":[1,"0"]}]},"warnings":["store-2 did not answer","a\nb"]`: {Readings: []promote.Reading{{}}, Doubt: "the server warns: store-2 did not answer; a"},
		`"result":[]},"warnings":["store-2 did not answer"]`: {Said: "the query gives nothing; the server warns: store-2 did not answer",
			Doubt: "the server warns: store-2 did not answer"},
		`"result":[{"metric":{},"value":[1,"0"]}]},"infos":["metric might not be a counter"]`: {Readings: []promote.Reading{{}}},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"status":"success","data":{"resultType":"vector",`+answer+`}`)
		}))
		t.Cleanup(server.Close)
		seen := Sources{}.Observe(t.Context(), config.Watch{Prometheus: "up", Server: server.URL, Timeout: 10 * time.Second}, process.Command{})
		if diff := cmp.Diff(want, seen); diff != "" {
			t.Errorf("%s (-want +got):\n%s", answer, diff)
		}
	}
}
