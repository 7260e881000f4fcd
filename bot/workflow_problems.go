package bot

import (
	"context"
	"fmt"

	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/mirror"
)

// workflowProblems finds workflows that the configuration names and that could not be dispatched as they are in the tree.
func workflowProblems(ctx context.Context, rules config.Repository, tree *mirror.Tree) error {
	var problems config.Problems
	for _, named := range rules.Workflows() {
		_, refusal, err := readWorkflow(ctx, tree, calledAs{named.Path(), sortedNames(named.Inputs)})
		if err != nil {
			return err
		}
		if refusal != nil {
			problems = append(problems, &config.Problem{File: config.Path, At: named.At,
				Message: fmt.Sprintf("the workflow %s of %s cannot be dispatched: %s", named.File, named.For, refusal)})
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return problems
}
