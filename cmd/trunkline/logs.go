package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/trunkline/trunkline/promote"
	"github.com/trunkline/trunkline/promote/logs"
	"github.com/trunkline/trunkline/promote/store"
)

// reading is what somebody wants to read of the logs.
type reading struct {
	looking
	environment, step string
	follow            bool
	// every is how often it is looked for more.
	every time.Duration
}

// logsCommand prints logs of deployments.
func logsCommand() *cobra.Command {
	wanted := reading{every: 300 * time.Millisecond}
	command := &cobra.Command{
		Use:   "logs [deployment]",
		Short: "Print what the steps of a deployment said, also while it runs",
		Long: `Print what the steps of a deployment said: its plans, applies, checks and hooks, in the order in which they began. It is read
from the server's data directory and its database, which may be at work.

Without a deployment it lists the last ones, with their numbers. With --environment and no deployment it prints what the
scheduled checks of that environment said; of that of a pull request, such as pr-7, what was said while it was made and destroyed.

The exit code is 0 where the deployment succeeded or is still under way, and 1 where it did not succeed. With --follow the
command ends when the deployment has ended.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, arguments []string) error {
			return wanted.run(command, arguments)
		},
	}
	wanted.flags(command)
	command.Flags().StringVar(&wanted.data, "data", "", "the server's data directory (TRUNKLINE_DATA)")
	command.Flags().BoolVarP(&wanted.follow, "follow", "f", false, "go on until the deployment has ended")
	command.Flags().StringVar(&wanted.step, "step", "", `only steps of that name, such as "apply dev/vpc", or of that number`)
	command.Flags().StringVar(&wanted.environment, "environment", "", "without a deployment: what scheduled checks of that environment said, or what made and destroyed it, as for pr-7")
	return command
}

func (r *reading) run(command *cobra.Command, arguments []string) error {
	if len(arguments) == 0 && r.follow {
		return wrongSetting{errors.New("--follow needs a deployment; `trunkline logs` lists the last ones with their numbers")}
	}
	places, err := r.places()
	if err != nil {
		return err
	}
	opened, err := r.open(command)
	if err != nil {
		return err
	}
	defer opened.Close()
	book := &logs.Book{Dir: filepath.Join(places.Data, "logs")}
	if len(arguments) == 0 && r.environment == "" {
		return r.list(command, opened)
	}
	if len(arguments) == 0 {
		return r.printChecks(command, opened, book)
	}
	id, err := strconv.ParseInt(arguments[0], 10, 64)
	if err != nil || id < 1 {
		return wrongSetting{fmt.Errorf("%q is no deployment; `trunkline logs` lists the last ones with their numbers", arguments[0])}
	}
	return r.print(command, opened, deploymentLog{book: book, id: id})
}

// deploymentLog is what is printed of a deployment.
type deploymentLog struct {
	book       *logs.Book
	id         int64
	deployment promote.Deployment
	repository int64
}

// look reads how the deployment stands.
func (d *deploymentLog) look(ctx context.Context, opened *store.Store) error {
	return opened.Read(ctx, func(tx *store.Tx) (err error) {
		if _, err = tx.RepositoryOf(d.id); errors.Is(err, store.ErrNoDeployment) {
			return wrongSetting{fmt.Errorf("there is no deployment %d; `trunkline logs` lists the last ones with their numbers", d.id)}
		}
		if err == nil {
			d.deployment, d.repository, err = tx.Deployment(d.id)
		}
		return err
	})
}

// print prints the steps of a deployment, and where they are followed, what is added until its end.
func (r *reading) print(command *cobra.Command, opened *store.Store, d deploymentLog) error {
	ctx, printer, said := command.Context(), logs.Printer{To: command.OutOrStdout()}, false
	for {
		// First how it stands, then what was said: what is said before the end is not missed.
		if err := d.look(ctx, opened); err != nil {
			return err
		}
		if !said {
			fmt.Fprintln(command.OutOrStdout(), d.headline())
			said = true
		}
		steps, err := d.book.Steps(logs.Key{Repository: d.repository, Deployment: d.id})
		if err == nil {
			steps, err = r.only(steps, !r.follow)
		}
		if err == nil {
			err = printer.Print(steps)
		}
		if err != nil {
			return err
		}
		if !r.follow || !d.deployment.Phase.Live() {
			return d.outcome()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("deployment %d goes on; nobody follows it any more", d.id)
		case <-time.After(r.every):
		}
	}
}

// only keeps the steps that are wanted.
func (r *reading) only(steps []logs.Entry, must bool) (kept []logs.Entry, err error) {
	if r.step == "" {
		return steps, nil
	}
	var names []string
	for _, step := range steps {
		if step.Name == r.step || strconv.Itoa(step.Number) == r.step {
			kept = append(kept, step)
		}
		names = append(names, step.Name)
	}
	if len(kept) == 0 && must {
		return nil, wrongSetting{fmt.Errorf("there is no step %q; there are: %s", r.step, orDash(strings.Join(names, ", ")))}
	}
	return kept, nil
}

// headline says what is deployed where.
func (d *deploymentLog) headline() string {
	by := d.deployment.By.Login
	if by == "" {
		by = "trunkline"
	}
	return fmt.Sprintf("deployment %d: %s from %s to %s, by %s, %s", d.id, plain(d.deployment.Environment), orDash(promote.Short(d.deployment.From)),
		promote.Short(d.deployment.To), plain(by), d.deployment.Started.UTC().Format("2006-01-02 15:04:05Z"))
}

// outcome is an error where the deployment ended otherwise than it should.
func (d *deploymentLog) outcome() error {
	switch failure := d.deployment.Failure; {
	case d.deployment.Phase == promote.Succeeded, d.deployment.Phase.Live():
		return nil
	case failure != nil:
		why := strings.TrimSpace(failure.Step + " " + failure.Subject)
		message, _, _ := strings.Cut(strings.TrimSpace(failure.Message), "\n")
		return fmt.Errorf("deployment %d %s: %s: %s", d.id, d.deployment.Phase, plain(why), plain(message))
	}
	return fmt.Errorf("deployment %d was not carried out: %s", d.id, d.deployment.Phase)
}

// listed deployments at most.
const listed = 20

// list prints the last deployments, the newest at the end.
func (r *reading) list(command *cobra.Command, opened *store.Store) error {
	var last []promote.Deployment
	err := opened.Read(command.Context(), func(tx *store.Tx) error {
		repository, err := tx.FindRepository(r.repository)
		if err != nil {
			return wrongSetting{err}
		}
		last, err = tx.LastDeployments(repository.ID, listed)
		return err
	})
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(command.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "DEPLOYMENT\tENVIRONMENT\tTO\tPHASE\tBEGAN\tTOOK")
	for i := len(last) - 1; i >= 0; i-- {
		d, took := last[i], "–"
		if !d.Finished.IsZero() {
			took = d.Finished.Sub(d.Started).Round(time.Second).String()
		}
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\n", d.ID, plain(d.Environment), promote.Short(d.To), d.Phase,
			d.Started.UTC().Format("2006-01-02 15:04:05Z"), took)
	}
	return table.Flush()
}

// printChecks prints what scheduled checks of an environment said.
func (r *reading) printChecks(command *cobra.Command, opened *store.Store, book *logs.Book) error {
	var repository store.Repository
	err := opened.Read(command.Context(), func(tx *store.Tx) (err error) {
		if repository, err = tx.FindRepository(r.repository); err != nil {
			return wrongSetting{err}
		}
		return nil
	})
	if err != nil {
		return err
	}
	steps, err := book.Steps(logs.Key{Repository: repository.ID, Environment: r.environment})
	if err == nil {
		steps, err = r.only(steps, true)
	}
	if err != nil {
		return err
	}
	printer := logs.Printer{To: command.OutOrStdout()}
	return printer.Print(steps)
}
