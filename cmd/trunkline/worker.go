package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/trunkline/trunkline/bot/runs/runner"
	"github.com/trunkline/trunkline/bot/runs/wire"
	"github.com/trunkline/trunkline/config"
)

// workerToken is the variable with the token of a worker. What runs for a repository never sees it.
const workerToken = "TRUNKLINE_WORKER_TOKEN"

// workerFlags are those of a worker.
type workerFlags struct {
	server, tokenFile, newToken, data, name, logLevel string
	labels, pass                                      []string
	parallel                                          int
}

// workerCommand is a worker, with the secrets that were taken out of the environment.
func workerCommand(held secrets) *cobra.Command {
	var flags workerFlags
	command := &cobra.Command{
		Use:   "worker",
		Short: "Plan, apply and check on this host for a server elsewhere",
		Long: `Plan, apply and check on this host for a server elsewhere.

A worker asks the server for what environments with "runner: {workers: [label]}" need, as far as its labels and
repositories in the server's settings allow. It needs the engine (terraform or tofu) on its PATH, access to the state's
backend, and a token:

  trunkline worker --new-token token        make one; prints what goes into the server's settings
  trunkline worker --server https://trunkline.acme.example --token-file token

The token may also be in TRUNKLINE_WORKER_TOKEN, which what runs for repositories never sees; a file that this user
may read, programs of repositories may read too.

When it is asked to end (SIGTERM), it lets applies end, and gives back what others can do.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if flags.newToken != "" {
				return newToken(command, flags.newToken)
			}
			return flags.work(command.Context(), held)
		},
	}
	f := command.Flags()
	f.StringVar(&flags.server, "server", os.Getenv("TRUNKLINE_SERVER"), "the server's address (TRUNKLINE_SERVER)")
	f.StringVar(&flags.tokenFile, "token-file", "", "file with the token; default: TRUNKLINE_WORKER_TOKEN")
	f.StringVar(&flags.newToken, "new-token", "", "write a new token into this file, and print what the server needs to know")
	f.StringSliceVar(&flags.labels, "labels", nil, "of the labels in the server's settings, those to work for; default: all")
	f.StringSliceVar(&flags.pass, "pass-environment", nil, "variables that engines and commands may see, such as AWS_PROFILE or AWS_*")
	f.StringVar(&flags.data, "data", "trunkline-worker-data", "directory for files of commits and what engines need")
	f.StringVar(&flags.name, "name", "", "name for people; default: this host's")
	f.IntVar(&flags.parallel, "parallel", runtime.NumCPU(), "tasks at a time")
	f.StringVar(&flags.logLevel, "log-level", "info", "debug, info, warn or error")
	return command
}

// newToken makes a token and says what the server has to know of it.
func newToken(command *cobra.Command, name string) error {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	token := "trw_" + base64.RawURLEncoding.EncodeToString(secret)
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return wrongSetting{fmt.Errorf("the token cannot be written: %w", err)}
	}
	_, err = fmt.Fprintln(file, token)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write the token: %w", err)
	}
	sum := sha256.Sum256([]byte(token))
	fmt.Fprintf(command.OutOrStdout(), "token_sha256: %s\n", hex.EncodeToString(sum[:]))
	return nil
}

// work works until ctx ends.
func (f workerFlags) work(ctx context.Context, held secrets) error {
	if err := hideMemory(); err != nil {
		return err
	}
	level, err := zerolog.ParseLevel(f.logLevel)
	if err != nil {
		return wrongSetting{fmt.Errorf("--log-level is %q; expected debug, info, warn or error", f.logLevel)}
	}
	logger := zerolog.New(os.Stderr).Level(level).With().Timestamp().Logger()
	if f.parallel < 1 {
		return wrongSetting{fmt.Errorf("--parallel is %d; expected 1 or more", f.parallel)}
	}
	token, err := f.token(held)
	if err != nil {
		return wrongSetting{err}
	}
	server, err := runner.ParseServer(f.server)
	if err != nil {
		return wrongSetting{err}
	}
	data, err := filepath.Abs(f.data)
	if err != nil {
		return wrongSetting{err}
	}
	if f.name == "" {
		f.name, _ = os.Hostname() // a name of ours will do
	}
	work := &runner.Runner{Dir: data, Parallel: f.parallel, Pass: matching(f.pass, os.Environ()),
		Client: &runner.Client{Server: server, HTTP: runner.NewHTTP(), Hello: wire.Hello{Name: f.name, Version: version, Labels: f.labels},
			Prove: func(context.Context) (config.Secret, error) { return token, nil }}}
	err = work.Run(logger.WithContext(ctx))
	var refused *runner.Refused
	if errors.As(err, &refused) {
		return wrongSetting{refused}
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// token is the one that the worker shows.
func (f workerFlags) token(held secrets) (config.Secret, error) {
	if f.tokenFile == "" {
		if token := strings.TrimSpace(held[workerToken]); token != "" {
			return config.Secret(token), nil
		}
		return "", fmt.Errorf("there is no token: name its file with --token-file, or set %s", workerToken)
	}
	text, err := os.ReadFile(f.tokenFile)
	if err != nil {
		return "", fmt.Errorf("the token cannot be read: %w", err)
	}
	token := string(bytes.TrimSpace(text))
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("the file %s holds no token", f.tokenFile)
	}
	return config.Secret(token), nil
}

// matching are the names of variables that patterns such as AWS_* mean.
func matching(patterns, environment []string) (names []string) {
	for _, variable := range environment {
		name, _, _ := strings.Cut(variable, "=")
		for _, pattern := range patterns {
			if prefix, open := strings.CutSuffix(pattern, "*"); name == pattern || open && prefix != "" && strings.HasPrefix(name, prefix) {
				names = append(names, name)
				break
			}
		}
	}
	slices.Sort(names)
	return names
}
