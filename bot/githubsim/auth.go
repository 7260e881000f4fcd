package githubsim

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// token is an installation access token.
type token struct {
	text         string
	installation *installation
	repositories map[int64]*repository // nil means all of the installation's
	permissions  map[string]string
	expires      time.Time
	job          *job // whose token it is, nil for one of the App's
}

// covers reports whether the token is good for the repository.
func (t *token) covers(repo *repository) bool {
	if t.installation.repositories[repo.id] == nil {
		return false
	}
	return t.repositories == nil || t.repositories[repo.id] != nil
}

// selected lists the repositories that the token is good for.
func (t *token) selected() []*repository {
	var found []*repository
	for _, repo := range sortedRepositories(t.installation) {
		if t.covers(repo) {
			found = append(found, repo)
		}
	}
	return found
}

// caller is who sent a request: the App itself, an installation, or nobody.
type caller struct {
	app   bool
	token *token
}

// authenticate tells who sends the request. Like GitHub it refuses credentials
// that are no good, and lets a request without any pass as nobody's.
func (gh *GitHub) authenticate(r *http.Request) (caller, error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return caller{}, nil
	}
	kind, secret, _ := strings.Cut(header, " ")
	switch strings.ToLower(kind) {
	case "bearer", "token":
	case "basic":
		_, password, ok := r.BasicAuth()
		if !ok {
			return caller{}, badCredentials()
		}
		secret = password
	default:
		return caller{}, badCredentials()
	}
	if strings.Count(secret, ".") == 2 && !strings.HasPrefix(secret, "ghs_") {
		return caller{app: true}, gh.checkJWT(secret)
	}
	held := gh.tokens[secret]
	if held == nil || !gh.options.TokenClock().Before(held.expires) {
		return caller{}, badCredentials()
	}
	return caller{token: held}, nil
}

func badCredentials() *Problem {
	return &Problem{Status: http.StatusUnauthorized, Message: "Bad credentials"}
}

func unauthorized(message string) *Problem {
	return &Problem{Status: http.StatusUnauthorized, Message: message}
}

// checkJWT checks the token with which the App authenticates as itself: RS256
// with its key, issued by it, valid for ten minutes at most.
func (gh *GitHub) checkJWT(text string) error {
	const undecodable = "A JSON web token could not be decoded"
	parts := strings.Split(text, ".")
	var header struct {
		Algorithm string `json:"alg"`
	}
	var claims struct {
		Issuer  any      `json:"iss"`
		Issued  *float64 `json:"iat"`
		Expires *float64 `json:"exp"`
	}
	if !decodePart(parts[0], &header) || !decodePart(parts[1], &claims) || header.Algorithm != "RS256" {
		return unauthorized(undecodable)
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return unauthorized(undecodable)
	}
	if !gh.isIssuer(claims.Issuer) {
		return &Problem{Status: http.StatusNotFound, Message: "Integration not found"}
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&gh.app.key.PublicKey, crypto.SHA256, digest[:], signature) != nil {
		return unauthorized(undecodable)
	}
	return checkTimes(claims.Issued, claims.Expires, gh.options.TokenClock())
}

// checkTimes holds the claims against the clock. GitHub forgives a minute of
// difference between the clocks in the time of issue.
func checkTimes(issued, expires *float64, now time.Time) error {
	const skew = 60
	at := float64(now.Unix())
	switch {
	case issued == nil:
		return unauthorized("Missing 'issued at' claim ('iat')")
	case *issued > at+skew:
		return unauthorized("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
	case expires == nil || *expires <= at:
		return unauthorized("'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires")
	case *expires > at+600+skew || *expires-*issued > 600+2*skew:
		return unauthorized("'Expiration time' claim ('exp') is too far in the future")
	}
	return nil
}

// isIssuer accepts the App's id as a number or as text, and its client id.
func (gh *GitHub) isIssuer(issuer any) bool {
	switch issuer := issuer.(type) {
	case string:
		return issuer == decimal(gh.app.id) || issuer == gh.clientID()
	case float64:
		return int64(issuer) == gh.app.id
	}
	return false
}

func (gh *GitHub) clientID() string { return gh.app.clientID() }

func (a *app) clientID() string { return "Iv23li" + decimal(a.id) }

func decodePart(part string, into any) bool {
	text, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(text, into) == nil
}
