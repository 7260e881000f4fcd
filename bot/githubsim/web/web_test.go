package web_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/bot/githubsim/web"
)

const infra = "acme/infra"

// world is a GitHub with pages, one open pull request and an App that does what
// the test says.
type world struct {
	*githubsim.GitHub
	t      *testing.T
	client *github.Client
	number int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	manifest, err := os.ReadFile("../../../app.yml")
	if err != nil {
		t.Fatal(err)
	}
	var pages http.Handler
	gh, err := githubsim.New(githubsim.Options{
		Dir: t.TempDir(), Manifest: manifest,
		Web: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { pages.ServeHTTP(w, r) }),
	})
	if err != nil {
		t.Fatal(err)
	}
	pages, err = web.New(web.Options{
		GitHub: gh, Home: infra, Notice: "The engine is terraform.",
		People: []web.Person{{"alice", "writes code"}, {"bob", "reviews"}, {"carol", "releases"}, {"mallory", "may only read"}},
		Results: func() []web.Result {
			return []web.Result{{Environment: "dev", Name: "network", Text: `{"zones": 2}`}, {Environment: "prod", Name: "network", Text: `{"zones": 1}`}}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := gh.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { gh.Close() })
	w := &world{GitHub: gh, t: t}
	_, err = gh.CreateRepository("acme", "infra", githubsim.RepositoryOptions{
		Private:       true,
		Files:         map[string]string{"README.md": "# Acme\n", "environments/dev/network.json": "{\"zones\": 2}\n"},
		Collaborators: map[string]string{"alice": "write", "bob": "write", "carol": "admin", "mallory": "read"},
	})
	if err != nil {
		t.Fatal(err)
	}
	installation, err := gh.Install("acme", "infra")
	if err != nil {
		t.Fatal(err)
	}
	transport, err := ghinstallation.New(http.DefaultTransport, gh.AppID(), installation, gh.PrivateKeyPEM())
	if err != nil {
		t.Fatal(err)
	}
	transport.BaseURL = strings.TrimSuffix(gh.APIURL(), "/")
	w.client = github.NewClient(&http.Client{Transport: transport})
	w.client.BaseURL, _ = url.Parse(gh.APIURL())
	text := "{\"zones\": 3}\n"
	if _, err := gh.As("alice").Push(infra, "zones", "Add a zone", map[string]*string{"environments/dev/network.json": &text}); err != nil {
		t.Fatal(err)
	}
	if w.number, err = gh.As("alice").OpenPull(infra, "zones", "Add a zone", "For the *new* load. See #1, @bob.", githubsim.OpenOptions{}); err != nil {
		t.Fatal(err)
	}
	return w
}

// says lets the App comment.
func (w *world) says(body string) int64 {
	w.t.Helper()
	made, _, err := w.client.Issues.CreateComment(context.Background(), "acme", "infra", w.number, &github.IssueComment{Body: &body})
	if err != nil {
		w.t.Fatal(err)
	}
	return made.GetID()
}

// deploys lets the App record a deployment and its status.
func (w *world) deploys(environment, sha, state, description string) {
	w.t.Helper()
	ctx := context.Background()
	made, _, err := w.client.Repositories.CreateDeployment(ctx, "acme", "infra", &github.DeploymentRequest{
		Ref: &sha, Environment: &environment, AutoMerge: github.Bool(false), RequiredContexts: &[]string{},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	_, _, err = w.client.Repositories.CreateDeploymentStatus(ctx, "acme", "infra", made.GetID(),
		&github.DeploymentStatusRequest{State: &state, Description: &description})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) checks(conclusion string) int64 {
	w.t.Helper()
	pull, err := w.Pull(infra, w.number)
	if err != nil {
		w.t.Fatal(err)
	}
	made, _, err := w.client.Checks.CreateCheckRun(context.Background(), "acme", "infra", github.CreateCheckRunOptions{
		Name: "Trunkline", HeadSHA: pull.HeadSHA, Conclusion: &conclusion, Status: github.String("completed"),
		Output: &github.CheckRunOutput{Title: github.String("3 to change"), Summary: github.String("All *well*.")},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return made.GetID()
}

// get fetches a page and returns its status and text.
func (w *world) get(path string) (int, string) {
	w.t.Helper()
	response, err := http.Get(w.URL() + path)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.read(response)
}

// post sends a form as htmx does and returns status and text.
func (w *world) post(path string, fields map[string]string) (int, string) {
	w.t.Helper()
	form := url.Values{}
	for name, value := range fields {
		form.Set(name, value)
	}
	request, err := http.NewRequest(http.MethodPost, w.URL()+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("HX-Request", "true")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.read(response)
}

func (w *world) read(response *http.Response) (int, string) {
	w.t.Helper()
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// shows fails the test for everything that the page does not contain.
func (w *world) shows(path string, wanted ...string) {
	w.t.Helper()
	status, text := w.get(path)
	if status != http.StatusOK {
		w.t.Fatalf("%s: %d\n%s", path, status, text)
	}
	for _, one := range wanted {
		if !strings.Contains(text, one) {
			w.t.Errorf("%s does not show %q:\n%s", path, one, text)
		}
	}
}

func golden(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
