package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/trunkline/trunkline/bot"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

// serveCommand is the server, whose App has the given secrets.
func serveCommand(app secrets) *cobra.Command {
	var settings string
	var untilStdinCloses bool
	command := &cobra.Command{
		Use:   "serve",
		Short: "Serve GitHub's webhooks and do what follows from them",
		Long: `Serve GitHub's webhooks and do what follows from them.

Settings come from a file (--settings) and from environment variables, which win:

  GITHUB_APP_INTEGRATION_ID    the App's number
  GITHUB_APP_PRIVATE_KEY       its private key, PEM (or GITHUB_APP_PRIVATE_KEY_FILE)
  GITHUB_APP_WEBHOOK_SECRET    the secret that signs webhooks
  GITHUB_V3_API_URL            default https://api.github.com/, or what follows from GITHUB_WEB_URL
  GITHUB_WEB_URL               default https://github.com/
  GITHUB_CA_FILE               certificates in PEM that GitHub's may be signed with; default: those that the host trusts
  TRUNKLINE_LISTEN             default 127.0.0.1:8080
  TRUNKLINE_DATA               directory for mirrors, state and logs; default trunkline-data
  TRUNKLINE_DATABASE           SQLite file; default trunkline.db in TRUNKLINE_DATA
  TRUNKLINE_PARALLEL           engine processes at a time; default: one for each core
  TRUNKLINE_STEP_TIMEOUT       limit of one plan, apply or check; default 1h
  TRUNKLINE_PASS_ENVIRONMENT   variables that engines may see, separated by commas
  TRUNKLINE_PUBLIC_URL         the server's address as people reach it, for links to logs; default: no links
  TRUNKLINE_LOG_DAYS           how long logs of deployments are kept; default 90
  TRUNKLINE_LOG_DEPLOYMENTS    of how many deployments of each environment; default 1000
  TRUNKLINE_LOG_LEVEL          debug, info, warn or error; default info

In the file alone: secrets, where the values of secrets come from that repositories name.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			// Before anything secret is read from a file.
			if err := hideMemory(); err != nil {
				return err
			}
			operator, err := config.ReadOperator(settings, app.lookup)
			if err != nil {
				return wrongSetting{err}
			}
			ctx, stop := context.WithCancel(command.Context())
			defer stop()
			if untilStdinCloses {
				go func() {
					_, _ = io.Copy(io.Discard, os.Stdin)
					stop()
				}()
			}
			return serve(ctx, operator)
		},
	}
	command.Flags().StringVar(&settings, "settings", os.Getenv("TRUNKLINE_SETTINGS"), "a settings file, YAML (TRUNKLINE_SETTINGS)")
	command.Flags().BoolVar(&untilStdinCloses, "until-stdin-closes", false, "end when standard input ends, for a parent that may die")
	_ = command.Flags().MarkHidden("until-stdin-closes") // fails only for a flag that is not there
	return command
}

// serve runs the bot and its HTTP server until ctx ends.
func serve(ctx context.Context, operator config.Operator) error {
	level, err := zerolog.ParseLevel(operator.LogLevel)
	if err != nil {
		return wrongSetting{fmt.Errorf("TRUNKLINE_LOG_LEVEL is %q; expected debug, info, warn or error", operator.LogLevel)}
	}
	logger := zerolog.New(os.Stderr).Level(level).With().Timestamp().Logger()
	ctx = logger.WithContext(ctx)
	if err := os.MkdirAll(operator.Data, 0o700); err != nil {
		return wrongSetting{fmt.Errorf("TRUNKLINE_DATA is %q, where no directory can be made: %w", operator.Data, err)}
	}
	db, err := store.Open(ctx, operator.Database, time.Now)
	if err != nil {
		return err
	}
	defer db.Close()
	b, err := bot.New(bot.Options{Settings: operator, Store: db, Version: version})
	if err != nil {
		return wrongSetting{err}
	}
	listener, err := net.Listen("tcp", operator.Listen)
	if err != nil {
		return wrongSetting{fmt.Errorf("TRUNKLINE_LISTEN is %q, where nothing can listen: %w", operator.Listen, err)}
	}
	server := &http.Server{
		Handler: b.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	logger.Info().Str("listen", listener.Addr().String()).Str("version", version).Msg("serving")
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	worked := b.Run(ctx)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err = errors.Join(worked, server.Shutdown(closing))
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
