package bot

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/trunkline/trunkline/config"
)

// calls are one call each of a budget, at most so many, until one would have to wait longer than patience; it returns how many
// were made and until when the next has to wait.
func calls(t *testing.T, b *budget, method, path string, most int) (made int, until time.Time) {
	t.Helper()
	for made < most {
		request, err := http.NewRequest(method, "https://api.github.com"+path, nil)
		must(t, err)
		err = b.enter(request)
		if spent := (&spentError{}); errors.As(err, &spent) {
			return made, spent.until
		}
		must(t, err)
		made++
	}
	return made, time.Time{}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	now := start
	b := &budget{limits: githubLimits, now: func() time.Time { return now }}
	const comments, reactions, reads = "/repos/acme/infra/issues/1/comments", "/repos/acme/infra/issues/comments/1/reactions", "/users/alice"
	// Reactions leave room for what matters more.
	if made, _ := calls(t, b, "POST", reactions, 100); made != 60 {
		t.Errorf("%d reactions were made at once; want 60", made)
	}
	made, until := calls(t, b, "POST", comments, 100)
	if made != 15 || until != start.Add(time.Minute) {
		t.Errorf("then %d comments, the next at %s; want 15, and a minute", made, until)
	}
	// 75 writes are 375 points; reads have the others.
	if made, _ := calls(t, b, "GET", reads, 1000); made != 850-375 {
		t.Errorf("then %d reads; want %d", made, 850-375)
	}
	writes := 75
	for minute := 1; minute <= 10; minute++ {
		now = start.Add(time.Duration(minute) * time.Minute)
		made, until = calls(t, b, "POST", comments, 1000)
		writes += made
	}
	if writes != 480 || until != start.Add(time.Hour) {
		t.Errorf("in eleven minutes %d writes were made, the next at %s; want 480, and an hour after the first", writes, until)
	}
	now = start.Add(2 * time.Hour)
	if made, _ = calls(t, b, "POST", comments, 75); made != 75 {
		t.Errorf("an hour later %d comments were made; want 75", made)
	}
}

// answers of GitHub with these headers.
func answered403(status int, headers ...string) *http.Response {
	response := &http.Response{StatusCode: status, Header: http.Header{}}
	for i := 0; i < len(headers); i += 2 {
		response.Header.Set(headers[i], headers[i+1])
	}
	return response
}

func TestRefusalsOfGitHub(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	reset := fmt.Sprint(now.Add(10 * time.Minute).Unix())
	for name, one := range map[string]struct {
		answers []*http.Response
		want    time.Duration
		minor   bool
	}{
		"as it asks":            {[]*http.Response{answered403(403, "Retry-After", "90")}, 90 * time.Second, false},
		"too many":              {[]*http.Response{answered403(429)}, time.Minute, false},
		"too many again":        {[]*http.Response{answered403(429), answered403(429), answered403(429)}, 4 * time.Minute, false},
		"too many for ever":     {append(make([]*http.Response, 0), repeated(answered403(429), 50)...), time.Hour, false},
		"refused after success": {[]*http.Response{answered403(429), answered403(200), answered403(429)}, time.Minute, false},
		"nothing left": {[]*http.Response{answered403(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Limit", "5000", "X-RateLimit-Reset", reset)},
			10 * time.Minute, false},
		"the last one": {[]*http.Response{answered403(200, "X-RateLimit-Remaining", "0", "X-RateLimit-Limit", "5000", "X-RateLimit-Reset", reset)},
			10 * time.Minute, false},
		"little left": {[]*http.Response{answered403(200, "X-RateLimit-Remaining", "900", "X-RateLimit-Limit", "5000", "X-RateLimit-Reset", reset)},
			0, false},
		"little left for what is minor": {[]*http.Response{answered403(200, "X-RateLimit-Remaining", "900", "X-RateLimit-Limit", "5000", "X-RateLimit-Reset", reset)},
			10 * time.Minute, true},
		"no right":  {[]*http.Response{answered403(403, "X-RateLimit-Remaining", "4000", "X-RateLimit-Limit", "5000", "X-RateLimit-Reset", reset)}, 0, false},
		"not found": {[]*http.Response{answered403(404)}, 0, false},
	} {
		b := &budget{now: func() time.Time { return now }}
		for _, answer := range one.answers {
			b.note(answer)
		}
		path := map[bool]string{false: "/repos/acme/infra/deployments", true: "/repos/acme/infra/issues/comments/1/reactions"}[one.minor]
		if got := max(b.wait(httptest.NewRequest(http.MethodPost, path, nil)), 0); got != one.want {
			t.Errorf("%s: the next call waits %s; want %s", name, got, one.want)
		}
	}
}

func repeated(answer *http.Response, times int) (all []*http.Response) {
	for range times {
		all = append(all, answer)
	}
	return all
}

// What GitHub refuses one installation holds up no other and is not asked for again; what it told one token is not told to
// another; and calls are counted for each.
func TestInstallationsApart(t *testing.T) {
	t.Parallel()
	var asked, conditions atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		switch proof := r.Header.Get("Authorization"); {
		case proof == "Bearer noisy":
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusTooManyRequests)
		case r.Header.Get("If-None-Match") == `"of `+proof+`"`:
			conditions.Add(1)
			w.WriteHeader(http.StatusNotModified)
		default:
			w.Header().Set("Etag", `"of `+proof+`"`)
			fmt.Fprint(w, "hello ", proof)
		}
	}))
	defer server.Close()
	registry := prometheus.NewRegistry()
	meters := newMeters(registry)
	settings := config.GitHub{APIURL: server.URL + "/"}
	c, err := newClients(settings, "test", meters.calls)
	must(t, err)
	get := func(installation int64, proof string) (string, error) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/users/alice", nil)
		must(t, err)
		request.Header.Set("Authorization", "Bearer "+proof)
		response, err := c.wayOf(installation).RoundTrip(request)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		return fmt.Sprint(response.StatusCode, " ", string(text)), err
	}
	if text, err := get(1, "noisy"); err != nil || !strings.HasPrefix(text, "429") {
		t.Errorf("the noisy one gets %q, %v", text, err)
	}
	if text, err := get(1, "noisy"); err == nil || !strings.Contains(err.Error(), "as many calls as GitHub bears") || asked.Load() != 1 {
		t.Errorf("the noisy one gets %q, %v, after %d calls", text, err, asked.Load())
	}
	for _, proof := range []string{"a", "b", "a", "b", "a"} {
		if text, err := get(2, proof); err != nil || text != "200 hello Bearer "+proof {
			t.Errorf("%s gets %q, %v", proof, text, err)
		}
	}
	if text, err := get(3, "a"); err != nil || text != "200 hello Bearer a" || conditions.Load() != 3 {
		t.Errorf("another installation gets %q, %v; %d answers held still, want 3", text, err, conditions.Load())
	}
	page := httptest.NewRecorder()
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for counted, want := range map[string]int{`code="429",installation="1"`: 1, `code="200",installation="2"`: 2, `code="304",installation="2"`: 3, `code="200",installation="3"`: 1} {
		if line := fmt.Sprintf(`trunkline_github_calls_total{%s,method="GET",route="/users/{username}"} %d`, counted, want); !strings.Contains(page.Body.String(), line) {
			t.Errorf("the metrics do not have %s", line)
		}
	}
}
