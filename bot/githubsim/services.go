package githubsim

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// servicesPrefix is where GitHub Enterprise Server has what belongs to Actions:
// the issuer of tokens for jobs, and their logs.
const servicesPrefix = "/_services/"

// serveServices answers what is under servicesPrefix.
func (gh *GitHub) serveServices(w http.ResponseWriter, r *http.Request) {
	switch path := strings.TrimPrefix(r.URL.Path, servicesPrefix); {
	case strings.HasPrefix(path, "logs/"):
		gh.serveLog(w, r, strings.TrimPrefix(path, "logs/"))
	case strings.HasPrefix(path, "token/"):
		gh.serveIssuer(w, r, strings.TrimPrefix(path, "token/"))
	default:
		http.NotFound(w, r)
	}
}

// logLife is how long the address of a log is good.
const logLife = time.Minute

// logURL is an address under which a job's log can be read for a while by
// everyone who has it.
func (gh *GitHub) logURL(held *job) string {
	until := decimal(gh.options.TokenClock().Add(logLife).Unix())
	return gh.url + servicesPrefix + "logs/" + decimal(held.id) + "?until=" + until + "&signature=" + gh.logSignature(held.id, until)
}

func (gh *GitHub) logSignature(id int64, until string) string {
	sum := hmac.New(sha256.New, []byte(gh.app.secret))
	_, _ = sum.Write([]byte("log " + decimal(id) + " " + until)) // never fails
	return hex.EncodeToString(sum.Sum(nil))
}

func (gh *GitHub) serveLog(w http.ResponseWriter, r *http.Request, name string) {
	id, err := strconv.ParseInt(name, 10, 64)
	until := r.URL.Query().Get("until")
	expires, timeErr := strconv.ParseInt(until, 10, 64)
	good := hmac.Equal([]byte(gh.logSignature(id, until)), []byte(r.URL.Query().Get("signature")))
	if err != nil || timeErr != nil || !good || gh.options.TokenClock().Unix() > expires {
		http.Error(w, "Server failed to authenticate the request.", http.StatusForbidden)
		return
	}
	gh.mu.Lock()
	held, err := gh.anyJob(id)
	text := ""
	if err == nil {
		text = held.log
	}
	gh.mu.Unlock()
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(text)) // a client that has gone is not our affair
}
