package mirror

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// ErrNoCommit is returned for a revision that a repository does not have.
var ErrNoCommit = errors.New("there is no commit")

// Repository is somebody's repository on this machine, or a directory in one, whose commits are read where they are:
// nothing is written there, fetched or checked out. It may be bare, shallow or one of several working directories.
//
// One git is started for all that is read. A tree that several commits share is read once.
type Repository struct {
	directory string
	// below tells that the directory is not the root of the repository: trees are those of the directory.
	below bool

	using   sync.Mutex
	git     *exec.Cmd
	input   io.WriteCloser
	output  *bufio.Reader
	said    bytes.Buffer // what git has to say when it ends
	listed  map[string][]treeEntry
	idBytes int // of an id in a tree
}

// treeEntry is one line of a tree.
type treeEntry struct {
	name, mode, id string
}

// OpenRepository opens the repository that the directory is in. It has to be closed.
func OpenRepository(ctx context.Context, directory string) (*Repository, error) {
	r := &Repository{directory: directory, listed: map[string][]treeEntry{}}
	r.below = !isRoot(directory)
	r.git = exec.CommandContext(ctx, "git", "-C", directory, "cat-file", "--batch")
	r.git.Env = environment(os.DevNull, reading())
	r.git.Stderr = &r.said
	r.git.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r.git.WaitDelay = 5 * time.Second
	var err error
	if r.input, err = r.git.StdinPipe(); err != nil {
		return nil, err
	}
	output, err := r.git.StdoutPipe()
	if err != nil {
		return nil, err
	}
	r.output = bufio.NewReaderSize(output, 64<<10)
	if err := r.git.Start(); err != nil {
		return nil, fmt.Errorf("run git: %w", err)
	}
	return r, nil
}

// reading are the settings of a git that only reads what the directory has. It may belong to somebody else, as it does
// in containers: no program that its configuration names is started, and nothing that it lacks is fetched.
func reading() []setting {
	settings := []setting{{"safe.directory", "*"}}
	for _, transport := range []string{"https", "http", "ssh", "git", "file", "ext"} {
		settings = append(settings, setting{"protocol." + transport + ".allow", "never"})
	}
	return settings
}

// isRoot tells whether the directory is where a repository or a working directory begins.
func isRoot(directory string) bool { return has(directory, ".git") || IsBare(directory) }

// IsBare tells whether the directory is a repository itself, without files of any commit.
func IsBare(directory string) bool {
	return !has(directory, ".git") && has(directory, "HEAD") && has(directory, "objects") && has(directory, "refs")
}

func has(directory, name string) bool {
	_, err := os.Lstat(filepath.Join(directory, name))
	return err == nil
}

// Close ends git.
func (r *Repository) Close() error {
	r.using.Lock()
	defer r.using.Unlock()
	_ = r.input.Close()
	_, _ = io.Copy(io.Discard, r.output)
	return r.git.Wait()
}

// Tree lists what a commit, branch or tag has in the directory. The error is [ErrNoCommit] where the repository has no
// such commit.
func (r *Repository) Tree(ctx context.Context, revision string) (*Tree, error) {
	if revision == "" || strings.ContainsAny(revision, "\n\x00") {
		return nil, fmt.Errorf("%w %q", ErrNoCommit, revision)
	}
	r.using.Lock()
	defer r.using.Unlock()
	commit, err := r.object(ctx, revision+"^{commit}")
	if errors.Is(err, errMissing) {
		return nil, fmt.Errorf("%w %q in %s", ErrNoCommit, revision, r.directory)
	}
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", revision, err)
	}
	root := commit.id + "^{tree}"
	if r.below {
		root = commit.id + ":./"
	}
	found, err := r.object(ctx, root)
	if errors.Is(err, errMissing) || err == nil && found.kind != "tree" {
		return nil, fmt.Errorf("%s has no directory %s", revision, r.directory)
	}
	if err != nil {
		return nil, fmt.Errorf("find the tree of %s: %w", revision, err)
	}
	tree := &Tree{contents: committed{r, commit.id}, Commit: commit.id, ID: found.id}
	r.idBytes = len(found.id) / 2
	if err := r.list(ctx, tree, found); err != nil {
		return nil, fmt.Errorf("list %s: %w", revision, err)
	}
	tree.sort()
	return tree, nil
}

// list lists the tree, all directories of one depth at a time.
func (r *Repository) list(ctx context.Context, tree *Tree, root object) error {
	type place struct{ path, id string }
	if err := r.parseTree(root); err != nil {
		return err
	}
	for waiting := []place{{"", root.id}}; len(waiting) > 0; {
		var unread []string
		asked := map[string]bool{}
		for _, one := range waiting {
			if _, known := r.listed[one.id]; !known && !asked[one.id] {
				asked[one.id] = true
				unread = append(unread, one.id)
			}
		}
		if err := r.objects(ctx, unread, func(_ int, found object) error { return r.parseTree(found) }); err != nil {
			return err
		}
		var next []place
		for _, one := range waiting {
			for _, line := range r.listed[one.id] {
				entry := Entry{Path: one.path + line.name, Mode: line.mode, ID: line.id, Kind: kindOf(line.mode)}
				tree.entries = append(tree.entries, entry)
				if entry.Kind == Directory {
					next = append(next, place{entry.Path + "/", line.id})
				}
			}
		}
		waiting = next
	}
	return nil
}

func kindOf(mode string) Kind {
	switch mode {
	case "040000":
		return Directory
	case "120000":
		return Link
	case "160000":
		return Submodule
	}
	return File
}

// parseTree reads the lines of a tree and keeps them.
func (r *Repository) parseTree(found object) error {
	if found.kind != "tree" {
		return fmt.Errorf("%s is a %s and no tree", found.id, found.kind)
	}
	var lines []treeEntry
	for rest := found.content; len(rest) > 0; {
		space, end := bytes.IndexByte(rest, ' '), bytes.IndexByte(rest, 0)
		if space < 0 || end < space || len(rest) < end+1+r.idBytes {
			return fmt.Errorf("the tree %s is damaged", found.id)
		}
		mode := string(rest[:space])
		if len(mode) == 5 {
			mode = "0" + mode
		}
		id := rest[end+1 : end+1+r.idBytes]
		lines = append(lines, treeEntry{name: string(rest[space+1 : end]), mode: mode, id: fmt.Sprintf("%x", id)})
		rest = rest[end+1+r.idBytes:]
	}
	r.listed[found.id] = lines
	return nil
}

// object asks git for one object.
func (r *Repository) object(ctx context.Context, name string) (object, error) {
	var asked object
	err := r.objects(ctx, []string{name}, func(_ int, found object) error {
		asked = found
		return nil
	})
	return asked, err
}

// objects asks git for objects, and gives each to take in their order. An error that is not [errMissing] of the last
// one leaves git of no more use.
func (r *Repository) objects(ctx context.Context, names []string, take func(int, object) error) error {
	if len(names) == 0 {
		return ctx.Err()
	}
	asked := make(chan struct{})
	go func() { // git answers while it is asked
		defer close(asked)
		_, _ = io.WriteString(r.input, strings.Join(names, "\n")+"\n") // what fails here, fails below too
	}()
	for i, name := range names {
		found, err := parseObject(r.output, maxObject)
		if err != nil {
			return fmt.Errorf("%s: %w", name, r.failure(ctx, err))
		}
		if err := take(i, found); err != nil {
			return err
		}
	}
	<-asked
	return nil
}

// maxObject bounds trees, which may be larger than files.
const maxObject = 64 << 20

// failure is what git said, where it has ended.
func (r *Repository) failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	_ = r.git.Wait() // so that all it said is there
	if said := strings.TrimSpace(strings.ToValidUTF8(r.said.String(), "\uFFFD")); said != "" {
		return errors.New("git: " + said)
	}
	return err
}

// committed are the contents of a commit of a repository.
type committed struct {
	repository *Repository
	commit     string
}

func (c committed) name() string { return c.commit }

func (c committed) read(ctx context.Context, entries []Entry) (map[string][]byte, error) {
	c.repository.using.Lock()
	defer c.repository.using.Unlock()
	ids := make([]string, len(entries))
	for i, entry := range entries {
		ids[i] = entry.ID
	}
	found := make(map[string][]byte, len(entries))
	err := c.repository.objects(ctx, ids, func(i int, object object) error {
		if object.kind != "blob" {
			return fmt.Errorf("%s is a %s: %s", entries[i].Path, object.kind, strconv.Quote(object.id))
		}
		if len(object.content) > MaxFile {
			return fmt.Errorf("%s: %w", entries[i].Path, ErrTooBig)
		}
		found[entries[i].Path] = object.content
		return nil
	})
	return found, err
}
