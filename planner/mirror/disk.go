package mirror

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// disk are the contents of a directory as it lies there.
type disk struct {
	directory string
	root      *os.Root
	// hashing of what .gitattributes may have Git convert is left to git.
	converted bool

	using  sync.Mutex
	ids    map[string]string
	buffer []byte
}

// OnDisk lists the files of a directory as they lie there, without those that Git is told to ignore, unless it has them
// all the same. It need not be in a repository. Nothing is written in it.
//
// Their ids are those that Git would give them: [Tree.Entry] finds them out when it is asked.
func OnDisk(ctx context.Context, directory string) (*Tree, error) {
	root, err := os.OpenRoot(directory)
	if err != nil {
		return nil, err
	}
	d := &disk{directory: directory, root: root, ids: map[string]string{}}
	names, err := d.list(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", directory, err)
	}
	tree := &Tree{contents: d}
	directories := map[string]bool{".": true}
	for _, name := range names {
		name = strings.TrimSuffix(name, "/") // a repository in the directory
		info, err := root.Lstat(filepath.FromSlash(name))
		if err != nil {
			continue // it was deleted
		}
		entry, is := lying(name, info)
		if !is {
			continue
		}
		d.converted = d.converted || path.Base(name) == ".gitattributes" && info.Size() > 0
		tree.entries = append(tree.entries, entry)
		for above := path.Dir(name); !directories[above]; above = path.Dir(above) {
			directories[above] = true
			tree.entries = append(tree.entries, Entry{Path: above, Kind: Directory, Mode: "040000"})
		}
	}
	tree.sort()
	return tree, nil
}

// lying is the entry of what lies at a path; false for what Git does not keep, such as sockets.
func lying(name string, info fs.FileInfo) (Entry, bool) {
	switch {
	case info.IsDir():
		return Entry{Path: name, Kind: Submodule, Mode: "160000"}, true
	case info.Mode()&fs.ModeSymlink != 0:
		return Entry{Path: name, Kind: Link, Mode: "120000"}, true
	case info.Mode().IsRegular() && info.Mode()&0o100 != 0:
		return Entry{Path: name, Kind: File, Mode: "100755"}, true
	case info.Mode().IsRegular():
		return Entry{Path: name, Kind: File, Mode: "100644"}, true
	}
	return Entry{}, false
}

// list asks git for the names: with the index of the repository, where the directory is the root of one.
func (d *disk) list(ctx context.Context) ([]string, error) {
	if has(d.directory, ".git") {
		if output, err := d.git(ctx, nil, "ls-files", "-z", "--cached", "--others", "--exclude-standard"); err == nil {
			return sorted(output), nil
		}
	}
	output, err := d.elsewhere(ctx, nil, "ls-files", "-z", "--others", "--exclude-standard")
	return sorted(output), err
}

// elsewhere runs git on the directory's files with an empty repository of our own: everything is new there, what
// .gitignore and .gitattributes say holds all the same, and nobody has configured a program to be run.
func (d *disk) elsewhere(ctx context.Context, input io.Reader, arguments ...string) (string, error) {
	empty, err := os.MkdirTemp("", "trunkline-empty-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(empty)
	if err := makeEmpty(empty); err != nil {
		return "", err
	}
	directory, err := filepath.Abs(d.directory)
	if err != nil {
		return "", err
	}
	return d.git(ctx, input, append([]string{"--git-dir=" + empty, "--work-tree=" + directory, "-c", "core.bare=false"}, arguments...)...)
}

func sorted(output string) []string {
	names := strings.Split(strings.TrimSuffix(output, "\x00"), "\x00")
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}

// makeEmpty makes what git takes for a repository.
func makeEmpty(directory string) error {
	for _, inner := range []string{"objects", "refs"} {
		if err := os.Mkdir(filepath.Join(directory, inner), 0o700); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(directory, "HEAD"), []byte("ref: refs/heads/none\n"), 0o600)
}

func (d *disk) git(ctx context.Context, input io.Reader, arguments ...string) (string, error) {
	git := exec.CommandContext(ctx, "git", append([]string{"-C", d.directory}, arguments...)...)
	git.Env = environment(os.DevNull, reading())
	var stdout, stderr bytes.Buffer
	git.Stdin, git.Stdout, git.Stderr = input, &stdout, &stderr
	if err := git.Run(); err != nil {
		return "", fmt.Errorf("git: %w: %s", err, strings.TrimSpace(strings.ToValidUTF8(stderr.String(), "\uFFFD")))
	}
	return stdout.String(), nil
}

func (d *disk) name() string { return d.directory }

func (d *disk) read(ctx context.Context, entries []Entry) (map[string][]byte, error) {
	found := make(map[string][]byte, len(entries))
	for _, entry := range entries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		content, err := d.readOne(entry)
		if err != nil {
			return nil, err
		}
		found[entry.Path] = content
	}
	return found, nil
}

func (d *disk) readOne(entry Entry) ([]byte, error) {
	if entry.Kind == Link {
		target, err := d.root.Readlink(filepath.FromSlash(entry.Path))
		return []byte(filepath.ToSlash(target)), err
	}
	file, err := d.root.Open(filepath.FromSlash(entry.Path))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	content := bytes.NewBuffer(make([]byte, 0, min(info.Size(), MaxFile)+bytes.MinRead))
	if _, err := content.ReadFrom(io.LimitReader(file, MaxFile+1)); err != nil {
		return nil, err
	}
	if content.Len() > MaxFile {
		return nil, fmt.Errorf("%s: %w", entry.Path, ErrTooBig)
	}
	return content.Bytes(), nil
}

// unreadable is the id of what cannot be read.
const unreadable = "unreadable"

// id is the id that Git would give to what is there.
func (d *disk) id(tree *Tree, entry Entry) string {
	d.using.Lock()
	defer d.using.Unlock()
	return d.idOf(tree, entry)
}

func (d *disk) idOf(tree *Tree, entry Entry) string {
	if known, there := d.ids[entry.Path]; there {
		return known
	}
	var id string
	var err error
	switch {
	case entry.Kind == Directory:
		id = d.treeID(tree, entry.Path)
	case entry.Kind == Submodule:
		id, err = d.git(context.Background(), nil, "-C", entry.Path, "rev-parse", "--verify", "HEAD")
		id = strings.TrimSpace(id)
	case entry.Kind == File && d.converted && d.convert(tree) == nil && d.ids[entry.Path] != "":
		return d.ids[entry.Path]
	default:
		id, err = d.blobID(entry)
	}
	if err != nil {
		id = unreadable
	}
	d.ids[entry.Path] = id
	return id
}

// convert has git make the ids of all files, once, since it knows what to convert.
func (d *disk) convert(tree *Tree) error {
	d.converted = false
	var names []string
	for _, entry := range tree.entries {
		if entry.Kind == File && !strings.ContainsAny(entry.Path, "\"\n") {
			names = append(names, entry.Path)
		}
	}
	output, err := d.elsewhere(context.Background(), strings.NewReader(strings.Join(names, "\n")+"\n"), "hash-object", "--stdin-paths")
	ids := strings.Fields(output)
	if err != nil || len(ids) != len(names) {
		return fmt.Errorf("git made %d ids of %d: %w", len(ids), len(names), err)
	}
	for i, name := range names {
		d.ids[name] = ids[i]
	}
	return nil
}

func (d *disk) blobID(entry Entry) (string, error) {
	if entry.Kind == Link {
		target, err := d.readOne(entry)
		return objectID("blob", target), err
	}
	file, err := d.root.Open(filepath.FromSlash(entry.Path))
	if err != nil {
		return "", err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return "", err
	}
	sum := sha1.New()
	begin(sum, "blob", info.Size())
	if d.buffer == nil {
		d.buffer = make([]byte, 64<<10)
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{sum}, struct{ io.Reader }{file}, d.buffer) // the buffer, not ways around it
	return hex.EncodeToString(sum.Sum(nil)), err
}

// treeID is the id of the tree that Git would write for a directory.
func (d *disk) treeID(tree *Tree, directory string) string {
	direct := tree.In(directory)
	// Git sorts directories as if their names ended in "/".
	key := func(entry Entry) string {
		if entry.Kind == Directory {
			return entry.Path + "/"
		}
		return entry.Path
	}
	slices.SortFunc(direct, func(a, b Entry) int { return cmp.Compare(key(a), key(b)) })
	var content []byte
	for _, entry := range direct {
		id, err := hex.DecodeString(d.idOf(tree, entry))
		if err != nil {
			return unreadable
		}
		content = append(content, strings.TrimPrefix(entry.Mode, "0")+" "+path.Base(entry.Path)+"\x00"...)
		content = append(content, id...)
	}
	return objectID("tree", content)
}

func objectID(kind string, content []byte) string {
	sum := sha1.New()
	begin(sum, kind, int64(len(content)))
	sum.Write(content)
	return hex.EncodeToString(sum.Sum(nil))
}

func begin(sum hash.Hash, kind string, size int64) {
	io.WriteString(sum, kind+" "+strconv.FormatInt(size, 10)+"\x00")
}
