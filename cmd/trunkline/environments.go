package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"github.com/trunkline/trunkline/bot"
	"github.com/trunkline/trunkline/bot/environments"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/promote/store"
)

// environmentsCommand compares the environments of GitHub with what the configuration has; it proves to be the App by the
// given secrets.
func environmentsCommand(app secrets) *cobra.Command {
	var where looking
	var diff, asJSON bool
	command := &cobra.Command{
		Use:   "environments",
		Short: "Print how GitHub's environments differ from what the configuration has",
		Long: `Print how GitHub's environments and their protection rules differ from what .github/trunkline.yml on trunk has, and what the
server will do about each difference. GitHub is asked with the server's own settings, which this needs all of; nothing is
changed.

With --diff the exit code tells: 0 where nothing differs, 1 where something does or cannot be compared. With --json it is one
object: keeping, blind, permission, unseen, leftover and findings, each with environment, for, setting, has, wants and fate.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := hideMemory(); err != nil {
				return err
			}
			report, err := compareEnvironments(command, app, where)
			if err != nil {
				return err
			}
			if err := showEnvironments(command, report, asJSON); err != nil || !diff || report.Same() {
				return err
			}
			return errDiffers
		},
	}
	where.flags(command)
	command.Flags().BoolVar(&diff, "diff", false, "exit with 1 where something differs")
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command
}

// errDiffers makes the exit code 1.
var errDiffers = errors.New("GitHub's environments differ from the configuration")

// showEnvironments prints a report, as JSON or for people.
func showEnvironments(command *cobra.Command, report environments.Report, asJSON bool) error {
	if !asJSON {
		return printEnvironments(command, report)
	}
	encoder := json.NewEncoder(command.OutOrStdout())
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(report)
}

// compareEnvironments asks GitHub, as the App of the server's settings.
func compareEnvironments(command *cobra.Command, app secrets, where looking) (report environments.Report, err error) {
	operator, err := config.ReadOperator(where.settings, app.lookup)
	if err != nil {
		return report, wrongSetting{err}
	}
	opened, err := store.View(command.Context(), operator.Database, time.Now)
	if err != nil {
		return report, wrongSetting{err}
	}
	defer opened.Close()
	b, err := bot.New(bot.Options{Settings: operator, Store: opened, Version: version})
	if err != nil {
		return report, wrongSetting{err}
	}
	looked, err := opened.Look(command.Context(), where.repository)
	if err != nil {
		return report, wrongSetting{err}
	}
	logger := zerolog.New(os.Stderr).Level(zerolog.WarnLevel)
	return b.CompareEnvironments(logger.WithContext(command.Context()), looked.Repository)
}

// fateWords say what becomes of a difference.
func fateWords(fate environments.Fate) string {
	switch fate {
	case environments.Made, environments.Changed:
		return "will be " + string(fate)
	case environments.Left:
		return "stays: github_environments: create"
	case environments.Unpaid:
		return "not in GitHub's plan"
	}
	return string(fate)
}

// printEnvironments prints a report as a table.
func printEnvironments(command *cobra.Command, report environments.Report) error {
	out := command.OutOrStdout()
	switch {
	case report.Keeping == config.Off:
		fmt.Fprintln(out, "github_environments: off; nothing is compared")
		return nil
	case report.Blind != "":
		fmt.Fprintf(out, "cannot be compared: %s\n", plain(report.Blind))
		return nil
	}
	if report.Permission != "" {
		fmt.Fprintf(out, "the installation lacks the permission %s: what differs is advice\n", report.Permission)
	}
	if report.Unseen {
		fmt.Fprintln(out, "variables are not compared: the installation lacks the permission Environments: read")
	}
	for _, name := range report.Leftover {
		fmt.Fprintf(out, "%s: nothing in the configuration stands for it any more\n", plain(name))
	}
	if len(report.Findings) == 0 {
		fmt.Fprintln(out, "nothing differs")
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ENVIRONMENT\tSETTING\tHAS\tIS TO HAVE\tWHAT FOLLOWS")
	for _, one := range report.Findings {
		cells := []string{one.Environment, one.Setting, one.Has, one.Wants, fateWords(one.Fate)}
		for i := range cells {
			cells[i] = plain(cells[i])
		}
		fmt.Fprintln(table, strings.Join(cells, "\t"))
	}
	return table.Flush()
}
