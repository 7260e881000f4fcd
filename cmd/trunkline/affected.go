package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/mirror"
)

func affectedCommand() *cobra.Command {
	var asJSON bool
	var repository, from, to string
	command := &cobra.Command{
		Use:   "affected --from REV --to REV",
		Short: "Print the instances that differ between two commits, and why",
		Long: `Print the instances that differ between two commits, and why.

Each commit is read by the configuration that it has itself. What differs is told by the inputs digest of each
instance: its code and the modules and files that it depends on, its variables and workspace, and its engine. Nothing
is checked out. An instance whose state would be looked for elsewhere has "state_moves".`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			affected, warnings, err := listAffected(command.Context(), repository, from, to)
			if err != nil {
				return err
			}
			for _, warning := range warnings {
				fmt.Fprintln(command.ErrOrStderr(), "warning: "+warning)
			}
			out := command.OutOrStdout()
			if asJSON {
				return printJSON(out, affected)
			}
			table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			for _, one := range affected {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", one.Environment, one.Stack, one.Component, one.Kind, strings.Join(one.Reasons, "; "))
			}
			if err := table.Flush(); err != nil {
				return err
			}
			if err := printMoves(out, affected); err != nil {
				return err
			}
			return printRemovals(out, affected)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	command.Flags().StringVar(&repository, "repo", ".", "the repository's directory")
	command.Flags().StringVar(&from, "from", "", "the earlier commit, branch or tag")
	command.Flags().StringVar(&to, "to", "HEAD", "the later commit, branch or tag")
	_ = command.MarkFlagRequired("from") // fails only for a flag that is not there
	return command
}

// affectedInstance is a difference as it is printed.
type affectedInstance struct {
	Environment string   `json:"environment"`
	Stack       string   `json:"stack"`
	Component   string   `json:"component"`
	Path        string   `json:"component_path"`
	Kind        string   `json:"kind"`
	Reasons     []string `json:"reasons"`
	// RenamedFrom is the name that the instance had, where it had another.
	RenamedFrom string `json:"renamed_from,omitempty"`
	// StateMoves are ways in which the state would be looked for elsewhere.
	StateMoves []string `json:"state_moves,omitempty"`
	// Removal says how to destroy what a removed instance deployed.
	Removal *planner.Removal `json:"removal,omitempty"`
}

// printMoves warns of instances whose plan would not find what they have.
func printMoves(out io.Writer, affected []affectedInstance) error {
	var text strings.Builder
	for _, one := range affected {
		if len(one.StateMoves) > 0 {
			fmt.Fprintf(&text, "\n%s/%s would look for its state elsewhere, and create everything again: %s\n", one.Stack, one.Component, strings.Join(one.StateMoves, ", "))
		}
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// printRemovals says how to destroy what removed instances deployed.
func printRemovals(out io.Writer, affected []affectedInstance) error {
	var text strings.Builder
	for _, one := range affected {
		removal := one.Removal
		if removal == nil {
			continue
		}
		state := removal.State
		if state == "" {
			state = "where its commands keep it"
		}
		fmt.Fprintf(&text, "\n%s/%s is removed; what it deployed stays, and so does its state: %s\n", one.Stack, one.Component, state)
		if removal.TakenBy != "" {
			fmt.Fprintf(&text, "That is the state of %s now, so there is nothing to destroy.\n", removal.TakenBy)
			continue
		}
		fmt.Fprintf(&text, "To destroy what it deployed:\n  %s\n", strings.Join(removal.Commands, "\n  "))
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// listAffected also returns what is to be warned of.
func listAffected(ctx context.Context, directory, from, to string) (affected []affectedInstance, warnings []string, err error) {
	repository, err := mirror.OpenRepository(ctx, directory)
	if err != nil {
		return nil, nil, err
	}
	defer repository.Close()
	before, err := snapshotAt(ctx, repository, from)
	if err != nil {
		return nil, nil, err
	}
	after, err := snapshotAt(ctx, repository, to)
	if err != nil {
		return nil, nil, err
	}
	was := map[string]planner.Whereabouts{}
	for name, resolved := range before.Instances {
		was[name] = resolved.State
	}
	moves := planner.FindMoves(was, after.Instances)
	affected = []affectedInstance{}
	differences, err := planner.Affected(ctx, before, after)
	if err != nil {
		return nil, nil, err
	}
	renamed := slices.Collect(maps.Values(moves.Renamed))
	for _, difference := range differences {
		one := affectedInstance{Environment: difference.Instance.Environment, Stack: difference.Instance.Stack,
			Component: difference.Instance.Component, Path: difference.Instance.Path, Kind: string(difference.Kind), Reasons: difference.Reasons}
		one.RenamedFrom = moves.Renamed[difference.Instance.Name()]
		for _, move := range moves.Moved[difference.Instance.Name()] {
			one.StateMoves = append(one.StateMoves, fmt.Sprintf("%s from %q to %q", move.What, move.From, move.To))
		}
		if difference.Kind == planner.Gone && !slices.Contains(renamed, difference.Instance.Name()) {
			kept := fmt.Sprintf(`$(ls -d "$TRUNKLINE_DATA"/state/*/%s)`, difference.Instance.Folder())
			one.Removal = planner.RemovalOf(before, after, difference.Instance.Name(), kept)
		}
		affected = append(affected, one)
	}
	return affected, planner.Dangling(before, after, differences), nil
}

// snapshotAt resolves the instances of a commit by its own configuration.
func snapshotAt(ctx context.Context, repository *mirror.Repository, revision string) (planner.Snapshot, error) {
	tree, err := treeAt(ctx, repository, revision)
	if err != nil {
		return planner.Snapshot{}, err
	}
	rules, err := readRules(ctx, tree)
	if err != nil {
		return planner.Snapshot{}, err
	}
	return planner.Survey(ctx, tree, rules)
}
