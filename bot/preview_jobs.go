package bot

import (
	"context"

	"github.com/trunkline/trunkline/bot/workflow"
	"github.com/trunkline/trunkline/config"
	"github.com/trunkline/trunkline/planner/mirror"
)

// sameWorkflows tells whether two commits have the same workflows.
func sameWorkflows(before, merge *mirror.Tree) bool {
	const folder = ".github/workflows"
	return before.DirectoryID(folder) == merge.DirectoryID(folder)
}

// deployedTwice tells the reviewer of environments to which both Trunkline and the repository's own jobs would deploy.
func (p *previewing) deployedTwice(ctx context.Context, merge *mirror.Tree, rules config.Repository) error {
	named, err := workflow.EnvironmentsOf(ctx, merge)
	for _, warning := range named.Twice(rules) {
		p.preview.Notes = append(p.preview.Notes, "⚠️ "+warning)
	}
	return err
}
