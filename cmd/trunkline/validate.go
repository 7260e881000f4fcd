package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/trunkline/trunkline/bot/workflow"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner"
	"github.com/trunkline/trunkline/planner/checks"
	"github.com/trunkline/trunkline/planner/mirror"
)

func validateCommand() *cobra.Command {
	var asJSON bool
	var repository, revision string
	command := &cobra.Command{
		Use:   "validate",
		Short: "Find what is wrong with a repository's configuration",
		Long: `Find what is wrong with a repository's configuration.

Looked at are ` + config.Path + `, the instances that it leads to, and the policies and GitHub Actions workflows that it names.
Each problem is printed with file, line and column. The exit code is 0 if there is none, 1 if there are some, and 2 if the
repository cannot be read. Nothing is fetched and nothing is run.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			sparing()
			tree, done, err := openRepositoryTree(command.Context(), repository, revision)
			if err != nil {
				return wrongSetting{err}
			}
			defer done()
			found, err := validate(command.Context(), tree)
			if err != nil {
				return err
			}
			return found.print(command.OutOrStdout(), asJSON)
		},
	}
	command.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	command.Flags().StringVar(&repository, "repo", ".", "the repository's directory")
	command.Flags().StringVar(&revision, "at", "", "a commit, branch or tag; default: the files as they lie in the directory, or HEAD of a bare repository")
	return command
}

// validated is what there is in a repository, and what is wrong with it.
type validated struct {
	problems                config.Problems
	warnings                []string
	environments, instances int
}

// validate finds all problems of the files of a repository.
func validate(ctx context.Context, tree *mirror.Tree) (found validated, err error) {
	text, err := tree.Read(ctx, config.Path)
	if errors.Is(err, fs.ErrNotExist) {
		found.problems = config.Problems{{File: config.Path, Message: "there is no such file; a first one has `version: 1`, `stacks` and `environments`"}}
		return found, nil
	}
	if err != nil {
		return found, err
	}
	rules, err := config.Parse(config.Path, text)
	if other := found.add(err); other != nil || err != nil {
		return found, other
	}
	found.environments = len(rules.Environments)
	if err := found.add(checks.Problems(rules.Checks, tree)); err != nil {
		return found, err
	}
	if err := found.add(workflow.Problems(ctx, tree, rules)); err != nil {
		return found, err
	}
	named, err := workflow.EnvironmentsOf(ctx, tree)
	if err != nil {
		return found, err
	}
	found.warnings = named.Twice(rules)
	snapshot, err := planner.Survey(ctx, tree, rules)
	if other := found.add(err); other != nil || err != nil {
		return found, other
	}
	found.instances = len(snapshot.Instances)
	for _, resolved := range snapshot.Instances {
		if problem := resolved.Instance.Problem; problem != nil {
			if err := found.add(problem); err != nil {
				found.problems = append(found.problems, &config.Problem{File: resolved.Instance.Name(), Message: err.Error()})
			}
		}
	}
	return found, nil
}

// add adds the problems that an error is, and returns it where it is something else.
func (v *validated) add(err error) error {
	var problems config.Problems
	var problem *config.Problem
	switch {
	case errors.As(err, &problems):
		v.problems = append(v.problems, problems...)
	case errors.As(err, &problem):
		v.problems = append(v.problems, problem)
	default:
		return err
	}
	return nil
}

// printedProblem is a problem as it is printed; line and column are 0 where it has no place.
type printedProblem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// print prints the problems; the error says that there are some.
func (v validated) print(to io.Writer, asJSON bool) error {
	printed := make([]printedProblem, len(v.problems))
	for i, problem := range v.problems {
		printed[i] = printedProblem{problem.File, problem.At.Line, problem.At.Column, problem.Message}
		if !asJSON {
			fmt.Fprintln(to, problem)
		}
	}
	for _, warning := range v.warnings {
		if !asJSON {
			fmt.Fprintln(to, "warning:", warning)
		}
	}
	if asJSON {
		if err := printJSON(to, printed); err != nil {
			return err
		}
	}
	switch {
	case len(v.problems) == 1:
		return errors.New("there is 1 problem")
	case len(v.problems) > 1:
		return fmt.Errorf("there are %d problems", len(v.problems))
	case !asJSON:
		fmt.Fprintf(to, "%s is valid: environments %d, instances %d\n", config.Path, v.environments, v.instances)
	}
	return nil
}
