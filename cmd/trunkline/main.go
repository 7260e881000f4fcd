// Command trunkline follows a commit through every environment until all of them have converged.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set when a release is built.
var version = "development"

// wrongSetting is an error of who started the program: one sentence, and exit code 2.
type wrongSetting struct{ error }

func main() { os.Exit(run()) }

// run runs the command line and returns the exit code.
func run() int {
	app, err := takeSecrets()
	if err != nil {
		fmt.Fprintln(os.Stderr, "trunkline:", err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	root := &cobra.Command{
		Use:           "trunkline",
		Short:         "Follows a commit through every environment until all of them have converged",
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return wrongSetting{err} })
	root.AddCommand(serveCommand(app), demoCommand(), stacksCommand(), affectedCommand(), validateCommand(), statusCommand(), recordsCommand(), logsCommand(), environmentsCommand(app))
	root.AddCommand(workerCommand(app), runCommand())
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "trunkline:", err)
		var wrong wrongSetting
		if errors.As(err, &wrong) {
			return 2
		}
		return 1
	}
	return 0
}
