package runs

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/promote/store"
)

// Actions is where jobs of GitHub Actions prove which they are, and where workflows are dispatched.
type Actions struct {
	// Issuer of the jobs' tokens, and Audience: the address of this server, for which they have to be made.
	Issuer, Audience string
	GitHub           GitHub
	// Trunk is the repository's "owner/name" and its trunk, and OnTrunk tells whether a commit is of it.
	Trunk   func(ctx context.Context, repository int64) (name, branch string, err error)
	OnTrunk func(ctx context.Context, repository int64, sha string) (bool, error)
	// Client reaches the issuer; nil: the usual one.
	Client *http.Client

	mu       sync.Mutex
	provider *oidc.Provider
}

// claims are what GitHub says about a job in its token.
// https://docs.github.com/en/actions/reference/security/oidc
type claims struct {
	ID           string `json:"jti"`
	RepositoryID string `json:"repository_id"`
	RunID        string `json:"run_id"`
	Event        string `json:"event_name"`
	Environment  string `json:"environment"`
	WorkflowRef  string `json:"workflow_ref"`
	WorkflowSHA  string `json:"workflow_sha"`
	Ref          string `json:"ref"`
}

// prove verifies a token: who signed it, for whom, and until when. Keys are fetched where they are not known.
func (a *Actions) prove(ctx context.Context, token string) (proven claims, expires time.Time, err error) {
	provider, err := a.found(ctx)
	if err != nil {
		return proven, expires, fmt.Errorf("reach the issuer of the tokens of jobs: %w", err)
	}
	verified, err := provider.VerifierContext(a.with(ctx), &oidc.Config{ClientID: a.Audience}).Verify(a.with(ctx), token)
	if err != nil {
		return proven, expires, &refusal{http.StatusUnauthorized, "The token does not prove who you are: " + err.Error()}
	}
	if err := verified.Claims(&proven); err != nil {
		return proven, expires, &refusal{http.StatusUnauthorized, "The token cannot be read."}
	}
	return proven, verified.Expiry, nil
}

func (a *Actions) with(ctx context.Context) context.Context {
	client := a.Client
	if client == nil {
		client = &http.Client{Timeout: 20 * time.Second}
	}
	return oidc.ClientContext(ctx, client)
}

// found is the issuer, which is asked once where its keys are.
func (a *Actions) found(ctx context.Context) (*oidc.Provider, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.provider != nil {
		return a.provider, nil
	}
	// Keys are fetched later, with the client of now, when this request is long over.
	provider, err := oidc.NewProvider(a.with(context.WithoutCancel(ctx)), a.Issuer)
	if err == nil {
		a.provider = provider
	}
	return provider, err
}

// provenJob makes the session that of a job, where a token proves that it is one of a run that was dispatched.
func (h *Hub) provenJob(ctx context.Context, token string, hello wire.Hello, s *session) error {
	if h.Actions == nil || strings.Count(token, ".") != 2 {
		return errStranger
	}
	// Anybody can ask here. Who does not even claim to be of a run of ours has no keys looked up.
	if _, _, err := h.claimed(ctx, claimsOf(token), hello); err != nil {
		return err
	}
	proven, expires, err := h.Actions.prove(ctx, token)
	if err != nil {
		return err
	}
	run, id, err := h.claimed(ctx, proven, hello)
	if err != nil {
		return err
	}
	if err := h.fits(ctx, h.as(run), proven); err != nil {
		return err
	}
	var first bool
	err = h.Store.Write(ctx, func(tx *store.Tx) (err error) {
		first, err = tx.UseToken(proven.ID, expires.Add(time.Hour), h.Now())
		return err
	})
	if err != nil {
		return err
	}
	if !first {
		return &refusal{http.StatusForbidden, "The token was shown before; ask GitHub for another."}
	}
	if h.as(run).GitHub == 0 {
		if err := h.bind(ctx, run, id); err != nil {
			return err
		}
	}
	h.mu.Lock()
	run.called = true
	h.mu.Unlock()
	s.Run, s.Name = run.ID, fmt.Sprintf("run %d/%s", id, s.Name)
	return nil
}

// claimsOf are what a token says, which nobody has verified.
func claimsOf(token string) (said claims) {
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil || json.Unmarshal(text, &said) != nil {
		return claims{}
	}
	return said
}

// claimed is the run that claims are of, and its id at GitHub.
func (h *Hub) claimed(ctx context.Context, said claims, hello wire.Hello) (*running, int64, error) {
	repository, failed := strconv.ParseInt(said.RepositoryID, 10, 64)
	id, also := strconv.ParseInt(said.RunID, 10, 64)
	if failed != nil || also != nil || said.ID == "" {
		return nil, 0, &refusal{http.StatusUnauthorized, "The token does not say of which run it is."}
	}
	run, err := h.runOf(ctx, repository, id, hello.Correlation)
	return run, id, err
}

// runOf is the run that a job says it is of: the one that has its id, or that has no id yet and the correlation, which
// nobody knows who was not told.
func (h *Hub) runOf(ctx context.Context, repository, id int64, correlation string) (*running, error) {
	h.mu.Lock()
	var found *running
	for _, run := range h.runs {
		if run.Repository == repository && (run.GitHub == id || run.GitHub == 0 && run.Correlation == correlation) {
			found = run
		}
	}
	h.mu.Unlock()
	if found != nil {
		return found, nil
	}
	var known bool
	err := h.Store.Read(ctx, func(tx *store.Tx) (err error) {
		if _, known, err = tx.RunAtGitHub(repository, id); err == nil && !known {
			_, known, err = tx.RunCorrelated(repository, correlation)
		}
		return err
	})
	if err == nil && known {
		err = errOver
	}
	if err == nil {
		err = &refusal{http.StatusForbidden, "This run was not dispatched by this server."}
	}
	return nil, err
}

// fits refuses a job that is not the one that the run was dispatched for.
func (h *Hub) fits(ctx context.Context, run store.Run, proven claims) error {
	name, branch, err := h.Actions.Trunk(ctx, run.Repository)
	if err != nil {
		return err
	}
	workflow := name + "/.github/workflows/" + run.Workflow + "@refs/heads/" + branch
	wrong := ""
	switch {
	case proven.Event != "workflow_dispatch":
		wrong = "the event is " + strconv.Quote(proven.Event) + ", not workflow_dispatch"
	case !strings.EqualFold(proven.WorkflowRef, workflow):
		wrong = "the workflow is " + strconv.Quote(proven.WorkflowRef) + ", not " + workflow
	case proven.Environment != run.Place:
		wrong = fmt.Sprintf("the job is in the environment %q; %ss of %s run in %q, so it has to say `environment: %s`", proven.Environment, run.Purpose, run.Environment, run.Place, run.Place)
	}
	if wrong != "" {
		return &refusal{http.StatusForbidden, "This is not the job that was asked for: " + wrong + "."}
	}
	onTrunk, err := h.Actions.OnTrunk(ctx, run.Repository, proven.WorkflowSHA)
	if err != nil {
		return err
	}
	if !onTrunk {
		return &refusal{http.StatusForbidden, "The workflow is that of " + strconv.Quote(proven.WorkflowSHA) + ", which is no commit of " + branch + "."}
	}
	return nil
}
