package bot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"

	"github.com/rs/zerolog"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/logs"
	"github.com/trunkline/trunkline/promote/store"
)

// logsPath is where logs are served. The token is all that it takes to read one.
const logsPath = "/logs/{deployment}/{token}"

// servedLog is a deployment whose log somebody may read.
type servedLog struct {
	store.Repository
	promote.Deployment
	Steps []logs.Entry
}

// serveLog serves the log of a deployment, or with ?step= of one step, to whoever has its link: as a page, or with ?raw as
// text. Nobody else is told whether there is such a deployment.
func (b *Bot) serveLog(w http.ResponseWriter, r *http.Request) {
	for name, value := range b.logPages.headers {
		w.Header().Set(name, value)
	}
	query := r.URL.Query()
	found, err := b.findLog(r)
	if err == nil && query.Has("step") {
		found.Steps, err = onlyStep(found.Steps, query.Get("step"))
	}
	switch {
	case errors.Is(err, errNoLog):
		http.NotFound(w, r)
		return
	case err != nil:
		zerolog.Ctx(r.Context()).Error().Err(err).Msg("cannot serve a log")
		http.Error(w, "The log cannot be read now.", http.StatusInternalServerError)
		return
	case query.Has("raw"):
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		printer := logs.Printer{To: w, Redact: b.redactor.Redact}
		err = printer.Print(found.Steps)
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		err = b.logPages.page.Execute(w, b.logPageOf(found, query.Has("step")))
	}
	if err != nil && r.Context().Err() == nil {
		zerolog.Ctx(r.Context()).Warn().Err(err).Msg("a log was served in part")
	}
}

// errNoLog is what there is for everybody without a link: no such page.
var errNoLog = errors.New("there is no such log")

// findLog is the deployment that the request's token lets one read the log of.
func (b *Bot) findLog(r *http.Request) (found servedLog, err error) {
	id, numeric := strconv.ParseInt(r.PathValue("deployment"), 10, 64)
	given, encoded := base64.RawURLEncoding.Strict().DecodeString(r.PathValue("token"))
	if numeric != nil || encoded != nil || len(given) != sha256.Size {
		return found, errNoLog
	}
	err = b.store.Read(r.Context(), func(tx *store.Tx) error { return b.authorisedLog(tx, id, given, &found) })
	if err == nil {
		found.Steps, err = b.logs.Steps(logs.Key{Repository: found.Repository.ID, Deployment: id})
	}
	return found, err
}

func (b *Bot) authorisedLog(tx *store.Tx, deployment int64, token []byte, found *servedLog) error {
	repository, err := tx.RepositoryOf(deployment)
	if errors.Is(err, store.ErrNoDeployment) || err == nil && !hmac.Equal(token, b.logToken(repository, deployment)) {
		return errNoLog
	}
	if err != nil {
		return err
	}
	if found.Deployment, _, err = tx.Deployment(deployment); err != nil {
		return err
	}
	found.Repository, err = tx.Repository(repository)
	return err
}

func onlyStep(steps []logs.Entry, number string) ([]logs.Entry, error) {
	for _, step := range steps {
		if strconv.Itoa(step.Number) == number {
			return []logs.Entry{step}, nil
		}
	}
	return nil, errNoLog
}
