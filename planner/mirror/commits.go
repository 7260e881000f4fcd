package mirror

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// Commit is one commit as git has it.
type Commit struct {
	SHA string
	// Subject is the first line of the message.
	Subject string
	// AuthorName and AuthorEmail are what the commit says; nobody has checked them.
	AuthorName, AuthorEmail string
	Parents                 []string
}

// Tip returns the SHA of the commit that the ref names, such as "refs/heads/main"; "" where the mirror has no such ref.
func (m *Mirror) Tip(ctx context.Context, ref string) (string, error) {
	if err := validRef(ref); err != nil {
		return "", err
	}
	if err := m.prepare(ctx); err != nil {
		return "", err
	}
	output, err := m.run(ctx, invocation{args: []string{"rev-parse", "--verify", "--quiet", "--end-of-options", ref + "^{commit}"}})
	if code(err) == 1 {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find %s: %w", ref, err)
	}
	return strings.TrimSpace(output), nil
}

// Has tells whether the mirror has the commit.
func (m *Mirror) Has(ctx context.Context, sha string) (bool, error) {
	if err := validSHA(sha); err != nil {
		return false, err
	}
	if err := m.prepare(ctx); err != nil {
		return false, err
	}
	if _, known := m.has.Load(sha); known {
		return true, nil
	}
	_, err := m.run(ctx, invocation{args: []string{"cat-file", "-e", sha + "^{commit}"}})
	if code(err) >= 0 {
		return false, nil
	}
	if err == nil {
		m.has.Store(sha, true)
	}
	return err == nil, err
}

// FirstParents returns the commits that lead from one commit to another along first parents: those after from, up to
// and with to, oldest first. An empty from means from the beginning.
func (m *Mirror) FirstParents(ctx context.Context, from, to string) ([]Commit, error) {
	wanted := []string{to}
	if from != "" {
		wanted = []string{to, "^" + from}
		if err := validSHA(from); err != nil {
			return nil, err
		}
	}
	if err := validSHA(to); err != nil {
		return nil, err
	}
	if err := m.prepare(ctx); err != nil {
		return nil, err
	}
	output, err := m.run(ctx, invocation{args: slices.Concat(
		[]string{"log", "--first-parent", "--reverse", "--topo-order", "-z", "--format=%H%x00%P%x00%an%x00%ae%x00%s", "--end-of-options"},
		wanted, []string{"--"},
	)})
	if err != nil {
		return nil, fmt.Errorf("list the commits from %s to %s: %w", from, to, err)
	}
	return parseCommits(output)
}

func parseCommits(output string) ([]Commit, error) {
	if output == "" {
		return nil, nil
	}
	fields := strings.Split(strings.TrimSuffix(output, "\x00"), "\x00")
	if len(fields)%5 != 0 {
		return nil, fmt.Errorf("read git's list of commits: %d fields are no multiple of 5", len(fields))
	}
	var commits []Commit
	for record := range slices.Chunk(fields, 5) {
		for i := range record {
			record[i] = strings.ToValidUTF8(record[i], "\uFFFD")
		}
		commits = append(commits, Commit{
			SHA: record[0], Parents: strings.Fields(record[1]), AuthorName: record[2], AuthorEmail: record[3], Subject: record[4],
		})
	}
	return commits, nil
}

// IsAncestor tells whether the first commit is the second or one of its ancestors.
func (m *Mirror) IsAncestor(ctx context.Context, ancestor, descendant string) (bool, error) {
	if err := validSHA(ancestor, descendant); err != nil {
		return false, err
	}
	if err := m.prepare(ctx); err != nil {
		return false, err
	}
	_, err := m.run(ctx, invocation{args: []string{"merge-base", "--is-ancestor", "--end-of-options", ancestor, descendant}})
	if code(err) == 1 {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("compare %s with %s: %w", ancestor, descendant, err)
	}
	return true, nil
}
