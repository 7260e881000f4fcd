package planner

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/trunkline/trunkline/planner/mirror"
)

// links are the symbolic links of a commit: where each leads, as it is written.
type links struct {
	tree    *mirror.Tree
	targets map[string]string
}

func readLinks(ctx context.Context, tree *mirror.Tree) (links, error) {
	var names []string
	for _, entry := range tree.Entries() {
		if entry.Kind == mirror.Link {
			names = append(names, entry.Path)
		}
	}
	contents, err := tree.ReadAll(ctx, names)
	if err != nil {
		return links{}, fmt.Errorf("read links: %w", err)
	}
	all := links{tree: tree, targets: make(map[string]string, len(names))}
	for name, content := range contents {
		all.targets[name] = string(content)
	}
	return all, nil
}

// resolve is the path that the name means as seen from the directory, all links followed, and whether it stays in the
// repository.
func (l links) resolve(directory, name string) (string, bool) {
	if path.IsAbs(name) {
		return "", false
	}
	rest := strings.Split(path.Join(directory, name), "/")
	// Join takes "a/link/.." for "a", which is what terraform does with the paths of modules too.
	at := ""
	for followed := 0; len(rest) > 0; {
		if rest[0] == ".." {
			return "", false
		}
		next := path.Join(at, rest[0])
		rest = rest[1:]
		target, isLink := l.targets[next]
		if !isLink {
			at = next
			continue
		}
		if followed++; followed > 20 || path.IsAbs(target) {
			return "", false
		}
		rest = append(strings.Split(path.Join(at, target), "/"), rest...)
		at = ""
	}
	return path.Join(".", at), true
}

// under are the links in the directory, at any depth, or the name itself if it is a link.
func (l links) under(name string) []string {
	var found []string
	if _, is := l.targets[name]; is {
		found = append(found, name)
	}
	if len(l.targets) == 0 {
		return found
	}
	for _, entry := range l.tree.Under(name) {
		if entry.Kind == mirror.Link {
			found = append(found, entry.Path)
		}
	}
	return found
}
