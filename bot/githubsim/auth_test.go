package githubsim_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-github/v60/github"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// sign makes a JWT as an App does.
func sign(t *testing.T, key *rsa.PrivateKey, algorithm string, claims map[string]any) string {
	t.Helper()
	part := func(value any) string {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	text := part(map[string]string{"alg": algorithm, "typ": "JWT"}) + "." + part(claims)
	digest := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func TestAppTokenIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	block, _ := pem.Decode(w.PrivateKeyPEM())
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Unix()
	good := func() map[string]any {
		return map[string]any{"iss": fmt.Sprint(w.AppID()), "iat": now - 60, "exp": now + 540}
	}
	with := func(name string, value any) map[string]any {
		claims := good()
		claims[name] = value
		if value == nil {
			delete(claims, name)
		}
		return claims
	}
	for _, test := range []struct {
		name  string
		token string
		want  int
	}{
		{"as it should be", sign(t, key, "RS256", good()), 200},
		{"number as issuer", sign(t, key, "RS256", with("iss", w.AppID())), 200},
		{"another's key", sign(t, stranger, "RS256", good()), 401},
		{"another algorithm", sign(t, key, "none", good()), 401},
		{"another App", sign(t, key, "RS256", with("iss", "7")), 404},
		{"expired", sign(t, key, "RS256", with("exp", now-1)), 401},
		{"good for too long", sign(t, key, "RS256", with("exp", now+1200)), 401},
		{"issued in the future", sign(t, key, "RS256", with("iat", now+300)), 401},
		{"never issued", sign(t, key, "RS256", with("iat", nil)), 401},
		{"never expires", sign(t, key, "RS256", with("exp", nil)), 401},
		{"garbage", "a.b.c", 401},
		{"no credentials", "", 401},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, body := w.get(t, "app", test.token)
			if got != test.want {
				t.Errorf("status %d, want %d: %s", got, test.want, body)
			}
		})
	}
}

// get asks the API without a client library.
func (w *world) get(t *testing.T, path, token string) (int, string) {
	t.Helper()
	return w.send(t, http.MethodGet, path, token, "")
}

func (w *world) send(t *testing.T, method, path, token, body string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(method, w.APIURL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var text strings.Builder
	var answer any
	if err := json.NewDecoder(response.Body).Decode(&answer); err == nil {
		fmt.Fprint(&text, answer)
	}
	return response.StatusCode, text.String()
}

func TestInstallationTokenIsNarrowed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	other, err := w.CreateRepository("acme", "other", githubsim.RepositoryOptions{Private: true, Files: map[string]string{"a": "1"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.CreateRepository("acme", "secret", githubsim.RepositoryOptions{Private: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Install("acme", "other"); err != nil {
		t.Fatal(err)
	}
	app := w.asApp()
	made, _, err := app.Apps.CreateInstallationToken(ctx, w.installation, &github.InstallationTokenOptions{
		RepositoryIDs: []int64{other}, Permissions: &github.InstallationPermissions{Contents: github.String("read")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(made.GetToken()) <= 40 || !strings.HasPrefix(made.GetToken(), "ghs_") {
		t.Errorf("token %q is not of the long kind", made.GetToken())
	}
	if until := time.Until(made.GetExpiresAt().Time); until < 59*time.Minute || until > time.Hour {
		t.Errorf("token is good for %s", until)
	}
	for path, want := range map[string]int{
		"repos/acme/other":                     200,
		"repos/acme/other/branches":            200,
		"repos/acme/other/pulls":               403, // not asked for
		"repos/acme/infra":                     404, // not in the token
		"repos/acme/secret":                    404, // not in the installation
		"repos/acme/nothing":                   404,
		"installation/repositories":            200,
		"app":                                  401,
		"repos/acme/other/environments":        403,
		"repos/acme/other/commits/main/status": 403,
	} {
		if got, body := w.get(t, path, made.GetToken()); got != want {
			t.Errorf("%s: status %d, want %d: %s", path, got, want, body)
		}
	}
	for name, options := range map[string]*github.InstallationTokenOptions{
		"more than granted":      {Permissions: &github.InstallationPermissions{Pages: github.String("write")}},
		"write where it reads":   {Permissions: &github.InstallationPermissions{Members: github.String("write")}},
		"a repository elsewhere": {RepositoryIDs: []int64{999999}},
		"an unknown repository":  {Repositories: []string{"secret"}},
	} {
		if _, _, err := app.Apps.CreateInstallationToken(ctx, w.installation, options); status(err) != 422 {
			t.Errorf("%s: %v, want 422", name, err)
		}
	}
}

func TestInstallationTokenExpires(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64
	w := newWorld(t, githubsim.Options{TokenClock: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	made, _, err := w.asApp().Apps.CreateInstallationToken(context.Background(), w.installation, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, body := w.get(t, "repos/acme/infra", made.GetToken()); got != 200 {
		t.Errorf("fresh token: %d %s", got, body)
	}
	ahead.Store(int64(61 * time.Minute))
	if got, body := w.get(t, "repos/acme/infra", made.GetToken()); got != 401 || !strings.Contains(body, "Bad credentials") {
		t.Errorf("expired token: %d %s", got, body)
	}
}

func TestTokenEndsWithTheInstallation(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	client := w.client()
	if _, _, err := client.Repositories.Get(ctx, "acme", "infra"); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Apps.RevokeInstallationToken(ctx); err != nil {
		t.Fatal(err)
	}
	if _, _, err := client.Repositories.Get(ctx, "acme", "infra"); status(err) != 401 {
		t.Errorf("revoked token: %v", err)
	}
	again := w.client()
	if _, _, err := again.Repositories.Get(ctx, "acme", "infra"); err != nil {
		t.Fatal(err)
	}
	if err := w.Uninstall("acme"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := again.Repositories.Get(ctx, "acme", "infra"); status(err) != 401 {
		t.Errorf("token of a removed installation: %v", err)
	}
	if _, _, err := w.asApp().Apps.GetInstallation(ctx, w.installation); status(err) != 404 {
		t.Errorf("removed installation: %v", err)
	}
}

// Comments on a pull request need issues or pull_requests, on an issue only
// issues will do.
func TestPermissionsThatAreAlternatives(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	number := w.pullRequest("change", map[string]string{"a": "1"})
	issue, _, err := w.client().Issues.Create(ctx, "acme", "infra", &github.IssueRequest{Title: github.String("Broken")})
	if err != nil {
		t.Fatal(err)
	}
	onPulls := w.narrowed(&github.InstallationPermissions{PullRequests: github.String("write")})
	onIssues := w.narrowed(&github.InstallationPermissions{Issues: github.String("write")})
	reading := w.narrowed(&github.InstallationPermissions{Issues: github.String("read"), PullRequests: github.String("read")})
	comment := &github.IssueComment{Body: github.String("hello")}
	for _, test := range []struct {
		name   string
		client *github.Client
		number int
		want   int
	}{
		{"pull_requests on a pull request", onPulls, number, 0},
		{"pull_requests on an issue", onPulls, issue.GetNumber(), 403},
		{"issues on a pull request", onIssues, number, 0},
		{"issues on an issue", onIssues, issue.GetNumber(), 0},
		{"only reading", reading, number, 403},
	} {
		if _, _, err := test.client.Issues.CreateComment(ctx, "acme", "infra", test.number, comment); status(err) != test.want {
			t.Errorf("%s: %v, want %d", test.name, err, test.want)
		}
	}
	if _, _, err := onPulls.PullRequests.Get(ctx, "acme", "infra", number); status(err) != 403 {
		t.Errorf("a pull request without contents: %v, want 403", err)
	}
	if err := onlyRefusal(onPulls.PullRequests.Get(ctx, "acme", "infra", number)); !strings.Contains(err.Error(), "Resource not accessible by integration") {
		t.Errorf("refusal reads %q", err)
	}
}

func onlyRefusal(_ *github.PullRequest, _ *github.Response, err error) error { return err }

func TestInstallationsAreListed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := newWorld(t, githubsim.Options{})
	app := w.asApp()
	me, _, err := app.Apps.Get(ctx, "")
	if err != nil || me.GetSlug() != "everything" || me.GetID() != w.AppID() {
		t.Fatalf("app %v: %v", me, err)
	}
	all, _, err := app.Apps.ListInstallations(ctx, nil)
	if err != nil || len(all) != 1 || all[0].GetID() != w.installation {
		t.Errorf("installations %v: %v", all, err)
	}
	for name, found := range map[string]func() (*github.Installation, *github.Response, error){
		"by id": func() (*github.Installation, *github.Response, error) {
			return app.Apps.GetInstallation(ctx, w.installation)
		},
		"by repository": func() (*github.Installation, *github.Response, error) {
			return app.Apps.FindRepositoryInstallation(ctx, "acme", "infra")
		},
		"by organization": func() (*github.Installation, *github.Response, error) {
			return app.Apps.FindOrganizationInstallation(ctx, "acme")
		},
	} {
		if one, _, err := found(); err != nil || one.GetID() != w.installation || one.GetAccount().GetLogin() != "acme" {
			t.Errorf("%s: %v %v", name, one, err)
		}
	}
	if _, _, err := app.Apps.FindUserInstallation(ctx, "alice"); status(err) != 404 {
		t.Errorf("by a user without one: %v", err)
	}
	repos, _, err := w.client().Apps.ListRepos(ctx, nil)
	if err != nil || repos.GetTotalCount() != 1 || repos.Repositories[0].GetFullName() != infra {
		t.Errorf("repositories %v: %v", repos, err)
	}
	config, _, err := app.Apps.GetHookConfig(ctx)
	if err != nil || config.GetURL() != w.hook.URL {
		t.Errorf("hook %v: %v", config, err)
	}
}
