package bot

import (
	"net/http"
	"regexp"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// meters are what /metrics shows.
type meters struct {
	githubCalls *prometheus.CounterVec
}

func newMeters(registry *prometheus.Registry) meters {
	m := meters{githubCalls: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "trunkline_github_calls_total", Help: "Calls to GitHub's API, by route, status code and installation; 0 is the App itself.",
	}, []string{"method", "route", "code", "installation"})}
	registry.MustRegister(m.githubCalls, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// calls counts the calls of an installation that go through next.
func (m meters) calls(installation string, next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		response, err := next.RoundTrip(r)
		code := "error"
		if err == nil {
			code = strconv.Itoa(response.StatusCode)
		}
		m.githubCalls.WithLabelValues(r.Method, route(r.URL.Path), code, installation).Inc()
		return response, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// variable are the parts of a path that name one thing among many.
var variable = regexp.MustCompile(`/(repos)/[^/]+/[^/]+|/(orgs)/[^/]+|/(users|collaborators|memberships)/[^/]+|/(teams)/[^/]+|` +
	`/(environments)/[^/]+|/(variables)/[^/]+|/(workflows)/[^/]+|/(contents|git/ref|git/matching-refs|branches)/.+|/(compare)/.+|/[0-9a-f]{40,64}\b|/\d+\b`)

// route is the path of a call without the names in it, so that there are few of them.
func route(path string) string {
	return variable.ReplaceAllStringFunc(path, func(part string) string {
		match := variable.FindStringSubmatch(part)
		for i, name := range []string{"owner}/{repo", "org", "username", "team_slug", "environment_name", "name", "workflow_id", "path", "basehead"} {
			if match[i+1] != "" {
				return "/" + match[i+1] + "/{" + name + "}"
			}
		}
		return "/{id}"
	})
}
