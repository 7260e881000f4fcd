package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/trunkline/trunkline/bot/githubsim/contract"
)

// moment is when something passes between GitHub and the bot.
type moment struct {
	// what passes: the id of an operation, "git", or the event and the action of a webhook.
	what string
	// after it has taken effect on the other side, and before its answer has come back; otherwise before that.
	after bool
	// count of what has passed in this life of the bot, and the number of this life, both from 1.
	count, life int
}

// strikes says whether the bot is killed at a moment. It is asked for one at a time.
type strikes func(moment) bool

// gate stands between GitHub and the bot, where it sees all that passes and may kill the bot at that very moment.
type gate struct {
	stage  *stage
	strike strikes
	// url is where the bot finds GitHub, hook where GitHub finds the bot.
	url, hook string
	contract  *contract.Contract

	mu          sync.Mutex
	count, life int
	struck      []moment
}

func newGate(t testing.TB, s *stage, strike strikes) *gate {
	t.Helper()
	g := &gate{stage: s, strike: strike}
	var err error
	if g.contract, err = contract.Load(); err != nil {
		t.Fatal(err)
	}
	toGitHub := httptest.NewServer(g.through(s.gh.URL(), g.call))
	toBot := httptest.NewServer(g.through("http://"+s.listen, webhook))
	t.Cleanup(toGitHub.Close)
	t.Cleanup(toBot.Close)
	g.url, g.hook = toGitHub.URL, toBot.URL+"/api/github/hook"
	return g
}

// through hands requests on to the other side.
func (g *gate) through(target string, name func(*http.Request) string) http.Handler {
	side, err := url.Parse(target)
	if err != nil {
		g.stage.t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(side) },
		// The other side is gone, which is what these tests are about.
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		what := name(r)
		g.pass(what, false)
		answer := httptest.NewRecorder()
		proxy.ServeHTTP(answer, r)
		g.pass(what, true)
		for key, values := range answer.Header() {
			w.Header()[key] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes()) // who asked may be gone
	})
}

// pass lets something pass, or kills the bot and breaks the connection.
func (g *gate) pass(what string, after bool) {
	g.mu.Lock()
	if !after {
		g.count++
	}
	now := moment{what: what, after: after, count: g.count, life: g.life}
	kill := g.strike != nil && g.strike(now)
	if kill {
		g.struck = append(g.struck, now)
	}
	g.mu.Unlock()
	if kill {
		g.stage.kill()
		panic(http.ErrAbortHandler)
	}
}

// born begins a life of the bot.
func (g *gate) born() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count, g.life = 0, g.life+1
}

// call names what the bot asks of GitHub.
func (g *gate) call(r *http.Request) string {
	path, api := strings.CutPrefix(r.URL.EscapedPath(), "/api/v3")
	if !api {
		return "git"
	}
	operation, _, _ := g.contract.Match(r.Method, path)
	return operation.ID
}

// webhook names what GitHub tells the bot.
func webhook(r *http.Request) string {
	var payload struct {
		Action string `json:"action"`
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		_ = json.Unmarshal(body, &payload) // what has no action has none
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return strings.TrimSpace(r.Header.Get("X-GitHub-Event") + " " + payload.Action)
}
