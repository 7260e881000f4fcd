package bot

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/trunkline/trunkline/bot/githubsim"
	"github.com/trunkline/trunkline/bot/runs/runner"
	"github.com/trunkline/trunkline/bot/runs/wire"
)

// begin asks for a session with a token, and returns the status and what is said.
func (j *jobs) begin(token, correlation string) (int, string) {
	j.t.Helper()
	request, err := http.NewRequest(http.MethodPost, j.server.URL+wire.SessionsPath, bytes.NewReader([]byte(`{"correlation": "`+correlation+`"}`)))
	if err != nil {
		j.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := j.server.Client().Do(request)
	if err != nil {
		j.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		j.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// A session is for the job that was asked for, and for nobody else, whatever a token says.
func TestForgedJobs(t *testing.T) {
	t.Parallel()
	type attempt struct {
		audience string
		forgery  githubsim.Forgery
		status   int
		says     string
	}
	claim := func(name string, value any) githubsim.Forgery {
		return githubsim.Forgery{Claims: map[string]any{name: value}}
	}
	old := time.Now().Add(-time.Hour).Unix()
	attempts := map[string]attempt{
		"another key":         {forgery: githubsim.Forgery{WrongKey: true}, status: 401},
		"an unknown key":      {forgery: githubsim.Forgery{KeyID: "other"}, status: 401},
		"no signature":        {forgery: githubsim.Forgery{Algorithm: "none"}, status: 401},
		"a weak signature":    {forgery: githubsim.Forgery{Algorithm: "HS256"}, status: 401},
		"changed afterwards":  {forgery: githubsim.Forgery{Garbled: true}, status: 401},
		"another audience":    {audience: "https://trunkline.example.org", status: 401},
		"GitHub's audience":   {audience: "https://github.com/acme", status: 401},
		"another issuer":      {forgery: claim("iss", "https://token.example.org"), status: 401},
		"expired":             {forgery: claim("exp", old), status: 401},
		"no id":               {forgery: claim("jti", nil), status: 401},
		"no run":              {forgery: claim("run_id", nil), status: 401},
		"another repository":  {forgery: claim("repository_id", "4711"), status: 403, says: "not dispatched by this server"},
		"another run":         {forgery: claim("run_id", "4711"), status: 403, says: "not dispatched by this server"},
		"another event":       {forgery: claim("event_name", "push"), status: 403, says: "the event is"},
		"another workflow":    {forgery: claim("workflow_ref", project+"/.github/workflows/other.yml@refs/heads/main"), status: 403, says: "the workflow is"},
		"another branch":      {forgery: claim("workflow_ref", project+"/.github/workflows/trunkline.yml@refs/heads/change"), status: 403, says: "the workflow is"},
		"a tag":               {forgery: claim("workflow_ref", project+"/.github/workflows/trunkline.yml@refs/tags/main"), status: 403, says: "the workflow is"},
		"another commit":      {forgery: claim("workflow_sha", strings.Repeat("a", 40)), status: 403, says: "is no commit of main"},
		"no commit":           {forgery: claim("workflow_sha", "--help"), status: 403, says: "is no commit of main"},
		"another environment": {forgery: claim("environment", "dev"), status: 403, says: "plans of dev run in \"plan\""},
		"no environment":      {forgery: claim("environment", nil), status: 403, says: "environment: plan"},
	}
	j := inActions(t, nil)
	tried := make(chan struct{})
	j.mu.Lock()
	j.instead = func(ctx context.Context, job githubsim.Job) githubsim.JobResult {
		defer close(tried)
		for name, a := range attempts {
			audience := publicAddress
			if a.audience != "" {
				audience = a.audience
			}
			token, err := j.gh.IDToken(job.ID, audience, a.forgery)
			if err != nil {
				t.Error(err)
			}
			correlation := ""
			if name != "another run" {
				correlation = "guessed"
			}
			if status, said := j.begin(token, correlation); status != a.status || !strings.Contains(said, a.says) {
				t.Errorf("%s: it is answered with %d %s", name, status, said)
			}
		}
		token, err := j.gh.IDToken(job.ID, publicAddress, githubsim.Forgery{})
		if err != nil {
			t.Error(err)
		}
		if status, said := j.begin(token, ""); status != http.StatusOK || !strings.Contains(said, "trs_") {
			t.Errorf("the right token is answered with %d %s", status, said)
		}
		if status, said := j.begin(token, ""); status != http.StatusForbidden || !strings.Contains(said, "shown before") {
			t.Errorf("a token that was shown before is answered with %d %s", status, said)
		}
		j.mu.Lock()
		j.instead = nil
		j.mu.Unlock()
		return j.run(ctx, job)
	}
	j.mu.Unlock()
	number := j.changesApp()
	<-tried
	j.settle()
	if said := j.preview(number); !strings.Contains(said, "Merging changes dev") {
		t.Errorf("the preview says: %s", said)
	}
}

// A run that somebody starts by hand gets nothing.
func TestRunByHand(t *testing.T) {
	t.Parallel()
	j := inActions(t, nil)
	refused := make(chan error, 1)
	j.mu.Lock()
	j.instead = func(ctx context.Context, job githubsim.Job) githubsim.JobResult {
		work, err := j.runnerOf(job, t.TempDir())
		if err == nil {
			err = work.Run(ctx)
		}
		refused <- err
		return githubsim.JobResult{Conclusion: "failure"}
	}
	j.mu.Unlock()
	if _, err := j.gh.As("alice").DispatchWorkflow(project, "trunkline.yml", "main", map[string]string{"commit": strings.Repeat("a", 40),
		"trunkline": "guessed", "environment": "dev", "place": "plan", "purpose": "plan", "shards": "[1]"}); err != nil {
		t.Fatal(err)
	}
	said := (*runner.Refused)(nil)
	var err error
	select {
	case err = <-refused:
	case <-time.After(30 * time.Second):
		t.Fatal("no job has run")
	}
	if !errors.As(err, &said) || !strings.Contains(said.Text, "not dispatched by this server") {
		t.Errorf("it ended with %v", err)
	}
}

// Whatever becomes of a run, people are told what it was.
func TestRunsThatEndBadly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		// apply is what the job does that is to apply.
		apply func(*jobs, context.Context, githubsim.Job) githubsim.JobResult
		says  string
	}{
		"fails before it calls": {func(*jobs, context.Context, githubsim.Job) githubsim.JobResult {
			return githubsim.JobResult{Conclusion: "failure", Log: "::error::no such image"}
		}, "ended (failure) before any of its jobs had called the server"},
		"cancelled": {func(j *jobs, ctx context.Context, job githubsim.Job) githubsim.JobResult {
			if err := j.gh.As("carol").CancelRun(project, job.RunID); err != nil {
				j.t.Error(err)
			}
			<-ctx.Done()
			return githubsim.JobResult{}
		}, "Somebody cancelled the run"},
		"dies": {func(j *jobs, ctx context.Context, job githubsim.Job) githubsim.JobResult {
			j.takesAndDies(ctx, job)
			return githubsim.JobResult{Conclusion: "failure"}
		}, "while a job of it had the apply of dev/app in hand"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j := inActions(t, nil)
			number := j.changesApp()
			j.mu.Lock()
			j.instead = func(ctx context.Context, job githubsim.Job) githubsim.JobResult {
				if job.Input("purpose") == "apply" {
					return test.apply(j, ctx, job)
				}
				work, err := j.runnerOf(job, t.TempDir())
				if err == nil {
					err = work.Run(ctx)
				}
				if err != nil && !errors.Is(err, runner.ErrOver) {
					t.Error(err)
				}
				return githubsim.JobResult{}
			}
			j.mu.Unlock()
			j.merges(number)
			if said := j.rollout(number); !strings.Contains(said, test.says) || strings.Contains(said, "Converged") {
				t.Errorf("the rollout says: %s", said)
			}
			j.mu.Lock()
			j.instead = nil
			j.mu.Unlock()
			if _, err := j.gh.As("carol").Comment(project, number, "/retry dev"); err != nil {
				t.Fatal(err)
			}
			j.settle()
			if said := j.rollout(number); !strings.Contains(said, "Converged") {
				t.Errorf("after a retry the rollout says: %s", said)
			}
		})
	}
}

// takesAndDies takes a task, and is never heard of again.
func (j *jobs) takesAndDies(ctx context.Context, job githubsim.Job) {
	token, err := j.token(ctx, job)
	if err != nil {
		j.t.Error(err)
		return
	}
	status, said := j.begin(string(token), job.Input("trunkline"))
	var welcome wire.Welcome
	if err := wire.Decode(strings.NewReader(said), wire.MaxSmall, &welcome); err != nil || status != http.StatusOK {
		j.t.Errorf("no session: %d %s", status, said)
		return
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, j.server.URL+wire.NextPath, nil)
	if err != nil {
		j.t.Error(err)
		return
	}
	request.Header.Set("Authorization", "Bearer "+string(welcome.Token))
	response, err := j.server.Client().Do(request)
	if err != nil || response.StatusCode != http.StatusOK {
		j.t.Errorf("no task: %v", err)
		return
	}
	response.Body.Close()
}

// A workflow that is not there, or cannot be dispatched, is said where somebody can mend it.
func TestNoWorkflow(t *testing.T) {
	t.Parallel()
	j := inActions(t, func(files map[string]string) {
		files[".github/workflows/trunkline.yml"] = strings.Replace(runsWorkflow, "      shards: {required: true}\n", "", 1)
	})
	number := j.changesApp()
	if said := j.preview(number); !strings.Contains(said, "does not declare the input") || !strings.Contains(said, "shards") {
		t.Errorf("the preview says: %s", said)
	}
}
