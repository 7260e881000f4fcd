package main

import (
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/trunkline/trunkline/cmd/trunkline/demo"
)

func demoCommand() *cobra.Command {
	var play, verbose, noBrowser bool
	options := demo.PlayOptions{Options: demo.Options{Out: os.Stdout}}
	command := &cobra.Command{
		Use:   "demo",
		Short: "See it all on this machine, with a stand-in for GitHub",
		Long: `See it all on this machine, with a stand-in for GitHub.

Starts the bot with SQLite beside a stand-in for GitHub that holds an example repository with dev, staging and prod,
and opens a page that shows a pull request as on GitHub. It plans and applies with terraform or tofu if one is on the
PATH, else with an engine of two commands. With --play it plays the story by itself and exits 0 only if all three
environments really converged.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) (err error) {
			if options.Program, err = os.Executable(); err != nil {
				return err
			}
			if verbose {
				options.Log = os.Stderr
			}
			options.Browse = !noBrowser
			if play {
				return demo.Play(command.Context(), options)
			}
			return demo.Show(command.Context(), options.Options)
		},
	}
	flags := command.Flags()
	flags.StringVar(&options.Listen, "listen", "127.0.0.1:0", "the address of the page")
	flags.StringVar(&options.Data, "data", "", "keep everything in this directory, which must be empty")
	flags.BoolVar(&options.Commands, "commands", false, "use the engine of commands even where terraform or tofu is there")
	flags.BoolVar(&noBrowser, "no-browser", false, "open no browser")
	flags.BoolVar(&verbose, "verbose", false, "show the bot's log")
	flags.BoolVar(&play, "play", false, "play the story by itself")
	flags.BoolVar(&options.JSON, "json", false, "with --play: print one JSON object a line for each thing that happens")
	flags.IntVar(&options.Kill, "kill", 0, "with --play: kill the bot so many times during the story")
	flags.Uint64Var(&options.Seed, "seed", 1, "with --kill: other moments")
	flags.DurationVar(&options.Timeout, "timeout", 2*time.Minute, "with --play: how long the story may take")
	return command
}
