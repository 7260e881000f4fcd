package mirror

import (
	"context"
	"fmt"
	"strings"
)

// Follow makes the refs that begin with prefix, such as "refs/heads/release/", those of the remote, and fetches the other
// refspecs too: new refs come, those that are gone there go. It returns the SHAs of the former by the names of the refs.
func (m *Mirror) Follow(ctx context.Context, prefix string, others ...string) (map[string]string, error) {
	if err := validRef(prefix + "x"); err != nil {
		return nil, err
	}
	if err := m.fetch(ctx, append([]string{"+" + prefix + "*:" + prefix + "*"}, others...), "--prune"); err != nil {
		return nil, err
	}
	output, err := m.run(ctx, invocation{args: []string{"for-each-ref", "--format=%(objectname) %(refname)", prefix}})
	if err != nil {
		return nil, fmt.Errorf("list the refs below %s: %w", prefix, err)
	}
	found := map[string]string{}
	for line := range strings.Lines(output) {
		sha, ref, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		found[ref] = sha
	}
	return found, nil
}
