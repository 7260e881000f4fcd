package mirror

import (
	"context"
	"fmt"
	"strings"
)

// Conflict says that two commits cannot be merged without a person.
type Conflict struct {
	// Files that both sides changed in ways that do not go together, in git's order.
	Files []string
}

// Error names the files.
func (c *Conflict) Error() string { return "conflict in " + strings.Join(c.Files, ", ") }

// Everything that makes the id of a merge is fixed, so that the same two commits always give the same merge.
var mergeIdentity = []string{
	"GIT_AUTHOR_NAME=Trunkline", "GIT_AUTHOR_EMAIL=trunkline@localhost", "GIT_AUTHOR_DATE=1000000000 +0000",
	"GIT_COMMITTER_NAME=Trunkline", "GIT_COMMITTER_EMAIL=trunkline@localhost", "GIT_COMMITTER_DATE=1000000000 +0000",
}

// MergeTree merges head into trunk and returns the SHA of the merge, which no ref names: trunk itself where it has
// head already. The same two commits give the same SHA always. Where they conflict the error is a [*Conflict].
func (m *Mirror) MergeTree(ctx context.Context, trunk, head string) (string, error) {
	merged, err := m.IsAncestor(ctx, head, trunk)
	if err != nil {
		return "", err
	}
	if merged {
		return trunk, nil
	}
	output, err := m.run(ctx, invocation{args: []string{
		"merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", "--end-of-options", trunk, head,
	}})
	fields := strings.Split(strings.TrimRight(output, "\x00"), "\x00")
	if code(err) == 1 && len(fields) > 1 {
		return "", &Conflict{Files: fields[1:]}
	}
	if err != nil {
		return "", fmt.Errorf("merge %s into %s: %w", head, trunk, err)
	}
	tree := strings.TrimSpace(fields[0])
	if err := validSHA(tree); err != nil {
		return "", fmt.Errorf("merge %s into %s: %w", head, trunk, err)
	}
	commit, err := m.run(ctx, invocation{
		args: []string{"commit-tree", "-p", trunk, "-p", head, "-m", "Merge " + head + " into " + trunk, tree},
		env:  mergeIdentity,
	})
	if err != nil {
		return "", fmt.Errorf("commit the merge of %s into %s: %w", head, trunk, err)
	}
	return strings.TrimSpace(commit), nil
}
