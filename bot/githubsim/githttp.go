package githubsim

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cgi"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/bot/githubsim/contract"
)

// gitPath is what Git asks for over HTTP.
var gitPath = regexp.MustCompile(`^/([^/]+)/([^/]+?)(?:\.git)?/(info/refs|git-upload-pack|git-receive-pack)$`)

func isGit(path string) bool { return gitPath.MatchString(path) }

// serveGit answers fetches and pushes with git's own server program, to tokens
// that may read or write contents, and fetches from public repositories to all.
func (gh *GitHub) serveGit(w http.ResponseWriter, r *http.Request) {
	parts := gitPath.FindStringSubmatch(r.URL.Path)
	writes := parts[3] == "git-receive-pack" || r.URL.Query().Get("service") == "git-receive-pack"
	repo, refusal := gh.admit(r, parts[1]+"/"+parts[2], writes)
	if refusal != nil && refusal.Status == http.StatusMovedPermanently {
		http.Redirect(w, r, refusal.Message+".git/"+parts[3]+"?"+r.URL.RawQuery, refusal.Status)
		return
	}
	if refusal != nil {
		if refusal.Status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", `Basic realm="GitHub"`)
		}
		http.Error(w, refusal.Message, refusal.Status)
		return
	}
	// git's program wants to know how long a body is; the client of a large push
	// does not say.
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "request not readable", http.StatusBadRequest)
		return
	}
	r.Body, r.ContentLength, r.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	backend, err := gh.backend(repo)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	r.URL.Path = "/" + filepath.Base(string(repo.git)) + "/" + parts[3]
	if parts[3] != "git-receive-pack" {
		backend.ServeHTTP(w, r)
		return
	}
	gh.receive(w, r, repo, backend)
}

// admit decides whether the request may reach the repository.
func (gh *GitHub) admit(r *http.Request, name string, writes bool) (*repository, *Problem) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	who, err := gh.authenticate(r)
	if err != nil || who.app {
		return nil, unauthorized("Invalid username or token. Password authentication is not supported for Git operations.")
	}
	repo, err := gh.repo(name)
	if who.token == nil {
		if err != nil || repo.private || writes {
			return nil, unauthorized("Authentication required")
		}
		return repo, nil
	}
	if moved := gh.formerly(name); moved != nil && who.token.covers(moved) {
		return nil, &Problem{Status: http.StatusMovedPermanently, Message: gh.web("/%s", moved.fullName())}
	}
	if err != nil {
		return nil, &Problem{Status: http.StatusNotFound, Message: "Repository not found."}
	}
	covered := who.token.covers(repo)
	held := who.token.permissions["contents"]
	switch {
	case writes && (!covered || !contract.Allows(held, "write")):
		return nil, &Problem{Status: http.StatusForbidden, Message: "Write access to repository not granted."}
	case repo.private && (!covered || !contract.Allows(held, "read")):
		return nil, &Problem{Status: http.StatusNotFound, Message: "Repository not found."}
	}
	if covered && who.token.job == nil {
		access := "read"
		if writes {
			access = "write"
		}
		gh.ledger.use("contents", access)
	}
	return repo, nil
}

// backend is git's HTTP server program for one repository.
func (gh *GitHub) backend(repo *repository) (http.Handler, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return nil, fmt.Errorf("githubsim needs the git program: %w", err)
	}
	return &cgi.Handler{
		Path: program, Args: []string{"http-backend"}, Root: "/", Dir: string(repo.git),
		Env: append(gitEnvironment(),
			"GIT_PROJECT_ROOT="+filepath.Dir(string(repo.git)), "GIT_HTTP_EXPORT_ALL=1", "REMOTE_USER=token"),
		Stderr: io.Discard,
	}, nil
}

// receive takes a push and tells the world what it moved. The lock is held, so
// that what moved is what this push moved.
func (gh *GitHub) receive(w http.ResponseWriter, r *http.Request, repo *repository, backend http.Handler) {
	gh.mu.Lock()
	defer gh.mu.Unlock()
	before, err := repo.git.branches()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer := &buffered{header: http.Header{}, status: http.StatusOK}
	backend.ServeHTTP(answer, r)
	if err := gh.announce(repo, before); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	maps.Copy(w.Header(), answer.header)
	w.WriteHeader(answer.status)
	_, _ = w.Write(answer.body.Bytes())
}

// buffered keeps an answer back until the push has been announced.
type buffered struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *buffered) Header() http.Header            { return b.header }
func (b *buffered) WriteHeader(status int)         { b.status = status }
func (b *buffered) Write(text []byte) (int, error) { return b.body.Write(text) }

// announce compares the branches with what they were.
func (gh *GitHub) announce(repo *repository, before map[string]string) error {
	after, err := repo.git.branches()
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if err := gh.moved(move{repo, name, before[name], after[name], gh.app.bot}); err != nil {
			return fmt.Errorf("push to %s: %w", strings.TrimPrefix(name, "refs/heads/"), err)
		}
	}
	return nil
}
