package workflow

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/mirror"
)

// Read reads the workflow that is to be dispatched from a commit. refusal says why it cannot be.
func Read(ctx context.Context, tree *mirror.Tree, wanted config.Workflow) (file File, refusal, err error) {
	text, err := tree.Read(ctx, wanted.Path())
	if errors.Is(err, fs.ErrNotExist) {
		return file, fmt.Errorf("there is no %s", wanted.Path()), nil
	}
	if err != nil {
		return file, nil, err
	}
	if file, refusal = Parse(text); refusal == nil {
		refusal = file.Missing(slices.Sorted(maps.Keys(wanted.Inputs)))
	}
	return file, refusal, nil
}

// Problems are workflows that the configuration names and that could not be dispatched as they are in the tree, and environments
// that jobs are to deploy to and that no job names: an error of [config.Problems], or nil. Any other error is of reading them.
func Problems(ctx context.Context, tree *mirror.Tree, rules config.Repository) error {
	var problems config.Problems
	for _, named := range rules.Workflows() {
		_, refusal, err := Read(ctx, tree, named.Workflow)
		if err != nil {
			return err
		}
		if refusal != nil {
			problems = append(problems, &config.Problem{File: config.Path, At: named.At,
				Message: fmt.Sprintf("the workflow %s of %s cannot be dispatched: %s", named.File, named.For, refusal)})
		}
	}
	named, err := EnvironmentsOf(ctx, tree)
	if err != nil {
		return err
	}
	if problems = append(problems, named.jobsProblems(rules)...); len(problems) == 0 {
		return nil
	}
	return problems
}
