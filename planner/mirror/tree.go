package mirror

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// MaxFile is how many bytes a file may have that is read out of a commit.
const MaxFile = 4 << 20

// ErrTooBig is returned for a file of more than [MaxFile] bytes.
var ErrTooBig = fmt.Errorf("the file is larger than %d bytes", MaxFile)

// Kind of an entry in a tree.
type Kind byte

// The kinds of entries.
const (
	File Kind = iota
	Directory
	Link
	Submodule
)

// Entry is one path of a tree.
type Entry struct {
	// Path from the repository's root, slash-separated.
	Path string
	Kind Kind
	// Mode as git writes it, such as "100755", and ID of the object.
	Mode, ID string
}

// Tree is the listing of everything in one commit, or in a directory.
type Tree struct {
	contents contents
	// Commit whose tree it is, and ID of the tree. Both are "" for a directory that is read as it lies there.
	Commit, ID string
	entries    []Entry // by path
	files      []string
}

// Tree lists the commit.
func (m *Mirror) Tree(ctx context.Context, commit string) (*Tree, error) {
	if err := validSHA(commit); err != nil {
		return nil, err
	}
	if err := m.prepare(ctx); err != nil {
		return nil, err
	}
	id, err := m.run(ctx, invocation{args: []string{"rev-parse", "--verify", "--end-of-options", commit + "^{tree}"}})
	if err != nil {
		return nil, fmt.Errorf("find the tree of %s: %w", commit, err)
	}
	output, err := m.run(ctx, invocation{args: []string{"ls-tree", "-r", "-t", "-z", "--full-tree", commit, "--"}})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", commit, err)
	}
	tree := &Tree{contents: mirrored{m, commit}, Commit: commit, ID: strings.TrimSpace(id)}
	for line := range strings.SplitSeq(strings.TrimSuffix(output, "\x00"), "\x00") {
		if line == "" {
			continue
		}
		entry, err := parseEntry(line)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", commit, err)
		}
		tree.entries = append(tree.entries, entry)
	}
	tree.sort()
	return tree, nil
}

// sort puts the entries in order once all are there.
func (t *Tree) sort() {
	slices.SortFunc(t.entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	t.files = make([]string, 0, len(t.entries))
	for _, entry := range t.entries {
		if entry.Kind == File || entry.Kind == Link {
			t.files = append(t.files, entry.Path)
		}
	}
}

func parseEntry(line string) (Entry, error) {
	meta, name, found := strings.Cut(line, "\t")
	fields := strings.Fields(meta)
	if !found || len(fields) != 3 {
		return Entry{}, fmt.Errorf("read git's listing: %q", line)
	}
	entry := Entry{Path: name, Mode: fields[0], ID: fields[2]}
	switch {
	case fields[1] == "tree":
		entry.Kind = Directory
	case fields[1] == "commit":
		entry.Kind = Submodule
	case entry.Mode == "120000":
		entry.Kind = Link
	}
	return entry, nil
}

// Entry returns what is at the path, and whether there is anything. "" or "." is the root.
func (t *Tree) Entry(name string) (Entry, bool) {
	entry, found := t.entry(name)
	if made, is := t.contents.(identified); is && found {
		entry.ID = made.id(t, entry)
	}
	return entry, found
}

// entry is Entry without the id of what has none yet.
func (t *Tree) entry(name string) (Entry, bool) {
	if name == "" || name == "." {
		return Entry{Path: ".", Kind: Directory, Mode: "040000", ID: t.ID}, true
	}
	i, found := slices.BinarySearchFunc(t.entries, name, func(entry Entry, name string) int { return cmp.Compare(entry.Path, name) })
	if !found {
		return Entry{}, false
	}
	return t.entries[i], true
}

// Entries are all paths of the tree except the root, sorted. They are not to be changed. Of a directory that is read as
// it lies there, only [Tree.Entry] knows the ids.
func (t *Tree) Entries() []Entry { return t.entries }

// Under returns everything below the directory, at any depth, sorted by path.
func (t *Tree) Under(directory string) []Entry {
	if directory == "" || directory == "." {
		return t.entries
	}
	prefix := directory + "/"
	start, _ := slices.BinarySearchFunc(t.entries, prefix, func(entry Entry, prefix string) int { return cmp.Compare(entry.Path, prefix) })
	end := start
	for end < len(t.entries) && strings.HasPrefix(t.entries[end].Path, prefix) {
		end++
	}
	return t.entries[start:end]
}

// In returns the entries right in the directory, sorted by path.
func (t *Tree) In(directory string) []Entry {
	var direct []Entry
	if directory == "" {
		directory = "."
	}
	for _, entry := range t.Under(directory) {
		if path.Dir(entry.Path) == directory {
			direct = append(direct, entry)
		}
	}
	return direct
}

// DirectoryID returns git's id of the directory, which changes with anything in it; "" where there is none.
func (t *Tree) DirectoryID(directory string) string {
	if entry, found := t.Entry(directory); found && entry.Kind == Directory {
		return entry.ID
	}
	return ""
}

// Files are the paths of all files and links, sorted. They are not to be changed.
func (t *Tree) Files() []string { return t.files }

// HasFile tells whether there is a file or a link at the path.
func (t *Tree) HasFile(name string) bool {
	entry, found := t.entry(name)
	return found && (entry.Kind == File || entry.Kind == Link)
}

// HasDirectory tells whether there is a directory at the path.
func (t *Tree) HasDirectory(name string) bool {
	entry, found := t.entry(name)
	return found && entry.Kind == Directory
}

// Read returns the content of the file; for a link, the path it points to. The error is [fs.ErrNotExist] where there
// is no file, [ErrTooBig] where it is larger than [MaxFile].
func (t *Tree) Read(ctx context.Context, name string) ([]byte, error) {
	contents, err := t.ReadAll(ctx, []string{name})
	if err != nil {
		return nil, err
	}
	return contents[name], nil
}

// ReadAll reads many files at once, by path.
func (t *Tree) ReadAll(ctx context.Context, names []string) (map[string][]byte, error) {
	if len(names) == 0 {
		return nil, nil
	}
	entries := make([]Entry, 0, len(names))
	for _, name := range names {
		entry, found := t.entry(name)
		if !found || entry.Kind == Directory || entry.Kind == Submodule {
			return nil, fmt.Errorf("read %s at %s: %w", name, t.contents.name(), fs.ErrNotExist)
		}
		entries = append(entries, entry)
	}
	found, err := t.contents.read(ctx, entries)
	if err != nil {
		return nil, fmt.Errorf("read files at %s: %w", t.contents.name(), err)
	}
	return found, nil
}

// ReadFile returns the content of one file of a commit; see [Tree.Read].
func (m *Mirror) ReadFile(ctx context.Context, commit, name string) ([]byte, error) {
	if err := validSHA(commit); err != nil {
		return nil, err
	}
	if name != path.Clean(name) || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "../") || strings.ContainsAny(name, "\x00\n") {
		return nil, fmt.Errorf("%q is not a path of the repository", name)
	}
	if err := m.prepare(ctx); err != nil {
		return nil, err
	}
	output, err := m.run(ctx, invocation{args: []string{"ls-tree", "-z", "--full-tree", commit, "--", name}})
	if err != nil {
		return nil, fmt.Errorf("look for %s in %s: %w", name, commit, err)
	}
	single := &Tree{contents: mirrored{m, commit}, Commit: commit}
	if line := strings.TrimSuffix(output, "\x00"); line != "" && !strings.Contains(line, "\x00") {
		entry, err := parseEntry(line)
		if err != nil {
			return nil, err
		}
		single.entries = []Entry{entry}
	}
	return single.Read(ctx, name)
}
