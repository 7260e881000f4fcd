package watch

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/watch/prometheustest"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
)

func TestProbe(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
		status  int
		said    string
		// unreachable is what is said where there was no answer.
		unreachable string
	}{
		{"well", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok") }, 200, "", ""},
		{"not well", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no room\nfor more", http.StatusServiceUnavailable)
		}, 503, "no room", ""},
		{"not well, on a page", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", 500) }, 500, "", ""},
		{"not well, in no words", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "a\x00b", 500) }, 500, "", ""},
		{"not well, at length", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, strings.Repeat("é", 400), 500) }, 500, strings.Repeat("é", 300) + "…", ""},
		{"with much to say", func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte("x"), largestAnswer+1)) }, 200, "", ""},
		{"with a password", func(w http.ResponseWriter, r *http.Request) {
			if _, password, _ := r.BasicAuth(); password != "s3cret" {
				http.Error(w, "who?", http.StatusUnauthorized)
			}
		}, 200, "", ""},
		{"moved", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/health" {
				http.Redirect(w, r, "/healthz", http.StatusMovedPermanently)
			}
		}, 200, "", ""},
		{"moved to another scheme", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, 0, "",
			"it redirects from http to https, which is not followed"},
		{"moved round and round", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, 0, "",
			"it redirects more than 3 times"},
		{"breaks off", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9")
			io.WriteString(w, "ok")
		}, 0, "", "the answer broke off: unexpected EOF"},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0, "", "EOF"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(test.handler)
			t.Cleanup(server.Close)
			address := strings.Replace(server.URL, "http://", "http://reader:s3cret@", 1) + "/health?token=s3cret"
			clock := time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)
			sources := Sources{Now: func() time.Time { clock = clock.Add(250 * time.Millisecond); return clock }}
			seen := sources.Observe(t.Context(), config.Watch{HTTP: address, Timeout: 10 * time.Second}, process.Command{})
			if seen.Status != test.status || seen.Said != test.said || seen.Unreachable != test.unreachable {
				t.Errorf("it is %+v; want status %d, %q, %q", seen, test.status, test.said, test.unreachable)
			}
			if test.unreachable == "" && (len(seen.Readings) != 1 || seen.Readings[0].Value != 0.25) {
				t.Errorf("it took %+v; want a quarter of a second", seen.Readings)
			}
		})
	}
}

func TestProbeOfNothing(t *testing.T) {
	t.Parallel()
	address := "http://reader:s3cret@" + prometheustest.FreeAddress(t) + "/health?token=s3cret"
	seen := Sources{}.Observe(t.Context(), config.Watch{HTTP: address, Timeout: 10 * time.Second}, process.Command{})
	if !strings.Contains(seen.Unreachable, "connection refused") || strings.Contains(seen.Unreachable, "s3cret") {
		t.Errorf("it is %+v", seen)
	}
}

func TestProbeOfAServerNobodyVouchesFor(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // that we refuse it
	server.StartTLS()
	t.Cleanup(server.Close)
	seen := Sources{}.Observe(t.Context(), config.Watch{HTTP: server.URL, Timeout: 10 * time.Second}, process.Command{})
	if !strings.Contains(seen.Unreachable, "certificate") {
		t.Errorf("it is %+v", seen)
	}
}

// Headers go to whom they are meant for, with every kind of request, and to nobody else.
func TestHeaders(t *testing.T) {
	t.Parallel()
	stranger := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("a stranger was asked, with %v", r.Header)
	}))
	t.Cleanup(stranger.Close)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer abc":
			http.Error(w, "who?", http.StatusUnauthorized)
		case r.URL.Path == "/away":
			http.Redirect(w, r, stranger.URL, http.StatusFound)
		default:
			io.WriteString(w, `{"status":"success","data":{"resultType":"scalar","result":[1,"7"]}}`)
		}
	}))
	t.Cleanup(server.Close)
	headers := []config.Header{{Name: "Authorization", Value: "Bearer abc"}}
	observe := func(watch config.Watch) promote.Observation {
		watch.Headers, watch.Timeout = headers, 10*time.Second
		return Sources{}.Observe(t.Context(), watch, process.Command{})
	}
	if seen := observe(config.Watch{HTTP: server.URL}); seen.Status != 200 {
		t.Errorf("a probe is %+v", seen)
	}
	if seen := observe(config.Watch{Prometheus: "up", Server: server.URL}); !is(7)(seen) {
		t.Errorf("a query is %+v", seen)
	}
	if seen := observe(config.Watch{HTTP: server.URL + "/away"}); seen.Unreachable != "it redirects to another host, which is not followed with headers" {
		t.Errorf("a probe that is sent away is %+v", seen)
	}
	headers[0].Value = "Bearer a\nb"
	if seen := observe(config.Watch{HTTP: server.URL}); seen.Unreachable == "" || strings.Contains(seen.Unreachable, "Bearer") {
		t.Errorf("with a header of two lines it is %+v", seen)
	}
}
