// Package watch looks at what watches watch: a Prometheus server's answer to a query, the answer to an HTTP request, the
// end of a command. It looks once, within a time limit, and tells what it saw; what that means is decided elsewhere.
//
// Nothing that goes wrong is an error here: a server that is gone, an answer that is too large and a command that hangs
// are what was seen. Texts never hold the URL that was asked, because it may hold a password.
package watch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/process"
	"github.com/trunkline/trunkline/promote"
)

// Sources are looked at by Trunkline itself. The zero value is ready.
type Sources struct {
	// Transport of HTTP requests; nil: one that keeps no connections and takes the proxy from the environment.
	Transport http.RoundTripper
	// Now is the clock by which answers are timed; nil: the computer's.
	Now func() time.Time
}

// Observe looks once at what the watch watches, with its headers as they stand there. A command is run as the process that
// command is.
func (s Sources) Observe(ctx context.Context, watch config.Watch, command process.Command) promote.Observation {
	if watch.Run != "" {
		return run(ctx, watch, command)
	}
	limited, cancel := context.WithTimeout(ctx, watch.Timeout)
	defer cancel()
	var seen promote.Observation
	var err error
	if watch.HTTP != "" {
		seen, err = s.probe(limited, watch)
	} else {
		seen, err = s.query(limited, watch)
	}
	if err != nil {
		return promote.Observation{Unreachable: reason(err, watch.Timeout)}
	}
	return seen
}

// client asks with the headers. It follows a few redirects, and none to another scheme: what was meant to be encrypted stays so, and a probe of an
// address that has moved elsewhere is a probe of something else. Headers, which may hold a token, go to no other host.
func (s Sources) client(headers []config.Header) *http.Client {
	transport := s.Transport
	if transport == nil {
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true,
			DialContext: (&net.Dialer{}).DialContext, MaxResponseHeaderBytes: 64 << 10}
	}
	return &http.Client{Transport: limited{transport, headers}, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		switch {
		case next.URL.Scheme != via[0].URL.Scheme:
			return fmt.Errorf("it redirects from %s to %s, which is not followed", via[0].URL.Scheme, next.URL.Scheme)
		case len(headers) > 0 && next.URL.Host != via[0].URL.Host:
			return errors.New("it redirects to another host, which is not followed with headers")
		case len(via) > mostRedirects:
			return fmt.Errorf("it redirects more than %d times", mostRedirects)
		}
		return nil
	}}
}

const (
	mostRedirects = 3
	// largestAnswer is how many bytes of an answer are read.
	largestAnswer = 4 << 20
)

var errTooLarge = fmt.Errorf("the answer is larger than %d MiB", largestAnswer>>20)

// limited is a transport that sends headers, and whose answers have an end.
type limited struct {
	http.RoundTripper
	headers []config.Header
}

// RoundTrip returns an answer that cannot be read beyond the limit.
func (l limited) RoundTrip(request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	for _, header := range l.headers {
		request.Header.Set(header.Name, header.Value)
	}
	response, err := l.RoundTripper.RoundTrip(request)
	if err == nil {
		response.Body = &body{response.Body, largestAnswer}
	}
	return response, err
}

// body fails when more than left is read.
type body struct {
	io.ReadCloser
	left int
}

// Read reads, and fails where there is more than the limit.
func (b *body) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	if b.left -= n; b.left < 0 {
		return n, errTooLarge
	}
	return n, err
}

// reason says why there was no answer, without the URL that net/http puts before it.
func reason(err error, timeout time.Duration) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("nothing within %s", timeout)
	}
	var asked *url.Error
	if errors.As(err, &asked) {
		err = asked.Err
	}
	return err.Error()
}
