package githubsim_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// everything is a manifest with every permission and event that the simulator
// knows, for tests of what the App itself does not use.
const everything = `
name: Everything
url: https://example.com
default_permissions:
  actions: write
  administration: write
  checks: write
  contents: write
  deployments: write
  environments: write
  issues: write
  members: read
  merge_queues: read
  metadata: read
  pull_requests: write
  statuses: write
default_events:
  - check_run
  - deployment
  - deployment_protection_rule
  - deployment_review
  - deployment_status
  - issue_comment
  - merge_group
  - pull_request
  - pull_request_review
  - push
  - repository
  - status
  - workflow_job
  - workflow_run
`

// world is a GitHub with acme/infra on it, on which an App is installed that
// takes every webhook.
type world struct {
	*githubsim.GitHub
	t            *testing.T
	installation int64
	hook         *inbox
	alice        *githubsim.Person
}

const infra = "acme/infra"

// testKey makes the App's key once for all tests: it takes long.
var testKey = sync.OnceValue(func() []byte {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
})

func newWorld(t *testing.T, options githubsim.Options) *world {
	t.Helper()
	options.Dir = t.TempDir()
	options.Key, options.IssuerKey = testKey(), testKey()
	if options.Manifest == nil {
		options.Manifest = []byte(everything)
	}
	gh, err := githubsim.New(options)
	if err != nil {
		t.Fatal(err)
	}
	if err := gh.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { gh.Close() })
	w := &world{GitHub: gh, t: t, hook: newInbox(t)}
	gh.SetHook(w.hook.URL)
	_, err = gh.CreateRepository("acme", "infra", githubsim.RepositoryOptions{
		Private: true,
		Files:   map[string]string{"README.md": "hello\n", "scripts/run.sh": "#!/bin/sh\n", "stacks/dev/a.txt": "1\n"},
		Collaborators: map[string]string{
			"alice": "write", "bob": "maintain", "carol": "admin", "dave": "read", "erin": "triage",
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if w.installation, err = gh.Install("acme", "infra"); err != nil {
		t.Fatal(err)
	}
	w.alice = gh.As("alice")
	t.Cleanup(w.noViolations)
	return w
}

// noViolations fails the test for everything that did not fit GitHub's
// description.
func (w *world) noViolations() {
	w.settle()
	note(w.GitHub)
	for _, found := range w.Violations() {
		w.t.Errorf("does not fit GitHub's description: %s", found)
	}
}

func (w *world) settle() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := w.Settle(ctx); err != nil {
		w.t.Fatal(err)
	}
}

// client is go-github with an installation token made by ghinstallation.
func (w *world) client() *github.Client {
	w.t.Helper()
	transport, err := ghinstallation.New(http.DefaultTransport, w.AppID(), w.installation, w.PrivateKeyPEM())
	if err != nil {
		w.t.Fatal(err)
	}
	transport.BaseURL = strings.TrimSuffix(w.APIURL(), "/")
	return w.over(transport)
}

// asApp is go-github with the App's own JWT.
func (w *world) asApp() *github.Client {
	w.t.Helper()
	transport, err := ghinstallation.NewAppsTransport(http.DefaultTransport, w.AppID(), w.PrivateKeyPEM())
	if err != nil {
		w.t.Fatal(err)
	}
	return w.over(transport)
}

func (w *world) over(transport http.RoundTripper) *github.Client {
	w.t.Helper()
	client, err := github.NewClient(&http.Client{Transport: transport}).WithEnterpriseURLs(w.APIURL(), w.APIURL())
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// narrowed is go-github with a token for these permissions only.
func (w *world) narrowed(permissions *github.InstallationPermissions) *github.Client {
	w.t.Helper()
	made, _, err := w.asApp().Apps.CreateInstallationToken(context.Background(), w.installation,
		&github.InstallationTokenOptions{Permissions: permissions})
	if err != nil {
		w.t.Fatal(err)
	}
	client, err := github.NewClient(nil).WithAuthToken(made.GetToken()).WithEnterpriseURLs(w.APIURL(), w.APIURL())
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// pullRequest pushes a branch and opens a pull request from it.
func (w *world) pullRequest(branch string, files map[string]string) int {
	w.t.Helper()
	w.push(branch, files)
	number, err := w.alice.OpenPull(infra, branch, "Change "+branch, "Because.", githubsim.OpenOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return number
}

func (w *world) push(branch string, files map[string]string) string {
	w.t.Helper()
	made := map[string]*string{}
	for path, content := range files {
		made[path] = &content
	}
	sha, err := w.alice.Push(infra, branch, "Work on "+branch, made)
	if err != nil {
		w.t.Fatal(err)
	}
	return sha
}

// inbox is an App that takes webhooks and keeps them.
type inbox struct {
	*httptest.Server
	mu     sync.Mutex
	got    []letter
	status int
}

type letter struct {
	event, action, guid string
	header              http.Header
	body                []byte
	payload             map[string]any
}

func newInbox(t *testing.T) *inbox {
	box := &inbox{status: http.StatusOK}
	box.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		made := letter{event: r.Header.Get("X-GitHub-Event"), guid: r.Header.Get("X-GitHub-Delivery"), header: r.Header, body: body}
		if err := json.Unmarshal(body, &made.payload); err != nil {
			t.Errorf("webhook %s is no JSON: %v", made.event, err)
		}
		made.action, _ = made.payload["action"].(string)
		box.mu.Lock()
		defer box.mu.Unlock()
		box.got = append(box.got, made)
		w.WriteHeader(box.status)
	}))
	t.Cleanup(box.Close)
	return box
}

func (b *inbox) answer(status int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status = status
}

func (b *inbox) letters() []letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.got)
}

// names lists what came, as event or event.action.
func (b *inbox) names() []string {
	var found []string
	for _, one := range b.letters() {
		found = append(found, strings.TrimSuffix(one.event+"."+one.action, "."))
	}
	return found
}

func (b *inbox) last(event string) letter {
	for _, one := range slices.Backward(b.letters()) {
		if one.event == event {
			return one
		}
	}
	return letter{}
}

func appManifest(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("../../app.yml")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func status(err error) int {
	if refused, ok := err.(*github.ErrorResponse); ok {
		return refused.Response.StatusCode
	}
	if limited, ok := err.(*github.AbuseRateLimitError); ok {
		return limited.Response.StatusCode
	}
	return 0
}
