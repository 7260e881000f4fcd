package planner

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/trunkline/trunkline/planner/mirror"
	"github.com/trunkline/trunkline/planner/stack"
)

// mostFiles of a directory are named; more are counted.
const mostFiles = 3

// inDirectories says which files of a directory differ, or of a single one that it does.
func (e explanation) inDirectories(earlier, later Input) []string {
	if e.from == nil || e.to == nil {
		return []string{subject(later) + " changed"}
	}
	if !e.from.HasDirectory(earlier.Name) || !e.to.HasDirectory(later.Name) {
		return []string{subject(later) + " " + e.how(earlier, later)}
	}
	changes := e.changesIn(earlier, later)
	if len(changes) == 0 {
		return []string{subject(later) + " changed"}
	}
	return []string{subject(later) + ": " + fewChanges(changes)}
}

// changesIn are what differs of a directory that stays where it is, without what is no part of it.
func (e explanation) changesIn(earlier, later Input) []string {
	return directoryChanges(e.from, e.to, earlier.Name, later.Name, strings.Split(earlier.Without+"\n"+later.Without, "\n"))
}

// how a single file differs.
func (e explanation) how(earlier, later Input) string {
	old, _ := e.from.Entry(earlier.Name)
	new, _ := e.to.Entry(later.Name)
	return entryChange(old, new)
}

// between is what differs of a directory that also moved.
func (e explanation) between(earlier, later Input) string {
	if earlier.ID == later.ID {
		return ", with the same content"
	}
	if e.from == nil || e.to == nil || !e.from.HasDirectory(earlier.Name) || !e.to.HasDirectory(later.Name) {
		return ""
	}
	if changes := directoryChanges(e.from, e.to, earlier.Name, later.Name, nil); len(changes) > 0 {
		return ": " + fewChanges(changes)
	}
	return ""
}

// fewChanges names some and counts the others.
func fewChanges(changes []string) string {
	if more := len(changes) - mostFiles; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(changes[:mostFiles], ", "), more)
	}
	return strings.Join(changes, ", ")
}

// directoryChanges says how each file of a directory differs, such as "main.tf changed": code first, then by name.
func directoryChanges(from, to *mirror.Tree, earlier, later string, without []string) (changes []string) {
	olds, news := filesUnder(from, earlier), filesUnder(to, later)
	for _, file := range without {
		for _, files := range []map[string]mirror.Entry{olds, news} {
			delete(files, strings.TrimPrefix(file, later+"/"))
		}
	}
	changed := map[string]string{}
	left, came := map[string][]string{}, map[string][]string{} // by content
	for name, old := range olds {
		if new, stays := news[name]; !stays {
			left[old.ID+old.Mode] = append(left[old.ID+old.Mode], name)
		} else if old.ID != new.ID || old.Mode != new.Mode || old.Kind != new.Kind {
			changed[name] = name + " " + entryChange(old, new)
		}
	}
	for name, new := range news {
		if _, was := olds[name]; !was {
			came[new.ID+new.Mode] = append(came[new.ID+new.Mode], name)
		}
	}
	for content, names := range left {
		if new := came[content]; len(names) == 1 && len(new) == 1 {
			changed[names[0]] = names[0] + " renamed to " + new[0]
			delete(came, content)
			continue
		}
		for _, name := range names {
			changed[name] = name + " removed"
		}
	}
	for _, names := range came {
		for _, name := range names {
			changed[name] = name + " added"
		}
	}
	names := slices.Sorted(maps.Keys(changed))
	slices.SortStableFunc(names, func(a, b string) int { return codeRank(a) - codeRank(b) })
	for _, name := range names {
		changes = append(changes, changed[name])
	}
	return changes
}

func codeRank(name string) int {
	if stack.IsCode(path.Base(name)) {
		return 0
	}
	return 1
}

// filesUnder are the files of a directory by their paths in it.
func filesUnder(tree *mirror.Tree, directory string) map[string]mirror.Entry {
	files := map[string]mirror.Entry{}
	for _, entry := range tree.Under(directory) {
		if entry.Kind != mirror.Directory {
			files[strings.TrimPrefix(entry.Path, directory+"/")] = entry
		}
	}
	return files
}

// entryChange is how a file that stays where it is differs.
func entryChange(old, new mirror.Entry) string {
	switch {
	case old.Kind != new.Kind && new.Kind == mirror.Link:
		return "became a link"
	case old.Kind != new.Kind && old.Kind == mirror.Link:
		return "is no link any more"
	case old.ID == new.ID && new.Mode == "100755":
		return "became executable"
	case old.ID == new.ID && old.Mode == "100755":
		return "is not executable any more"
	}
	return "changed"
}
