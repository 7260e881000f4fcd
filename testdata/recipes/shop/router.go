package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
)

// lastAnswers is how many answers of a server count for its errors.
const lastAnswers = 100

// router is the load balancer.
type router struct {
	place string
	mu    sync.Mutex
	// credit is what each server has coming under the routes that are followed; the one with most is next.
	credit   map[string]int
	followed string
	// bad tells of the last answers of each server whether they were; by its address, which each start changes.
	bad map[string][]bool
}

func route(place, listen string) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	if err := write(filepath.Join(place, "router"), listener.Addr().String()); err != nil {
		return err
	}
	told, done := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer done()
	at := &http.Server{Handler: &router{place: place, bad: map[string][]bool{}}}
	context.AfterFunc(told, func() { _ = at.Close() })
	if err := at.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (r *router) ServeHTTP(w http.ResponseWriter, asked *http.Request) {
	if name, about := strings.CutPrefix(asked.URL.Path, "/-/errors/"); about {
		fmt.Fprintln(w, r.errors(name))
		return
	}
	why := "nobody is there to answer"
	for range 4 {
		at, err := r.next()
		if at == "" || err != nil {
			continue
		}
		// One that is just being stopped does not answer any more. By then others are, and the routes say so.
		if err := r.pass(w, asked, at); err == nil {
			return
		} else {
			why = err.Error()
		}
	}
	http.Error(w, why, http.StatusServiceUnavailable)
}

// next is the address of the server whose turn it is.
func (r *router) next() (at string, err error) {
	routes, err := read(r.place)
	if err != nil || len(routes) == 0 {
		return "", err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := fmt.Sprint(routes); now != r.followed {
		r.followed, r.credit = now, map[string]int{}
	}
	total, first := 0, routes[0].name
	for _, one := range routes {
		r.credit[one.name] += one.weight
		total += one.weight
		if r.credit[one.name] > r.credit[first] {
			first = one.name
		}
	}
	r.credit[first] -= total
	return address(server(r.place, first))
}

// pass passes a request on. An error means that there was no answer, and that nothing was said to whoever asked.
func (r *router) pass(w http.ResponseWriter, asked *http.Request, at string) error {
	request, err := http.NewRequestWithContext(asked.Context(), asked.Method, "http://"+at+asked.URL.Path, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	r.count(at, answer.StatusCode >= 500)
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(body)
	return nil
}

func (r *router) count(at string, bad bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := append(r.bad[at], bad)
	r.bad[at] = last[max(0, len(last)-lastAnswers):]
}

// errors of a server are the percentage of its last answers that were bad; empty where it gave none.
func (r *router) errors(name string) string {
	at, err := address(server(r.place, name))
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || len(r.bad[at]) == 0 {
		return ""
	}
	bad := 0
	for _, one := range r.bad[at] {
		if one {
			bad++
		}
	}
	return fmt.Sprint(100 * bad / len(r.bad[at]))
}

func errorsOf(place, name string) error {
	at, err := os.ReadFile(filepath.Join(place, "router"))
	if err != nil {
		return err
	}
	answer, err := http.Get("http://" + string(at) + "/-/errors/" + name)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, err = io.Copy(os.Stdout, answer.Body)
	return err
}
