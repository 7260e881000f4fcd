package githubsim

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// issuer makes the tokens with which jobs show who they are (OpenID Connect), as
// the one of GitHub Enterprise Server does under /_services/token.
type issuer struct {
	once  sync.Once
	key   *rsa.PrivateKey
	wrong *rsa.PrivateKey // nobody's
	err   error
}

// keyID names the issuer's key in its tokens.
const keyID = "38826B17-6A30-5F9B-B169-8BEB8202F723"

// idTokenLife is how long a token is good.
const idTokenLife = 5 * time.Minute

// issuerKeys makes the keys when they are first needed: it takes long.
func (gh *GitHub) issuerKeys() (*issuer, error) {
	made := &gh.issuer
	made.once.Do(func() {
		if made.key, made.err = appKey(gh.options.IssuerKey); made.err == nil {
			made.wrong, made.err = rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // forged on purpose
		}
	})
	return made, made.err
}

// IssuerURL is who issues the tokens of jobs, as their claim iss says.
func (gh *GitHub) IssuerURL() string { return gh.url + servicesPrefix + "token" }

// serveIssuer answers the issuer's configuration, its keys, and jobs that ask
// for a token.
func (gh *GitHub) serveIssuer(w http.ResponseWriter, r *http.Request, path string) {
	keys, err := gh.issuerKeys()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var body any
	switch path {
	case ".well-known/openid-configuration":
		body = gh.issuerConfiguration()
	case ".well-known/jwks":
		encoding := base64.RawURLEncoding
		body = object{"keys": []any{object{
			"kty": "RSA", "alg": "RS256", "use": "sig", "kid": keyID, "n": encoding.EncodeToString(keys.key.N.Bytes()),
			"e": encoding.EncodeToString(big.NewInt(int64(keys.key.E)).Bytes()),
		}}}
	case "request":
		gh.serveIDToken(w, r)
		return
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(encode(body)) // a client that has gone is not our affair
}

func (gh *GitHub) issuerConfiguration() object {
	return object{
		"issuer": gh.IssuerURL(), "jwks_uri": gh.IssuerURL() + "/.well-known/jwks",
		"subject_types_supported": []string{"public", "pairwise"}, "response_types_supported": []string{"id_token"},
		"claims_supported": []string{
			"sub", "aud", "exp", "iat", "iss", "jti", "nbf", "ref", "sha", "repository", "repository_id", "repository_owner",
			"repository_owner_id", "enterprise", "enterprise_id", "run_id", "run_number", "run_attempt", "actor", "actor_id",
			"workflow", "workflow_ref", "workflow_sha", "head_ref", "base_ref", "event_name", "ref_type", "ref_protected",
			"environment", "environment_node_id", "job_workflow_ref", "job_workflow_sha", "repository_visibility",
			"runner_environment", "issuer_scope",
		},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "scopes_supported": []string{"openid"},
	}
}

// serveIDToken gives a job that is in progress a token for the audience that it
// names, or for its repository's owner.
func (gh *GitHub) serveIDToken(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.ParseInt(r.URL.Query().Get("job"), 10, 64) // 0 is no job
	secret, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if secret == r.Header.Get("Authorization") {
		secret, _ = strings.CutPrefix(secret, "bearer ")
	}
	gh.mu.Lock()
	held, err := gh.anyJob(id)
	allowed := err == nil && held.idToken != "" && subtle.ConstantTimeCompare([]byte(held.idToken), []byte(secret)) == 1
	gh.mu.Unlock()
	if !allowed {
		http.Error(w, `{"message": "Can't issue ID_TOKEN: the request is not authorized"}`, http.StatusUnauthorized)
		return
	}
	text, err := gh.IDToken(id, r.URL.Query().Get("audience"), Forgery{})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(encode(object{"count": len(text), "value": text})) // a client that has gone is not our affair
}

// Forgery is what is wrong with a token that a test makes. The zero value is
// nothing: the token is as the issuer gives it.
type Forgery struct {
	// Claims replace those of the job. nil takes one away.
	Claims map[string]any
	// WrongKey signs with a key that is not the issuer's, under the name of its
	// key.
	WrongKey bool
	// KeyID names another key in the header.
	KeyID string
	// Algorithm is none for no signature at all, or HS256 for one whose secret is
	// the issuer's public key.
	Algorithm string
	// Garbled changes the claims after they were signed.
	Garbled bool
}

// IDToken makes a token of a job, in whatever state it is, with the faults that
// the forgery names. An empty audience is the one that GitHub takes by itself.
func (gh *GitHub) IDToken(job int64, audience string, forged Forgery) (string, error) {
	keys, err := gh.issuerKeys()
	if err != nil {
		return "", err
	}
	gh.mu.Lock()
	held, err := gh.anyJob(job)
	var claims object
	if err == nil {
		claims = gh.claims(held, audience)
	}
	gh.mu.Unlock()
	if err != nil {
		return "", err
	}
	for name, value := range forged.Claims {
		if claims[name] = value; value == nil {
			delete(claims, name)
		}
	}
	return keys.sign(claims, forged)
}

// sign writes the claims as a token.
func (i *issuer) sign(claims object, forged Forgery) (string, error) {
	header := object{"typ": "JWT", "alg": "RS256", "kid": keyID, "x5t": "ykNaY4qM_ta4k2TgZOCEYLkcYlA"}
	if forged.Algorithm != "" {
		header["alg"] = forged.Algorithm
	}
	if forged.KeyID != "" {
		header["kid"] = forged.KeyID
	}
	encoding := base64.RawURLEncoding
	signed := encoding.EncodeToString(encode(header)) + "." + encoding.EncodeToString(encode(claims))
	var signature []byte
	digest := sha256.Sum256([]byte(signed))
	switch forged.Algorithm {
	case "none":
	case "HS256":
		sum := hmac.New(sha256.New, i.key.N.Bytes())
		_, _ = sum.Write([]byte(signed)) // never fails
		signature = sum.Sum(nil)
	default:
		key := i.key
		if forged.WrongKey {
			key = i.wrong
		}
		var err error
		if signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:]); err != nil {
			return "", err
		}
	}
	if forged.Garbled {
		var changed object
		_ = json.Unmarshal(encode(claims), &changed) // just written
		changed["actor"] = "mallory"
		signed = encoding.EncodeToString(encode(header)) + "." + encoding.EncodeToString(encode(changed))
	}
	return signed + "." + encoding.EncodeToString(signature), nil
}

// claims are what GitHub says of a job. The run's number, attempt and ids are
// texts, as GitHub writes them.
func (gh *GitHub) claims(held *job, audience string) object {
	run, now := held.run, gh.options.TokenClock()
	if audience == "" {
		audience = gh.web("/%s", run.repo.owner.login)
	}
	visibility := "public"
	if run.repo.private {
		visibility = "private"
	}
	environment := gh.jobEnvironment(held)
	subject := "repo:" + run.repo.fullName() + ":ref:" + run.ref
	if held.environment != "" {
		subject = "repo:" + run.repo.fullName() + ":environment:" + strings.ReplaceAll(held.environment, ":", "%3A")
	}
	made := object{
		"iss": gh.IssuerURL(), "sub": subject, "aud": audience, "jti": guid(), "iat": now.Unix(), "nbf": now.Unix() - 600,
		"exp": now.Add(idTokenLife).Unix(), "ref": run.ref, "sha": run.sha, "repository": run.repo.fullName(),
		"repository_id": decimal(run.repo.id), "repository_owner": run.repo.owner.login,
		"repository_owner_id": decimal(run.repo.owner.id), "repository_visibility": visibility,
		"run_id": decimal(run.id), "run_number": decimal(int64(run.number)), "run_attempt": decimal(int64(held.attempt)),
		"actor": run.actor.login, "actor_id": decimal(run.actor.id), "workflow": run.definition.Name,
		"workflow_ref": workflowRef(run.definition), "workflow_sha": run.definition.sha,
		"job_workflow_ref": workflowRef(held.scope.definition), "job_workflow_sha": held.scope.definition.sha,
		"head_ref": "", "base_ref": "", "event_name": run.event, "ref_type": environment["GITHUB_REF_TYPE"],
		"ref_protected": "false", "runner_environment": "github-hosted",
	}
	if held.environment != "" {
		made["environment"] = held.environment
	}
	return made
}
