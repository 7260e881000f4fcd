package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/trunkline/trunkline/bot/runs/runner"
	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/mirror"
)

// passedInJobs are the variables that engines and commands see in a job where nothing else is said: those in which other steps
// leave short-lived credentials of clouds. Never GitHub's own.
var passedInJobs = []string{"AWS_*", "ARM_*", "AZURE_*", "CLOUDSDK_*", "GOOGLE_*", "KUBECONFIG", "TF_TOKEN_*", "TF_VAR_*", "VAULT_*"}

// runFlags are those of a job.
type runFlags struct {
	server, commit, correlation, data string
	pass                              []string
	parallel                          int
}

// runCommand is what a job of GitHub Actions does that the server has dispatched.
func runCommand() *cobra.Command {
	var flags runFlags
	command := &cobra.Command{
		Use:   "run",
		Short: "In a job of GitHub Actions, do what the server has dispatched it for",
		Long: `In a job of GitHub Actions, do what the server has dispatched it for.

The job proves which it is by its OIDC token, so it needs "permissions: {id-token: write, contents: read}". It fetches
exactly the commit that it was dispatched for, with GITHUB_TOKEN, and plans or applies it until the server has nothing
more for it. See docs/actions.md for the workflow.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return flags.run(command.Context()) },
	}
	f := command.Flags()
	f.StringVar(&flags.server, "server", os.Getenv("TRUNKLINE_SERVER"), "the server's public address (TRUNKLINE_SERVER)")
	f.StringVar(&flags.commit, "commit", os.Getenv("TRUNKLINE_RUN_COMMIT"), "the workflow's input commit (TRUNKLINE_RUN_COMMIT)")
	f.StringVar(&flags.correlation, "correlation", os.Getenv("TRUNKLINE_RUN_CORRELATION"), "the workflow's input trunkline (TRUNKLINE_RUN_CORRELATION)")
	f.StringSliceVar(&flags.pass, "pass-environment", passedInJobs, "variables that engines and commands may see")
	f.StringVar(&flags.data, "data", "", "directory for files; default: one below RUNNER_TEMP")
	f.IntVar(&flags.parallel, "parallel", runtime.NumCPU(), "tasks at a time")
	return command
}

func (f runFlags) run(ctx context.Context) error {
	logger := zerolog.New(zerolog.ConsoleWriter{Out: os.Stdout, NoColor: true, TimeFormat: time.TimeOnly}).With().Timestamp().Logger()
	server, err := runner.ParseServer(f.server)
	if err != nil {
		return wrongSetting{err}
	}
	if f.commit == "" || f.correlation == "" || f.parallel < 1 {
		return wrongSetting{errors.New("--commit and --correlation are the inputs `commit` and `trunkline` of the workflow, and --parallel is 1 or more; without them nobody knows what to do")}
	}
	origin, repository := strings.TrimSuffix(os.Getenv("GITHUB_SERVER_URL"), "/"), os.Getenv("GITHUB_REPOSITORY")
	if origin == "" || repository == "" {
		return wrongSetting{errors.New("this is no job of GitHub Actions: GITHUB_SERVER_URL and GITHUB_REPOSITORY are not set; on hosts of your own use `trunkline worker`")}
	}
	if f.data == "" {
		if f.data, err = os.MkdirTemp(os.Getenv("RUNNER_TEMP"), "trunkline-"); err != nil {
			return err
		}
		defer os.RemoveAll(f.data) // the host is thrown away anyway
	}
	if f.data, err = filepath.Abs(f.data); err != nil {
		return wrongSetting{err}
	}
	reach := runner.NewHTTP()
	work := &runner.Runner{Dir: f.data, Parallel: f.parallel, Pass: matching(f.pass, jobVariables()), Only: f.commit, Patience: 10 * time.Minute,
		Origin: mirror.Open(filepath.Join(f.data, "mirror"), origin+"/"+repository+".git", func(context.Context) (string, error) { return os.Getenv("GITHUB_TOKEN"), nil }),
		Client: &runner.Client{Server: server, HTTP: reach, Hello: wire.Hello{Name: os.Getenv("RUNNER_NAME"), Version: version, Correlation: f.correlation},
			Prove: func(ctx context.Context) (config.Secret, error) { return identity(ctx, reach, server.String()) }}}
	err = work.Run(logger.WithContext(ctx))
	counts := work.Counts()
	fmt.Printf("%d tasks done, %d of them failed\n", counts.Ended, counts.Failed)
	switch refused := (*runner.Refused)(nil); {
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, runner.ErrOver):
		return nil // others of the run have done everything
	case err != nil:
		return err
	case counts.Failed > 0:
		return fmt.Errorf("%d of %d tasks failed; Trunkline shows what they said", counts.Failed, counts.Ended)
	}
	return nil
}

// jobVariables are those of the job that others may see at all: those of GitHub and of the runner hold what would let them be
// the job.
func jobVariables() (kept []string) {
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); !strings.HasPrefix(name, "ACTIONS_") && !strings.HasPrefix(name, "GITHUB_") && !strings.HasPrefix(name, "RUNNER_") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// identity asks GitHub for a token that says which job this is, made for the server.
// https://docs.github.com/en/actions/reference/security/oidc
func identity(ctx context.Context, reach *http.Client, audience string) (config.Secret, error) {
	address, err := url.Parse(os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"))
	if err != nil || address.Host == "" {
		return "", &runner.Refused{Text: "the job may not prove which it is: add `permissions: {id-token: write, contents: read}` to the workflow", Status: http.StatusUnauthorized}
	}
	query := address.Query()
	query.Set("audience", audience)
	address.RawQuery = query.Encode()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "bearer "+os.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN"))
	response, err := reach.Do(request)
	if err != nil {
		return "", fmt.Errorf("ask GitHub for the job's token: %w", err)
	}
	defer response.Body.Close()
	var given struct {
		Value string `json:"value"`
	}
	if err := wire.Decode(response.Body, wire.MaxSmall, &given); err != nil || response.StatusCode != http.StatusOK || given.Value == "" {
		return "", fmt.Errorf("GitHub gives the job no token: it answers %d", response.StatusCode)
	}
	return config.Secret(given.Value), nil
}
