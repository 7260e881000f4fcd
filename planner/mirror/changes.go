package mirror

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// emptyTree is the name that git gives to a tree without files.
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

// ChangedPaths are the paths that differ between two commits, in the order of their names; of a file that got another
// name both. An empty from means everything that there is in to. Names that are no UTF-8 are made so.
func (m *Mirror) ChangedPaths(ctx context.Context, from, to string) ([]string, error) {
	if from == "" {
		from = emptyTree
	}
	if err := validSHA(from, to); err != nil {
		return nil, err
	}
	if err := m.prepare(ctx); err != nil {
		return nil, err
	}
	output, err := m.run(ctx, invocation{args: []string{"diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff", "--end-of-options", from, to, "--"}})
	if err != nil {
		return nil, fmt.Errorf("list what changed from %s to %s: %w", from, to, err)
	}
	if output == "" {
		return nil, nil
	}
	paths := strings.Split(strings.TrimSuffix(output, "\x00"), "\x00")
	for i := range paths {
		paths[i] = strings.ToValidUTF8(paths[i], "\uFFFD")
	}
	return paths, nil
}

// Parents of a commit, the first one first; none where history begins with it.
func (m *Mirror) Parents(ctx context.Context, sha string) ([]string, error) {
	if err := validSHA(sha); err != nil {
		return nil, err
	}
	if err := m.prepare(ctx); err != nil {
		return nil, err
	}
	output, err := m.run(ctx, invocation{args: []string{"rev-list", "--parents", "--max-count=1", "--end-of-options", sha, "--"}})
	if err != nil {
		return nil, fmt.Errorf("find the parents of %s: %w", sha, err)
	}
	return strings.Fields(output)[1:], nil
}

// Identity is how a commit names somebody. Nobody has checked it.
type Identity struct{ Name, Email string }

// Written is who wrote a commit, as it says itself.
type Written struct {
	SHA               string
	Author, Committer Identity
	// Message is the whole of it.
	Message string
}

// mostWritten is how many commits of one merge are looked at.
const mostWritten = 5000

// Brought are the commits that a commit has and an older one has not, itself among them, newest first. An empty from means
// the commit alone.
func (m *Mirror) Brought(ctx context.Context, from, to string) ([]Written, error) {
	limits := []string{"--max-count=1", to}
	if from != "" {
		limits = []string{fmt.Sprintf("--max-count=%d", mostWritten), to, "^" + from}
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
		[]string{"log", "--topo-order", "-z", "--format=%H%x00%an%x00%ae%x00%cn%x00%ce%x00%B", limits[0], "--end-of-options"},
		limits[1:], []string{"--"},
	)})
	if err != nil {
		return nil, fmt.Errorf("list what %s brought: %w", to, err)
	}
	return parseWritten(output)
}

func parseWritten(output string) (all []Written, err error) {
	if output == "" {
		return nil, nil
	}
	fields := strings.Split(strings.TrimSuffix(output, "\x00"), "\x00")
	if len(fields)%6 != 0 {
		return nil, fmt.Errorf("read git's list of commits: %d fields are no multiple of 6", len(fields))
	}
	for record := range slices.Chunk(fields, 6) {
		for i := range record {
			record[i] = strings.ToValidUTF8(record[i], "\uFFFD")
		}
		all = append(all, Written{SHA: record[0], Author: Identity{record[1], record[2]}, Committer: Identity{record[3], record[4]}, Message: record[5]})
	}
	return all, nil
}
