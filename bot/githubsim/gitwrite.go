package githubsim

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// errConflict tells that two commits cannot be merged.
var errConflict = errors.New("merge conflict")

// signature is who wrote a commit and when.
type signature struct {
	who *account
	at  time.Time
}

// email is GitHub's address for people who keep theirs private; it ties a commit
// to an account.
func (a *account) email() string {
	return fmt.Sprintf("%d+%s@users.noreply.github.com", a.id, a.login)
}

func (s signature) line() string {
	return fmt.Sprintf("%s <%s> %d +0000", s.who.login, s.who.email(), s.at.Unix())
}

func (s signature) environment() []string {
	at := fmt.Sprintf("%d +0000", s.at.Unix())
	var set []string
	for _, role := range []string{"AUTHOR", "COMMITTER"} {
		set = append(set, "GIT_"+role+"_NAME="+s.who.login, "GIT_"+role+"_EMAIL="+s.who.email(), "GIT_"+role+"_DATE="+at)
	}
	return set
}

// File is the content of one file to commit.
type File struct {
	Content    []byte
	Executable bool
}

// change is one commit to make: files to write, nil to delete.
type change struct {
	branch  string
	parent  string // empty for the first commit
	message string
	by      signature
	files   map[string]*File
}

// commit makes the change and moves its branch. It returns the new commit.
func (d gitDir) commit(made change) (string, error) {
	var script bytes.Buffer
	fmt.Fprintf(&script, "commit refs/heads/%s\nmark :1\nauthor %s\ncommitter %s\n", made.branch, made.by.line(), made.by.line())
	fmt.Fprintf(&script, "data %d\n%s\n", len(made.message), made.message)
	if made.parent != "" {
		fmt.Fprintf(&script, "from %s\n", made.parent)
	}
	for _, path := range slices.Sorted(maps.Keys(made.files)) {
		if !plainPath(path) {
			return "", fmt.Errorf("%q cannot be the path of a file in Git", path)
		}
		file := made.files[path]
		if file == nil {
			fmt.Fprintf(&script, "D %s\n", path)
			continue
		}
		mode := "100644"
		if file.Executable {
			mode = "100755"
		}
		fmt.Fprintf(&script, "M %s inline %s\ndata %d\n%s\n", mode, path, len(file.Content), file.Content)
	}
	script.WriteString("\nget-mark :1\n")
	sha, err := d.feed(script.Bytes(), "fast-import", "--quiet", "--force", "--date-format=raw", "--cat-blob-fd=1")
	if err != nil {
		return "", fmt.Errorf("commit to %s: %w", made.branch, err)
	}
	return sha, nil
}

func plainPath(path string) bool {
	return path != "" && !strings.HasPrefix(path, "/") && !strings.ContainsAny(path, "\n\"") &&
		!slices.Contains(strings.Split(path, "/"), "..")
}

// mergeTree merges two commits and returns the tree, errConflict if it cannot.
func (d gitDir) mergeTree(ours, theirs string) (string, error) {
	out, err := d.run("merge-tree", "--write-tree", "--no-messages", ours, theirs)
	tree, _, _ := strings.Cut(out, "\n")
	if err != nil {
		// git prints the tree with its conflict markers and exits with 1.
		if len(tree) == 40 {
			return "", errConflict
		}
		return "", err
	}
	return tree, nil
}

// commitTree makes a commit of a tree without moving any ref.
func (d gitDir) commitTree(tree, message string, by signature, parents ...string) (string, error) {
	return d.commitTreeIn(by.environment(), tree, message, parents...)
}

func (d gitDir) commitTreeIn(environment []string, tree, message string, parents ...string) (string, error) {
	args := []string{"commit-tree", tree}
	for _, parent := range parents {
		args = append(args, "-p", parent)
	}
	out, err := d.with([]byte(message), environment, args...)
	return strings.TrimSpace(out), err
}

// copied is the environment of a commit that is made of another one: its author
// stays who it was.
func (s signature) copied(from commitInfo) []string {
	return append(s.environment(), "GIT_AUTHOR_NAME="+from.author.name, "GIT_AUTHOR_EMAIL="+from.author.email)
}

// rebase puts the commits, oldest first, onto base one after the other and
// returns the last one.
func (d gitDir) rebase(base string, commits []string, by signature) (string, error) {
	tip := base
	for _, sha := range commits {
		parent, err := d.run("rev-parse", sha+"^")
		if err != nil {
			return "", err
		}
		// A three-way merge needs the commit's own parent as its base: a commit
		// with the tip's tree on that parent makes it so.
		tree, err := d.run("rev-parse", tip+"^{tree}")
		if err != nil {
			return "", err
		}
		moved, err := d.commitTree(tree, "base", by, parent)
		if err != nil {
			return "", err
		}
		if tree, err = d.mergeTree(moved, sha); err != nil {
			return "", err
		}
		original, err := d.info(sha)
		if err != nil {
			return "", err
		}
		if tip, err = d.commitTreeIn(by.copied(original), tree, original.message+"\n", tip); err != nil {
			return "", err
		}
	}
	return tip, nil
}
