package main

import (
	"encoding/json"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/store"
)

// looking is how the commands that look into the server's database find it.
type looking struct{ settings, data, repository string }

func (l *looking) flags(command *cobra.Command) {
	command.Flags().StringVar(&l.settings, "settings", os.Getenv("TRUNKLINE_SETTINGS"), "the server's settings file (TRUNKLINE_SETTINGS)")
	command.Flags().StringVar(&l.repository, "repo", "", "the repository, owner/name; may be left out where the server knows but one")
}

// places are where the settings say that things are.
func (l *looking) places() (config.Places, error) {
	places, err := config.ReadPlaces(l.settings, l.data, os.LookupEnv)
	if err != nil {
		return config.Places{}, wrongSetting{err}
	}
	return places, nil
}

// open opens the database that the settings name.
func (l *looking) open(command *cobra.Command) (*store.Store, error) {
	places, err := l.places()
	if err != nil {
		return nil, err
	}
	opened, err := store.View(command.Context(), places.Database, time.Now)
	if err != nil {
		return nil, wrongSetting{err}
	}
	return opened, nil
}

// recordsCommand prints the history.
func recordsCommand() *cobra.Command {
	var where looking
	var environment, since string
	var asJSON bool
	command := &cobra.Command{
		Use:   "records",
		Short: "Print who did what, when, why and on what",
		Long: `Print who did what, when, why and on what, oldest first, from the server's database, which may be at work.

With --json each record is an object on a line of its own: id, at, actor, kind, environment, sha, reason and the digest of the
plan or the rules it is about.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) (err error) {
			filter := store.Filter{Environment: environment}
			if filter.Since, err = sinceWhen(since, time.Now()); err != nil {
				return wrongSetting{err}
			}
			opened, err := where.open(command)
			if err != nil {
				return err
			}
			defer opened.Close()
			print, done := recordPrinter(command, asJSON)
			err = opened.Read(command.Context(), func(tx *store.Tx) error {
				repository, err := tx.FindRepository(where.repository)
				if err != nil {
					return wrongSetting{err}
				}
				return tx.EachRecord(repository.ID, filter, print)
			})
			if err != nil {
				return err
			}
			return done()
		},
	}
	where.flags(command)
	command.Flags().StringVar(&environment, "environment", "", "only those of one environment")
	command.Flags().StringVar(&since, "since", "", "only those since a day (2026-11-21), a moment (2026-11-21T16:00:00Z) or for a time (36h, 7d)")
	command.Flags().BoolVar(&asJSON, "json", false, "print one JSON object on each line")
	return command
}

// record is how a record is printed as JSON.
type record struct {
	ID          int64           `json:"id"`
	At          time.Time       `json:"at"`
	Actor       *promote.Person `json:"actor,omitempty"`
	Kind        string          `json:"kind"`
	Environment string          `json:"environment,omitempty"`
	SHA         string          `json:"sha,omitempty"`
	Reason      string          `json:"reason,omitempty"`
	Digest      string          `json:"digest,omitempty"`
}

// recordPrinter returns what prints a record, and what ends the printing.
func recordPrinter(command *cobra.Command, asJSON bool) (print func(int64, store.Record) error, done func() error) {
	if asJSON {
		encoder := json.NewEncoder(command.OutOrStdout())
		encoder.SetEscapeHTML(false)
		return func(id int64, r store.Record) error {
			one := record{ID: id, At: r.At, Kind: r.Kind, Environment: r.Environment, SHA: r.SHA, Reason: r.Reason, Digest: r.Digest}
			if r.Actor != (promote.Person{}) {
				one.Actor = &r.Actor
			}
			return encoder.Encode(one)
		}, func() error { return nil }
	}
	table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
	return func(_ int64, r store.Record) error {
		actor := r.Actor.Login
		if actor == "" {
			actor = "trunkline"
		}
		_, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.At.UTC().Format("2006-01-02 15:04:05Z"), actor, r.Kind,
			orDash(r.Environment), orDash(promote.Short(r.SHA)), plain(r.Reason))
		return err
	}, table.Flush
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// sinceWhen reads a day, a moment, or how long ago; empty: the zero time.
func sinceWhen(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	var days int
	if _, err := fmt.Sscanf(text, "%dd", &days); err == nil && fmt.Sprintf("%dd", days) == text {
		return now.AddDate(0, 0, -days), nil
	}
	ago, err := time.ParseDuration(text)
	if err != nil || ago < 0 {
		return time.Time{}, fmt.Errorf("--since is %q; expected a day (2026-11-21), a moment (2026-11-21T16:00:00Z) or a time (36h, 7d)", text)
	}
	return now.Add(-ago), nil
}
