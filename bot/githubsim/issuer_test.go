package githubsim_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline/trunkline/bot/githubsim"
)

// A job gets a token of the issuer that its keys verify, with what GitHub says of
// the job; nobody else gets one.
func TestTokenOfTheIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	sha := w.withWorkflows(map[string]string{"deploy.yml": deployWorkflow})
	id, err := w.alice.DispatchWorkflow(infra, "deploy.yml", "main", map[string]string{"sha": "abc"})
	if err != nil {
		t.Fatal(err)
	}
	job, err := w.StartJob(w.run(id).Jobs[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	url := job.Env["ACTIONS_ID_TOKEN_REQUEST_URL"] + "&audience=trunkline"
	status, body := w.askID(url, job.Env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"])
	if status != 200 {
		t.Fatalf("status %d %s", status, body)
	}
	var answer struct {
		Value string `json:"value"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	claims, good := w.verified(answer.Value)
	if !good {
		t.Fatal("the issuer's keys do not verify the token")
	}
	got := map[string]any{}
	want := map[string]any{
		"iss": w.IssuerURL(), "aud": "trunkline", "sub": "repo:acme/infra:ref:refs/heads/main", "repository": infra,
		"sha": sha, "ref": "refs/heads/main", "event_name": "workflow_dispatch", "actor": "alice", "run_attempt": "1",
		"job_workflow_ref": "acme/infra/.github/workflows/deploy.yml@refs/heads/main", "repository_visibility": "private",
	}
	for name := range want {
		got[name] = claims[name]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if claims["exp"].(float64)-claims["iat"].(float64) != 300 {
		t.Errorf("the token is good from %v to %v", claims["iat"], claims["exp"])
	}
	if status, _ := w.askID(url, "wrong"); status != http.StatusUnauthorized {
		t.Errorf("a stranger gets a token: %d", status)
	}
	if err := w.FinishJob(job.ID, githubsim.JobResult{}); err != nil {
		t.Fatal(err)
	}
	if status, _ := w.askID(url, job.Env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"]); status != http.StatusUnauthorized {
		t.Errorf("a job that has ended gets a token: %d", status)
	}
}

// Forged tokens are forged in the way that the test asks for.
func TestForgedTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, githubsim.Options{})
	w.withWorkflows(map[string]string{"deploy.yml": deployWorkflow})
	id, err := w.alice.DispatchWorkflow(infra, "deploy.yml", "main", map[string]string{"sha": "abc"})
	if err != nil {
		t.Fatal(err)
	}
	job := w.run(id).Jobs[0].ID
	for _, test := range []struct {
		name   string
		forged githubsim.Forgery
		good   bool
	}{
		{"as it is", githubsim.Forgery{}, true},
		{"another repository", githubsim.Forgery{Claims: map[string]any{"repository_id": "7", "jti": nil}}, true},
		{"another key", githubsim.Forgery{WrongKey: true}, false},
		{"no signature", githubsim.Forgery{Algorithm: "none"}, false},
		{"signed with what everyone knows", githubsim.Forgery{Algorithm: "HS256"}, false},
		{"changed later", githubsim.Forgery{Garbled: true}, false},
	} {
		text, err := w.IDToken(job, "", test.forged)
		if err != nil {
			t.Fatal(err)
		}
		claims, good := w.verified(text)
		if good != test.good {
			t.Errorf("%s: verified %v", test.name, good)
		}
		if want := test.forged.Claims["repository_id"]; want != nil && (claims["repository_id"] != want || claims["jti"] != nil) {
			t.Errorf("%s: claims %v", test.name, claims)
		}
	}
}

// askID asks for a token with the secret of a job.
func (w *world) askID(url, secret string) (int, []byte) {
	w.t.Helper()
	request, err := http.NewRequest(http.MethodGet, url, nil) //nolint:noctx // a test's own server
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "bearer "+secret)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.StatusCode, body
}

// verified reads a token and verifies it with the keys that the issuer's
// configuration leads to.
func (w *world) verified(text string) (map[string]any, bool) {
	w.t.Helper()
	var configuration struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	w.read(w.IssuerURL()+"/.well-known/openid-configuration", &configuration)
	if configuration.Issuer != w.IssuerURL() {
		w.t.Errorf("the issuer calls itself %s", configuration.Issuer)
	}
	var keys struct {
		Keys []struct{ N, E, Kid string } `json:"keys"`
	}
	w.read(configuration.Keys, &keys)
	part := func(text string) []byte {
		raw, err := base64.RawURLEncoding.DecodeString(text)
		if err != nil {
			w.t.Fatal(err)
		}
		return raw
	}
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(part(keys.Keys[0].N)), E: int(new(big.Int).SetBytes(part(keys.Keys[0].E)).Int64())}
	parts := strings.Split(text, ".")
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	var claims map[string]any
	if err := json.Unmarshal(part(parts[1]), &claims); err != nil {
		w.t.Fatal(err)
	}
	return claims, rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], part(parts[2])) == nil
}

func (w *world) read(url string, into any) {
	w.t.Helper()
	_, body := w.fetch(url)
	if err := json.Unmarshal([]byte(body), into); err != nil {
		w.t.Fatal(err)
	}
}
