// Package runner carries out the tasks of a server on another host: it is what `trunkline worker`, and `trunkline run` in a
// job of GitHub Actions, do.
//
// A [Runner] asks for as many tasks at a time as it may have. For each it gets the files of the commit, does what the
// server itself would do with the engine or the command, sends what that says while it says it, and then how it ended. It
// keeps the files of a commit, and the plan of an instance until it is applied.
//
// When it is asked to end, it asks for nothing more, gives back what has changed nothing so far, and lets applies end.
package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/config"
)

var (
	// ErrOver is returned when the server has nothing more to do for the session.
	ErrOver = errors.New("there is nothing more to do")
	// errTaken is an answer about a task that is not ours any more.
	errTaken = errors.New("the task is not ours any more")
	// errUnknown is an answer to a session that the server does not know.
	errUnknown = errors.New("the server does not know the session")
	// errFull is an answer to output for which there is no room.
	errFull = errors.New("the server takes no more output")
)

// Refused is the server's answer to who may not begin a session.
type Refused struct {
	Status int
	// Text is what the server says.
	Text string
}

// Error is what the server says.
func (r *Refused) Error() string { return fmt.Sprintf("the server refuses (%d): %s", r.Status, r.Text) }

// Client talks to a server.
type Client struct {
	// Server is its address.
	Server *url.URL
	// HTTP reaches it. It has no time limit of its own.
	HTTP *http.Client
	// Prove returns what shows who we are, afresh for each session.
	Prove func(ctx context.Context) (config.Secret, error)
	Hello wire.Hello

	mu    sync.Mutex
	token config.Secret
	beat  time.Duration
}

// ParseServer reads the address of a server. What goes there is secret, so it has to be HTTPS unless it is this host.
func ParseServer(text string) (*url.URL, error) {
	address, err := url.Parse(strings.TrimSuffix(text, "/"))
	if err != nil || address.Host == "" || address.User != nil || address.RawQuery != "" || address.Fragment != "" ||
		address.Scheme != "https" && address.Scheme != "http" {
		return nil, fmt.Errorf("the address of the server is %q; expected one such as https://trunkline.acme.example", text)
	}
	if ip := net.ParseIP(address.Hostname()); address.Scheme == "http" && address.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("the address of the server is %q; tokens and secrets go there, so it has to begin with https://", text)
	}
	return address, nil
}

// NewHTTP makes what reaches a server: it follows no redirects, which would take tokens elsewhere.
func NewHTTP() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = time.Minute
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// Begin begins a session, or a new one where the server has forgotten the last.
func (c *Client) Begin(ctx context.Context) error {
	proof, err := c.Prove(ctx)
	if err != nil {
		return err
	}
	body, err := json.Marshal(c.Hello)
	if err != nil {
		return err
	}
	var welcome wire.Welcome
	response, err := c.send(ctx, request{path: wire.SessionsPath, token: proof, body: body, limit: time.Minute})
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusUnauthorized || response.StatusCode == http.StatusForbidden {
		return &Refused{response.StatusCode, said(response)}
	}
	if err := c.judge(response); err != nil {
		return err
	}
	if err := wire.Decode(response.Body, wire.MaxSmall, &welcome); err != nil || welcome.Token == "" || welcome.Beat <= 0 {
		return fmt.Errorf("this is no Trunkline: its answer is not what is expected: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token, c.beat = welcome.Token, welcome.Beat
	return nil
}

// next asks for something to do; nil: there is nothing now.
func (c *Client) next(ctx context.Context) (*wire.Task, error) {
	response, err := c.ask(ctx, request{path: wire.NextPath, limit: time.Minute})
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNoContent {
		return nil, nil
	}
	var task wire.Task
	if err := wire.Decode(response.Body, wire.MaxResult, &task); err != nil {
		return nil, fmt.Errorf("read a task: %w", err)
	}
	return &task, nil
}

// say says what is in hand, and returns what to stop. The server answers after a while.
func (c *Client) say(ctx context.Context, tasks []int64) ([]int64, error) {
	body, err := json.Marshal(wire.Beat{Tasks: tasks})
	if err != nil {
		return nil, err
	}
	response, err := c.ask(ctx, request{path: wire.BeatPath, body: body, limit: time.Minute})
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var stop wire.Stop
	if err := wire.Decode(response.Body, wire.MaxSmall, &stop); err != nil {
		return nil, err
	}
	return stop.Tasks, nil
}

// output sends a piece of what a task says and returns how much the server has.
func (c *Client) output(ctx context.Context, task, offset int64, piece []byte) (received int64, err error) {
	response, err := c.ask(ctx, request{path: of(wire.OutputPath, task) + "?offset=" + strconv.FormatInt(offset, 10), body: piece, limit: time.Minute})
	if err != nil {
		return offset, err
	}
	defer response.Body.Close()
	var answer struct {
		Received int64 `json:"received"`
	}
	return answer.Received, errors.Join(wire.Decode(response.Body, wire.MaxSmall, &answer))
}

// result says how a task ended.
func (c *Client) result(ctx context.Context, task int64, outcome wire.Outcome) error {
	body, err := json.Marshal(outcome)
	if err != nil {
		return err
	}
	if len(body) > wire.MaxResult {
		body, _ = json.Marshal(wire.Outcome{Commit: outcome.Commit, Error: "the result is too large to be sent"})
	}
	response, err := c.ask(ctx, request{path: of(wire.ResultPath, task), body: body, limit: 15 * time.Minute})
	if err == nil {
		response.Body.Close()
	}
	return err
}

// source gets the files of a task's commit as an archive. The caller closes it.
func (c *Client) source(ctx context.Context, task int64) (io.ReadCloser, error) {
	response, err := c.ask(ctx, request{method: http.MethodGet, path: of(wire.SourcePath, task), limit: 15 * time.Minute})
	if err != nil {
		return nil, err
	}
	return response.Body, nil
}

// end ends the session.
func (c *Client) end(ctx context.Context) error {
	response, err := c.ask(ctx, request{path: wire.EndPath, limit: 10 * time.Second})
	if err == nil {
		response.Body.Close()
	}
	return err
}

// of is the path of a task.
func of(path string, task int64) string {
	return strings.Replace(path, "{id}", strconv.FormatInt(task, 10), 1)
}

// request is one request; POST unless it says otherwise.
type request struct {
	method, path string
	token        config.Secret
	body         []byte
	limit        time.Duration
}

// ask asks with the session's token, and returns an answer that is a success.
func (c *Client) ask(ctx context.Context, r request) (*http.Response, error) {
	c.mu.Lock()
	r.token = c.token
	c.mu.Unlock()
	response, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := c.judge(response); err != nil {
		response.Body.Close()
		return nil, err
	}
	return response, nil
}

func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	if r.method == "" {
		r.method = http.MethodPost
	}
	ctx, cancel := context.WithTimeout(ctx, r.limit)
	path, query, _ := strings.Cut(r.path, "?")
	address := c.Server.JoinPath(path)
	address.RawQuery = query
	asked, err := http.NewRequestWithContext(ctx, r.method, address.String(), bytes.NewReader(r.body))
	if err != nil {
		cancel()
		return nil, err
	}
	asked.Header.Set("Authorization", "Bearer "+string(r.token))
	asked.Header.Set("User-Agent", "trunkline/"+c.Hello.Version)
	response, err := c.HTTP.Do(asked)
	if err != nil {
		cancel()
		return nil, fmt.Errorf("reach %s: %w", c.Server.Host, err)
	}
	response.Body = closing{response.Body, cancel}
	return response, nil
}

// closing is a body whose time limit ends with it.
type closing struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close closes the body.
func (c closing) Close() error {
	err := c.ReadCloser.Close()
	c.cancel()
	return err
}

// judge is the error that an answer means.
func (c *Client) judge(response *http.Response) error {
	switch code := response.StatusCode; {
	case code < 300:
		return nil
	case code == http.StatusGone:
		return ErrOver
	case code == http.StatusUnauthorized:
		return errUnknown
	case code == http.StatusConflict:
		return fmt.Errorf("%w: %s", errTaken, said(response))
	case code == http.StatusRequestEntityTooLarge:
		return errFull
	}
	return fmt.Errorf("%s answers %d: %s", c.Server.Host, response.StatusCode, said(response))
}

// said is the beginning of what an answer says.
func said(response *http.Response) string {
	text, _ := io.ReadAll(io.LimitReader(response.Body, 2<<10))
	return strings.TrimSpace(strings.ToValidUTF8(string(text), "\uFFFD"))
}
