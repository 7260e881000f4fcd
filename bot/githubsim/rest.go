package githubsim

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/trunkline/trunkline/bot/githubsim/contract"
)

// apiPrefix is where the REST API is mounted, as on GitHub Enterprise Server.
const apiPrefix = "/api/v3"

// documentation is the link that GitHub puts into every error.
const documentation = "https://docs.github.com/rest"

// call is one request to the REST API on its way to an answer.
type call struct {
	gh        *GitHub
	request   *http.Request
	operation contract.Operation
	values    map[string]string // parameters of the path
	body      []byte
	caller    caller
	repo      *repository // for operations on one
	actor     *account    // the App's bot
}

// reply is an answer before it is written.
type reply struct {
	status int
	body   any // nil for none; a []byte is sent as it is
	header http.Header
}

func ok(body any) (reply, error)      { return reply{status: http.StatusOK, body: body}, nil }
func created(body any) (reply, error) { return reply{status: http.StatusCreated, body: body}, nil }
func noContent() (reply, error)       { return reply{status: http.StatusNoContent}, nil }

// written is an answer with its body rendered.
type written struct {
	status int
	header http.Header
	body   []byte
}

// ServeHTTP answers the REST API, Git, and through Options.Web the rest.
func (gh *GitHub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	gh.busy(&gh.answering, 1)
	defer gh.busy(&gh.answering, -1)
	switch {
	case strings.HasPrefix(r.URL.Path, apiPrefix+"/"):
		gh.serveREST(w, r)
	case isGit(r.URL.Path):
		gh.serveGit(w, r)
	case strings.HasPrefix(r.URL.Path, servicesPrefix):
		gh.serveServices(w, r)
	case gh.options.Web != nil:
		gh.options.Web.ServeHTTP(w, r)
	default:
		http.NotFound(w, r)
	}
}

// serveREST answers one request of the REST API, with the faults that were
// asked for before or after it takes effect.
func (gh *GitHub) serveREST(w http.ResponseWriter, r *http.Request) {
	gh.busy(&gh.inFlight, 1)
	defer gh.busy(&gh.inFlight, -1)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 32<<20))
	if err != nil {
		http.Error(w, "request too large", http.StatusRequestEntityTooLarge)
		return
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), apiPrefix)
	operation, values, known := gh.contract.Match(r.Method, gh.byID(path))
	c := &call{gh: gh, request: r, operation: operation, values: values, body: body, actor: gh.app.bot}
	fault := gh.fault(operation.ID, path)
	if !fault.waits(r.Context()) || fault.DropBefore {
		gh.finish(c, written{}, false)
		panic(http.ErrAbortHandler) // the client sees a broken connection
	}
	var out written
	switch {
	case fault.Status != 0:
		out = fault.answer()
	case !known:
		out = gh.unbuilt(r.Method, path)
	default:
		out = gh.answer(c)
	}
	gh.finish(c, out, known && fault.Status == 0)
	if fault.DropAfter {
		panic(http.ErrAbortHandler)
	}
	for name, values := range out.header {
		w.Header()[name] = values
	}
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body) // a client that has gone is not our affair
}

// busy counts what is being answered, in one of the counters for it.
func (gh *GitHub) busy(counter *int, change int) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	if *counter += change; *counter == 0 {
		gh.touch()
	}
}

// answer authenticates, authorizes and runs the call under the lock.
func (gh *GitHub) answer(c *call) written {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	defer gh.touch()
	gh.ledger.exercised[c.operation.ID]++
	if slices.Contains(gh.options.Lacks, c.operation.ID) {
		return gh.refuse(c, notFound())
	}
	run, built := handlers()[c.operation.ID]
	if !built {
		return gh.refuse(c, &Problem{Status: http.StatusNotImplemented, Message: "githubsim: " + c.operation.ID + " is not built"})
	}
	var err error
	if c.caller, err = gh.authenticate(c.request); err != nil {
		return gh.refuse(c, err)
	}
	if c.caller.token != nil && c.caller.token.job != nil {
		c.actor = gh.actionsApp().bot
	}
	if err := gh.count(c); err != nil {
		return gh.refuse(c, err)
	}
	if err := gh.authorize(c); err != nil {
		return gh.refuse(c, err)
	}
	made, err := run(c)
	if err != nil {
		return gh.refuse(c, err)
	}
	return gh.render(c, made)
}

// render writes the answer with GitHub's headers. The same answer to a reader
// that has it already is 304 and does not count against the limit.
func (gh *GitHub) render(c *call, made reply) written {
	out := written{status: made.status, header: http.Header{}}
	for name, values := range made.header {
		out.header[name] = values
	}
	switch body := made.body.(type) {
	case nil:
	case []byte:
		out.body = body
	default:
		out.header.Set("Content-Type", "application/json; charset=utf-8")
		out.body = encode(body)
	}
	gh.addLimitHeaders(c, out.header)
	out.header.Set("X-GitHub-Request-Id", strings.ToUpper(randomHex(10)))
	out.header.Set("X-GitHub-Media-Type", "github.v3; format=json")
	if c.request.Method != http.MethodGet || out.status != http.StatusOK {
		return out
	}
	digest := sha256.Sum256(out.body)
	tag := `W/"` + hex.EncodeToString(digest[:]) + `"`
	out.header.Set("Etag", tag)
	out.header.Set("Cache-Control", "private, max-age=60, s-maxage=60")
	out.header.Set("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP")
	if strings.Contains(c.request.Header.Get("If-None-Match"), tag) {
		gh.uncount(c)
		gh.addLimitHeaders(c, out.header)
		out.status, out.body = http.StatusNotModified, nil
		out.header.Del("Content-Type")
	}
	return out
}

// refuse writes an error as GitHub does.
func (gh *GitHub) refuse(c *call, err error) written {
	var problem *Problem
	if !errors.As(err, &problem) {
		problem = &Problem{Status: http.StatusInternalServerError, Message: "githubsim: " + err.Error()}
		gh.ledger.add(Violation{Method: c.request.Method, Path: c.request.URL.Path, What: problem.Message})
	}
	return gh.render(c, reply{status: problem.Status, body: problemBody(problem), header: problem.header})
}

func problemBody(problem *Problem) map[string]any {
	link := problem.documentation
	if link == "" {
		link = documentation
	}
	body := map[string]any{
		"message": problem.Message, "documentation_url": link, "status": strconv.Itoa(problem.Status),
	}
	if problem.Status == http.StatusUnprocessableEntity && problem.Errors != nil {
		body["errors"] = problem.Errors
		delete(body, "status")
	}
	return body
}

// unbuilt answers an operation that is not even in the contract.
func (gh *GitHub) unbuilt(method, path string) written {
	message := fmt.Sprintf("githubsim: no operation for %s %s", method, path)
	return written{
		status: http.StatusNotImplemented,
		header: http.Header{"Content-Type": {"application/json; charset=utf-8"}},
		body:   encode(map[string]any{"message": message, "documentation_url": documentation}),
	}
}

func encode(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(fmt.Sprintf("githubsim: an answer cannot be written as JSON: %v", err)) // a bug here
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

// decode reads the body of the request into a struct. GitHub ignores fields that
// it does not know and refuses what is no JSON object.
func (c *call) decode(into any) error {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	if err := json.Unmarshal(c.body, into); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return &Problem{Status: http.StatusUnprocessableEntity, Message: "Invalid request.\n\nFor '" + wrong.Field + "', expected another type than " + wrong.Value + "."}
		}
		return &Problem{Status: http.StatusBadRequest, Message: "Problems parsing JSON"}
	}
	return nil
}

// number reads a parameter of the path as a number; what is none names nothing.
func (c *call) number(name string) (int64, error) {
	found, err := strconv.ParseInt(c.values[name], 10, 64)
	if err != nil {
		return 0, notFound()
	}
	return found, nil
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
